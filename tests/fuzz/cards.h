/*
 * Cards of the fixtures. Each is made once, since that reads certificates, which takes far longer than
 * commands; what an input left in it is undone from a copy.
 */
#ifndef VICAR_TESTS_FUZZ_CARDS_H
#define VICAR_TESTS_FUZZ_CARDS_H

#include "emulator/engine.h"
#include "tools/apdu-replay/fixture.h"

struct made_card {
	struct card *card;
	struct fixture fixture;
	/* As they were in the beginning. */
	struct card card_before;
	struct card_secrets secrets_before;
	uint8_t *contents_before[CARD_FILES_MAX];
	struct fixture_key keys_before[IMAGE_KEYS_MAX]; /* the PINs */
};

/* `subject` is what a replay file says behind `card`. Ends the program when there is no such card. */
void made_card_make(struct made_card *made, const char *subject);
/* Resets it, too. */
void made_card_restore(struct made_card *made);

#endif
