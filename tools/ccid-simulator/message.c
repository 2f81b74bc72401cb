#include "message.h"

#include <string.h>

enum { LENGTH_AT = 1, LENGTH_END = 5 };

size_t
ccid_message_len(struct bytes header)
{
	uint32_t len = 0;

	if (header.len < LENGTH_END)
		return 0;
	for (size_t i = LENGTH_END; i-- > LENGTH_AT;)
		len = len << 8 | header.data[i];
	return len <= CCID_DATA_MAX ? CCID_HEADER_LEN + len : 0;
}

bool
ccid_command_parse(struct bytes bytes, struct ccid_command *command)
{
	struct reader reader = reader_of(bytes);
	struct bytes length, specific;

	if (bytes.len < CCID_HEADER_LEN || bytes.len != ccid_message_len(bytes))
		return false;
	if (!reader_u8(&reader, &command->type) ||
	    !reader_take(&reader, LENGTH_END - LENGTH_AT, &length) ||
	    !reader_u8(&reader, &command->slot) || !reader_u8(&reader, &command->seq) ||
	    !reader_take(&reader, CCID_SPECIFIC_LEN, &specific))
		return false;
	memcpy(command->specific, specific.data, CCID_SPECIFIC_LEN);
	command->data = reader_rest(&reader);
	return true;
}

void
ccid_answer_put(const struct ccid_answer *answer, struct writer *writer)
{
	size_t len = answer->data.len;

	writer_u8(writer, answer->type);
	for (size_t i = LENGTH_AT; i < LENGTH_END; i++) {
		writer_u8(writer, (uint8_t)(len & 0xFF));
		len >>= 8;
	}
	writer_u8(writer, answer->slot);
	writer_u8(writer, answer->seq);
	writer_u8(writer, answer->status);
	writer_u8(writer, answer->error);
	writer_u8(writer, answer->last);
	writer_put(writer, answer->data);
}

uint8_t
ccid_answer_type(uint8_t command)
{
	switch (command) {
	case CCID_ICC_POWER_ON:
	case CCID_XFR_BLOCK:
	case CCID_SECURE: return CCID_DATA_BLOCK;
	case CCID_SET_PARAMETERS:
	case CCID_GET_PARAMETERS:
	case CCID_RESET_PARAMETERS: return CCID_PARAMETERS;
	case CCID_ESCAPE: return CCID_ESCAPE_ANSWER;
	case CCID_SET_DATA_RATE: return CCID_DATA_RATE;
	default: return CCID_SLOT_STATUS;
	}
}
