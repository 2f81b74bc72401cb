/*
 * Kinds of keys that cards have, by the short names that command lines and tables use: "rsa2048",
 * "p384".
 */
#ifndef VICAR_ISO7816_KEY_KIND_H
#define VICAR_ISO7816_KEY_KIND_H

#include <openssl/evp.h>

struct key_kind {
	const char *name;
	unsigned bits;     /* of the modulus or of the field */
	const char *curve; /* as OpenSSL names it; NULL: RSA */
};

/* NULL when there is none of that name. */
const struct key_kind *key_kind_find(const char *name);
/* Of a public or a private key; NULL when it is of no kind that cards have. */
const struct key_kind *key_kind_of(const EVP_PKEY *key);
/* All of them; the list ends with an entry whose name is NULL. */
const struct key_kind *key_kind_all(void);

#endif
