/*
 * RSA paddings of RFC 8017 for cards that do the bare power and nothing else. `block` is as long as
 * the modulus.
 */
#ifndef VICAR_PKCS11_PADDING_H
#define VICAR_PKCS11_PADDING_H

#include "iso7816/digestinfo.h"

#include <openssl/types.h>

enum { PADDING_BLOCK_MAX = 2048, PADDING_PKCS1_MIN = 11 };

/* EMSA-PKCS1-v1_5 without the DigestInfo, section 9.2 steps 4 and 5. False: too long. */
bool padding_pkcs1(struct bytes input, uint8_t *block, size_t len) MUST_USE;
/* EMSA-PSS, section 9.1.1; `bits` of the modulus. */
bool padding_pss(OSSL_LIB_CTX *crypto, enum digest digest, enum digest mgf, struct bytes hash,
		 size_t salt_len, uint32_t bits, uint8_t *block, size_t len) MUST_USE;

/* RSAES-PKCS1-v1_5, section 7.2.2 step 3, and EME-OAEP, section 7.1.2 step 3. Which byte of the block
 * was wrong is not to be seen in the time it takes. */
bool padding_unpad_pkcs1(struct bytes block, struct writer *message) MUST_USE;
bool padding_unpad_oaep(OSSL_LIB_CTX *crypto, enum digest digest, enum digest mgf,
			struct bytes label, struct bytes block, struct writer *message) MUST_USE;

#endif
