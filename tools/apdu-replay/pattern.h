/*
 * What an answer must look like: `30..020101* 9000`. Two hex digits are that byte, `..` is any
 * byte, `*` any number of bytes, none included, up to the status word. Blanks do not count.
 */
#ifndef VICAR_TOOLS_APDU_REPLAY_PATTERN_H
#define VICAR_TOOLS_APDU_REPLAY_PATTERN_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

enum pattern_form {
	PATTERN_RESPONSE, /* ends with a status word; behind `*` there is nothing else */
	PATTERN_ATR,      /* no `*` */
};

struct pattern {
	char *text;     /* as written; owned */
	uint8_t *bytes; /* owned */
	bool *any;      /* for each byte; owned */
	size_t len;
	bool star;
	size_t star_at; /* so many bytes are in front of it */
};

/* False with `error`; then there is nothing to free. */
bool pattern_parse(const char *text, enum pattern_form form, struct pattern *pattern,
		   struct problem *error) MUST_USE;
bool pattern_matches(const struct pattern *pattern, struct bytes bytes) MUST_USE;
void pattern_free(struct pattern *pattern);

#endif
