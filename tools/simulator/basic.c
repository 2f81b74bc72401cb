#include "basic.h"

#include "base64.h"

#include <string.h>

#include <openssl/crypto.h>

#define SCHEME "Basic "

enum sim_basic_result
sim_basic_parse(const char *header, struct sim_basic *basic)
{
	size_t len = 0;
	char *colon;

	memset(basic, 0, sizeof(*basic));
	if (header == NULL || strncasecmp(header, SCHEME, strlen(SCHEME)) != 0)
		return SIM_BASIC_NOT_BASIC;
	if (!sim_base64_decode(header + strlen(SCHEME), (uint8_t *)basic->text,
			       sizeof(basic->text) - 1, &len) ||
	    memchr(basic->text, '\0', len) != NULL || (colon = strchr(basic->text, ':')) == NULL)
		return SIM_BASIC_MALFORMED;
	*colon = '\0';
	basic->user = basic->text;
	basic->password = colon + 1;
	return SIM_BASIC_PARSED;
}

bool
sim_texts_are_equal(const char *a, const char *b)
{
	size_t len = strlen(a);

	return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}
