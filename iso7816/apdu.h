/*
 * Command and response APDUs, ISO/IEC 7816-4 clause 5.1 to 5.3 (2013): the four cases, short and
 * extended lengths, and command chaining (clause 5.3.3).
 */
#ifndef VICAR_ISO7816_APDU_H
#define VICAR_ISO7816_APDU_H

#include "bytes.h"

enum {
	APDU_NC_MAX = 65535, /* largest command data field */
	APDU_NE_MAX = 65536, /* largest response data field */
	CAPDU_LEN_MAX = 65544,
	RAPDU_LEN_MAX = APDU_NE_MAX + 2,
	CLA_CHAINING = 0x10, /* bit 5: not the last command of a chain */
};

/* A command APDU. `data` is borrowed from the bytes it was parsed from. */
struct capdu {
	uint8_t cla, ins, p1, p2;
	struct bytes data; /* empty in cases 1 and 2 */
	bool has_le;
	size_t ne; /* 1..65536 when has_le, else 0 */
	bool extended;
};

/* Any of the cases 1, 2S, 3S, 4S, 2E, 3E, 4E. False when the lengths do not add up: answer 6700.
 * The five-byte form CLA INS P1 P2 00 is case 2S with Ne 256, as the standard says; a command that
 * has no use for Le (an empty VERIFY) ignores it. */
bool capdu_parse(struct bytes bytes, struct capdu *capdu) MUST_USE;

/* The shortest form that holds it: extended only when Nc > 255 or Ne > 256. False: no room,
 * or an Nc or Ne that no command can have. */
bool capdu_encode(const struct capdu *capdu, struct writer *writer) MUST_USE;

/* A response APDU: data and status word. */
struct rapdu {
	struct bytes data;
	uint16_t sw;
};

/* From two bytes to RAPDU_LEN_MAX; `data` is borrowed from `bytes`. */
bool rapdu_parse(struct bytes bytes, struct rapdu *rapdu) MUST_USE;
/* False: no room, or more than APDU_NE_MAX bytes of data. */
bool rapdu_encode(const struct rapdu *rapdu, struct writer *writer) MUST_USE;

/*
 * Command chaining in: parts with CLA bit 5 are collected, the last part completes the command.
 * The chain owns no memory; its writer is over the owner's buffer, whose size is the limit.
 */
struct capdu_chain {
	struct writer data;
	uint8_t cla, ins, p1, p2;
	bool open;
};

enum capdu_chain_result {
	CAPDU_CHAIN_WHOLE, /* `whole` is the complete command, its data in the chain's buffer and
			      good until the chain is added to or dropped; also when it came in
			      one part */
	CAPDU_CHAIN_MORE,  /* collected; answer 9000 */
	CAPDU_CHAIN_BROKEN, /* the chain was open and this command is of another header: chain dropped;
			       answer 6883 */
	CAPDU_CHAIN_FULL, /* more data than the buffer holds: chain dropped; answer 6700 */
};

struct capdu_chain capdu_chain_over(uint8_t *data, size_t room);
/* Whatever is left of an earlier command is wiped first. `part` is not in the chain's buffer. */
enum capdu_chain_result capdu_chain_add(struct capdu_chain *chain, const struct capdu *part,
					struct capdu *whole) MUST_USE;
void capdu_chain_drop(struct capdu_chain *chain); /* wipes what was collected */

#endif
