/*
 * The key with which `vicar sign` signs, and what its signatures look like.
 */
#ifndef VICAR_TOOLS_VICAR_SIGNER_H
#define VICAR_TOOLS_VICAR_SIGNER_H

#include "cmdbridge/keyfile.h"
#include "emulator/image.h"
#include "tools/problem.h"

#include <openssl/x509.h>

struct signer {
	struct image image; /* not locked: only read */
	const struct image_key *key;
	X509 *certificate;
	STACK_OF(X509) * issuers; /* of the chain, without what signed itself; owned */
	enum keyfile_operation use;
	enum digest digest;
	bool signs_many; /* documents with one PIN and one code */
};

/* `card` NULL: the one card there is, or the one that is in. `key` NULL: the one for signatures, or the
 * only one. On failure there is nothing to close. */
bool signer_open(struct signer *signer, const char *card, const char *key, enum digest digest,
		 struct problem *error) MUST_USE;
void signer_close(struct signer *signer);

/* What a service or key file signs (keyfile.h) of this hash, which is of `signer->digest`; `input` has
 * room for DIGESTINFO_LEN_MAX. */
bool signer_input(const struct signer *signer, struct bytes hash, struct writer *input) MUST_USE;
/* The signature as X.509, CMS and `openssl dgst` have it: of ECDSA a SEQUENCE of r and s (RFC 3279
 * section 2.2.3). It verifies against the certificate and the hash, or false. Freed with OPENSSL_free. */
bool signer_signature(const struct signer *signer, struct bytes hash, struct bytes output,
		      uint8_t **signature, size_t *len) MUST_USE;
/* The algorithm of its signatures, for a SignerInfo that has one of the same key and hash. */
bool signer_algorithm(const struct signer *signer, X509_ALGOR *algorithm) MUST_USE;
const EVP_MD *signer_md(const struct signer *signer);

#endif
