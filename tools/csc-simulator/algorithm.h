/*
 * Signature algorithms and digests by object identifier (csc.md 7), and signing with them.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_ALGORITHM_H
#define VICAR_TOOLS_CSC_SIMULATOR_ALGORITHM_H

#include "iso7816/bytes.h"

#include <openssl/evp.h>

enum rssp_scheme {
	RSSP_PKCS1,
	RSSP_PSS,
	RSSP_ECDSA,      /* DER */
	RSSP_ECDSA_PLAIN /* r and s, each as long as the field */
};

struct rssp_algorithm {
	const char *word; /* in accounts.conf */
	const char *oid;
	const char *digest; /* OpenSSL's name; NULL: the request tells */
	enum rssp_scheme scheme;
};

enum { RSSP_ALGORITHMS = 11, RSSP_SIGNATURE_MAX = 1024, RSSP_DIGEST_MAX = 64 };

extern const struct rssp_algorithm rssp_algorithms[RSSP_ALGORITHMS];

/* The index of an OID; RSSP_ALGORITHMS when it is none of ours. */
size_t rssp_algorithm_of_oid(const char *oid);
bool rssp_algorithm_is_rsa(size_t index);
/* The digest of an OID; NULL for one that is too weak or unknown. */
const EVP_MD *rssp_digest_of_oid(const char *oid);
/* The digest that has this length, for services that are not told one; NULL without one. */
const EVP_MD *rssp_digest_of_length(size_t len);

/* How a hash is to be signed. */
struct rssp_signing {
	enum rssp_scheme scheme;
	const EVP_MD *digest; /* NULL with PKCS #1: the input is a whole DigestInfo, or none */
	const EVP_MD *mask;   /* of MGF1 */
	int salt_len;
};

/* RSASSA-PSS-params in base64 (RFC 8017 appendix A.2.3); false when they are none that can be
 * served. */
bool rssp_algorithm_pss(const char *base64, struct rssp_signing *signing) MUST_USE;
bool rssp_algorithm_sign(EVP_PKEY *key, const struct rssp_signing *signing, struct bytes hash,
			 uint8_t signature[RSSP_SIGNATURE_MAX], size_t *len) MUST_USE;

#endif
