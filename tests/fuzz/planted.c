/*
 * Not a fuzzer of anything: faults for tests/fuzz/run to find, so that its "nothing was found" means
 * something. The word of the dictionary leads to the one behind it, of a kind that only a sanitizer sees.
 */
#include "fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char word[] = "PLANTED";
	const size_t len = sizeof(word) - 1;
	char *copy;

	if (size <= len || memcmp(data, word, len) != 0)
		return 0;
	copy = malloc(len);
	fuzz_must(copy != NULL);
	memcpy(copy, data, len);
	/* One byte too far. */
	fuzz_must(copy[len - (data[len] != '!')] == word[len - 1]);
	free(copy);
	return 0;
}
