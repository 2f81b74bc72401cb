#include "bytes.h"

#include <string.h>

bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

struct reader
reader_of(struct bytes bytes)
{
	return (struct reader){.at = bytes.data, .left = bytes.len};
}

bool
reader_take(struct reader *reader, size_t len, struct bytes *taken)
{
	if (len > reader->left)
		return false;
	*taken = (struct bytes){reader->at, len};
	if (len > 0)
		reader->at += len;
	reader->left -= len;
	return true;
}

bool
reader_u8(struct reader *reader, uint8_t *value)
{
	struct bytes taken;

	if (!reader_take(reader, 1, &taken))
		return false;
	*value = taken.data[0];
	return true;
}

bool
reader_u16(struct reader *reader, uint16_t *value)
{
	struct bytes taken;

	if (!reader_take(reader, 2, &taken))
		return false;
	*value = (uint16_t)(taken.data[0] << 8 | taken.data[1]);
	return true;
}

bool
reader_u32(struct reader *reader, uint32_t *value)
{
	struct bytes taken;

	if (!reader_take(reader, 4, &taken))
		return false;
	*value = (uint32_t)taken.data[0] << 24 | (uint32_t)taken.data[1] << 16 |
		 (uint32_t)taken.data[2] << 8 | taken.data[3];
	return true;
}

bool
reader_peek(const struct reader *reader, uint8_t *value)
{
	if (reader->left == 0)
		return false;
	*value = reader->at[0];
	return true;
}

struct bytes
reader_rest(const struct reader *reader)
{
	return (struct bytes){reader->at, reader->left};
}

struct writer
writer_to(uint8_t *data, size_t room)
{
	return (struct writer){.data = data, .room = room};
}

/* Where the next `count` bytes go; NULL when they do not fit. */
static uint8_t *
writer_claim(struct writer *writer, size_t count)
{
	uint8_t *at;

	if (writer->overflow || count > writer->room - writer->len) {
		writer->overflow = true;
		return NULL;
	}
	at = writer->data + writer->len;
	writer->len += count;
	return at;
}

void
writer_u8(struct writer *writer, uint8_t value)
{
	writer_fill(writer, value, 1);
}

void
writer_u16(struct writer *writer, uint16_t value)
{
	const uint8_t encoded[] = {(uint8_t)(value >> 8), (uint8_t)value};

	writer_put(writer, BYTES(encoded));
}

void
writer_u32(struct writer *writer, uint32_t value)
{
	const uint8_t encoded[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
				   (uint8_t)(value >> 8), (uint8_t)value};

	writer_put(writer, BYTES(encoded));
}

void
writer_put(struct writer *writer, struct bytes bytes)
{
	uint8_t *at;

	if (bytes.len == 0)
		return;
	at = writer_claim(writer, bytes.len);
	if (at != NULL)
		memcpy(at, bytes.data, bytes.len);
}

void
writer_fill(struct writer *writer, uint8_t value, size_t count)
{
	uint8_t *at;

	if (count == 0)
		return;
	at = writer_claim(writer, count);
	if (at != NULL)
		memset(at, value, count);
}

bool
writer_ok(const struct writer *writer)
{
	return !writer->overflow;
}

struct bytes
writer_bytes(const struct writer *writer)
{
	if (writer->overflow)
		return BYTES_NONE;
	return (struct bytes){writer->data, writer->len};
}

void
bytes_to_hex(struct bytes bytes, char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < bytes.len; i++) {
		*text++ = digits[bytes.data[i] >> 4];
		*text++ = digits[bytes.data[i] & 0x0F];
	}
	*text = '\0';
}

static bool
hex_digit(char character, uint8_t *value)
{
	if (character >= '0' && character <= '9')
		*value = (uint8_t)(character - '0');
	else if (character >= 'A' && character <= 'F')
		*value = (uint8_t)(character - 'A' + 10);
	else if (character >= 'a' && character <= 'f')
		*value = (uint8_t)(character - 'a' + 10);
	else
		return false;
	return true;
}

bool
bytes_from_hex(const char *text, uint8_t *data, size_t room, size_t *len)
{
	struct writer writer = writer_to(data, room);
	uint8_t high, low;

	while (*text != '\0') {
		if (*text == ' ') {
			text++;
			continue;
		}
		if (!hex_digit(text[0], &high) || !hex_digit(text[1], &low))
			return false;
		writer_u8(&writer, (uint8_t)(high << 4 | low));
		text += 2;
	}
	*len = writer.len;
	return writer_ok(&writer);
}
