/*
 * What vicar says of an ATR.
 */
#ifndef VICAR_TOOLS_VICAR_ATR_H
#define VICAR_TOOLS_VICAR_ATR_H

#include "iso7816/atr.h"
#include "pcsc.h"

#include <stdio.h>

/* Hexadecimal with or without spaces and colons, in one word or in several, as programs print it. */
bool atr_from_words(const char *const *words, size_t count, struct atr *atr,
		    struct problem *error) MUST_USE;
/* Lines of `key: value`. False when the card is not known: the rest is said all the same. */
bool atr_describe(FILE *out, const struct atr *atr);
/* The same for each reader that has a card. */
void atr_describe_readers(FILE *out, const struct pcsc_reader *readers, size_t count);

#endif
