/*
 * C_Sign* with a key of the card.
 */
#ifndef VICAR_PKCS11_SIGN_H
#define VICAR_PKCS11_SIGN_H

#include "pkcs11/cryptoki.h"

CK_RV sign_begin(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV sign_once(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len,
		CK_BYTE *signature, CK_ULONG *signature_len);
CK_RV sign_update(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG data_len);
CK_RV sign_final(CK_SESSION_HANDLE handle, CK_BYTE *signature, CK_ULONG *signature_len);

#endif
