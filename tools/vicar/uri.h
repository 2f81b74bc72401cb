/*
 * PKCS#11 URIs, RFC 7512, of what a card holds, as the module shows it: found by the module's own card
 * side on the card itself, which may be in or out.
 */
#ifndef VICAR_TOOLS_VICAR_URI_H
#define VICAR_TOOLS_VICAR_URI_H

#include "emulator/image.h"
#include "tools/problem.h"

#include <stdio.h>

/* Lines "NAME URI": of each token its private keys and the certificates to them, then, in the first
 * token, the certificates that are nobody's here. */
bool uri_list(FILE *out, const struct image *image, struct problem *error) MUST_USE;

#endif
