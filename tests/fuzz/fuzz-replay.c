/*
 * Replay files: what apdu-replay reads before it plays anything.
 */
#include "fuzz.h"

#include "tools/apdu-replay/script.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problem error = {""};
	struct script script;
	unsigned line;

	if (script_parse((struct bytes){data, size}, &script, &line, &error))
		script_free(&script);
	else
		fuzz_must(strlen(error.text) > 0);
	return 0;
}
