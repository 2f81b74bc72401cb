/*
 * The card's end of T=1, ISO/IEC 7816-3:2006 clause 11.6: a block comes, a block goes. Commands come
 * together from chained blocks, responses leave in as many as the reader's IFSD asks for; time is asked
 * for with S(WTX request).
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_T1_H
#define VICAR_TOOLS_CCID_SIMULATOR_T1_H

#include "iso7816/apdu.h"
#include "t1_block.h"

enum { T1_DEFAULT_IFSD = 32 };

enum t1_event {
	T1_ANSWERS, /* the block that was put goes to the reader */
	T1_COMMAND, /* a command is whole: t1_command(), then t1_respond() or t1_ask_time() */
	T1_GRANTED, /* the time that was asked for; no block was put */
	/* The block goes to the reader; the command that time was asked for is forgotten. */
	T1_DROPPED,
};

struct t1 {
	bool crc;
	uint8_t ifsc, ifsd;
	bool sending, expecting; /* N(S) of our next I-block, and of the reader's */
	bool chaining;           /* the reader's chain is open */
	bool asking;             /* S(WTX request) has no response yet */
	bool busy;               /* a command is being worked on */
	uint8_t multiplier;      /* what was asked for */
	uint8_t nad;             /* of our blocks */
	uint8_t last[T1_BLOCK_MAX];
	size_t last_len; /* what is sent again when the reader has not understood */
	bool too_long;   /* the command has outgrown `command` */
	size_t command_len;
	size_t response_len, response_at;
	size_t part_at; /* of the response: where the last I-block's part began */
	uint8_t command[CAPDU_LEN_MAX];
	uint8_t response[RAPDU_LEN_MAX];
};

/* As after an answer to reset; wipes. */
void t1_begin(struct t1 *t1, bool crc, uint8_t ifsc);

/* `block` is any bytes at all; `out` has room for T1_BLOCK_MAX bytes. */
enum t1_event t1_receive(struct t1 *t1, struct bytes block, struct writer *out) MUST_USE;
/* After T1_COMMAND; good until the next block. Empty when it was longer than any APDU. */
struct bytes t1_command(const struct t1 *t1);

/* After T1_COMMAND or T1_GRANTED. `rapdu` has at most RAPDU_LEN_MAX bytes. */
void t1_respond(struct t1 *t1, struct bytes rapdu, struct writer *out);
/* For `multiplier` times the block waiting time. */
void t1_ask_time(struct t1 *t1, uint8_t multiplier, struct writer *out);

#endif
