/*
 * Making a card: an image out of keys, their certificates and the word where each key is.
 */
#ifndef VICAR_TOOLS_VICAR_ISSUE_H
#define VICAR_TOOLS_VICAR_ISSUE_H

#include "account.h"
#include "chain.h"
#include "emulator/card.h"

/* A key that the card is to have. */
struct issue_key {
	const char *role;        /* its name in the image: "sign", "auth" */
	const char *service;     /* a [service NAME], or IMAGE_SERVICE_FILE */
	struct bytes credential; /* what the service calls it; empty: it has one only */
	unsigned uses;           /* of a service's key, see image.h; 0: not said */
	X509 *certificate;
	const char *label;     /* of its objects; NULL: the personality's */
	unsigned usage;        /* enum image_usage; 0: all that the role allows */
	EVP_PKEY *key;         /* of a local key */
	const char *pin, *puk; /* that open a local key; secret. No PUK: NULL */
};

struct issue {
	const char *name;        /* of the card */
	const char *personality; /* "cc-v1" */
	const char *options;     /* words of the personality, "" for none; of a card that is there
				    those are added which it does not have */
	const struct issue_key *keys;
	size_t keys_count;
	X509 *const *authorities; /* the issuer of each before it */
	size_t authorities_count;
	const struct service_account *account; /* that a new card keeps; NULL: none */
};

/* Before anything is asked or created: the name may be a card's, no card has it, and there is such
 * a personality. `directory` is where the card will be. */
bool issue_possible(const char *name, const char *personality, char directory[PATH_MAX],
		    struct problem *error) MUST_USE;
/* Creates the image with the files of its local keys and its account, after the personality has said
 * that it can be made of it: a card that is there has them, whatever ends this. Leaves nothing behind
 * when it fails. */
bool issue_card(const struct issue *issue, struct problem *error) MUST_USE;
/* The same onto a card that is there, in an image that is held (held_image()): nothing of it changes when
 * this fails. `name` and `personality` are those of the card. */
bool issue_onto(const struct issue *issue, struct image *image, struct problem *error) MUST_USE;
/* Adds an authority's certificate to an image in memory. */
bool issue_authority(struct image *image, X509 *certificate, struct problem *error) MUST_USE;
/* Adds a further certificate to an image in memory: of its key `role`, or of none (NULL); without a
 * label (NULL) its subject names it. */
bool issue_certificate(struct image *image, X509 *certificate, const char *role, const char *label,
		       struct problem *error) MUST_USE;
/* Gives an image that was added to a serial number of its own, and puts it in the place of what is on
 * disk, after the personality has said that it can be made of it. */
bool issue_update(struct image *image, struct problem *error) MUST_USE;
/* The card that the image would be, to be looked at and not used: nothing it counts is kept. NULL
 * with `error` when the personality cannot be made of it; freed with card_free(). */
struct card *issue_trial(const struct image *image, struct problem *error) MUST_USE;
/* Removes a directory with all that is in it. */
bool issue_undo(const char *directory, struct problem *error) MUST_USE;

#endif
