/*
 * A certificate chain in PEM, as a service sends it.
 */
#include "fuzz.h"

#include "cmdbridge/certificate.h"

#include <openssl/err.h>

static uint8_t room[65536];

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct writer chain = writer_to(room, sizeof(room));

	if (certificate_chain((struct bytes){data, size}, &chain))
		fuzz_must(writer_ok(&chain) && chain.len > 0);
	ERR_clear_error();
	return 0;
}
