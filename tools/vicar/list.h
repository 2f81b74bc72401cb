/*
 * One line for each card, or for each key of a card that has several.
 */
#ifndef VICAR_TOOLS_VICAR_LIST_H
#define VICAR_TOOLS_VICAR_LIST_H

#include "emulator/image.h"

#include <stdio.h>

/* `where` is "in", "out" or "?". */
void list_card(FILE *out, const struct image *image, const char *where);

#endif
