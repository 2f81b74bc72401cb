/*
 * A card in a PC/SC reader. The border to winscard: Windows types stay behind it.
 */
#ifndef VICAR_TOOLS_APDU_REPLAY_CARDREADER_H
#define VICAR_TOOLS_APDU_REPLAY_CARDREADER_H

#include "target.h"

struct cardreader;

/* Connects, for nobody else meanwhile, in T=0 or T=1 as the card is. NULL with `error`. */
struct cardreader *cardreader_open(const char *name, struct problem *error) MUST_USE;
void cardreader_close(struct cardreader *cardreader); /* resets the card; NULL is fine */
struct target cardreader_target(struct cardreader *cardreader);

#endif
