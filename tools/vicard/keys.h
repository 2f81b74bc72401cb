/*
 * Fulfils the engine's key requests (emulator/key.h): a local key from its file, at once; a remote
 * key by one vicar-bridge process. Keeps the rules and the journal of each use.
 */
#ifndef VICAR_TOOLS_VICARD_KEYS_H
#define VICAR_TOOLS_VICARD_KEYS_H

#include "emulator/card.h"
#include "rules.h"
#include "tools/config.h"
#include "tools/journal.h"
#include "tools/open_keys.h"
#include "use.h"

/* A PIN that was typed into our own prompt and has not been used for so long serves the next login, and
 * is the consent to the one use that follows. */
enum { KEYS_TYPED_MS = 30000 };

struct keys {
	/* Borrowed for the life of this. */
	struct card *card;
	const struct image *image;
	const struct config *config;
	struct journal *journal;

	struct open_keys open; /* local ones */
	struct rules rules;
	struct use use; /* waiting: card_request() is what for */
	bool by_owner;  /* tools/vicard/owner.h is at work: no program's remote use is begun */
	bool at_pad;    /* tools/vicard/pad.h is: nobody else asks the owner */
	bool asked;     /* since the caller cleared it: a remote key was asked for, */
	bool counted;   /* and its try is on disk, so that the service may have been asked */
};

void keys_init(struct keys *keys, struct card *card, const struct image *image,
	       const struct config *config, struct journal *journal);

/* Whether what was typed at `when` (card.h, card_typed()) is still fresh. */
bool keys_fresh(uint64_t when, uint64_t now_ms) MUST_USE;
/* BRIDGE_SIGN with a key of the card: all but what is signed, how, and the PIN. `account` is where its
 * path is put. False: the path is too long. */
bool keys_request(const struct keys *keys, const struct image_key *key, char account[PATH_MAX],
		  struct bridge_request *request) MUST_USE;

/* After CARD_PENDING: CARD_DONE with the response, or CARD_PENDING while a bridge is at work. */
enum card_result keys_serve(struct keys *keys, uint64_t now_ms, struct writer *response) MUST_USE;
/* While waiting: the bridge may have said something, ended, or be silent for too long. */
enum card_result keys_continue(struct keys *keys, uint64_t now_ms,
			       struct writer *response) MUST_USE;
/* After anything that may have ended a verified state: no key stays open longer than its PIN is verified. */
void keys_close_unverified(struct keys *keys);
/* The reader has gone, or the card is taken out: the bridge is ended, the journal says so. The
 * caller resets the card. `why` completes "..., because WHY". */
void keys_cancel(struct keys *keys, uint64_t now_ms, const char *why);

#endif
