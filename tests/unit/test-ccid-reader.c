/*
 * The simulated reader as a whole, with a card that is none: bytes in, bytes out. Exchanges that libccid
 * begins are those of ifdhandler.md 13.4; status and error bytes those of CCID 1.1, 6.2.6.
 */
#include "tools/ccid-simulator/reader.h"

#include "ifdhandler/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

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

static struct bytes
fake_atr(void *context)
{
	const struct fake *fake = context;

	return HEX(fake->atr);
}

static void
fake_reset(void *context)
{
	struct fake *fake = context;

	fake->resets++;
}

static void
fake_set_protocol(void *context, unsigned protocol)
{
	struct fake *fake = context;

	fake->protocol = protocol;
}

static enum chip_result
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

static enum chip_result
fake_work(void *context, struct writer *response)
{
	struct fake *fake = context;

	if (--fake->works_left > 0)
		return CHIP_WORKS;
	writer_u16(response, 0x9001);
	return CHIP_DONE;
}

static void
fake_abandon(void *context)
{
	struct fake *fake = context;

	fake->abandoned++;
}

static void
begin(struct fake *fake, const char *model, const char *atr, int64_t slow_ms)
{
	assert_non_null(model_find(model));
	ccid_reader_init(&fake->reader, model_find(model), slow_ms, NULL);
	fake->atr = hex(atr);
	fake->now = 1000;
	fake->abandoned = 0;
	ccid_reader_put(&fake->reader, 0, &fake->chip);
}

static int
set_up(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	assert_non_null(fake);
	fake->chip = (struct chip){fake,          fake_atr,  fake_reset,  fake_set_protocol,
				   fake_transmit, fake_work, fake_abandon};
	*state = fake;
	return 0;
}

static int
tear_down(void **state)
{
	free(*state);
	return 0;
}

/* Everything that the reader says by now, in fake->out. */
static void
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

static void
send_bytes(struct fake *fake, struct bytes bytes)
{
	assert_int_equal(ccid_reader_receive(&fake->reader, fake->now, bytes), bytes.len);
	run(fake);
}

/* A message without its length, which is put in: type, slot, seq, three bytes, data. */
static void
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
static void
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

static void
assert_told(struct fake *fake, const char *text)
{
	struct bytes said = {fake->out, fake->out_len};

	assert_frame(&said, text);
	assert_int_equal(said.len, 0);
}

static void
assert_answered(struct fake *fake, const char *command, const char *answer)
{
	tell(fake, command);
	assert_told(fake, answer);
}

static void
power_on(struct fake *fake)
{
	tell(fake, "62 00 01 01 00 00");
	assert_true(fake->out_len > 0);
}

/* What comes of it when its time has come. */
static void
wait_until_due(struct fake *fake)
{
	assert_true(ccid_reader_due(&fake->reader) < CLOCK_NEVER);
	fake->now = ccid_reader_due(&fake->reader);
	run(fake);
}

static void
libccid_starts_with_a_reader_that_echoes(void **state)
{
	struct fake *fake = *state;
	struct bytes said;

	begin(fake, "GemPCTwin", ATR_T1, 0);
	tell(fake, "6B 00 00 00 00 00 02");
	said = (struct bytes){fake->out, fake->out_len};
	assert_frame(&said, "6B 00 00 00 00 00 02");
	assert_int_equal(said.data[2], CCID_ESCAPE_ANSWER);
	tell(fake, "6B 00 04 00 00 00 6A");
	said = (struct bytes){fake->out, fake->out_len};
	assert_frame(&said, "6B 00 04 00 00 00 6A");
	assert_frame(&said, "83 00 04 41 00 00");
	tell(fake, "62 00 08 01 00 00");
	said = (struct bytes){fake->out, fake->out_len};
	assert_frame(&said, "62 00 08 01 00 00");
	assert_frame(&said, "80 00 08 00 00 00 " ATR_T1);
	tell(fake, "61 00 45 01 00 00 11 10 00 4D 00 FE 00");
	said = (struct bytes){fake->out, fake->out_len};
	assert_frame(&said, "61 00 45 01 00 00 11 10 00 4D 00 FE 00");
	assert_frame(&said, "82 00 45 00 00 01 11 10 00 4D 00 FE 00");
	tell(fake, "6F 00 46 00 00 00 00 C1 01 FE 3E");
	said = (struct bytes){fake->out, fake->out_len};
	assert_frame(&said, "6F 00 46 00 00 00 00 C1 01 FE 3E");
	assert_frame(&said, "80 00 46 00 00 00 00 E1 01 FE 1E");
	assert_int_equal(said.len, 0);
}

static void
what_an_escape_echoes_fits_its_answer(void **state)
{
	struct fake *fake = *state;
	struct bytes said;

	begin(fake, "GemPCTwin", ATR_T1, 0);
	tell(fake, "6B 00 04 00 00 00 B2 A0 00 4D 4C 20 20 20 20 20 20 20 20 20 20 20 20 20");
	said = (struct bytes){fake->out, fake->out_len};
	assert_frame(&said, "6B 00 04 00 00 00");
	assert_frame(&said, "83 00 04 41 00 00");
}

static void
a_slot_says_what_is_in_it(void **state)
{
	struct fake *fake = *state;

	begin(fake, "SEC1210", ATR_T0, 0);
	assert_answered(fake, "65 01 01 00 00 00", "81 01 01 02 00 00");
	assert_answered(fake, "62 01 02 01 00 00", "80 01 02 42 FE 00");
	assert_answered(fake, "65 00 03 00 00 00", "81 00 03 01 00 00");
	assert_answered(fake, "62 00 04 01 00 00", "80 00 04 00 00 00 " ATR_T0);
	assert_answered(fake, "65 00 05 00 00 00", "81 00 05 00 00 00");
	assert_answered(fake, "63 00 06 00 00 00", "81 00 06 01 00 00");
	ccid_reader_put(&fake->reader, 0, NULL);
	assert_answered(fake, "65 00 07 00 00 00", "81 00 07 02 00 00");
}

static void
what_is_wrong_or_not_supported_is_said(void **state)
{
	struct fake *fake = *state;

	begin(fake, "SEC1210", ATR_T0, 0);
	assert_answered(fake, "65 02 01 00 00 00", "81 02 01 42 05 00");
	assert_answered(fake, "6F 00 01 00 00 00 00 B0 00 00 02", "80 00 01 41 FE 00");
	assert_answered(fake, "61 00 01 00 00 00 11 00 00 0A 00", "82 00 01 41 FE 00");
	assert_answered(fake, "62 00 01 04 00 00", "80 00 01 41 07 00");
	power_on(fake);
	assert_answered(fake, "6F 00 01 00 01 00 00 B0 00 00 02", "80 00 01 40 08 00");
	assert_answered(fake, "6F 00 01 00 00 00 00 60 00 00 02", "80 00 01 40 0B 00");
	assert_answered(fake, "6F 00 01 00 00 00", "80 00 01 40 0A 00");
	assert_answered(fake, "61 00 01 01 00 00 11 10 00 4D 00 20 00", "82 00 01 40 07 00");
	assert_answered(fake, "61 00 01 00 00 00 11 00 00 0A", "82 00 01 40 07 00");
	assert_answered(fake, "69 00 01 00 00 00 00", "80 00 01 40 00 00");
	assert_answered(fake, "6A 00 01 00 00 00", "81 00 01 40 00 00");
	assert_answered(fake, "73 00 01 00 00 00", "84 00 01 40 00 00");
	assert_answered(fake, "FF 00 01 00 00 00", "81 00 01 40 00 00");
}

static void
parameters_are_those_of_the_card_until_the_host_sets_them(void **state)
{
	struct fake *fake = *state;

	begin(fake, "SEC1210", ATR_T0, 0);
	power_on(fake);
	assert_answered(fake, "6C 00 01 00 00 00", "82 00 01 00 00 00 11 00 00 0A 00");
	assert_answered(fake, "61 00 01 00 00 00 11 00 05 0B 00",
			"82 00 01 00 00 00 11 00 05 0B 00");
	assert_answered(fake, "6C 00 01 00 00 00", "82 00 01 00 00 00 11 00 05 0B 00");
	assert_answered(fake, "6D 00 01 00 00 00", "82 00 01 00 00 00 11 00 00 0A 00");
}

static void
pps_chooses_the_protocol_and_only_first(void **state)
{
	struct fake *fake = *state;

	begin(fake, "GemCorePOSPro", ATR_BOTH, 0);
	power_on(fake);
	assert_int_equal(fake->protocol, 0);
	assert_answered(fake, "6F 00 01 00 00 00 FF 02 FD", "80 00 01 40 FE 00");
	assert_answered(fake, "6F 00 01 00 00 00 FF 11 96 78", "80 00 01 00 00 00 FF 11 96 78");
	assert_int_equal(fake->protocol, 1);
	/* Now it is a block, too short for one with a CRC. */
	assert_answered(fake, "6F 00 01 00 00 00 FF 11 96 78", "80 00 01 00 00 00 00 82 00 86 4F");
}

static void
a_reader_that_negotiates_by_itself_takes_the_protocol_that_is_set(void **state)
{
	struct fake *fake = *state;

	begin(fake, "SEC1210", ATR_BOTH, 0);
	power_on(fake);
	tell(fake, "61 00 01 01 00 00 96 11 02 65 00 FE 00");
	assert_int_equal(fake->protocol, 1);
	/* As libccid sent and got it. */
	assert_answered(fake, "6F 00 0A 00 00 00 00 C1 01 FE 54 4E",
			"80 00 0A 00 00 00 00 E1 01 FE 57 75");
	assert_answered(fake, "61 00 01 00 00 00 11 00 00 0A 00", "82 00 01 40 07 00");
}

static void
t0_commands_are_exchanged(void **state)
{
	struct fake *fake = *state;

	begin(fake, "SEC1210", ATR_T0, 0);
	power_on(fake);
	assert_answered(fake, "6F 00 01 00 00 00 00 B0 00 00 05",
			"80 00 01 00 00 00 00 B0 00 00 05 90 00");
	/* The card's response is longer than Le: cut to its status word. */
	assert_answered(fake, "6F 00 01 00 00 00 00 B0 00 00 02", "80 00 01 00 00 00 90 00");
	assert_answered(fake, "6F 00 01 00 00 00 00 A4 00 0C 02 3F 00", "80 00 01 00 00 00 90 00");
}

static void
a_key_takes_time_at_t1(void **state)
{
	struct fake *fake = *state;

	begin(fake, "SEC1210", ATR_T1, 2000);
	power_on(fake);
	tell(fake, "6F 00 01 00 00 00 00 00 04 00 2A 01 00 2F");
	assert_int_equal(fake->out_len, 0);
	/* Twice one block waiting time of 1428 ms, each asked for after half of one. */
	for (int i = 0; i < 2; i++) {
		wait_until_due(fake);
		assert_told(fake, "80 00 01 00 00 00 00 C3 01 01 C3");
		tell(fake, "6F 00 01 00 00 00 00 E3 01 01 E3");
		assert_int_equal(fake->out_len, 0);
	}
	wait_until_due(fake);
	assert_int_equal(fake->now, 3000);
	assert_told(fake, "80 00 01 00 00 00 00 C3 01 0A C8");
	assert_answered(fake, "6F 00 02 01 00 00 00 E3 01 0A E8",
			"80 00 02 00 00 00 00 00 02 90 01 93");
	assert_int_equal(ccid_reader_due(&fake->reader), CLOCK_NEVER);
}

static void
a_key_takes_time_at_t0(void **state)
{
	struct fake *fake = *state;

	begin(fake, "SEC1210", ATR_T0, 700);
	power_on(fake);
	tell(fake, "6F 00 01 00 00 00 00 2A 01 00 00");
	assert_int_equal(fake->out_len, 0);
	/* The waiting time is 892 ms. */
	wait_until_due(fake);
	assert_int_equal(fake->now, 1446);
	assert_told(fake, "80 00 01 80 01 00");
	fake->now = 1700;
	run(fake);
	{
		struct bytes said = {fake->out, fake->out_len};

		assert_frame(&said, "80 00 01 80 0A 00");
		assert_frame(&said, "80 00 01 00 00 00 90 01");
	}
}

static void
a_reader_that_echoes_asks_for_time_by_a_byte(void **state)
{
	struct fake *fake = *state;
	struct bytes said;

	begin(fake, "GemPCTwin", ATR_T0, 0);
	power_on(fake);
	tell(fake, "6F 00 01 00 00 00 00 2A 01 00 00");
	said = (struct bytes){fake->out, fake->out_len};
	assert_frame(&said, "6F 00 01 00 00 00 00 2A 01 00 00");
	assert_int_equal(said.data[0], 0x80);
	said.data++;
	said.len--;
	assert_frame(&said, "80 00 01 00 00 00 90 01");
}

static void
two_keys_in_turn_take_twice_the_time(void **state)
{
	struct fake *fake = *state;

	begin(fake, "SEC1210", ATR_T1, 0);
	power_on(fake);
	assert_answered(fake, "6F 00 01 00 00 00 00 00 04 00 2A 02 00 2C",
			"80 00 01 00 00 00 00 C3 01 0A C8");
	assert_answered(fake, "6F 00 02 00 00 00 00 E3 01 0A E8",
			"80 00 02 00 00 00 00 C3 01 0A C8");
	assert_answered(fake, "6F 00 03 00 00 00 00 E3 01 0A E8",
			"80 00 03 00 00 00 00 00 02 90 01 93");
}

static void
a_slot_that_works_is_busy_and_can_be_stopped(void **state)
{
	static const char *const stops[] = {"72 00 03 00 00 00", "63 00 03 00 00 00",
					    "62 00 03 01 00 00"};
	struct fake *fake = *state;

	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		begin(fake, "SEC1210", ATR_T0, 5000);
		power_on(fake);
		tell(fake, "6F 00 01 00 00 00 00 2A 01 00 00");
		assert_answered(fake, "65 00 02 00 00 00", "81 00 02 40 E0 00");
		assert_answered(fake, "65 01 02 00 00 00", "81 01 02 02 00 00");
		tell(fake, stops[i]);
		assert_int_equal(fake->abandoned, 1);
		assert_int_equal(ccid_reader_due(&fake->reader), CLOCK_NEVER);
		power_on(fake);
		assert_answered(fake, "6F 00 04 00 00 00 00 A4 00 0C 02 3F 00",
				"80 00 04 00 00 00 90 00");
	}
}

static void
a_card_that_goes_while_it_works_is_told_at_once(void **state)
{
	struct fake *fake = *state;

	begin(fake, "SEC1210", ATR_T0, 5000);
	power_on(fake);
	tell(fake, "6F 00 01 00 00 00 00 2A 01 00 00");
	ccid_reader_put(&fake->reader, 0, NULL);
	run(fake);
	assert_told(fake, "80 00 01 42 FE 00");
	assert_int_equal(fake->abandoned, 1);
}

static void
resynchronisation_stops_the_work(void **state)
{
	struct fake *fake = *state;

	begin(fake, "SEC1210", ATR_T1, 0);
	power_on(fake);
	tell(fake, "6F 00 01 00 00 00 00 00 04 00 2A 01 00 2F");
	assert_answered(fake, "6F 00 02 00 00 00 00 C0 00 C0", "80 00 02 00 00 00 00 E0 00 E0");
	assert_int_equal(fake->abandoned, 1);
	assert_answered(fake, "6F 00 03 00 00 00 00 00 01 AA AB",
			"80 00 03 00 00 00 00 00 03 AA 90 00 39");
}

static void
movements_are_told_before_a_frame_once_the_host_asks(void **state)
{
	struct fake *fake = *state;

	begin(fake, "GemCorePOSPro", ATR_T0, 0);
	assert_answered(fake, "6B 00 01 00 00 00 01 01 01", "83 00 01 01 00 00");
	ccid_reader_put(&fake->reader, 0, NULL);
	run(fake);
	assert_int_equal(fake->out_len, 0);
	tell(fake, "65 00 01 00 00 00");
	assert_int_equal(fake->out[0], 0x50);
	assert_int_equal(fake->out[1], 0x02);
	ccid_reader_put(&fake->reader, 0, &fake->chip);
	tell(fake, "65 00 01 00 00 00");
	assert_int_equal(fake->out[0], 0x50);
	assert_int_equal(fake->out[1], 0x03);
	assert_answered(fake, "65 00 01 00 00 00", "81 00 01 01 00 00");
}

static void
a_damaged_frame_is_refused_and_the_next_one_served(void **state)
{
	struct fake *fake = *state;
	const struct hex damaged = hex("03 06 65 00 00 00 00 00 02 00 00 00 63");

	begin(fake, "SEC1210", ATR_T0, 0);
	send_bytes(fake, HEX(damaged));
	assert_bytes_hex((struct bytes){fake->out, fake->out_len}, "03 15 16");
	assert_answered(fake, "65 00 05 00 00 00", "81 00 05 01 00 00");
}

static void
a_frame_that_stops_in_its_middle_is_forgotten(void **state)
{
	struct fake *fake = *state;
	const struct hex part = hex("03 06 6F 05 01 00 00 00");

	begin(fake, "SEC1210", ATR_T0, 0);
	send_bytes(fake, HEX(part));
	fake->now += CCID_READER_GAP_MS + 1;
	assert_answered(fake, "65 00 05 00 00 00", "81 00 05 01 00 00");
}

/* Commands that a fuzzer would come to: right frames around anything. */
static void
whatever_comes_is_answered_or_refused(void **state)
{
	static const char *const atrs[] = {ATR_T0, ATR_T1, ATR_BOTH};
	static const uint8_t types[] = {0x61, 0x62, 0x63, 0x65, 0x6B, 0x6C, 0x6D,
					0x6F, 0x6F, 0x6F, 0x6F, 0x6F, 0x72, 0x99};
	static const uint8_t starts[][3] = {{0x00, 0x00, 0x04}, {0x00, 0x2A, 0x02},
					    {0xFF, 0x11, 0x96}, {0x00, 0xE3, 0x01},
					    {0x00, 0x60, 0x04}, {0x00, 0x90, 0x00}};
	struct fake *fake = *state;
	unsigned seed = 7816, answered = 0;

	for (int round = 0; round < 60000; round++) {
		uint8_t message_room[CCID_MESSAGE_MAX], room[FRAME_LEN_MAX];
		struct writer message = writer_to(message_room, sizeof(message_room));
		struct writer frame = writer_to(room, sizeof(room));
		const size_t len =
		    (size_t)rand_r(&seed) % (round % 4 == 0 ? CCID_DATA_MAX + 1 : 12);
		const size_t start = (size_t)rand_r(&seed) % 8;

		if (round % 500 == 0)
			begin(fake, round % 1000 == 0 ? "SEC1210" : "GemPCTwin",
			      atrs[round / 500 % 3], round % 1500 == 0 ? 0 : 100);
		writer_u8(&message, types[(size_t)rand_r(&seed) % sizeof(types)]);
		writer_u8(&message, (uint8_t)(len & 0xFF));
		writer_u8(&message, (uint8_t)(len >> 8));
		writer_put(&message, BYTES_TEXT("\0\0\0"));
		writer_u8(&message, (uint8_t)round);
		writer_u8(&message, (uint8_t)((unsigned)rand_r(&seed) % 4 == 0));
		writer_put(&message, BYTES_TEXT("\0\0"));
		for (size_t i = 0; i < len; i++)
			writer_u8(&message,
				  start < 6 && i < 3 ? starts[start][i] : (uint8_t)rand_r(&seed));
		/* Most blocks are right at their end. */
		if (len > 3 && rand_r(&seed) % 4 != 0) {
			uint8_t *data = message_room + CCID_HEADER_LEN;

			data[2] = (uint8_t)(len - 4);
			data[len - 1] = 0;
			for (size_t i = 0; i + 1 < len; i++)
				data[len - 1] ^= data[i];
		}
		frame_put(writer_bytes(&message), &frame);
		fake->now += rand_r(&seed) % 100;
		send_bytes(fake, writer_bytes(&frame));
		answered += fake->out_len > 0;
	}
	/* All but those that a card works on. */
	assert_true(answered > 50000);
	begin(fake, "SEC1210", ATR_T0, 0);
	assert_answered(fake, "65 00 05 00 00 00", "81 00 05 01 00 00");
}

#define READER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    READER_TEST(libccid_starts_with_a_reader_that_echoes),
	    READER_TEST(what_an_escape_echoes_fits_its_answer),
	    READER_TEST(a_slot_says_what_is_in_it),
	    READER_TEST(what_is_wrong_or_not_supported_is_said),
	    READER_TEST(parameters_are_those_of_the_card_until_the_host_sets_them),
	    READER_TEST(pps_chooses_the_protocol_and_only_first),
	    READER_TEST(a_reader_that_negotiates_by_itself_takes_the_protocol_that_is_set),
	    READER_TEST(t0_commands_are_exchanged),
	    READER_TEST(a_key_takes_time_at_t1),
	    READER_TEST(a_key_takes_time_at_t0),
	    READER_TEST(a_reader_that_echoes_asks_for_time_by_a_byte),
	    READER_TEST(two_keys_in_turn_take_twice_the_time),
	    READER_TEST(a_slot_that_works_is_busy_and_can_be_stopped),
	    READER_TEST(a_card_that_goes_while_it_works_is_told_at_once),
	    READER_TEST(resynchronisation_stops_the_work),
	    READER_TEST(movements_are_told_before_a_frame_once_the_host_asks),
	    READER_TEST(a_damaged_frame_is_refused_and_the_next_one_served),
	    READER_TEST(a_frame_that_stops_in_its_middle_is_forgotten),
	    READER_TEST(whatever_comes_is_answered_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
