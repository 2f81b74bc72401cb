/*
 * The simulator at work: the terminal, the person's commands on standard input, signals.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_LOOP_H
#define VICAR_TOOLS_CCID_SIMULATOR_LOOP_H

#include "image_card.h"
#include "reader.h"
#include "pty.h"

#include "emulator/image.h"

enum { CCID_LOOP_LINE_MAX = 256, CCID_LOOP_SLOW_MAX = 3600 * 1000 };

struct ccid_loop {
	struct pty pty;
	struct ccid_reader reader;
	struct image_card *cards[MODEL_SLOTS_MAX]; /* in the slots; owned */
	char taken_out[IMAGE_NAME_MAX];            /* by the last `remove`; "": none yet */
	int signals;
	bool listening; /* standard input is not at its end */
	bool ending;
	char line[CCID_LOOP_LINE_MAX];
	size_t line_len;
	size_t unsent_at, unsent_len;
	uint8_t unsent[CCID_READER_OUTPUT_MAX];
};

/* How much longer a use of a key may take: 0 to CCID_LOOP_SLOW_MAX. */
bool ccid_loop_milliseconds(const char *text, int64_t *milliseconds) MUST_USE;
/* Puts the card `name` into the first slot that is free, and says so on standard output. */
bool ccid_loop_insert(struct ccid_loop *loop, const char *name, struct problem *error) MUST_USE;
/* Until a signal, or `quit`. */
void ccid_loop_run(struct ccid_loop *loop);
/* Takes all cards out. */
void ccid_loop_end(struct ccid_loop *loop);

#endif
