/*
 * A certificate for a local key, signed by that key.
 */
#ifndef VICAR_TOOLS_VICAR_SELF_SIGNED_H
#define VICAR_TOOLS_VICAR_SELF_SIGNED_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <openssl/x509.h>

/* What a key is for. */
struct key_use {
	const char *role;               /* with which its name in the image begins */
	const char *key_usage;          /* RFC 5280 4.2.1.3, of an RSA key */
	const char *key_usage_ec;       /* the same, of an EC key: RFC 5480 section 3 */
	const char *extended_key_usage; /* 4.2.1.12; NULL: none */
};

/* Of the key `role`: signatures that bind for "sign" and "sign2", else what "auth" is for. */
const struct key_use *key_use_of(const char *role);

/* `subject` is "/C=FI/CN=Name", where \ stands before a / or \ that is part of a value, or a name
 * alone, which becomes the CN. NULL with `error`; the caller frees it. */
X509 *self_signed(EVP_PKEY *key, const struct key_use *use, const char *subject,
		  struct problem *error) MUST_USE;

#endif
