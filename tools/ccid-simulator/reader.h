/*
 * The reader: bytes of the serial line come in, bytes go out. No file, no clock: whoever drives it says
 * what time it is and what has come.
 *
 *   ccid_reader_receive() as often as there is room; ccid_reader_step() until it has nothing to do, its
 *   output sent each time; then again when bytes have come, or ccid_reader_due() has.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_READER_H
#define VICAR_TOOLS_CCID_SIMULATOR_READER_H

#include "frame.h"
#include "model.h"
#include "slot.h"

#include <stdio.h>

enum {
	/* A frame that stops in its middle is given up after that. */
	CCID_READER_GAP_MS = 1000,
	/* Of one step: an echo and an answer, with each slot's movement before. */
	CCID_READER_OUTPUT_MAX = 2 * FRAME_LEN_MAX + 2 * MODEL_SLOTS_MAX,
};

struct ccid_reader {
	const struct model *model;
	FILE *trace;   /* borrowed; NULL: none */
	bool notifies; /* the host has asked to be told of movements */
	bool moved[MODEL_SLOTS_MAX];
	bool lost[MODEL_SLOTS_MAX];        /* the card went while the host waits for its answer */
	uint8_t open_seq[MODEL_SLOTS_MAX]; /* of the XfrBlock that a busy slot will answer */
	int64_t received_at;
	size_t received_len;
	uint8_t received[2 * FRAME_LEN_MAX];
	struct slot slots[MODEL_SLOTS_MAX];
};

/* Empty slots. `slow_ms` is slot.h's. */
void ccid_reader_init(struct ccid_reader *reader, const struct model *model, int64_t slow_ms,
		      FILE *trace);
/* A card comes into a slot of the model, or with NULL goes. */
void ccid_reader_put(struct ccid_reader *reader, unsigned slot, const struct chip *chip);

/* How many of the bytes were taken. */
size_t ccid_reader_receive(struct ccid_reader *reader, int64_t now, struct bytes bytes);
/* Deals with one frame, or with one slot whose time has come; `out` has room for
 * CCID_READER_OUTPUT_MAX bytes. False: there was nothing to do. */
bool ccid_reader_step(struct ccid_reader *reader, int64_t now, struct writer *out) MUST_USE;
int64_t ccid_reader_due(const struct ccid_reader *reader);

#endif
