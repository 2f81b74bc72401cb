#include "text.h"

#include <stdio.h>
#include <string.h>

enum {
	HASH_DIGITS = 8,
	HASH_BYTES = HASH_DIGITS / 2,
	NAME_CHARACTERS_MAX = DOCNAME_CHARACTERS_MAX - HASH_DIGITS - 1,
	GROUP_BYTES = 2,
	LINE_BYTES = 16,
	NUMBER_DIGITS_MIN = 6, /* a code; a phone number has at least seven, ITU-T E.164 */
};

#define SHORTENED "..."

struct range {
	uint32_t first, last;
};

/* Unicode 15: C0 and C1 controls, zero-width and direction marks, separators, interlinear and tag
 * characters, byte order mark, noncharacters at the end of the basic plane; letters, a Braille
 * pattern, variation selectors and marks of music and shorthand of which nothing is seen; blanks other
 * than the usual one, which are wider, narrower, or hold a line together. */
static const struct range unprintable[] = {
    {0x00, 0x1F},           {0x7F, 0xA0},       {0xAD, 0xAD},       {0x34F, 0x34F},
    {0x61C, 0x61C},         {0x115F, 0x1160},   {0x1680, 0x1680},   {0x17B4, 0x17B5},
    {0x180B, 0x180F},       {0x2000, 0x200F},   {0x2028, 0x202F},   {0x205F, 0x206F},
    {0x2800, 0x2800},       {0x3000, 0x3000},   {0x3164, 0x3164},   {0xD800, 0xDFFF},
    {0xFE00, 0xFE0F},       {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},
    {0xFFFE, 0xFFFF},       {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    {0x110000, UINT32_MAX},
};

static bool
is_printable(uint32_t character)
{
	for (size_t i = 0; i < sizeof(unprintable) / sizeof(unprintable[0]); i++)
		if (character >= unprintable[i].first && character <= unprintable[i].last)
			return false;
	return true;
}

/* One UTF-8 sequence (RFC 3629); false, taking one byte, when it is none. */
static bool
take_character(struct reader *reader, struct bytes *encoded, uint32_t *character)
{
	static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
	struct reader ahead = *reader;
	uint8_t lead, next;
	size_t more;

	if (!reader_u8(reader, &lead))
		return false;
	if (lead < 0x80)
		more = 0;
	else if ((lead & 0xE0) == 0xC0)
		more = 1;
	else if ((lead & 0xF0) == 0xE0)
		more = 2;
	else if ((lead & 0xF8) == 0xF0)
		more = 3;
	else
		return false;
	*character = more == 0 ? lead : lead & (0x3FU >> more);
	if (!reader_take(&ahead, more + 1, encoded))
		return false;
	for (size_t i = 1; i <= more; i++) {
		next = encoded->data[i];
		if ((next & 0xC0) != 0x80)
			return false;
		*character = *character << 6 | (next & 0x3F);
	}
	if (*character < smallest[more])
		return false;
	*reader = ahead;
	return true;
}

size_t
text_printable(struct bytes text, size_t characters, char *out)
{
	struct reader reader = reader_of(text);
	struct writer writer = writer_to((uint8_t *)out, characters * 4);
	struct bytes encoded;
	uint32_t character;
	size_t count = 0;

	while (reader.left > 0) {
		bool good =
		    take_character(&reader, &encoded, &character) && is_printable(character);

		if (count++ >= characters)
			continue;
		if (good)
			writer_put(&writer, encoded);
		else
			writer_u8(&writer, '?');
	}
	out[writer.len] = '\0';
	return count;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The length of the number that `text` begins with; `count` is how many digits are in it. */
static size_t
number_len(const char *text, size_t *count)
{
	size_t len = 0;

	*count = 0;
	while (is_digit(text[len]) || (len > 0 && text[len] != '\0' && strchr(" .-", text[len]) &&
				       is_digit(text[len + 1])))
		if (is_digit(text[len++]))
			++*count;
	return len;
}

void
text_hide_numbers(char *text)
{
	while (*text) {
		size_t count, len = number_len(text, &count);

		for (size_t i = 0; i < len && count >= NUMBER_DIGITS_MIN; i++)
			if (is_digit(text[i]))
				text[i] = '*';
		text += len > 0 ? len : 1;
	}
}

void
text_docname(struct bytes document, struct bytes hash, char out[DOCNAME_SIZE])
{
	char hex[HASH_DIGITS + 1] = "";
	size_t used = 0;

	for (size_t i = 0; i < HASH_BYTES && i < hash.len; i++)
		snprintf(hex + 2 * i, sizeof(hex) - 2 * i, "%02x", hash.data[i]);
	if (document.len > 0) {
		if (text_printable(document, NAME_CHARACTERS_MAX, out) > NAME_CHARACTERS_MAX) {
			(void)text_printable(document, NAME_CHARACTERS_MAX - strlen(SHORTENED),
					     out);
			memcpy(out + strlen(out), SHORTENED, sizeof(SHORTENED));
		}
		used = strlen(out);
		out[used++] = ' ';
	}
	memcpy(out + used, hex, sizeof(hex));
}

void
text_hash(struct bytes hash, char *out, size_t room)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < hash.len && room - used > 4; i++) {
		if (i > 0 && i % GROUP_BYTES == 0)
			out[used++] = i % LINE_BYTES == 0 ? '\n' : ' ';
		used += (size_t)snprintf(out + used, room - used, "%02x", hash.data[i]);
	}
}
