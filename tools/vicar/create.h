/*
 * A card with keys of its own, in files.
 */
#ifndef VICAR_TOOLS_VICAR_CREATE_H
#define VICAR_TOOLS_VICAR_CREATE_H

#include "iso7816/key_kind.h"
#include "pin_plan.h"

struct creation_key {
	struct registry_key role;
	const struct key_kind *kind;
};

struct creation {
	const char *name;        /* of the card */
	const char *personality; /* "fineid-v2" */
	const char *subject;     /* see self_signed() */
	const char *options;     /* of the personality, separated by blanks; "" for none */
	const char *label;       /* of the objects of its only key; NULL: the personality's */
	unsigned usage;          /* of its keys, enum image_usage; 0: all that the role allows */
	struct creation_key keys[IMAGE_KEYS_MAX];
	size_t keys_count;
	const struct pin_plan *pins; /* with the values */
};

/* Which keys of what kinds: `role` alone, or, with NULL, all that cards of the personality usually
 * have; each of the usual kind of its role, or as `kinds` says: "p256" for all of them, or
 * "auth=rsa2048,sign=p256". */
bool create_choose(struct creation *creation, const char *role, const char *kinds,
		   struct problem *error) MUST_USE;
/* Makes keys, certificates and card; or puts them onto the card in `onto`, an image that is held. Leaves
 * nothing behind when it fails. */
bool create_card(const struct creation *creation, struct image *onto,
		 struct problem *error) MUST_USE;

#endif
