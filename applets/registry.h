/*
 * The card personalities there are.
 */
#ifndef VICAR_APPLETS_REGISTRY_H
#define VICAR_APPLETS_REGISTRY_H

#include "emulator/personality.h"

#include <stddef.h>

/* NULL when there is none of that name. */
const struct personality *registry_find(const char *name);
/* What is made of a service's key when nobody says what card it is to be. */
const struct personality *registry_default(void);
/* All of them; the list ends with NULL. */
const struct personality *const *registry_all(void);
/* A key that cards of a personality have. */
struct registry_key {
	const char *name;         /* in the image: "auth" */
	const char *purpose;      /* "authentication and decipherment" */
	const char *const *kinds; /* of iso7816/key_kind.h that it takes, the usual one first;
				     ended by NULL */
	const char *pin;          /* its PIN's counter; keys that name the same one have one PIN */
	const char *puk;          /* its PUK's counter, the same; NULL: none */
	unsigned pin_min, pin_max, puk_min, puk_max; /* characters */
	bool digits_only;                            /* in PIN and PUK */
};

/* The keys of a personality from `index` 0 on, in the order in which they are on the card; false:
 * there are no more. */
bool registry_key(const struct personality *personality, size_t index,
		  struct registry_key *key) MUST_USE;
/* Which key's file the PIN of `key` opens, on a card of this image: `key` itself, or the one that
 * leads its PIN (emulator/image.h), the first in the image of those under it. NULL when the card has
 * no such key. */
const char *registry_pin_key(const struct image *image, const char *key);

/* Their names for an error text, "cc-v1, fineid-v2", cut at `room` - 1. */
void registry_names(char *text, size_t room);

#endif
