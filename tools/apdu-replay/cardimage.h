/*
 * A block's card as an image on disk, for vicard to serve: what the in-process card is made of, with
 * the keys encrypted under their PINs and PUKs.
 */
#ifndef VICAR_TOOLS_APDU_REPLAY_CARDIMAGE_H
#define VICAR_TOOLS_APDU_REPLAY_CARDIMAGE_H

#include "subject.h"

/* `directory` must not exist; its last part is the card's name. A card with a remote key is refused:
 * nobody plays its service. */
bool cardimage_write(const char *fixtures, const struct subject *subject, const char *directory,
		     struct problem *error) MUST_USE;

#endif
