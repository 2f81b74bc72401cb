/*
 * The simulated CCID reader: what a driver may send, right frames and blocks around anything, in pieces,
 * while time passes and the card comes and goes.
 *
 * The first byte chooses model, answer to reset and slowness; then messages (fuzz.h), the first byte of
 * each says what it is.
 */
#include "fuzz.h"

#include "ifdhandler/clock.h"
#include "tools/ccid-simulator/reader.h"

#include <string.h>

enum { RAW, MESSAGE, BLOCK, TIME, MOVEMENT, KINDS };
enum { INS_AT = 1, INS_KEY = 0x2A, CLA_LONG = 0x80, STEPS_MAX = 1 << 16 };

static const uint8_t ATR_T0[] = {0x3B, 0x00};
static const uint8_t ATR_T1[] = {0x3B, 0x80, 0x81, 0x11, 0xFE, 0xEE};
static const uint8_t ATR_BOTH[] = {0x3B, 0xD5, 0x96, 0x02, 0x80, 0x71, 0xFE, 0x65,
				   0x01, 0x4F, 0x73, 0x45, 0x49, 0x44, 0x5E};
static const struct bytes atrs[] = {
    {ATR_T0, sizeof(ATR_T0)}, {ATR_T1, sizeof(ATR_T1)}, {ATR_BOTH, sizeof(ATR_BOTH)}};
static const char *const models[] = {"SEC1210", "GemPCTwin", "GemCorePOSPro"};

static struct ccid_reader reader;
static struct bytes atr;
static bool working;
static int64_t now;

static struct bytes
chip_atr(void *context)
{
	(void)context;
	return atr;
}

static void
chip_reset(void *context)
{
	(void)context;
	fuzz_must(!working);
}

static void
chip_set_protocol(void *context, unsigned protocol)
{
	(void)context;
	fuzz_must(protocol <= 1 && !working);
}

/* CLA 80 is answered at greatest length, INS 2A needs a key. */
static enum chip_result
chip_transmit(void *context, struct bytes command, struct writer *response)
{
	(void)context;
	fuzz_must(!working);
	if (command.len > INS_AT && command.data[INS_AT] == INS_KEY) {
		working = true;
		return CHIP_WORKS;
	}
	if (command.len > 0 && command.data[0] == CLA_LONG)
		writer_fill(response, 0x55, response->room - 2);
	else if (command.len < response->room - 2)
		writer_put(response, command);
	writer_u16(response, 0x9000);
	return CHIP_DONE;
}

static enum chip_result
chip_work(void *context, struct writer *response)
{
	(void)context;
	fuzz_must(working);
	working = false;
	writer_u16(response, 0x9000);
	return CHIP_DONE;
}

static void
chip_abandon(void *context)
{
	(void)context;
	working = false;
}

static const struct chip chip = {NULL,          chip_atr,  chip_reset,  chip_set_protocol,
				 chip_transmit, chip_work, chip_abandon};

static void
run(void)
{
	uint8_t room[CCID_READER_OUTPUT_MAX];
	struct writer out;
	int steps = 0;

	do {
		fuzz_must(steps++ < STEPS_MAX);
		out = writer_to(room, sizeof(room));
	} while (ccid_reader_step(&reader, now, &out) && writer_ok(&out));
	fuzz_must(writer_ok(&out));
}

static void
receive(struct bytes bytes)
{
	while (bytes.len > 0) {
		const size_t taken = ccid_reader_receive(&reader, now, bytes);

		fuzz_must(taken > 0 && taken <= bytes.len);
		bytes.data += taken;
		bytes.len -= taken;
		run();
	}
}

/* Type, slot, and three bytes; the length is put in, and of a block the code at its end. */
static void
receive_message(uint8_t type, struct bytes head, struct bytes data)
{
	uint8_t message_room[CCID_MESSAGE_MAX], room[FRAME_LEN_MAX];
	const struct ccid_answer message = {
	    .type = type,
	    .slot = head.len > 0 ? head.data[0] & 1 : 0,
	    .status = head.len > 1 ? head.data[1] : 0,
	    .error = head.len > 2 ? head.data[2] & 1 : 0,
	    .data = {data.data, data.len < CCID_DATA_MAX ? data.len : CCID_DATA_MAX},
	};
	struct writer encoded = writer_to(message_room, sizeof(message_room));
	struct writer frame = writer_to(room, sizeof(room));

	ccid_answer_put(&message, &encoded);
	frame_put(writer_bytes(&encoded), &frame);
	receive(writer_bytes(&frame));
}

static void
receive_block(struct bytes rest)
{
	uint8_t room[T1_BLOCK_MAX];
	struct writer block = writer_to(room, sizeof(room));
	struct bytes inf = BYTES_NONE;

	if (rest.len == 0)
		return;
	if (rest.len > 1)
		inf = (struct bytes){rest.data + 1,
				     rest.len - 1 < T1_INF_MAX ? rest.len - 1 : T1_INF_MAX};
	t1_block_put(0, rest.data[0], inf, reader.slots[0].t1.crc, &block);
	receive_message(CCID_XFR_BLOCK, BYTES_NONE, writer_bytes(&block));
}

static void
take(struct bytes message)
{
	struct reader input = reader_of(message);
	struct bytes head = BYTES_NONE;
	uint8_t kind, type;

	if (!reader_u8(&input, &kind))
		return;
	switch (kind % KINDS) {
	case RAW: receive(reader_rest(&input)); return;
	case MESSAGE:
		if (reader_u8(&input, &type) && reader_take(&input, 3, &head))
			receive_message(type, head, reader_rest(&input));
		return;
	case BLOCK: receive_block(reader_rest(&input)); return;
	case TIME:
		now += 100 * (int64_t)(input.left > 0 ? input.at[0] : 1);
		run();
		return;
	default:
		ccid_reader_put(&reader, 0, reader.slots[0].chip == NULL ? &chip : NULL);
		run();
		return;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader input = reader_of((struct bytes){data, size});
	struct bytes message;
	uint8_t which;

	if (!reader_u8(&input, &which))
		return 0;
	atr = atrs[which % 3];
	working = false;
	now = 0;
	ccid_reader_init(&reader, model_find(models[which / 3 % 3]), which / 9 % 2 == 0 ? 0 : 1000,
			 NULL);
	ccid_reader_put(&reader, 0, &chip);
	while (fuzz_message(&input, &message))
		take(message);
	ccid_reader_put(&reader, 0, NULL);
	run();
	fuzz_must(!working);
	return 0;
}
