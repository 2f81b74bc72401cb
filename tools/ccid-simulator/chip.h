/*
 * What stands in a slot: a card that answers APDUs, whoever makes it. A command that needs a key is
 * left unfinished until whoever holds the slot has time for it.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_CHIP_H
#define VICAR_TOOLS_CCID_SIMULATOR_CHIP_H

#include "iso7816/bytes.h"

enum chip_result {
	CHIP_DONE,  /* the response is in the writer */
	CHIP_WORKS, /* a key is needed: call work(), which takes its time, or abandon() */
};

struct chip {
	void *context;
	struct bytes (*atr)(void *context);
	void (*reset)(void *context);
	void (*set_protocol)(void *context,
			     unsigned protocol); /* n of T=n, one that the ATR offers */
	/* `response` has room for RAPDU_LEN_MAX bytes and gets two at least. */
	enum chip_result (*transmit)(void *context, struct bytes command, struct writer *response);
	enum chip_result (*work)(void *context, struct writer *response);
	void (*abandon)(void *context);
};

#endif
