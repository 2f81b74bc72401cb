/*
 * A card image as what stands in a slot: the engine on it, its lock, its journal. Keys in files only.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_IMAGE_CARD_H
#define VICAR_TOOLS_CCID_SIMULATOR_IMAGE_CARD_H

#include "chip.h"
#include "tools/problem.h"

struct image_card;

/* The user's card `name`. NULL and `error`: not there, served by somebody else, or with a key at a
 * service. What goes wrong later is told on standard error. */
struct image_card *image_card_open(const char *name, struct problem *error) MUST_USE;
void image_card_close(struct image_card *card); /* NULL is fine */

const char *image_card_name(const struct image_card *card);
const struct chip *image_card_chip(const struct image_card *card);

#endif
