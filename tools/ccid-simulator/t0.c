#include "t0.h"

#include <string.h>

enum {
	P3_AT = 4,
	INS_AT = 1,
	SW_LEN = 2,
	HIGH_HALF = 0xF0,
};

/* Clause 10.3.2: an INS that reads as SW1 cannot be acknowledged. */
static bool
reads_as_sw1(uint8_t byte)
{
	return (byte & HIGH_HALF) == 0x60 || (byte & HIGH_HALF) == 0x90;
}

static uint8_t
complement(uint8_t ins)
{
	return (uint8_t)(ins ^ 0xFF);
}

bool
t0_command_parse(struct bytes bytes, struct t0_command *command, size_t *wrong_at)
{
	const size_t after = bytes.len > T0_HEADER_LEN ? bytes.len - T0_HEADER_LEN : 0;

	*command = (struct t0_command){.data = BYTES_NONE};
	*wrong_at = bytes.len;
	if (bytes.len < P3_AT)
		return false;
	memcpy(command->header, bytes.data, bytes.len < T0_HEADER_LEN ? P3_AT : T0_HEADER_LEN);
	*wrong_at = INS_AT;
	if (reads_as_sw1(command->header[INS_AT]))
		return false;
	*wrong_at = P3_AT;
	if (after > 0 && after != command->header[P3_AT] &&
	    (after != (size_t)command->header[P3_AT] + 1 || command->header[P3_AT] == 0))
		return false;
	if (after > 0)
		command->data = (struct bytes){bytes.data + T0_HEADER_LEN, command->header[P3_AT]};
	return true;
}

static size_t
expected(const struct t0_command *command)
{
	if (command->data.len > 0)
		return 0;
	return command->header[P3_AT] == 0 ? T0_DATA_MAX : command->header[P3_AT];
}

struct t0_reader
t0_reader_begin(const struct t0_command *command, struct writer *response)
{
	return (struct t0_reader){.ins = command->header[INS_AT],
				  .unsent = command->data,
				  .awaited = expected(command),
				  .response = response};
}

static enum t0_step
transfer(struct t0_reader *reader, size_t most, struct bytes *sent)
{
	size_t count;

	if (reader->unsent.len > 0) {
		count = reader->unsent.len < most ? reader->unsent.len : most;
		*sent = (struct bytes){reader->unsent.data, count};
		reader->unsent.data += count;
		reader->unsent.len -= count;
		return T0_SENDS;
	}
	count = reader->awaited < most ? reader->awaited : most;
	reader->awaited -= count;
	reader->coming = count;
	return count > 0 ? T0_GOES_ON : T0_BROKEN;
}

enum t0_step
t0_reader_take(struct t0_reader *reader, uint8_t byte, struct bytes *sent)
{
	if (reader->coming > 0) {
		reader->coming--;
		writer_u8(reader->response, byte);
		return T0_GOES_ON;
	}
	if (reader->sw2) {
		writer_u8(reader->response, byte);
		return T0_DONE;
	}
	if (byte == T0_NULL)
		return T0_WAITS;
	if (reads_as_sw1(byte)) {
		reader->sw2 = true;
		writer_u8(reader->response, byte);
		return T0_GOES_ON;
	}
	if (byte == reader->ins)
		return transfer(reader, T0_DATA_MAX, sent);
	if (byte == complement(reader->ins))
		return transfer(reader, 1, sent);
	return T0_BROKEN;
}

void
t0_card_say(const struct t0_command *command, struct bytes rapdu, struct writer *said)
{
	const uint8_t ins = command->header[INS_AT];
	const size_t most = expected(command);
	size_t len = rapdu.len - SW_LEN;

	if (len > most)
		len = 0;
	if (len > 0 && len == most) {
		writer_u8(said, ins);
		writer_put(said, (struct bytes){rapdu.data, len});
	} else {
		for (size_t i = 0; i < len; i++) {
			writer_u8(said, complement(ins));
			writer_u8(said, rapdu.data[i]);
		}
	}
	writer_put(said, (struct bytes){rapdu.data + rapdu.len - SW_LEN, SW_LEN});
}
