#include "tools/serial.h"

#include <openssl/evp.h>
#include <string.h>

struct serial_form {
	const char *personality;
	size_t len;
	enum { PLAIN, BCD, ASCII_DIGITS } bytes; /* BCD: two decimal digits in each */
};

static const struct serial_form forms[] = {
    {"cc-v1", 8, PLAIN}, /* TokenInfo of a v1 card: OCTET STRING of 8 (reference: iasecc.md 9.4) */
    {"iasecc", 8, BCD},  /* EF.SN and TokenInfo: BCD (reference: iasecc.md 2.3) */
    {"fineid-v2", 10, BCD},          /* 20 decimal digits (reference: fineid.md 7.1) */
    {"fineid-v4", 12, ASCII_DIGITS}, /* reference: fineid.md 7.3 */
    {"", 8, PLAIN},
};

static const struct serial_form *
form_of(const char *personality)
{
	const struct serial_form *form = forms;

	while (*form->personality != '\0' && strcmp(form->personality, personality) != 0)
		form++;
	return form;
}

bool
serial_derive(const char *personality, struct bytes what, uint8_t serial[IMAGE_SERIAL_MAX],
	      size_t *len)
{
	const struct serial_form *form = form_of(personality);
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(what.data, what.len, digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	for (size_t i = 0; i < form->len; i++) {
		const unsigned digits = digest[i] % 100;

		serial[i] = digest[i];
		if (form->bytes == BCD)
			serial[i] = (uint8_t)(digits / 10 << 4 | digits % 10);
		else if (form->bytes == ASCII_DIGITS)
			serial[i] = (uint8_t)('0' + digits % 10);
	}
	*len = form->len;
	return true;
}
