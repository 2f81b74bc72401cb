/*
 * PIN pad requests, emulator/pad.h.
 */
#include "pad.h"

#include <openssl/crypto.h>
#include <string.h>

enum {
	DATA_MAX = 255,
	COUNT_LEN = 4, /* ulDataLength */
	BITS_PER_BYTE = 8,

	/* bmFormatString */
	FORMAT_UNIT_BYTES = 0x80,
	FORMAT_POSITION = 0x78,
	FORMAT_POSITION_SHIFT = 3,
	FORMAT_RIGHT = 0x04,
	FORMAT_TYPE = 0x03,
	FORMAT_ASCII = 0x02,

	/* bmPINBlockString */
	BLOCK_LENGTH_BITS = 0xF0,
	BLOCK_SIZE = 0x0F,

	/* bConfirmPIN */
	CONFIRM_NEW = 0x01,
	CONFIRM_OLD = 0x02,
};

/* Little endian; some clients send the big-endian number, which libccid takes too when it agrees. */
static bool
agrees(struct bytes number, size_t len)
{
	uint32_t little = 0, big = 0;

	for (size_t i = 0; i < number.len; i++) {
		little |= (uint32_t)number.data[i] << (BITS_PER_BYTE * i);
		big = big << BITS_PER_BYTE | number.data[i];
	}
	return little == len || big == len;
}

static bool
parse_format(uint8_t format, uint8_t block, struct pad_request *request)
{
	size_t position = (unsigned)(format & FORMAT_POSITION) >> FORMAT_POSITION_SHIFT;

	if ((format & FORMAT_TYPE) != FORMAT_ASCII || (block & BLOCK_LENGTH_BITS) != 0)
		return false;
	if ((format & FORMAT_UNIT_BYTES) == 0) {
		if (position % BITS_PER_BYTE != 0)
			return false;
		position /= BITS_PER_BYTE;
	}
	request->right = (format & FORMAT_RIGHT) != 0;
	request->block = block & BLOCK_SIZE;
	request->old_at = request->new_at = position;
	return true;
}

/* wPINMaxExtraDigit, maximum in the low byte; the smaller number is the minimum, whatever the order. */
static bool
parse_lengths(struct reader *reader, struct pad_request *request)
{
	uint8_t max, min;

	if (!reader_u8(reader, &max) || !reader_u8(reader, &min))
		return false;
	request->min = min < max ? min : max;
	request->max = min < max ? max : min;
	return true;
}

static bool
parse_modify(struct reader *reader, struct pad_request *request)
{
	uint8_t old_at, new_at, confirm;

	if (!reader_u8(reader, &old_at) || !reader_u8(reader, &new_at) ||
	    !parse_lengths(reader, request) || !reader_u8(reader, &confirm) ||
	    (confirm & ~(CONFIRM_NEW | CONFIRM_OLD)) != 0)
		return false;
	request->old_at += old_at;
	request->new_at += new_at;
	request->confirm = (confirm & CONFIRM_NEW) != 0;
	request->ask_old = (confirm & CONFIRM_OLD) != 0;
	return true;
}

/* CLA INS P1 P2, perhaps Lc, perhaps as many bytes. */
static bool
parse_command(struct bytes command, struct pad_request *request)
{
	struct reader reader = reader_of(command);
	uint8_t lc = 0;

	if (!reader_take(&reader, PAD_HEADER_LEN, &request->header))
		return false;
	request->data = BYTES_NONE;
	return reader.left == 0 || (reader_u8(&reader, &lc) &&
				    reader_take(&reader, lc, &request->data) && reader.left == 0);
}

bool
pad_parse(struct bytes structure, bool modify, struct pad_request *request)
{
	/* bEntryValidationCondition, bNumberMessage, wLangId, bMsgIndex (of MODIFY three), bTeoPrologue */
	const size_t messages = modify ? 1 + 1 + 2 + 3 + 3 : 1 + 1 + 2 + 1 + 3;
	struct reader reader = reader_of(structure);
	struct bytes skipped, count;
	uint8_t format, block, length_format;

	memset(request, 0, sizeof(*request));
	request->modify = modify;
	request->ask_old = !modify;
	return reader_take(&reader, 2, &skipped) && /* bTimerOut, bTimerOut2 */
	       reader_u8(&reader, &format) && reader_u8(&reader, &block) &&
	       reader_u8(&reader, &length_format) && parse_format(format, block, request) &&
	       (modify ? parse_modify(&reader, request) : parse_lengths(&reader, request)) &&
	       reader_take(&reader, messages, &skipped) &&
	       reader_take(&reader, COUNT_LEN, &count) && agrees(count, reader.left) &&
	       parse_command(reader_rest(&reader), request);
}

bool
pad_lengths(const struct pad_request *request, const struct card_pin *pin, unsigned *min,
	    unsigned *max)
{
	*min = (unsigned)pin->length_min;
	*max = (unsigned)pin->length_max;
	if (request->min > *min)
		*min = request->min;
	if (request->max < *max)
		*max = request->max;
	if (request->block != 0 && request->block < *max)
		*max = (unsigned)request->block;
	return *min <= *max;
}

/* Where the value goes, the data grows by the padding of its PIN. False: there is a gap, or no room. */
static bool
insert(const struct pad_request *request, size_t at, struct pad_value value, uint8_t data[DATA_MAX],
       size_t *len)
{
	const size_t block = request->block != 0 ? request->block : value.value.len;

	if (value.value.len > block || at > *len || block > DATA_MAX - at)
		return false;
	if (at + block > *len) {
		memset(data + *len, value.pin->pad, at + block - *len);
		*len = at + block;
	}
	if (request->right)
		at += block - value.value.len;
	memcpy(data + at, value.value.data, value.value.len);
	return true;
}

/* The data as the structure wants it. */
static bool
assemble(const struct pad_request *request, struct pad_value first, struct pad_value renewed,
	 uint8_t data[DATA_MAX], size_t *len)
{
	size_t new_at = request->new_at;

	*len = request->data.len;
	if (*len > 0)
		memcpy(data, request->data.data, *len);
	if (first.pin != NULL && request->ask_old &&
	    !insert(request, request->old_at, first, data, len))
		return false;
	/* Values without padding in an empty command: no offset can say where the first ends. */
	if (first.pin != NULL && request->block == 0 && request->data.len == 0 &&
	    new_at == request->old_at)
		new_at = *len;
	return renewed.pin == NULL || insert(request, new_at, renewed, data, len);
}

static void
put_padded(struct pad_value value, struct writer *data)
{
	const size_t stored = value.pin->length_stored;

	writer_put(data, value.value);
	if (value.value.len < stored)
		writer_fill(data, value.pin->pad, stored - value.value.len);
}

/* The data as the card's own command has it. */
static bool
expect(const struct pad_request *request, struct pad_value first, struct pad_value renewed,
       struct writer *data)
{
	if (first.pin != NULL && request->ask_old)
		put_padded(first, data);
	else if (first.pin != NULL && first.pin->length_stored != 0 &&
		 first.pin->length_stored <= request->data.len)
		writer_put(data, (struct bytes){request->data.data, first.pin->length_stored});
	else if (first.pin != NULL)
		return false;
	if (renewed.pin != NULL)
		put_padded(renewed, data);
	return writer_ok(data);
}

bool
pad_fill(const struct pad_request *request, struct pad_value first, struct pad_value renewed,
	 struct writer *command)
{
	uint8_t data[DATA_MAX], expected[DATA_MAX];
	struct writer writer = writer_to(expected, sizeof(expected));
	size_t len = 0;
	bool ok = assemble(request, first, renewed, data, &len) &&
		  expect(request, first, renewed, &writer) &&
		  bytes_equal((struct bytes){data, len}, writer_bytes(&writer)) && len > 0;

	if (ok) {
		writer_put(command, request->header);
		writer_u8(command, (uint8_t)len);
		writer_put(command, (struct bytes){data, len});
		ok = writer_ok(command);
	}
	OPENSSL_cleanse(data, sizeof(data));
	OPENSSL_cleanse(expected, sizeof(expected));
	return ok;
}
