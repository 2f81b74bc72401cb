/*
 * C_Decrypt* and C_DeriveKey with a key of the card.
 */
#ifndef VICAR_PKCS11_DECRYPT_H
#define VICAR_PKCS11_DECRYPT_H

#include "pkcs11/cryptoki.h"

CK_RV decrypt_begin(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV decrypt_once(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len,
		   CK_BYTE *message, CK_ULONG *message_len);
CK_RV decrypt_update(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len,
		     CK_BYTE *message, CK_ULONG *message_len);
CK_RV decrypt_final(CK_SESSION_HANDLE handle, CK_BYTE *message, CK_ULONG *message_len);

CK_RV derive_key(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
		 const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key);

#endif
