/*
 * vicar pin: a new value for a PIN of a local key, a new count for one of a remote key. The vicard
 * that serves the card does it; for a card that is out, vicar itself does.
 */
#ifndef VICAR_TOOLS_VICAR_PIN_H
#define VICAR_TOOLS_VICAR_PIN_H

#include "tools/pin_renewal.h"

struct pin_task {
	const char *name; /* of the card */
	enum card_renewal kind;
	const char *counter;  /* of the PIN; NULL: the only one there is */
	const char *pin_file; /* NULL: values are asked for at the terminal */
};

/* `counter` is which PIN it was. */
bool pin_renew(const struct pin_task *task, char counter[KEY_NAME_MAX],
	       struct problem *error) MUST_USE;

#endif
