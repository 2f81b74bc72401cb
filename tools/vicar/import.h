/*
 * vicar import: a key with its certificate and those of its issuers, from a PKCS #12 file.
 */
#ifndef VICAR_TOOLS_VICAR_IMPORT_H
#define VICAR_TOOLS_VICAR_IMPORT_H

#include "p12.h"
#include "role.h"

struct import {
	const char *name;        /* of the card */
	const char *personality; /* with `onto` NULL or what the card is */
	const char *file;        /* for errors */
	const char *options;     /* of a new card, "" for none */
	const char *role;        /* of the key; NULL: as its certificate's key usage says */
	const char *label;       /* NULL: the personality's */
	unsigned usage;          /* enum image_usage; 0: all that the role allows */
	const char *pin_file;    /* NULL: PINs are asked for */
	bool adds;               /* onto a card that is there */
};

/* Makes the card, or adds to it: the key, or, of a file without one, its certificates. */
bool import_p12(const struct import *import, const struct p12 *p12, struct problem *error) MUST_USE;

#endif
