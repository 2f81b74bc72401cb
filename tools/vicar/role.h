/*
 * A card's keys by their role, as its personality and the command line have them.
 */
#ifndef VICAR_TOOLS_VICAR_ROLE_H
#define VICAR_TOOLS_VICAR_ROLE_H

#include "applets/registry.h"
#include "tools/problem.h"

#include <openssl/x509.h>

/* What the personality has under this name; false with those that it has. */
bool role_find(const char *personality, const char *role, struct registry_key *key,
	       struct problem *error) MUST_USE;
/* The role can have a key of this kind, "rsa2048"; false with the kinds that it can have. */
bool role_takes(const char *personality, const struct registry_key *key, struct bytes kind,
		struct problem *error) MUST_USE;
/* What a certificate's key usage says (RFC 5280 4.2.1.3): "sign" for nonRepudiation alone, else
 * "auth"; NULL when it says nothing. */
const char *role_of(X509 *certificate);
/* "sign,decrypt" as enum image_usage; NULL is 0, all that the role allows. */
bool role_usage(const char *words, unsigned *usage, struct problem *error) MUST_USE;

#endif
