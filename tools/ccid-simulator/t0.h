/*
 * T=0, ISO/IEC 7816-3:2006 clause 10.3: the header, then procedure bytes by which the card leads the
 * exchange.
 *
 *   INS            the rest of the data follows, one way or the other
 *   INS xor FF     one byte of it follows
 *   60             nothing yet: the card needs time
 *   6x, 9x         SW1; SW2 follows, and that was all
 *
 * The reader's end takes what the card says byte by byte; the card's end says what a response APDU
 * comes to.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_T0_H
#define VICAR_TOOLS_CCID_SIMULATOR_T0_H

#include "iso7816/bytes.h"

enum {
	T0_HEADER_LEN = 5,
	T0_DATA_MAX = 256,
	T0_NULL = 0x60,
	/* What a card can say: each byte of data with a procedure byte, then a status word. */
	T0_SAID_MAX = 2 * T0_DATA_MAX + 2,
};

/* A command TPDU as readers are given it: CLA INS P1 P2, P3, data. Four bytes are a command without
 * P3; an Le after the data is no part of T=0 and left out. */
struct t0_command {
	uint8_t header[T0_HEADER_LEN];
	struct bytes data; /* borrowed */
};

/* False: no such TPDU; `wrong_at` is the place of the first byte that is wrong or missing. */
bool t0_command_parse(struct bytes bytes, struct t0_command *command, size_t *wrong_at) MUST_USE;

struct t0_reader {
	uint8_t ins;
	struct bytes unsent; /* borrowed: of the command's data */
	size_t awaited;      /* bytes of response data that may still come */
	size_t coming;       /* bytes of data that come before the next procedure byte */
	bool sw2;            /* SW1 has come */
	struct writer *response;
};

enum t0_step {
	T0_GOES_ON,
	T0_SENDS,  /* these bytes of the command's data are for the card */
	T0_WAITS,  /* the card needs time */
	T0_DONE,   /* the response is whole */
	T0_BROKEN, /* no procedure byte, or data where none can be */
};

/* `response` has room for T0_DATA_MAX + 2 bytes. */
struct t0_reader t0_reader_begin(const struct t0_command *command, struct writer *response);
enum t0_step t0_reader_take(struct t0_reader *reader, uint8_t byte, struct bytes *sent) MUST_USE;

/* What the card says once it has the command whole. Fewer bytes than P3 asks for go one by one, so that
 * the card may end where they end; a response with data to a command with data, or with more than P3
 * asks for, is cut to its status word. `said` has room for T0_SAID_MAX bytes. */
void t0_card_say(const struct t0_command *command, struct bytes rapdu, struct writer *said);

#endif
