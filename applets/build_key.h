/*
 * What a key of the image is, for applets/build*.c only.
 */
#ifndef VICAR_APPLETS_BUILD_KEY_H
#define VICAR_APPLETS_BUILD_KEY_H

#include "build.h"

#include <openssl/x509.h>

enum { BUILD_USAGES = 4 }; /* words of card.conf's `usage` */

/* NULL when it is no certificate from the first byte to the last. */
X509 *build_certificate(const uint8_t *der, size_t len);
/* NULL when there is none of that name. */
const struct role *build_role(const struct roles *roles, const char *name);
/* Of `usage` (PKCS15_USAGE_...) what the kind of key can do where it is, and card.conf allows. */
uint32_t build_usage(const struct role *role, const struct image_key *key,
		     const struct key_kind *kind, uint32_t usage);
/* Of card.conf's words those that the role has: what the object lists and MSE SET takes. 0: all. */
unsigned build_words(const struct role *role, const struct image_key *key);
/* The words of card.conf's `usage`; NULL: no more. */
const char *build_usage_name(size_t index, enum image_usage *word);

#endif
