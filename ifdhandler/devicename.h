/*
 * DEVICENAME of reader.conf(5): vicar:DIRECTORY[:SLOTS[:WORD]...], or vpcd:PORT[:SLOTS[:WORD]...]
 *
 *   DIRECTORY    absolute; where the cards' sockets are
 *   PORT         of TCP, for cards of vsmartcard's protocol; each further slot has the next one
 *   SLOTS        1 to 16, 1 if not given
 *   pinpad       a PIN pad is offered
 *   silence=MS   how long a card may say nothing while a request is open, LINK_SILENCE_MS if not given; of
 *                a card that has no way to say that it is busy, DEVICENAME_PORT_SILENCE_MS
 *   cleartext-network
 *                a card may call from other machines; whoever reaches the port sees PINs
 *
 * Unquoted values of reader.conf hold letters, digits and = \ / - . _ @ : only.
 */
#ifndef VICAR_IFDHANDLER_DEVICENAME_H
#define VICAR_IFDHANDLER_DEVICENAME_H

#include <stdbool.h>

#define DEVICENAME_SCHEME "vicar:"
#define DEVICENAME_PORT_SCHEME "vpcd:"

enum {
	DEVICENAME_DIRECTORY_MAX = 100, /* sun_path holds 107 characters, directory and name */
	DEVICENAME_MAX = 200,
	DEVICENAME_SLOTS_MAX = 16, /* pcscd before 2.5.0 has no more for all readers together */
	DEVICENAME_SILENCE_MAX_MS = 3600000,
	DEVICENAME_PORT_SILENCE_MS = 60000,
	DEVICENAME_PORT_MAX = 65535,
};

struct devicename {
	char text[DEVICENAME_MAX + 1];
	char directory[DEVICENAME_DIRECTORY_MAX + 1]; /* empty when there is a port */
	unsigned port;                                /* 0 when there is a directory */
	unsigned slots;
	unsigned silence_ms;
	bool pinpad;            /* with a directory */
	bool cleartext_network; /* with a port */
};

/* NULL, or what is wrong with `text`, for a sentence that begins with the text itself. */
const char *devicename_parse(struct devicename *name, const char *text)
    __attribute__((warn_unused_result));

#endif
