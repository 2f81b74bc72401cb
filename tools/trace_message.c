#include "tools/trace_message.h"

/* kind, flags, lost (4), time (4 + 4), length (4), status word (2); then the shown bytes. */
void
trace_message_head(const struct trace_message *message, uint8_t head[TRACE_HEAD_LEN])
{
	struct writer writer = writer_to(head, TRACE_HEAD_LEN);

	writer_u8(&writer, message->kind);
	writer_u8(&writer, message->flags);
	writer_u32(&writer, message->lost);
	writer_u32(&writer, (uint32_t)(message->time_ms >> 32));
	writer_u32(&writer, (uint32_t)message->time_ms);
	writer_u32(&writer, message->total);
	writer_u16(&writer, message->sw);
}

bool
trace_message_decode(struct bytes bytes, struct trace_message *message)
{
	struct reader reader = reader_of(bytes);
	uint32_t high, low;

	if (!reader_u8(&reader, &message->kind) || !reader_u8(&reader, &message->flags) ||
	    !reader_u32(&reader, &message->lost) || !reader_u32(&reader, &high) ||
	    !reader_u32(&reader, &low) || !reader_u32(&reader, &message->total) ||
	    !reader_u16(&reader, &message->sw))
		return false;
	message->time_ms = (uint64_t)high << 32 | low;
	message->shown = reader_rest(&reader);
	return message->kind >= TRACE_RESET && message->kind <= TRACE_RESPONSE;
}
