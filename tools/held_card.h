/*
 * A card's image in the hands of one process: loaded, locked, and the engine on it. vicard holds it
 * as long as the card is in; `vicar` for one operation on a card that is out.
 */
#ifndef VICAR_TOOLS_HELD_CARD_H
#define VICAR_TOOLS_HELD_CARD_H

#include "emulator/card.h"
#include "tools/problem.h"

/* Takes the image's lock and reads it; both end with image_free(). Fails while somebody else has
 * it. */
bool held_image(struct image *image, const char *name, struct problem *error) MUST_USE;
/* The engine with the image's personality; freed with card_free(). `host` is card_new()'s. */
struct card *held_card(const struct image *image, const struct card_host *host,
		       struct problem *error) MUST_USE;

#endif
