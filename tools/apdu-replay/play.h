/*
 * Plays the blocks of a script to a target and compares.
 */
#ifndef VICAR_TOOLS_APDU_REPLAY_PLAY_H
#define VICAR_TOOLS_APDU_REPLAY_PLAY_H

#include "script.h"
#include "target.h"

struct play_counts {
	unsigned passed, failed, skipped; /* blocks */
};

struct play_output {
	FILE *errors; /* one entry for each failed or skipped block: FILE:LINE, expected, came */
	FILE *log;    /* the exchange; NULL: not wanted */
};

/* `name` is the file's. The first difference ends a block, the next block is played all the same.
 * Blocks that say what a service answers are skipped on a target that fulfils no keys. */
void play(const char *name, const struct script *script, const struct target *target,
	  const struct play_output *output, struct play_counts *counts);

#endif
