/*
 * A remote key used by the card's owner, beside the commands of a program.
 */
#include "emulator/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"

#define PIN_VALUE BYTES_TEXT("1234")
#define OTHER BYTES_TEXT("9999")

static const uint8_t SIGNATURE[FIXTURE_BLOCK] = {0x51};

static void
begin(struct fixture *fixture, struct bytes value, uint16_t sw)
{
	assert_int_equal(card_owner_begin(fixture->card, "sign", value), sw);
}

static void
reach_started(struct fixture *fixture)
{
	begin(fixture, PIN_VALUE, SW_OK);
	assert_true(card_owner_start(fixture->card));
}

static void
reach_request(struct fixture *fixture)
{
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	assert_sw(fixture, SET_REMOTE_HASH, SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
}

static void
what_may_be_done_with_a_key_is_in_its_description(void **state)
{
	struct fixture *fixture = *state;
	struct card_key key;

	assert_true(card_key(fixture->card, "sign", &key));
	assert_string_equal(key.pin, "sign-pin");
	assert_string_equal(key.pin_key, "sign");
	assert_true(key.remote);
	assert_false(key.ec);
	assert_true(key.signs);
	assert_true(card_key(fixture->card, "auth", &key));
	assert_false(key.remote);
	assert_false(card_key(fixture->card, "no-such", &key));
}

static void
the_try_is_on_disk_before_the_call(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, PIN_VALUE, SW_OK);
	assert_int_equal(fixture->saves, 0);
	assert_true(card_owner_start(fixture->card));
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 1);
	assert_int_equal(card_owner_end(fixture->card, SW_OK, false), SW_OK);
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 2);
}

static void
a_start_that_cannot_be_written_is_none(void **state)
{
	struct fixture *fixture = *state;

	fixture->save_fails = true;
	begin(fixture, PIN_VALUE, SW_OK);
	assert_false(card_owner_start(fixture->card));
	assert_int_equal(card_owner_end(fixture->card, SW_MEMORY_FAILURE, false),
			 SW_MEMORY_FAILURE);
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 2);
}

static void
there_is_one_start_for_a_use(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_false(card_owner_start(fixture->card));
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 1);
	assert_int_equal(card_owner_end(fixture->card, SW_OK, false), SW_OK);
	assert_false(card_owner_start(fixture->card));
}

static void
a_refused_value_is_remembered_and_not_tried_again(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_int_equal(card_owner_end(fixture->card, SW_AUTHENTICATION, false), 0x63C1);
	begin(fixture, PIN_VALUE, 0x63C1);
	assert_sw(fixture, VERIFY_REMOTE, 0x63C1);
	begin(fixture, OTHER, SW_OK);
	(void)card_owner_end(fixture->card, SW_PROMPT_CANCELLED, false);
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 1);
}

static void
a_value_that_a_program_had_refused_is_not_tried(void **state)
{
	struct fixture *fixture = *state;

	reach_request(fixture);
	assert_true(card_start(fixture->card));
	fixture_resume(fixture, SW_AUTHENTICATION, BYTES_NONE);
	begin(fixture, PIN_VALUE, 0x63C1);
}

static void
a_blocked_pin_is_not_asked_about(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < 2; i++) {
		begin(fixture, i == 0 ? PIN_VALUE : OTHER, SW_OK);
		assert_true(card_owner_start(fixture->card));
		(void)card_owner_end(fixture->card, SW_AUTHENTICATION, false);
	}
	begin(fixture, BYTES_TEXT("5555"), SW_BLOCKED);
}

static void
an_unknown_fate_stays_counted_and_other_trouble_does_not(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_int_equal(card_owner_end(fixture->card, SW_SERVICE_OTHER, false), SW_SERVICE_OTHER);
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 2);
	reach_started(fixture);
	assert_int_equal(card_owner_end(fixture->card, SW_FATE_UNKNOWN, false), SW_FATE_UNKNOWN);
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 1);
}

static void
a_refusal_that_may_be_one_of_the_pin_stays_counted(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned left = 2; left-- > 0;) {
		reach_started(fixture);
		assert_int_equal(card_owner_end(fixture->card, SW_CODE_WRONG, true), SW_CODE_WRONG);
		assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), left);
	}
	begin(fixture, PIN_VALUE, SW_BLOCKED);
}

static void
nothing_is_believed_without_a_start(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, PIN_VALUE, SW_OK);
	assert_int_equal(card_owner_end(fixture->card, SW_OK, false), SW_UNKNOWN);
	begin(fixture, PIN_VALUE, SW_OK);
	assert_int_equal(card_owner_end(fixture->card, SW_AUTHENTICATION, false), SW_UNKNOWN);
	begin(fixture, PIN_VALUE, SW_OK);
}

static void
what_cannot_be_a_value_is_refused(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, BYTES_TEXT("123"), SW_INCORRECT_DATA);
	begin(fixture, BYTES_TEXT("123a"), SW_INCORRECT_DATA);
	begin(fixture, BYTES_TEXT("123456789"), SW_WRONG_LENGTH);
	assert_int_equal(card_owner_begin(fixture->card, "auth", PIN_VALUE), SW_CONDITIONS);
	assert_int_equal(card_owner_begin(fixture->card, "no-such", PIN_VALUE),
			 SW_REFERENCE_NOT_FOUND);
}

static void
one_use_at_a_time(void **state)
{
	struct fixture *fixture = *state;

	reach_request(fixture);
	begin(fixture, PIN_VALUE, SW_CONDITIONS);
	card_reset(fixture->card);
	begin(fixture, PIN_VALUE, SW_OK);
	begin(fixture, PIN_VALUE, SW_CONDITIONS);
}

static void
a_reset_does_not_end_it(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	card_reset(fixture->card);
	assert_int_equal(card_owner_end(fixture->card, SW_AUTHENTICATION, false), 0x63C1);
	begin(fixture, PIN_VALUE, 0x63C1);
}

static void
the_start_consumes_what_a_program_had_verified(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	begin(fixture, PIN_VALUE, SW_OK);
	assert_sw(fixture, "0020008200", SW_OK);
	assert_true(card_owner_start(fixture->card));
	assert_sw(fixture, "0020008200", 0x63C1);
	(void)card_owner_end(fixture->card, SW_OK, false);
}

static void
a_value_verified_meanwhile_falls_when_it_is_refused(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	(void)card_owner_end(fixture->card, SW_AUTHENTICATION, false);
	assert_sw(fixture, "0020008200", 0x63C1);
}

static void
a_programs_local_key_is_left_alone(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	reach_started(fixture);
	(void)card_owner_end(fixture->card, SW_OK, false);
	assert_sw(fixture, "0020000100", SW_OK);
}

static void
a_programs_own_use_goes_on_afterwards(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	(void)card_owner_end(fixture->card, SW_OK, false);
	reach_request(fixture);
	assert_true(card_start(fixture->card));
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_int_equal(fixture_sw(fixture), SW_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_may_be_done_with_a_key_is_in_its_description),
	    TEST(the_try_is_on_disk_before_the_call),
	    TEST(a_start_that_cannot_be_written_is_none),
	    TEST(there_is_one_start_for_a_use),
	    TEST(a_refused_value_is_remembered_and_not_tried_again),
	    TEST(a_value_that_a_program_had_refused_is_not_tried),
	    TEST(a_blocked_pin_is_not_asked_about),
	    TEST(an_unknown_fate_stays_counted_and_other_trouble_does_not),
	    TEST(a_refusal_that_may_be_one_of_the_pin_stays_counted),
	    TEST(nothing_is_believed_without_a_start),
	    TEST(what_cannot_be_a_value_is_refused),
	    TEST(one_use_at_a_time),
	    TEST(a_reset_does_not_end_it),
	    TEST(the_start_consumes_what_a_program_had_verified),
	    TEST(a_value_verified_meanwhile_falls_when_it_is_refused),
	    TEST(a_programs_local_key_is_left_alone),
	    TEST(a_programs_own_use_goes_on_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
