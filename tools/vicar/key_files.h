/*
 * The files of a card's local keys (cmdbridge/keyfile.h), when they are made.
 */
#ifndef VICAR_TOOLS_VICAR_KEY_FILES_H
#define VICAR_TOOLS_VICAR_KEY_FILES_H

#include "issue.h"

/* Writes the files of each local key among `keys`, which `image` has: under its PIN and its PUK when it
 * leads its PIN, else under the key that does, one of `keys` or one that is there already and that
 * the PIN opens. Those that were written stay when another fails. */
bool key_files_write(const struct image *image, const struct issue_key *keys, size_t count,
		     struct problem *error) MUST_USE;
/* Removes what key_files_write() may have written. */
void key_files_remove(const struct image *image, const struct issue_key *keys, size_t count);

#endif
