/*
 * vicar cert add: one more certificate on a card.
 */
#ifndef VICAR_TOOLS_VICAR_CERT_ADD_H
#define VICAR_TOOLS_VICAR_CERT_ADD_H

#include "emulator/image.h"
#include "tools/problem.h"

/* A certificate that a card is to have beside those it has. */
struct cert_addition {
	const char *file;  /* PEM or DER, one certificate */
	const char *role;  /* the key that it is for too; NULL: none of the card's */
	const char *label; /* NULL: the subject's common name */
	bool authority;    /* into the chain */
};

/* `image` is held (held_image()), and on disk when this returns true. */
bool cert_add(const struct cert_addition *wanted, struct image *image,
	      struct problem *error) MUST_USE;

#endif
