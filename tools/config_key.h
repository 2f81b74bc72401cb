/*
 * One key of vicar.conf(5): what its value may be, and where it is kept.
 */
#ifndef VICAR_TOOLS_CONFIG_KEY_H
#define VICAR_TOOLS_CONFIG_KEY_H

#include "iso7816/bytes.h"

enum value_kind {
	/* Kept as a text of its own, char *. */
	VALUE_TEXT,
	VALUE_PATH, /* a leading ~/ is expanded */
	VALUE_URL,  /* begins with one of `begins` */
	VALUE_WORD, /* one of `begins` */
	VALUE_TYPE, /* of a service, cmdbridge/service.h */
	/* Kept as an unsigned. */
	VALUE_NUMBER, /* from `least` to `most` */
	VALUE_CHOICE, /* one of `begins`, kept as its place there */
	VALUE_SET,    /* some of `begins`, with commas: a bit each, by their places; or KEY_NONE */
};

/* The word for an empty VALUE_SET. */
#define KEY_NONE "none"

enum section_kind { SECTION_CARD, SECTION_PROMPT, SECTION_SERVICE, SECTION_PKCS11 };

enum { KEY_WORDS_MAX = 6 };

struct key {
	enum section_kind section;
	enum value_kind kind;
	const char *name;
	size_t at;                         /* offset in struct config or struct service_config */
	unsigned least, most;              /* VALUE_NUMBER */
	unsigned number;                   /* what is kept as a number: default */
	const char *text;                  /* what is kept as a text: default */
	const char *allowed;               /* for the error text */
	const char *begins[KEY_WORDS_MAX]; /* the schemes, the words */
};

/* Of vicar.conf, in any section. */
extern const struct key config_keys[];
extern const size_t config_keys_count;
enum { CONFIG_KEYS_MAX = 64 }; /* a key seen is one bit */

enum key_result { KEY_OK, KEY_NOT_ALLOWED, KEY_NO_MEMORY };

/* Kept as an unsigned, not as a text. */
bool key_is_number(const struct key *key);
/* Puts the value to where it is kept; a text that is there is freed. */
enum key_result key_put(const struct key *key, void *to, const char *value) MUST_USE;
/* The same with any text. False: no memory is left. */
bool key_put_text(char **to, const char *text) MUST_USE;

#endif
