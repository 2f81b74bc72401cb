/*
 * PIN and PUK of a card with a local key: from a file that only its owner may read, or typed twice.
 */
#ifndef VICAR_TOOLS_VICAR_PINS_H
#define VICAR_TOOLS_VICAR_PINS_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

enum { PINS_PIN_MIN = 4, PINS_PIN_MAX = 8, PINS_PUK_LEN = 8 };

/* Secret; wiped with pins_wipe(). */
struct pins {
	char pin[PINS_PIN_MAX + 1];
	char puk[PINS_PUK_LEN + 1];
};

/* The file's lines are `pin = DIGITS` and `puk = DIGITS`, each once; # begins a comment. Refused
 * when group or others may read it. On failure nothing is left in `pins`. */
bool pins_read(const char *path, struct pins *pins, struct problem *error) MUST_USE;
/* At the terminal, without echo. */
bool pins_ask(struct pins *pins, struct problem *error) MUST_USE;
void pins_wipe(struct pins *pins);

#endif
