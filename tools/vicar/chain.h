/*
 * What vicar says of X.509 certificates, and what it demands of a chain before a card is made of it.
 */
#ifndef VICAR_TOOLS_VICAR_CHAIN_H
#define VICAR_TOOLS_VICAR_CHAIN_H

#include "emulator/image.h"
#include "tools/problem.h"

#include <openssl/x509.h>
#include <time.h>

enum { CHAIN_MAX = 1 + IMAGE_AUTHORITIES_MAX, CHAIN_NAME_MAX = 256 };

/* The subject's common name, or the whole subject when there is none, as may be shown on a terminal. */
void chain_subject(X509 *certificate, char name[CHAIN_NAME_MAX]);
/* Whole days from `now` until the certificate ends; negative when it has. */
bool chain_days_left(X509 *certificate, time_t now, long *days) MUST_USE;

/* By what commands a card gets another certificate for this key: "vicar enrol". */
const char *chain_renewal(const struct image_key *key);

/* Leaf first, then its issuer, and so on. */
struct chain {
	X509 *certificates[CHAIN_MAX];
	size_t count;
};

/* DER certificates one after the other. On failure there is nothing to free. */
bool chain_read(struct bytes der, struct chain *chain, struct problem *error) MUST_USE;
/* The leaf is no authority, may sign, is valid at `now` and has an RSA key; each certificate is
 * signed by the one after it. */
bool chain_check(const struct chain *chain, time_t now, struct problem *error) MUST_USE;
void chain_free(struct chain *chain);

#endif
