/*
 * The PIN that a card refused last, so that it is known when it comes again: not the PIN, which may be
 * the right one but for a digit, but a print of it under a random key in the locked page.
 */
#ifndef VICAR_PKCS11_REFUSAL_H
#define VICAR_PKCS11_REFUSAL_H

#include "pkcs11/pinstore.h"

#include <openssl/types.h>

enum { REFUSAL_PRINT_LEN = 32 };

struct refusal {
	pin_handle key; /* PINSTORE_NONE: nothing was refused, or it cannot be kept */
	uint8_t print[REFUSAL_PRINT_LEN];
};

/* In place of what was kept before. */
void refusal_keep(struct refusal *refusal, struct pinstore *store, OSSL_LIB_CTX *crypto,
		  struct bytes pin);
bool refusal_is(const struct refusal *refusal, const struct pinstore *store, OSSL_LIB_CTX *crypto,
		struct bytes pin);
void refusal_drop(struct refusal *refusal, struct pinstore *store);

#endif
