/*
 * The PIN pad: a program asks the reader for a PIN (emulator/pad.h), the owner types it into our own
 * prompt, and the command with it goes to the engine. Neither program nor reader ever sees it.
 *
 * It goes: the structure is judged, and whether the card would take a value at all -> BRIDGE_ASK for each
 * value (PIN; or old PIN or PUK, new PIN, the new one again) -> the command -> its status word, or
 *
 *   6400  nobody answered in time, or no prompt is possible      6402  the two new values differ
 *   6401  the owner cancelled, or has a moment ago               6403  no value of an allowed length came
 *   6B80  the structure is none that the card could serve
 *
 * A cancel begins the pause of tools/vicard/rules.h, as that of a signature does, and is stopped by it. A
 * PIN that was typed within KEYS_TYPED_MS, verified, and not used since serves the next VERIFY of it.
 */
#ifndef VICAR_TOOLS_VICARD_PAD_H
#define VICAR_TOOLS_VICARD_PAD_H

#include "emulator/pad.h"
#include "ifdhandler/link.h"
#include "keys.h"

struct pad_secrets;

enum pad_step { PAD_FIRST, PAD_NEW, PAD_NEW_AGAIN, PAD_STEPS };

struct pad {
	struct keys *keys; /* borrowed */
	struct use use;
	bool active; /* a value is being asked for */
	enum pad_step step;
	/* An old PIN may stand in it, which the program has written. */
	uint8_t structure[LINK_PIN_MODIFY_HEADER + LINK_PIN_COMMAND_MAX];
	uint8_t header[PAD_HEADER_LEN];
	struct pad_request request; /* looks into both */
	struct card_asked asked;
	struct pad_secrets *secrets; /* NULL: none */
};

void pad_init(struct pad *pad, struct keys *keys);
/* `kind` is LINK_PIN_VERIFY or LINK_PIN_MODIFY. CARD_DONE: the status word is in `response`. */
enum card_result pad_begin(struct pad *pad, uint64_t now_ms, enum link_kind kind,
			   struct bytes structure, struct writer *response) MUST_USE;
/* While active: the bridge may have said something, ended, or be silent for too long. */
enum card_result pad_continue(struct pad *pad, uint64_t now_ms, struct writer *response) MUST_USE;
/* The reader has gone, or the card is taken out: nobody waits for the answer. `why` completes "...,
 * because WHY". */
void pad_cancel(struct pad *pad, uint64_t now_ms, const char *why);

#endif
