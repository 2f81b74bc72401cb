/*
 * The simulated reader as a whole: exchanges that libccid begins are those of ifdhandler.md 13.4; status
 * and error bytes those of CCID 1.1, 6.2.6.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "test-ccid.h"

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
	    READER_TEST(movements_are_told_before_a_frame_once_the_host_asks),
	    READER_TEST(a_damaged_frame_is_refused_and_the_next_one_served),
	    READER_TEST(a_frame_that_stops_in_its_middle_is_forgotten),
	    READER_TEST(whatever_comes_is_answered_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
