#include "frame.h"

#include <string.h>

enum {
	SYNC = 0x03,
	ACK = 0x06,
	NAK = 0x15,
	SLOT_CHANGE = 0x50,
	CARD_GONE = 0x02,
	CARD_THERE = 0x03,
	TIME_REQUEST = 0x80,
	LENGTH_KNOWN = FRAME_START_LEN + 5, /* with bMessageType and dwLength */
};

static uint8_t
exclusive_or(struct bytes bytes)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < bytes.len; i++)
		sum ^= bytes.data[i];
	return sum;
}

static enum frame_kind
parse_message(struct bytes received, size_t *used, struct bytes *message)
{
	const struct bytes after = {received.data + FRAME_START_LEN,
				    received.len - FRAME_START_LEN};
	size_t len;

	if (received.len < LENGTH_KNOWN)
		return FRAME_PART;
	len = ccid_message_len(after);
	if (len == 0) {
		*used = FRAME_START_LEN;
		return FRAME_DAMAGED;
	}
	if (received.len < FRAME_START_LEN + len + 1)
		return FRAME_PART;
	*used = FRAME_START_LEN + len + 1;
	if (exclusive_or((struct bytes){received.data, *used}) != 0)
		return FRAME_DAMAGED;
	*message = (struct bytes){after.data, len};
	return FRAME_WHOLE;
}

enum frame_kind
frame_parse(struct bytes received, size_t *used, struct bytes *message)
{
	const uint8_t *sync;

	*used = 0;
	if (received.len == 0)
		return FRAME_PART;
	sync = memchr(received.data, SYNC, received.len);
	if (sync != received.data) {
		*used = sync != NULL ? (size_t)(sync - received.data) : received.len;
		return FRAME_NOISE;
	}
	if (received.len == 1)
		return FRAME_PART;
	if (received.data[1] != ACK) {
		*used = 1;
		return FRAME_NOISE;
	}
	return parse_message(received, used, message);
}

void
frame_put(struct bytes message, struct writer *writer)
{
	writer_u8(writer, SYNC);
	writer_u8(writer, ACK);
	writer_put(writer, message);
	writer_u8(writer, SYNC ^ ACK ^ exclusive_or(message));
}

void
frame_put_nak(struct writer *writer)
{
	writer_u8(writer, SYNC);
	writer_u8(writer, NAK);
	writer_u8(writer, SYNC ^ NAK);
}

void
frame_put_movement(bool present, struct writer *writer)
{
	writer_u8(writer, SLOT_CHANGE);
	writer_u8(writer, present ? CARD_THERE : CARD_GONE);
}

void
frame_put_time_request(struct writer *writer)
{
	writer_u8(writer, TIME_REQUEST);
}
