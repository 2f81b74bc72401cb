/*
 * DEVICENAME of reader.conf(5): vicar:DIRECTORY[:SLOTS[:WORD]...]
 *
 *   DIRECTORY    absolute; where the cards' sockets are
 *   SLOTS        1 to 16, 1 if not given
 *   pinpad       a PIN pad is offered
 *   silence=MS   how long a card may say nothing while a request is open, LINK_SILENCE_MS if not given
 *
 * Unquoted values of reader.conf hold letters, digits and = \ / - . _ @ : only.
 */
#ifndef VICAR_IFDHANDLER_DEVICENAME_H
#define VICAR_IFDHANDLER_DEVICENAME_H

#include <stdbool.h>

#define DEVICENAME_SCHEME "vicar:"

enum {
	DEVICENAME_DIRECTORY_MAX = 100, /* sun_path holds 107 characters, directory and name */
	DEVICENAME_MAX = 200,
	DEVICENAME_SLOTS_MAX = 16, /* pcscd before 2.5.0 has no more for all readers together */
	DEVICENAME_SILENCE_MAX_MS = 3600000,
};

struct devicename {
	char text[DEVICENAME_MAX + 1];
	char directory[DEVICENAME_DIRECTORY_MAX + 1];
	unsigned slots;
	unsigned silence_ms;
	bool pinpad;
};

/* NULL, or what is wrong with `text`, for a sentence that begins with the text itself. */
const char *devicename_parse(struct devicename *name, const char *text)
    __attribute__((warn_unused_result));

#endif
