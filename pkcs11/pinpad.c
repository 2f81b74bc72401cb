/*
 * PC/SC part 10, pkcs11/pinpad.h. Numbers of more than one byte are little endian, but for the
 * control codes of the feature list.
 */
#include "pkcs11/pinpad.h"

#include "iso7816/sw.h"

enum {
	FEATURE_VERIFY = 0x06,
	FEATURE_MODIFY = 0x07,
	FORMAT_ASCII_LEFT = 0x82, /* the position is in bytes; ASCII, left justified */
	POSITION_MAX = 15,        /* bits 3 to 6 of bmFormatString */
	BLOCK_MAX = 15,           /* bits 0 to 3 of bmPINBlockString */
	CONFIRM_TWICE = 1,
	CONFIRM_OLD = 2,
	DONE_BY_OK_KEY = 2,
	MESSAGES_DEFAULT = 0xFF,
	LANGUAGE_EN_US = 0x0409,
	SW_NEW_PINS_DIFFER = 0x6402,
	SW_LENGTH_NOT_ALLOWED = 0x6403,
};

void
pinpad_features(struct bytes list, uint32_t *verify_code, uint32_t *modify_code)
{
	struct reader reader = reader_of(list);
	uint8_t tag, len;
	uint32_t code;

	while (reader_u8(&reader, &tag) && reader_u8(&reader, &len) && len == sizeof(code) &&
	       reader_u32(&reader, &code)) {
		if (tag == FEATURE_VERIFY)
			*verify_code = code;
		if (tag == FEATURE_MODIFY)
			*modify_code = code;
	}
}

static void
put_u16_little(struct writer *writer, unsigned value)
{
	writer_u8(writer, (uint8_t)value);
	writer_u8(writer, (uint8_t)(value >> 8));
}

bool
pinpad_request(const struct channel_pin *pin, struct writer *request)
{
	size_t position = pin->change ? 0 : pin->old_offset;

	if (position > POSITION_MAX || pin->stored > BLOCK_MAX || pin->old_offset > UINT8_MAX ||
	    pin->new_offset > UINT8_MAX)
		return false;
	writer_u16(request, 0); /* both time limits: the reader's own */
	writer_u8(request, (uint8_t)(FORMAT_ASCII_LEFT | position << 3));
	writer_u8(request, pin->stored);
	writer_u8(request, 0); /* no length field in the block */
	if (pin->change) {
		writer_u8(request, (uint8_t)pin->old_offset);
		writer_u8(request, (uint8_t)pin->new_offset);
	}
	put_u16_little(request, (unsigned)pin->min << 8 | pin->max);
	if (pin->change)
		writer_u8(request, (uint8_t)((pin->confirm ? CONFIRM_TWICE : 0) |
					     (pin->ask_old ? CONFIRM_OLD : 0)));
	writer_u8(request, DONE_BY_OK_KEY);
	writer_u8(request, MESSAGES_DEFAULT);
	put_u16_little(request, LANGUAGE_EN_US);
	writer_u8(request, 0);
	if (pin->change) {
		writer_u8(request, 1);
		writer_u8(request, 2);
	}
	writer_fill(request, 0, 3); /* bTeoPrologue */
	put_u16_little(request, (unsigned)pin->command.len);
	put_u16_little(request, 0);
	writer_put(request, pin->command);
	return writer_ok(request);
}

enum channel_result
pinpad_answer(struct bytes answer, struct writer *response)
{
	struct reader reader = reader_of(answer);
	uint16_t sw;

	if (!reader_u16(&reader, &sw) || reader.left != 0)
		return CHANNEL_FAILED;
	switch (sw) {
	case SW_PROMPT_TIMEOUT: return CHANNEL_TIMEOUT;
	case SW_PROMPT_CANCELLED:
	case SW_NEW_PINS_DIFFER:
	case SW_LENGTH_NOT_ALLOWED: return CHANNEL_CANCELLED;
	default: writer_u16(response, sw); return CHANNEL_OK;
	}
}
