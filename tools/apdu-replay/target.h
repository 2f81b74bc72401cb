/*
 * What a replay file is played to: the in-process card (inprocess.h) or a PC/SC reader
 * (cardreader.h).
 */
#ifndef VICAR_TOOLS_APDU_REPLAY_TARGET_H
#define VICAR_TOOLS_APDU_REPLAY_TARGET_H

#include "iso7816/bytes.h"
#include "subject.h"

#include <stdio.h>

/* What a block says about the keys, and what became of it; only a target that fulfils keys looks. */
struct key_talk {
	bool service_waits; /* `service` was said and not used yet */
	uint16_t service_sw;
	bool service_unstarted;
	unsigned requests; /* made since they were last asked for */
};

struct target {
	void *context;
	/* Key requests come here, not to somebody behind the card. */
	bool fulfils_keys;
	/* A new card, or the one in the reader, reset. */
	bool (*begin)(void *context, const struct subject *subject, struct problem *error);
	bool (*reset)(void *context, struct writer *atr, struct problem *error);
	/* `response` has room for RAPDU_LEN_MAX bytes. What happens on the way is told to `log`,
	 * which may be NULL. */
	bool (*transmit)(void *context, struct bytes command, struct key_talk *talk,
			 struct writer *response, FILE *log, struct problem *error);
};

#endif
