/*
 * One use of vicar-bridge: the process, its messages in their order, our patience with it, and what the
 * journal says meanwhile. Who wanted the use (a program through the card, or the card's owner) is its
 * caller's matter, and so are counters and rules.
 *
 * A use goes: REQUEST -> [owner agrees] -> START -> journal on disk, try counted on disk -> GO ->
 * [service called] -> RESULT. One START a use, none for BRIDGE_ASK; a message out of order ends the
 * bridge.
 */
#ifndef VICAR_TOOLS_VICARD_USE_H
#define VICAR_TOOLS_VICARD_USE_H

#include "bridge.h"
#include "tools/config.h"
#include "tools/journal.h"

enum { USE_STATE_MAX = 128 };

struct use {
	/* Borrowed for the life of this. */
	const struct config *config;
	struct journal *journal;

	struct bridge_process bridge;
	bool waiting;          /* for the bridge */
	bool opened;           /* `id` is open in the journal */
	bool started;          /* GO was given: the service may have been asked */
	bool process_told;     /* its process is in the journal */
	const char *cancelled; /* why its prompts were, borrowed for good; NULL: they were not */
	uint64_t id;
	unsigned words;     /* messages of the bridge in this use */
	uint64_t silent_at; /* a bridge that has said nothing until then hangs */
	enum bridge_operation operation;
	size_t documents_count;
	const struct service_config *service; /* NULL: none is asked */
	char state[USE_STATE_MAX];            /* what is being waited for, or "idle" */
};

enum use_event {
	USE_NOTHING,
	USE_TOLD,   /* `state` is new */
	USE_STARTS, /* write first what must be on disk: use_open(), the counter; then use_go() */
	USE_ENDED,  /* `end` is filled in; use_close() is to follow */
};

/* `sw` is SW_OK or a row of design.md's table; SW_AUTHENTICATION for every 63Cx, which stands only for a
 * call that was made. Outputs and PIN are views into `room`. */
struct use_end {
	uint16_t sw;
	char text[JOURNAL_TEXT_MAX];
	struct bytes
	    outputs[BRIDGE_DOCUMENTS_MAX]; /* with SW_OK of BRIDGE_SIGN: one for each document */
	size_t outputs_count;
	struct bytes pin;  /* with SW_OK of BRIDGE_ASK; secret */
	bool pin_doubtful; /* key.h */
};

void use_init(struct use *use, const struct config *config, struct journal *journal);
/* Starts the bridge with this request, BRIDGE_SIGN or BRIDGE_ASK. False: it could not be started. */
bool use_begin(struct use *use, uint64_t now_ms, const struct bridge_request *request) MUST_USE;
/* The bridge may have said something, ended, or be silent for too long. `room` has BRIDGE_MESSAGE_MAX
 * bytes; the caller wipes it after BRIDGE_ASK. */
enum use_event use_next(struct use *use, uint64_t now_ms, uint8_t *room,
			struct use_end *end) MUST_USE;
/* False: it is not on disk; the use must not go on. */
bool use_open(struct use *use, const struct journal_use *about) MUST_USE;
/* False: the bridge has gone, and the service was not asked. */
bool use_go(struct use *use) MUST_USE;
/* Whatever is asked of the owner is cancelled, now and later, because `why`; calls that are under way are
 * not. The use ends by itself. */
void use_cancel_prompts(struct use *use, const char *why);
/* The end that a use comes to when the bridge, or nobody any more, can tell what became of it: `why`
 * completes "fate unknown: WHY after the service was asked", or "WHY before". */
void use_give_up(const struct use *use, const char *why, struct use_end *end);
/* What is said in the journal when nobody waits for it any more: `why` completes "because WHY". */
void use_abandon(const struct use *use, const char *why, struct use_end *end);
/* Ends the bridge and, unless `about` is NULL, tells the journal. */
void use_close(struct use *use, uint64_t now_ms, const struct journal_use *about, uint16_t sw,
	       const char *text);

#endif
