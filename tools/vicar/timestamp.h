/*
 * Time stamps, RFC 3161: somebody else's word that a signature was there at a time.
 */
#ifndef VICAR_TOOLS_VICAR_TIMESTAMP_H
#define VICAR_TOOLS_VICAR_TIMESTAMP_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <time.h>

struct timestamp_source {
	const char *url; /* http or https: what comes back is signed */
	const char
	    *ca_file; /* PEM: who may have issued its certificate; NULL: the system's store */
};

/* Sends the hash of `data` by `md`, with a nonce, and checks what comes: status, nonce, hash, and the
 * signature up to the trusted authorities. The token in DER is freed with OPENSSL_free. */
bool timestamp_get(const struct timestamp_source *source, struct bytes data, const EVP_MD *md,
		   uint8_t **token, size_t *len, struct problem *error) MUST_USE;

/* What a token says. */
struct timestamp {
	time_t when;
	X509 *
	    authority; /* who says so, among the token's certificates; NULL: it is not there; owned */
	bool trusted; /* up to an authority of the store, for this purpose, now */
};

/* The token is over this data and its signature is sound; false says why not. `stamp` needs
 * timestamp_free() when true. */
bool timestamp_check(struct bytes token, struct bytes data, X509_STORE *store,
		     struct timestamp *stamp, struct problem *error) MUST_USE;
void timestamp_free(struct timestamp *stamp);

#endif
