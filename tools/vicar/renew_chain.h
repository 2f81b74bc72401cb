/*
 * A new certificate in the place of the one that a key of a card has, with the authorities above it.
 */
#ifndef VICAR_TOOLS_VICAR_RENEW_CHAIN_H
#define VICAR_TOOLS_VICAR_RENEW_CHAIN_H

#include "chain.h"

enum renewal {
	RENEW_FAILED,
	RENEW_SAME, /* the card has this certificate */
	RENEW_NEW,  /* another certificate of the same key */
	RENEW_KEY,  /* a certificate of another key */
};

/* Puts the chain, which was checked (chain_check()), in the place of the key's in an image in memory:
 * authorities that only the old certificate needs go, those that the new one needs come. */
enum renewal renew_key(struct image *image, const char *role, const struct chain *chain,
		       struct problem *error) MUST_USE;

#endif
