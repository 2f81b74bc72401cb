/*
 * C_FindObjects*, C_GetAttributeValue, C_SetAttributeValue, C_GetObjectSize.
 */
#ifndef VICAR_PKCS11_FIND_H
#define VICAR_PKCS11_FIND_H

#include "pkcs11/cryptoki.h"

CK_RV find_begin(CK_SESSION_HANDLE handle, const CK_ATTRIBUTE *template, CK_ULONG count);
CK_RV find_next(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE *list, CK_ULONG room, CK_ULONG *count);
CK_RV find_end(CK_SESSION_HANDLE handle);

CK_RV find_attributes(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
		      CK_ULONG count);
CK_RV find_set_attributes(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object,
			  const CK_ATTRIBUTE *template, CK_ULONG count);
CK_RV find_size(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ULONG *size);

#endif
