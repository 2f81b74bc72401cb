/*
 * Answers to reset, and the two programs' views of one: its form, and whose it is.
 */
#include "fuzz.h"

#include "iso7816/atr.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atr atr, built;

	if (!atr_parse((struct bytes){data, size}, &atr))
		return 0;
	fuzz_must(atr.len == size && size <= ATR_LEN_MAX);
	fuzz_must(atr.historical.len <= ATR_HISTORICAL_MAX);
	fuzz_must(atr_build_t1(atr.historical, &built));
	fuzz_must(atr_parse((struct bytes){built.bytes, built.len}, &atr));
	return 0;
}
