/*
 * The certificates of a card: one for each key, named by the key's role, and those of the
 * authorities above, authority1 being the issuer of the first.
 */
#ifndef VICAR_TOOLS_VICAR_CERT_H
#define VICAR_TOOLS_VICAR_CERT_H

#include "emulator/image.h"
#include "tools/problem.h"

#include <stdio.h>

/* Lines of `key: value` for each. False when one cannot be read, which is said in its place. */
bool cert_list(FILE *out, const struct image *image) MUST_USE;
/* The one that is called `which`; when it is NULL all of them, keys' first, so that PEM is the chain
 * as TLS has it. DER is of one certificate only. */
bool cert_export(FILE *out, const struct image *image, const char *which, bool der,
		 struct problem *error) MUST_USE;

#endif
