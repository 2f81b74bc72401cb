/*
 * Session objects: C_CreateObject, C_DestroyObject, and the secret that C_DeriveKey makes.
 */
#ifndef VICAR_PKCS11_MAKE_H
#define VICAR_PKCS11_MAKE_H

#include "pkcs11/session.h"

CK_RV make_object(CK_SESSION_HANDLE handle, const CK_ATTRIBUTE *template, CK_ULONG count,
		  CK_OBJECT_HANDLE *object);
CK_RV make_destroy(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object);

/* A secret key with this value and what the template says. */
CK_RV make_secret(struct session *session, struct bytes value, const CK_ATTRIBUTE *template,
		  CK_ULONG count, CK_OBJECT_HANDLE *object);

#endif
