/*
 * A replay file (apdu-replay(1)) out of what `vicar trace` sees. It plays in apdu-replay's own card with
 * the tests' keys, or to a reader with --reader, and has no secret in it, nor whose card it was:
 *
 *   PINs       those of the tests: the right one where the card took it, a wrong one where not
 *   contents   of files and answers of keys: `*`; the status word stands, but where it tells how long
 *              a file is
 *   a service  says what it said; `requests` are not counted
 *
 * A block begins with a reset, since what was before it is not known.
 */
#ifndef VICAR_TOOLS_VICAR_RECORDING_H
#define VICAR_TOOLS_VICAR_RECORDING_H

#include "emulator/card.h"
#include "tools/problem.h"
#include "tools/trace_message.h"

#include <stdio.h>

enum { RECORDING_PINS_MAX = 8, RECORDING_REFERENCES = 256 };

struct recording {
	FILE *file;                /* the caller's */
	const struct image *image; /* the caller's */
	const struct card *card;   /* the caller's: how PINs stand in commands */
	bool open;                 /* a reset was seen and nothing was missed since */
	uint8_t right[RECORDING_REFERENCES], refused[RECORDING_REFERENCES]; /* which of the PINs */
	uint8_t pin;        /* of the last one that was verified: a refusal is its */
	uint8_t *command;   /* that waits for its answer; owned */
	size_t command_len; /* 0: none */
	bool secret;
	bool warned; /* that a command came before the first reset */
};

/* False when the tests have no such card. */
bool recording_begin(struct recording *recording, FILE *file, const struct image *image,
		     const struct card *card, struct problem *error) MUST_USE;
void recording_take(struct recording *recording, const struct trace_message *message);
void recording_end(struct recording *recording);

#endif
