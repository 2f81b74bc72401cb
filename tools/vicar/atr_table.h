/*
 * The cards that can be named by their ATR.
 */
#ifndef VICAR_TOOLS_VICAR_ATR_TABLE_H
#define VICAR_TOOLS_VICAR_ATR_TABLE_H

#include "iso7816/atr_match.h"

/* Rows of one name are one kind of card. */
struct atr_card {
	const char *name;
	struct atr_pattern pattern;
};

/* The first row that matches; NULL: a card that is not known. */
const struct atr_card *atr_card_find(const struct atr *atr) MUST_USE;
/* All rows. */
const struct atr_card *atr_cards(size_t *count) MUST_USE;

#endif
