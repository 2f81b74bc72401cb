/*
 * PIN pad requests, PC/SC part 10: PIN_VERIFY_STRUCTURE (2.5.2) and PIN_MODIFY_STRUCTURE (2.5.3), which ask
 * the reader to put what the owner types into a command. Pure: bytes in, bytes out.
 *
 * Whoever may use the reader writes these structures, so the command is held to what the card itself
 * would be sent: VERIFY, CHANGE REFERENCE DATA or RESET RETRY COUNTER, nothing in its data but the typed
 * values and the padding of the PIN. What would put them anywhere else is refused: a value that its
 * owner does not know (typed, and something before or behind it) must not become the PIN.
 *
 * Not done, since no PIN of ours is kept so: binary and BCD format, a length field in the block.
 * Not looked at: both time limits ([prompt] timeout-s of vicar.conf is ours), messages and language (the
 * prompt has its own), the condition that ends the entry (the OK button does).
 */
#ifndef VICAR_EMULATOR_PAD_H
#define VICAR_EMULATOR_PAD_H

#include "card.h"

enum {
	PAD_SW_NEW_PINS_DIFFER = 0x6402, /* 2.5.4 */
	PAD_SW_LENGTH_NOT_ALLOWED = 0x6403,
	PAD_SW_BAD_STRUCTURE = 0x6B80,
	PAD_HEADER_LEN = 4, /* CLA INS P1 P2 */
	PAD_COMMAND_MAX = PAD_HEADER_LEN + 1 + 255,
};

struct pad_request {
	bool modify;
	bool confirm;          /* the new value is to be typed twice */
	bool ask_old;          /* what the structure has of it is not taken */
	unsigned min, max;     /* characters of a value */
	bool right;            /* justified in its block */
	size_t block;          /* bytes; 0: as long as the value */
	size_t old_at, new_at; /* bytes after Lc; of VERIFY `old_at` */
	struct bytes header;   /* CLA INS P1 P2; views into the structure */
	struct bytes data;     /* after Lc; may be empty */
};

/* False: 6B80. */
bool pad_parse(struct bytes structure, bool modify, struct pad_request *request) MUST_USE;

/* Bytes that a value of `pin` may have at this pad. False: none, 6403. */
bool pad_lengths(const struct pad_request *request, const struct card_pin *pin, unsigned *min,
		 unsigned *max) MUST_USE;

/* A value and whose it is. */
struct pad_value {
	const struct card_pin *pin; /* NULL: the command has no such value */
	struct bytes value;         /* secret */
};

/* The command with the values in it; of a MODIFY without `ask_old` the first value is the structure's.
 * False: 6B80. The caller wipes `command`, which has room for PAD_COMMAND_MAX. */
bool pad_fill(const struct pad_request *request, struct pad_value first, struct pad_value renewed,
	      struct writer *command) MUST_USE;

#endif
