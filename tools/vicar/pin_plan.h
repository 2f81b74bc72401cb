/*
 * Which PINs and PUKs are needed to put keys onto a card, and then their values: a new one for each
 * counter that the card does not have yet, the right one for each that opens a local key which is
 * there already.
 */
#ifndef VICAR_TOOLS_VICAR_PIN_PLAN_H
#define VICAR_TOOLS_VICAR_PIN_PLAN_H

#include "pins.h"
#include "role.h"

enum { PIN_PLAN_MAX = 2 * IMAGE_KEYS_MAX, PIN_PLAN_NAME_MAX = 96 };

struct pin_plan {
	struct pins_value *values; /* PIN_PLAN_MAX of them, in locked memory */
	size_t count;
	char names[PIN_PLAN_MAX][PIN_PLAN_NAME_MAX]; /* at the terminal */
};

/* For local `keys`; `image` is the card that is there, NULL for a new one. */
bool pin_plan_make(struct pin_plan *plan, const struct registry_key *keys, size_t count,
		   const struct image *image, struct problem *error) MUST_USE;
/* Wipes; one that was zeroed is fine. */
void pin_plan_free(struct pin_plan *plan);
/* Of a counter of the plan; NULL for NULL. */
const char *pin_plan_value(const struct pin_plan *plan, const char *counter);

#endif
