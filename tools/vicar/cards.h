/*
 * The cards there are: directories of images, by name.
 */
#ifndef VICAR_TOOLS_VICAR_CARDS_H
#define VICAR_TOOLS_VICAR_CARDS_H

#include "emulator/image.h"
#include "tools/problem.h"

struct cards {
	char (*names)[IMAGE_NAME_MAX]; /* sorted; freed with cards_free() */
	size_t count;
};

/* No directory yet is no card yet. What cannot be a card's name is passed over. */
bool cards_list(struct cards *cards, struct problem *error) MUST_USE;
void cards_free(struct cards *cards);
/* One card: its directory. False when there is none of that name. */
bool cards_find(const char *name, char directory[PATH_MAX], struct problem *error) MUST_USE;
/* The card NAME, or all of them when `name` is NULL. */
bool cards_chosen(struct cards *cards, const char *name, struct problem *error) MUST_USE;

#endif
