/*
 * The simulated reader while its card works: ISO/IEC 7816-3:2006, 10.3.3 and 11.4.3; CCID 1.1, 6.2.6.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "test-ccid.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    READER_TEST(a_key_takes_time_at_t1),
	    READER_TEST(a_key_takes_time_at_t0),
	    READER_TEST(a_reader_that_echoes_asks_for_time_by_a_byte),
	    READER_TEST(two_keys_in_turn_take_twice_the_time),
	    READER_TEST(a_slot_that_works_is_busy_and_can_be_stopped),
	    READER_TEST(a_card_that_goes_while_it_works_is_told_at_once),
	    READER_TEST(resynchronisation_stops_the_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
