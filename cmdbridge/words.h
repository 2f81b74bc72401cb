/*
 * A command of vicar.conf(5), cut into words at spaces and tabs. There is no shell: no quotes, no variables.
 */
#ifndef VICAR_CMDBRIDGE_WORDS_H
#define VICAR_CMDBRIDGE_WORDS_H

#include "iso7816/bytes.h"

enum { WORDS_MAX = 32 };

struct words {
	char *text;                /* owned; words_free() */
	char *argv[WORDS_MAX + 1]; /* into `text`; ends with NULL */
};

/* False: there is none, there are more than WORDS_MAX, or no memory is left. To be freed in any case. */
bool words_split(const char *command, struct words *words) MUST_USE;
void words_free(struct words *words);

#endif
