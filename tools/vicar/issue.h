/*
 * Making a card: an image out of a certificate chain and the word where its key is.
 */
#ifndef VICAR_TOOLS_VICAR_ISSUE_H
#define VICAR_TOOLS_VICAR_ISSUE_H

#include "chain.h"
#include "emulator/card.h"

struct issue {
	const char *name;        /* of the card */
	const char *personality; /* "cc-v1" */
	const char *role;        /* of the key: "sign", "auth" */
	const char *service;     /* a [service NAME], or IMAGE_SERVICE_FILE */
	const char *options;     /* words of the personality, "" for none */
	const struct chain *chain;
};

/* Before anything is asked or created: the name may be a card's, no card has it, and there is such
 * a personality. `directory` is where the card will be. */
bool issue_possible(const char *name, const char *personality, char directory[PATH_MAX],
		    struct problem *error) MUST_USE;
/* Creates the image, after the personality has said that it can be made of it. */
bool issue_card(const struct issue *issue, struct problem *error) MUST_USE;
/* The card that the image would be, to be looked at and not used: nothing it counts is kept. NULL
 * with `error` when the personality cannot be made of it; freed with card_free(). */
struct card *issue_trial(const struct image *image, struct problem *error) MUST_USE;
/* Removes a directory with all that is in it. */
bool issue_undo(const char *directory, struct problem *error) MUST_USE;

#endif
