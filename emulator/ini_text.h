/*
 * INI text through libinih, with what its version 55 does silently made an error: it cuts lines at
 * 200 bytes and section names at 50, joins indented lines to the key before, and passes over what
 * stands behind a section's bracket. tools/ reads vicar.conf with it too.
 */
#ifndef VICAR_EMULATOR_INI_TEXT_H
#define VICAR_EMULATOR_INI_TEXT_H

#include "iso7816/bytes.h"

enum {
	INI_TEXT_LINE_MAX = 197,   /* without the line end; what libinih's buffer of 200 holds */
	INI_TEXT_SECTION_MAX = 49, /* the same of its section names */
};

/* Where an entry stands; `path` is the one that was given to ini_text_parse(). */
struct ini_text_place {
	const char *path;
	int line;
};

/* One `key = value` below [section], "" before the first. False, with a text in `error`, ends the
 * reading. The text begins with "path:line: ". */
typedef bool ini_text_entry(void *context, const struct ini_text_place *place, const char *section,
			    const char *key, const char *value, char *error, size_t room);

/* Hands every entry to `entry`, in order, until it fails or the text does. `path` is for error
 * texts only. */
bool ini_text_parse(struct bytes text, const char *path, ini_text_entry *entry, void *context,
		    char *error, size_t room) MUST_USE;

#endif
