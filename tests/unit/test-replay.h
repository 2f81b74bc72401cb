/*
 * A replay file out of a test's text. To be included after cmocka.h.
 */
#ifndef VICAR_TESTS_UNIT_TEST_REPLAY_H
#define VICAR_TESTS_UNIT_TEST_REPLAY_H

#include "tools/apdu-replay/script.h"

#include <string.h>

/* Freed with script_free(). */
static inline struct script
parse_script(const char *text)
{
	struct script script;
	struct problem error;
	unsigned line;

	if (!script_parse((struct bytes){(const uint8_t *)text, strlen(text)}, &script, &line,
			  &error))
		fail_msg("line %u: %s", line, error.text);
	return script;
}

#endif
