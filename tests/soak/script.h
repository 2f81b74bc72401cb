/*
 * What a client sends to each card, and what must come back: a file of lines
 *
 *   card NUMBER NAME ATR          begins a card
 *   pin MAX PROBE                 how to ask for the counter of the PIN that others use
 *   own MAX PROBE RIGHT WRONG     the PIN that is the client's own, and its commands
 *   exact CAPDU RAPDU             the same answer each time
 *   random CAPDU LENGTH           as many bytes, other ones each time, and 9000
 *
 * All bytes are in hexadecimal. Each card's commands begin with the choice of its application.
 */
#ifndef VICAR_TESTS_SOAK_SCRIPT_H
#define VICAR_TESTS_SOAK_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCRIPT_CARDS = 8, SCRIPT_STEPS = 64, SCRIPT_BYTES = 300, SCRIPT_ATR = 33 };

struct script_bytes {
	uint8_t data[SCRIPT_BYTES];
	size_t len;
};

struct script_step {
	bool random;
	struct script_bytes capdu;
	struct script_bytes rapdu; /* random: only its length counts */
};

struct script_pin {
	unsigned max;
	struct script_bytes probe, right, wrong;
};

struct script_card {
	unsigned number;
	char name[32];
	struct script_bytes atr;
	struct script_pin others, own;
	struct script_step steps[SCRIPT_STEPS];
	size_t steps_count;
};

struct script {
	struct script_card cards[SCRIPT_CARDS];
	size_t count;
};

/* Ends the program when the file is not as above. */
void script_read(struct script *script, const char *path);
/* NULL: none has this ATR. */
const struct script_card *script_card(const struct script *script, const uint8_t *atr, size_t len);

#endif
