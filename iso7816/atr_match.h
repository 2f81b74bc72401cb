/*
 * Which ATRs are one card's: value and mask, of the whole ATR or of its historical bytes alone.
 *
 * The historical bytes (ISO/IEC 7816-4 clause 12.1.1) are the card's own; what stands around them is
 * the interface's. A contactless card's ATR is made by the reader, `3B 8n 80 01 historical TCK` (PC/SC
 * part 3, 3.1.3.2.3), so that a card with both interfaces is known by its historical bytes.
 */
#ifndef VICAR_ISO7816_ATR_MATCH_H
#define VICAR_ISO7816_ATR_MATCH_H

#include "atr.h"

enum atr_part { ATR_WHOLE, ATR_HISTORICAL };

/* Hexadecimal text, to stand in constant tables as the cards' papers print it. */
struct atr_pattern {
	enum atr_part part;
	const char *value;
	const char *mask; /* as long as value, a bit that is 0 may be any; NULL: every bit counts */
};

/* True when the part is as long as the value and equal to it where the mask says. A pattern whose
 * texts are not hexadecimal, or not of one length, matches nothing. */
bool atr_matches(const struct atr *atr, const struct atr_pattern *pattern) MUST_USE;
/* The form that readers give contactless cards. */
bool atr_is_contactless(const struct atr *atr);

#endif
