/*
 * A card that is there and out, to which something is to be added: held with its lock from the first
 * question to the last file.
 */
#ifndef VICAR_TOOLS_VICAR_ADDITION_H
#define VICAR_TOOLS_VICAR_ADDITION_H

#include "issue.h"
#include "pin_plan.h"
#include "tools/journal.h"

struct addition {
	struct image image;
	struct card *card;
	struct journal journal;
};

/* Ended by addition_end() whatever it returns. False while the card is in, or when it is another card than
 * `personality`, which may be NULL. */
bool addition_begin(struct addition *addition, const char *name, const char *personality,
		    struct problem *error) MUST_USE;
void addition_end(struct addition *addition);
/* The card has no key of this role yet. */
bool addition_free(const struct addition *addition, const char *role,
		   struct problem *error) MUST_USE;
/* Those values of the plan that open keys which are there do so; each is counted as a try. */
bool addition_check(struct addition *addition, const struct pin_plan *plan,
		    struct problem *error) MUST_USE;

#endif
