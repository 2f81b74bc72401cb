/*
 * Answer to reset, ISO/IEC 7816-3 clause 8.
 */
#ifndef VICAR_ISO7816_ATR_H
#define VICAR_ISO7816_ATR_H

#include "bytes.h"

enum { ATR_LEN_MAX = 33, ATR_HISTORICAL_MAX = 15 };

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
