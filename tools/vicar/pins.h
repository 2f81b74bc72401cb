/*
 * PINs and PUKs for a command: from a file that only its owner may read, or typed at the terminal.
 */
#ifndef VICAR_TOOLS_VICAR_PINS_H
#define VICAR_TOOLS_VICAR_PINS_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

enum { PINS_PIN_MIN = 4, PINS_PIN_MAX = 8, PINS_PUK_LEN = 8, PINS_VALUE_MAX = 64 };

/* One that is wanted, and then its value: digits. */
struct pins_value {
	const char *key;    /* of its line in a file: "pin1" */
	const char *or_key; /* of a line that may stand for several: "pin"; NULL: none */
	const char *name;   /* at the terminal: "PIN", "old PIN" */
	size_t min, max;    /* digits; max is at most PINS_VALUE_MAX */
	bool is_new;        /* typed twice at the terminal */
	char value[PINS_VALUE_MAX + 1];
};

/* `count` of them in locked memory, where there is any (cmdbridge/memory.h); NULL with `error`. */
struct pins_value *pins_new(size_t count, struct problem *error) MUST_USE;
/* Wipes; NULL is fine. */
void pins_free(struct pins_value *values, size_t count);

/* The file's lines are `KEY = DIGITS`; a value's own line goes before one that stands for several. #
 * begins a comment. Refused when group or others may read it. On failure no value is kept. */
bool pins_read(const char *path, struct pins_value *values, size_t count,
	       struct problem *error) MUST_USE;
/* Asks for them in order at the terminal. */
bool pins_ask(struct pins_value *values, size_t count, struct problem *error) MUST_USE;
/* From the file when there is one, else at the terminal. */
bool pins_get(const char *path, struct pins_value *values, size_t count,
	      struct problem *error) MUST_USE;

#endif
