#include "tlv.h"

#include <string.h>

enum {
	TAG_MORE_BYTES = 0x1F, /* bits 5..1 of the first byte */
	TAG_CONTINUES = 0x80,  /* bit 8 of the bytes after it */
	TAG_BYTES_MAX = 3,
	TAG_MAX = 0xFFFFFF,
	LENGTH_SHORT_MAX = 0x7F,
	LENGTH_LONG = 0x80, /* | number of length bytes that follow */
	LENGTH_BYTES_MAX = 3,
	LENGTH_MAX = 0xFFFFFF,
};

static bool
is_filler(uint8_t byte)
{
	return byte == 0x00 || byte == 0xFF;
}

/* Tags such as 9F02, which X.690 8.1.2.2 would have in one byte, are read as they stand: EMV cards
 * use them. */
static bool
read_tag(struct reader *reader, tlv_tag *tag)
{
	uint8_t byte;

	if (!reader_u8(reader, &byte) || is_filler(byte))
		return false;
	*tag = byte;
	if ((byte & TAG_MORE_BYTES) != TAG_MORE_BYTES)
		return true;
	for (int i = 1; i < TAG_BYTES_MAX; i++) {
		if (!reader_u8(reader, &byte))
			return false;
		/* X.690 8.1.2.4.2 c: no leading zeros in the number. */
		if (i == 1 && byte == TAG_CONTINUES)
			return false;
		*tag = *tag << 8 | byte;
		if ((byte & TAG_CONTINUES) == 0)
			return true;
	}
	return false;
}

static bool
read_length(struct reader *reader, size_t *length)
{
	uint8_t byte, count;

	if (!reader_u8(reader, &byte))
		return false;
	*length = byte;
	if (byte <= LENGTH_SHORT_MAX)
		return true;
	count = byte & LENGTH_SHORT_MAX;
	if (count == 0 || count > LENGTH_BYTES_MAX)
		return false;
	*length = 0;
	while (count-- > 0) {
		if (!reader_u8(reader, &byte))
			return false;
		*length = *length << 8 | byte;
	}
	return true;
}

bool
tlv_read(struct reader *reader, struct tlv *tlv)
{
	struct reader ahead = *reader;
	struct tlv found;
	size_t length;

	if (!read_tag(&ahead, &found.tag) || !read_length(&ahead, &length) ||
	    !reader_take(&ahead, length, &found.value))
		return false;
	*tlv = found;
	*reader = ahead;
	return true;
}

void
tlv_skip_filler(struct reader *reader)
{
	uint8_t byte;

	while (reader_peek(reader, &byte) && is_filler(byte))
		if (!reader_u8(reader, &byte))
			return;
}

bool
tlv_find(struct bytes bytes, tlv_tag tag, struct tlv *tlv)
{
	struct reader reader = reader_of(bytes);
	struct tlv found;

	tlv_skip_filler(&reader);
	while (tlv_read(&reader, &found)) {
		if (found.tag == tag) {
			*tlv = found;
			return true;
		}
		tlv_skip_filler(&reader);
	}
	return false;
}

static void
put_tag(struct writer *writer, tlv_tag tag)
{
	if (tag == 0 || tag > TAG_MAX) {
		writer->overflow = true;
		return;
	}
	if (tag > 0xFFFF)
		writer_u8(writer, (uint8_t)(tag >> 16));
	if (tag > 0xFF)
		writer_u8(writer, (uint8_t)(tag >> 8));
	writer_u8(writer, (uint8_t)tag);
}

/* How many bytes follow the first one of the length field. */
static size_t
length_bytes(size_t length)
{
	if (length <= LENGTH_SHORT_MAX)
		return 0;
	if (length <= 0xFF)
		return 1;
	return length <= 0xFFFF ? 2 : 3;
}

static void
put_length(struct writer *writer, size_t length)
{
	size_t count = length_bytes(length);

	if (length > LENGTH_MAX) {
		writer->overflow = true;
		return;
	}
	if (count > 0)
		writer_u8(writer, (uint8_t)(LENGTH_LONG | count));
	else
		count = 1;
	while (count-- > 0)
		writer_u8(writer, (uint8_t)(length >> (8 * count)));
}

void
tlv_put(struct writer *writer, tlv_tag tag, struct bytes value)
{
	put_tag(writer, tag);
	put_length(writer, value.len);
	writer_put(writer, value);
}

void
tlv_put_u8(struct writer *writer, tlv_tag tag, uint8_t value)
{
	tlv_put(writer, tag, (struct bytes){&value, 1});
}

void
tlv_put_u16(struct writer *writer, tlv_tag tag, uint16_t value)
{
	const uint8_t encoded[] = {(uint8_t)(value >> 8), (uint8_t)value};

	tlv_put(writer, tag, BYTES(encoded));
}

/* The mark is where the value begins, after one byte kept for its length. */
size_t
tlv_begin(struct writer *writer, tlv_tag tag)
{
	put_tag(writer, tag);
	writer_u8(writer, 0);
	return writer->len;
}

void
tlv_end(struct writer *writer, size_t mark)
{
	struct writer head;
	size_t length, more;

	if (writer->overflow)
		return;
	length = writer->len - mark;
	more = length_bytes(length);
	writer_fill(writer, 0, more);
	if (writer->overflow || length > LENGTH_MAX) {
		writer->overflow = true;
		return;
	}
	if (more > 0)
		memmove(writer->data + mark + more, writer->data + mark, length);
	head = writer_to(writer->data + mark - 1, more + 1);
	put_length(&head, length);
}
