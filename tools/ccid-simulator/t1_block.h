/*
 * Blocks of T=1, ISO/IEC 7816-3:2006 clause 11.3: NAD, PCB, LEN, information field, and an error
 * detection code, LRC or CRC.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_T1_BLOCK_H
#define VICAR_TOOLS_CCID_SIMULATOR_T1_BLOCK_H

#include "iso7816/bytes.h"

enum {
	T1_PROLOGUE_LEN = 3,
	T1_INF_MAX = 254, /* LEN FF is reserved, clause 11.3.2.3 */
	T1_EPILOGUE_MAX = 2,
	T1_BLOCK_MAX = T1_PROLOGUE_LEN + T1_INF_MAX + T1_EPILOGUE_MAX,
};

enum t1_kind { T1_I_BLOCK, T1_R_BLOCK, T1_S_BLOCK };

/* PCB of S-blocks, Table 13; a response has T1_S_RESPONSE too. */
enum {
	T1_S_RESYNCH = 0xC0,
	T1_S_IFS = 0xC1,
	T1_S_ABORT = 0xC2,
	T1_S_WTX = 0xC3,
	T1_S_RESPONSE = 0x20,
};

/* What an R-block says, clause 11.3.2.2. */
enum t1_error { T1_NO_ERROR = 0, T1_ERROR_EDC = 1, T1_ERROR_OTHER = 2 };

struct t1_block {
	enum t1_kind kind;
	uint8_t nad;
	uint8_t pcb;
	bool number; /* N(S) of an I-block, N(R) of an R-block */
	bool more;   /* M of an I-block: the chain goes on */
	struct bytes inf;
};

enum t1_verdict {
	T1_GOOD,
	T1_BAD_EDC,   /* redundancy code or parity */
	T1_BAD_BLOCK, /* a length or PCB that no block has */
};

/* Any bytes at all. `inf` is borrowed from them. */
enum t1_verdict t1_block_parse(struct bytes bytes, bool crc, struct t1_block *block) MUST_USE;
/* At most T1_INF_MAX bytes in `inf`. */
void t1_block_put(uint8_t nad, uint8_t pcb, struct bytes inf, bool crc, struct writer *writer);

uint8_t t1_i_pcb(bool number, bool more);
uint8_t t1_r_pcb(bool number, enum t1_error error);

/* CRC of clause 11.3.4. The standard names ISO/IEC 13239 and leaves open which of its forms; this is
 * the one that libccid and readers use: polynomial 1021, lowest bit first, from FFFF, not
 * complemented, high byte first on the line. */
uint16_t t1_crc(struct bytes bytes);

#endif
