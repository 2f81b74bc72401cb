#include "base64.h"

#include <string.h>

#include <openssl/evp.h>

enum { BASE64_GROUP = 4 };

static int
base64_digit(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

bool
sim_base64_decode(const char *text, uint8_t *data, size_t room, size_t *len)
{
	struct writer writer = writer_to(data, room);
	uint32_t group = 0;
	unsigned digits = 0, padding = 0;

	for (; *text != '\0'; text++) {
		int digit = base64_digit(*text);

		if (strchr(" \t\r\n", *text) != NULL)
			continue;
		if (*text == '=' && digits >= 2)
			padding++;
		else if (digit < 0 || padding > 0)
			return false;
		group = group << 6 | (digit < 0 ? 0 : (uint32_t)digit);
		if (++digits < BASE64_GROUP)
			continue;
		for (unsigned i = 0; i < 3 - padding; i++)
			writer_u8(&writer, (uint8_t)(group >> (16 - 8 * i)));
		/* Padding ends the text: nothing but `=` and blanks may follow. */
		digits = 0;
		group = 0;
		if (padding > 0 && text[1 + strspn(text + 1, " \t\r\n")] != '\0')
			return false;
	}
	*len = writer.len;
	return digits == 0 && writer_ok(&writer);
}

size_t
sim_base64_len(size_t len)
{
	return (len + 2) / 3 * BASE64_GROUP;
}

void
sim_base64_encode(struct bytes data, char *text)
{
	(void)EVP_EncodeBlock((unsigned char *)text, data.data, (int)data.len);
}

static char
plain_digit(char digit)
{
	switch (digit) {
	case '-': return '+';
	case '_': return '/';
	default: return digit;
	}
}

bool
sim_base64_from_url(const char *text, size_t len, char *base64, size_t room)
{
	size_t at = 0;

	while (len > 0 && text[len - 1] == '=')
		len--;
	if (len >= room || room - len < BASE64_GROUP)
		return false;
	for (; at < len; at++)
		base64[at] = plain_digit(text[at]);
	while (at % BASE64_GROUP != 0)
		base64[at++] = '=';
	base64[at] = '\0';
	return true;
}
