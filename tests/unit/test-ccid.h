/*
 * The simulated reader for tests, with a card that is none: bytes in, bytes out. To be included after
 * cmocka.h.
 */
#ifndef VICAR_TESTS_UNIT_TEST_CCID_H
#define VICAR_TESTS_UNIT_TEST_CCID_H

#include "tools/ccid-simulator/reader.h"

#include "ifdhandler/clock.h"

#include <stdlib.h>

#include "hex.h"

enum { INS_AT = 1, INS_KEY = 0x2A, WORK_AFTER_WORK = 0x02 };

/* A card that answers with what it was told and 9000; INS 2A needs a key, P1 02 two in turn. */
struct fake {
	struct ccid_reader reader;
	struct chip chip;
	struct hex atr;
	unsigned protocol, resets, abandoned, works_left;
	uint8_t out[CCID_READER_OUTPUT_MAX];
	size_t out_len;
	int64_t now;
};

#define ATR_T0 "3B 00"
#define ATR_T1 "3B 80 81 11 FE EE"
#define ATR_BOTH "3B D5 96 02 80 71 FE 65 01 4F 73 45 49 44 5E"

static inline struct bytes
fake_atr(void *context)
{
	const struct fake *fake = context;

	return HEX(fake->atr);
}

static inline void
fake_reset(void *context)
{
	struct fake *fake = context;

	fake->resets++;
}

static inline void
fake_set_protocol(void *context, unsigned protocol)
{
	struct fake *fake = context;

	fake->protocol = protocol;
}

static inline enum chip_result
fake_transmit(void *context, struct bytes command, struct writer *response)
{
	struct fake *fake = context;

	if (command.len > INS_AT && command.data[INS_AT] == INS_KEY) {
		fake->works_left = command.data[INS_AT + 1] == WORK_AFTER_WORK ? 2 : 1;
		return CHIP_WORKS;
	}
	writer_put(response, command);
	writer_u16(response, 0x9000);
	return CHIP_DONE;
}

static inline enum chip_result
fake_work(void *context, struct writer *response)
{
	struct fake *fake = context;

	if (--fake->works_left > 0)
		return CHIP_WORKS;
	writer_u16(response, 0x9001);
	return CHIP_DONE;
}

static inline void
fake_abandon(void *context)
{
	struct fake *fake = context;

	fake->abandoned++;
}

static inline void
begin(struct fake *fake, const char *model, const char *atr, int64_t slow_ms)
{
	assert_non_null(model_find(model));
	ccid_reader_init(&fake->reader, model_find(model), slow_ms, NULL);
	fake->atr = hex(atr);
	fake->now = 1000;
	fake->abandoned = 0;
	ccid_reader_put(&fake->reader, 0, &fake->chip);
}

static inline int
set_up(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	assert_non_null(fake);
	fake->chip = (struct chip){fake,          fake_atr,  fake_reset,  fake_set_protocol,
				   fake_transmit, fake_work, fake_abandon};
	*state = fake;
	return 0;
}

static inline int
tear_down(void **state)
{
	free(*state);
	return 0;
}

/* Everything that the reader says by now, in fake->out. */
static inline void
run(struct fake *fake)
{
	struct writer all = writer_to(fake->out, sizeof(fake->out));
	bool more = true;

	while (more) {
		uint8_t room[CCID_READER_OUTPUT_MAX];
		struct writer out = writer_to(room, sizeof(room));

		more = ccid_reader_step(&fake->reader, fake->now, &out);
		assert_true(writer_ok(&out));
		writer_put(&all, writer_bytes(&out));
	}
	assert_true(writer_ok(&all));
	fake->out_len = all.len;
}

static inline void
send_bytes(struct fake *fake, struct bytes bytes)
{
	assert_int_equal(ccid_reader_receive(&fake->reader, fake->now, bytes), bytes.len);
	run(fake);
}

/* A message without its length, which is put in: type, slot, seq, three bytes, data. */
static inline void
tell(struct fake *fake, const char *text)
{
	const struct hex short_form = hex(text);
	const size_t len = short_form.len - 6;
	uint8_t message_room[CCID_MESSAGE_MAX], room[FRAME_LEN_MAX];
	struct writer message = writer_to(message_room, sizeof(message_room));
	struct writer frame = writer_to(room, sizeof(room));

	writer_u8(&message, short_form.data[0]);
	writer_u8(&message, (uint8_t)len);
	writer_put(&message, BYTES_TEXT("\0\0\0"));
	writer_put(&message, (struct bytes){short_form.data + 1, short_form.len - 1});
	frame_put(writer_bytes(&message), &frame);
	send_bytes(fake, writer_bytes(&frame));
}

/* One frame, in the same form. */
static inline void
assert_frame(struct bytes *said, const char *text)
{
	struct ccid_command frame;
	struct bytes message;
	uint8_t room[CCID_MESSAGE_MAX];
	struct writer short_form = writer_to(room, sizeof(room));
	size_t used;

	assert_int_equal(frame_parse(*said, &used, &message), FRAME_WHOLE);
	assert_true(ccid_command_parse(message, &frame));
	writer_u8(&short_form, frame.type);
	writer_u8(&short_form, frame.slot);
	writer_u8(&short_form, frame.seq);
	writer_put(&short_form, BYTES(frame.specific));
	writer_put(&short_form, frame.data);
	assert_bytes_hex(writer_bytes(&short_form), text);
	said->data += used;
	said->len -= used;
}

static inline void
assert_told(struct fake *fake, const char *text)
{
	struct bytes said = {fake->out, fake->out_len};

	assert_frame(&said, text);
	assert_int_equal(said.len, 0);
}

static inline void
assert_answered(struct fake *fake, const char *command, const char *answer)
{
	tell(fake, command);
	assert_told(fake, answer);
}

static inline void
power_on(struct fake *fake)
{
	tell(fake, "62 00 01 01 00 00");
	assert_true(fake->out_len > 0);
}

/* What comes of it when its time has come. */
static inline void
wait_until_due(struct fake *fake)
{
	assert_true(ccid_reader_due(&fake->reader) < CLOCK_NEVER);
	fake->now = ccid_reader_due(&fake->reader);
	run(fake);
}

#define READER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
