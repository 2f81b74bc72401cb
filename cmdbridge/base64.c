#include "base64.h"

#include <string.h>

enum { BITS = 6, VALUE_NONE = 64 };

static const char plain_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
base64_encode(struct bytes bytes, enum base64_form form, char *text)
{
	const char *alphabet = form == BASE64_PLAIN ? plain_alphabet : url_alphabet;

	for (size_t i = 0; i < bytes.len; i += 3) {
		const size_t here = bytes.len - i < 3 ? bytes.len - i : 3;
		uint32_t group = 0;

		for (size_t j = 0; j < 3; j++)
			group = group << 8 | (j < here ? bytes.data[i + j] : 0);
		for (size_t j = 0; j < 4; j++) {
			if (j <= here)
				*text++ = alphabet[group >> (18 - BITS * j) & 0x3F];
			else if (form != BASE64_URL)
				*text++ = '=';
		}
	}
	*text = '\0';
}

static uint32_t
value_of(char c)
{
	const char *at;

	if ((at = strchr(plain_alphabet, c)))
		return (uint32_t)(at - plain_alphabet);
	if ((at = strchr(url_alphabet, c)))
		return (uint32_t)(at - url_alphabet);
	return VALUE_NONE;
}

bool
base64_decode(const char *text, uint8_t *data, size_t room, size_t *len)
{
	struct writer writer = writer_to(data, room);
	uint32_t bits = 0;
	size_t digits = 0, padding = 0;

	for (; *text; text++) {
		uint32_t value;

		if (strchr(" \t\r\n", *text))
			continue;
		if (*text == '=') {
			padding++;
			continue;
		}
		value = value_of(*text);
		if (value == VALUE_NONE || padding > 0)
			return false;
		bits = bits << BITS | value;
		if (++digits % 4 > 1)
			writer_u8(&writer, (uint8_t)(bits >> (digits % 4 == 2 ? 4 : 2)));
		else if (digits % 4 == 0)
			writer_u8(&writer, (uint8_t)bits);
	}
	*len = writer.len;
	return writer_ok(&writer) && digits % 4 != 1 &&
	       (padding == 0 || (padding < 3 && (digits + padding) % 4 == 0));
}
