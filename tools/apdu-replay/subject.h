/*
 * The card that a block of a replay file is about, as its `card` line names it:
 *
 *   card PERSONALITY [key=WORD,...]... [serial=HEX] [authorities=N] [OPTION]...
 *
 * key=     one key. Words in any order: its role (`auth`, `sign`, `sign2`; default sign), its kind
 *          (rsa2048, rsa3072, p256, p384; default rsa2048), and `remote` for a key at a service. More than one key=
 *          make more keys, in that order; none is one key with the defaults.
 * serial=  the card's serial number; by default derived from the first certificate
 * authorities=  how many certificates of the chain the card holds, 0 to 2 (default), issuer first
 * OPTION   a word for card.conf's `options`: user-consent, pin-tries=3
 */
#ifndef VICAR_TOOLS_APDU_REPLAY_SUBJECT_H
#define VICAR_TOOLS_APDU_REPLAY_SUBJECT_H

#include "emulator/image.h"
#include "tools/problem.h"

enum { SUBJECT_AUTHORITIES_MAX = 2 };

struct subject_key {
	char role[KEY_NAME_MAX];
	const char *kind; /* "rsa2048": part of the fixtures' file names */
	bool remote;
};

struct subject {
	char personality[KEY_NAME_MAX];
	char options[IMAGE_OPTIONS_MAX];
	uint8_t serial[IMAGE_SERIAL_MAX];
	size_t serial_len; /* 0: not given */
	struct subject_key keys[IMAGE_KEYS_MAX];
	size_t keys_count;
	unsigned authorities;
};

/* `text` is what follows the word `card`. */
bool subject_parse(const char *text, struct subject *subject, struct problem *error) MUST_USE;

#endif
