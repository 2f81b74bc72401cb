/*
 * One use of a private key: PIN and command in one transaction, and what became of them.
 */
#ifndef VICAR_PKCS11_USE_H
#define VICAR_PKCS11_USE_H

#include "pkcs11/session.h"

/* For an Init: the private key of `handle`. CKR_KEY_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN. */
CK_RV use_find_key(struct session *session, CK_OBJECT_HANDLE handle,
		   const struct smartcard_private_key **key, size_t *index);
/* Whether the key may and can: CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED,
 * CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID. `use`: CKF_SIGN, CKF_DECRYPT or CKF_DERIVE. */
CK_RV use_allowed(const struct smartcard_private_key *key, const struct operation *operation,
		  CK_FLAGS use);
/* Takes key and mechanism into the operation. */
CK_RV use_begin(struct session *session, enum operation_kind kind, const CK_MECHANISM *mechanism,
		CK_OBJECT_HANDLE handle, CK_FLAGS use);

/* `output` has room for SMARTCARD_OUTPUT_MAX bytes. */
CK_RV use_key(struct session *session, size_t index, enum smartcard_scheme scheme,
	      enum digest digest, struct bytes input, struct writer *output);

#endif
