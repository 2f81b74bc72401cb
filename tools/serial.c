#include "tools/serial.h"

#include "applets/registry.h"

#include <openssl/evp.h>

bool
serial_derive(const char *personality, struct bytes what, uint8_t serial[IMAGE_SERIAL_MAX],
	      size_t *len)
{
	const struct personality *card = registry_find(personality);
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(what.data, what.len, digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	*len = card == NULL ? SERIAL_LEN_UNKNOWN : card->serial_len;
	for (size_t i = 0; i < *len; i++) {
		const unsigned digits = digest[i] % 100;

		serial[i] = digest[i];
		if (card != NULL && card->serial_form == SERIAL_BCD)
			serial[i] = (uint8_t)(digits / 10 << 4 | digits % 10);
		else if (card != NULL && card->serial_form == SERIAL_DIGITS)
			serial[i] = (uint8_t)('0' + digits % 10);
	}
	return true;
}
