/*
 * PKCS #12 files (RFC 7292): one key, its certificate, and others.
 */
#ifndef VICAR_TOOLS_VICAR_P12_H
#define VICAR_TOOLS_VICAR_P12_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <openssl/x509.h>

enum { P12_PASSPHRASE_MAX = 256 };

struct p12 {
	EVP_PKEY *key;     /* NULL: the file has none */
	X509 *certificate; /* of the key; NULL only without one */
	STACK_OF(X509) * others;
};

/* Freed with p12_free(), whatever it returns. */
bool p12_read(const char *path, const char *passphrase, struct p12 *p12,
	      struct problem *error) MUST_USE;
void p12_free(struct p12 *p12);
/* The issuer of the certificate among the others, that one's issuer, and so on, borrowed. Returns how
 * many, at most `room`. */
size_t p12_chain(const struct p12 *p12, X509 **chain, size_t room);

/* The first line of a file that only its owner may read, or typed at the terminal when `path` is NULL;
 * `passphrase` has room for P12_PASSPHRASE_MAX + 1 and is wiped by the caller. */
bool p12_passphrase(const char *path, const char *file, char *passphrase,
		    struct problem *error) MUST_USE;

#endif
