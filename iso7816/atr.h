/*
 * Answer to reset, ISO/IEC 7816-3 clause 8.
 */
#ifndef VICAR_ISO7816_ATR_H
#define VICAR_ISO7816_ATR_H

#include "bytes.h"

enum { ATR_LEN_MAX = 33, ATR_HISTORICAL_MAX = 15 };

/* Not to be copied by assignment: `historical` points into it. T=15 is no protocol and not counted.
 * The ATRs of fineid.md and iasecc.md are all read, but for those that a sheet prints incomplete:
 * cc-v1's `3B 7D 95 ...` without its last 90 00 (T0 announces 13 historical bytes) and A9 with TCK
 * 00. */
struct atr {
	uint8_t bytes[ATR_LEN_MAX];
	size_t len;
	struct bytes historical; /* points into bytes[] */
	unsigned protocols;      /* bit n set: T=n is offered */
	unsigned
	    first_protocol; /* the T of the first TD, 0 when there is none; TA2's in specific mode */
	bool specific;      /* TA2 present */
};

/* False: too short or long, wrong TS, lengths that do not add up, a TCK that is missing, superfluous
 * or wrong (clause 8.2.5: TCK is absent if and only if T=0 alone is offered). */
bool atr_parse(struct bytes bytes, struct atr *atr) MUST_USE;

/* `3B 8n 81 01 historical TCK`: T=1 only, default parameters. At most 15 historical bytes. */
bool atr_build_t1(struct bytes historical, struct atr *atr) MUST_USE;

#endif
