/*
 * Signatures judged in software.
 */
#ifndef VICAR_PKCS11_CHECK_H
#define VICAR_PKCS11_CHECK_H

#include "pkcs11/ifd.h"
#include "pkcs11/mechanism.h"

/* What was signed, as the padding takes it: of FAMILY_RSA_PKCS1 the DigestInfo or what else stood for
 * it, of the others the hash, of FAMILY_RSA_RAW a block. */
struct claim {
	enum family family;
	enum digest digest, mgf; /* FAMILY_RSA_PSS */
	size_t salt_len;
	struct bytes input;
};

bool check_claim(EVP_PKEY *key, const struct claim *claim, struct bytes signature) MUST_USE;
EVP_PKEY *check_key_of(struct bytes spki); /* NULL: none; freed by the caller */

/* Of a signature that a key of the card made, against its certificate, if that was read: what a
 * stored copy of it may have told the application is dropped when it does not fit the key.
 * CKR_DEVICE_ERROR: the signature is worth nothing. */
CK_RV check_signature(struct token *token, size_t key, enum smartcard_scheme scheme,
		      enum digest digest, struct bytes input, struct bytes signature);

#endif
