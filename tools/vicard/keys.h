/*
 * Fulfils the engine's key requests (emulator/key.h): a local key from its file, at once; a remote
 * key by one vicar-bridge process. Keeps the rules and the journal of each use.
 *
 * A remote use goes: rules -> bridge started, REQUEST -> [owner agrees] -> START -> journal on disk,
 * try counted on disk -> GO -> [service called] -> RESULT -> journal completed, card resumed. One
 * START a use; a message out of order ends the bridge.
 */
#ifndef VICAR_TOOLS_VICARD_KEYS_H
#define VICAR_TOOLS_VICARD_KEYS_H

#include "bridge.h"
#include "emulator/card.h"
#include "rules.h"
#include "tools/config.h"
#include "tools/journal.h"

enum { KEYS_STATE_MAX = 128 };

struct keys {
	/* Borrowed for the life of this. */
	struct card *card;
	const struct image *image;
	const struct config *config;
	struct journal *journal;

	struct rules rules;
	struct bridge_process bridge;
	bool waiting;      /* for the bridge; card_request() is what for */
	bool opened;       /* `id` is open in the journal */
	bool started;      /* GO was given: the service may have been asked */
	bool process_told; /* its process is in the journal */
	uint64_t id;
	unsigned words;             /* messages of the bridge in this use */
	uint64_t silent_at;         /* a bridge that has said nothing until then hangs */
	char state[KEYS_STATE_MAX]; /* for `vicar status` */
};

void keys_init(struct keys *keys, struct card *card, const struct image *image,
	       const struct config *config, struct journal *journal);

/* After CARD_PENDING: CARD_DONE with the response, or CARD_PENDING while a bridge is at work. */
enum card_result keys_serve(struct keys *keys, uint64_t now_ms, struct writer *response) MUST_USE;
/* While waiting: the bridge may have said something, ended, or be silent for too long. */
enum card_result keys_continue(struct keys *keys, uint64_t now_ms,
			       struct writer *response) MUST_USE;
/* The reader has gone, or the card is taken out: the bridge is ended, the journal says so. The
 * caller resets the card. `why` completes "..., because WHY". */
void keys_cancel(struct keys *keys, uint64_t now_ms, const char *why);

#endif
