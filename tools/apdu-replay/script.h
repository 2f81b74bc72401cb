/*
 * A replay file (design.md, "Replay format"): blocks of exchanges with a card, each of which says
 * where its expected answers come from.
 *
 *   # text after a hash is a comment
 *   source TEXT           where the answers come from: sheet section, standard, trace
 *   card PERSONALITY ...  see subject.h
 *   reset                 the card is reset
 *   < 3B.. ..             optional: the ATR; may also stand on the line of the reset
 *   > 00A40000            a command APDU, or anything that is none
 *   < 6A82                what comes back, see pattern.h
 *   service SW            the service's word on the next key request, a remote key's: with 9000 the
 *                         fixture's key signs. `service SW unstarted`: said before the start call
 *                         left, as when its owner did not agree
 *   requests N            so many key requests were made since the last such line
 *
 * A block begins with `source` or `card`, has both, ends where the next begins, and has a card of
 * its own.
 */
#ifndef VICAR_TOOLS_APDU_REPLAY_SCRIPT_H
#define VICAR_TOOLS_APDU_REPLAY_SCRIPT_H

#include "pattern.h"
#include "subject.h"

enum step_kind { STEP_RESET, STEP_COMMAND, STEP_SERVICE, STEP_REQUESTS };

struct step {
	enum step_kind kind;
	unsigned line;
	uint8_t *command; /* owned */
	size_t command_len;
	unsigned expected_line;  /* 0: nothing is expected (only after a reset) */
	struct pattern expected; /* owned */
	uint16_t sw;             /* STEP_SERVICE */
	bool unstarted;
	unsigned requests; /* STEP_REQUESTS */
};

struct block {
	unsigned line;
	char *source; /* owned */
	bool has_card;
	bool expects; /* at least one answer */
	struct subject card;
	struct step *steps; /* owned */
	size_t steps_count;
};

struct script {
	struct block *blocks; /* owned */
	size_t blocks_count;
};

/* False: `line` (from 1; 0: the whole text) and `error` say where and why; then there is nothing to free. */
bool script_parse(struct bytes text, struct script *script, unsigned *line,
		  struct problem *error) MUST_USE;
void script_free(struct script *script);

#endif
