/*
 * A card with a key of its own, in a file.
 */
#ifndef VICAR_TOOLS_VICAR_CREATE_H
#define VICAR_TOOLS_VICAR_CREATE_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

struct creation {
	const char *name;        /* of the card */
	const char *personality; /* "fineid-v2" */
	const char *role;        /* "auth", "sign" */
	const char *subject;     /* see self_signed() */
	const char *options;     /* of the personality, separated by blanks; NULL for none */
	unsigned rsa_bits;       /* of an RSA key */
	const char *curve;       /* of an EC key, as OpenSSL names it; NULL: RSA */
	const char *pin, *puk;   /* digits; secret */
};

/* Makes key, certificate and card. Leaves nothing behind when it fails. */
bool create_card(const struct creation *creation, struct problem *error) MUST_USE;

#endif
