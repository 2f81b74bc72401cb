#include "random.h"

#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

enum { GUID_BYTES = 16, CODES = 1000000 };

bool
sim_random_guid(char guid[SIM_GUID_MAX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t random[GUID_BYTES];
	size_t at = 0;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	random[6] = (uint8_t)((random[6] & 0x0F) | 0x40);
	random[8] = (uint8_t)((random[8] & 0x3F) | 0x80);
	for (size_t i = 0; i < sizeof(random); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			guid[at++] = '-';
		guid[at++] = digits[random[i] >> 4];
		guid[at++] = digits[random[i] & 0x0F];
	}
	guid[at] = '\0';
	return true;
}

bool
sim_random_code(char code[SIM_CODE_MAX])
{
	uint32_t random;

	/* Numbers of the last, incomplete million are thrown again. */
	do {
		if (RAND_bytes((unsigned char *)&random, sizeof(random)) != 1)
			return false;
	} while (random >= UINT32_MAX / CODES * CODES);
	(void)snprintf(code, SIM_CODE_MAX, "%06u", (unsigned)(random % CODES));
	return true;
}

bool
sim_random_token(size_t bytes, char *text)
{
	uint8_t random[SIM_TOKEN_BYTES_MAX];

	if (bytes > sizeof(random) || RAND_bytes(random, (int)bytes) != 1)
		return false;
	bytes_to_hex((struct bytes){random, bytes}, text);
	OPENSSL_cleanse(random, sizeof(random));
	return true;
}
