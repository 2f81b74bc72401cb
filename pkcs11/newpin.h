/*
 * C_SetPIN and C_InitPIN.
 */
#ifndef VICAR_PKCS11_NEWPIN_H
#define VICAR_PKCS11_NEWPIN_H

#include "pkcs11/cryptoki.h"

/* NULL PINs: all are typed at the reader's PIN pad. */
CK_RV newpin_set(CK_SESSION_HANDLE handle, const CK_UTF8CHAR *old_pin, CK_ULONG old_len,
		 const CK_UTF8CHAR *new_pin, CK_ULONG new_len);
/* Unblocks the user's PIN with the PUK that CKU_SO logged in with. */
CK_RV newpin_init(CK_SESSION_HANDLE handle, const CK_UTF8CHAR *pin, CK_ULONG len);

#endif
