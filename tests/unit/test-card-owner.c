/*
 * A PIN changed or unblocked by the card's owner, beside the commands of a program.
 */
#include "emulator/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"

#define OLD BYTES_TEXT("1234")
#define NEW BYTES_TEXT("56789")
#define PUK BYTES_TEXT("87654321")

static void
renew(struct fixture *fixture, enum card_renewal renewal, const char *counter, struct bytes first,
      struct bytes new_value)
{
	struct writer response = writer_to(fixture->response, sizeof(fixture->response));

	fixture->result = card_renew(fixture->card, renewal, counter, first, new_value, &response);
	fixture->response_len = response.len;
}

static void
assert_refused(struct fixture *fixture, enum card_renewal renewal, const char *counter,
	       struct bytes first, struct bytes new_value, uint16_t sw)
{
	renew(fixture, renewal, counter, first, new_value);
	assert_int_equal(fixture->result, CARD_DONE);
	assert_int_equal(fixture_sw(fixture), sw);
}

static void
assert_tried(struct fixture *fixture, enum card_renewal renewal, enum key_operation operation)
{
	renew(fixture, renewal, "pin", renewal == CARD_PIN_CHANGE ? OLD : PUK, NEW);
	assert_int_equal(fixture->result, CARD_PENDING);
	assert_int_equal(card_request(fixture->card)->operation, operation);
}

static void
block(struct fixture *fixture, const char *counter)
{
	set_text(fixture->image.counters[0].name, counter);
	fixture->image.counters_count = 1;
	assert_true(fixture_new(fixture));
}

static void
what_may_be_said_of_a_pin_is_in_its_description(void **state)
{
	struct fixture *fixture = *state;
	struct card_pin pin;

	assert_true(card_pin(fixture->card, "pin", &pin));
	assert_string_equal(pin.key, "auth");
	assert_string_equal(pin.puk, "puk");
	assert_false(pin.is_puk);
	assert_false(pin.remote);
	assert_true(pin.digits_only);
	assert_int_equal(pin.length_min, 4);
	assert_int_equal(pin.length_max, 8);
	assert_int_equal(pin.tries_left, 3);
	assert_true(card_pin(fixture->card, "puk", &pin));
	assert_true(pin.is_puk);
	assert_true(card_pin(fixture->card, "sign-pin", &pin));
	assert_true(pin.remote);
	assert_false(card_pin(fixture->card, "no-such", &pin));
}

static void
a_change_has_both_values_and_is_counted_first(void **state)
{
	struct fixture *fixture = *state;

	assert_tried(fixture, CARD_PIN_CHANGE, KEY_PIN_CHANGE);
	assert_bytes_hex(card_request(fixture->card)->pin, "31323334");
	assert_bytes_hex(card_request(fixture->card)->new_pin, "3536373839");
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 2);
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 3);
}

static void
a_wrong_old_value_stays_counted(void **state)
{
	struct fixture *fixture = *state;

	assert_tried(fixture, CARD_PIN_CHANGE, KEY_PIN_CHANGE);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C2);
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 2);
}

static void
a_program_must_verify_a_changed_pin_anew(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_tried(fixture, CARD_PIN_CHANGE, KEY_PIN_CHANGE);
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_sw(fixture, "0020000100", 0x63C3);
}

static void
a_blocked_pin_comes_back_with_its_puk(void **state)
{
	struct fixture *fixture = *state;

	block(fixture, "pin");
	assert_tried(fixture, CARD_PIN_UNBLOCK, KEY_PIN_UNBLOCK);
	assert_bytes_hex(card_request(fixture->card)->pin, "3837363534333231");
	assert_int_equal(fixture_saved_tries(fixture, "puk"), 1);
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 3);
	assert_int_equal(fixture_saved_tries(fixture, "puk"), 2);
}

static void
a_wrong_puk_costs_a_try_of_the_puk(void **state)
{
	struct fixture *fixture = *state;

	assert_tried(fixture, CARD_PIN_UNBLOCK, KEY_PIN_UNBLOCK);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	assert_int_equal(fixture_tries(fixture, "pin"), 3);
}

static void
a_blocked_pin_is_not_changed(void **state)
{
	block(*state, "pin");
	assert_refused(*state, CARD_PIN_CHANGE, "pin", OLD, NEW, SW_BLOCKED);
}

static void
a_blocked_puk_unblocks_nothing(void **state)
{
	block(*state, "puk");
	assert_refused(*state, CARD_PIN_UNBLOCK, "pin", PUK, NEW, SW_BLOCKED);
}

static void
a_new_value_of_the_wrong_form_costs_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_refused(fixture, CARD_PIN_CHANGE, "pin", OLD, BYTES_TEXT("567"), SW_INCORRECT_DATA);
	assert_refused(fixture, CARD_PIN_CHANGE, "pin", OLD, BYTES_TEXT("567a"), SW_INCORRECT_DATA);
	assert_refused(fixture, CARD_PIN_CHANGE, "pin", OLD, BYTES_TEXT("123456789"),
		       SW_WRONG_LENGTH);
	assert_int_equal(fixture->saves, 0);
}

static void
an_old_value_that_no_command_could_bring_costs_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_refused(fixture, CARD_PIN_CHANGE, "pin", BYTES_TEXT("123456789"), NEW,
		       SW_WRONG_LENGTH);
	assert_int_equal(fixture->saves, 0);
}

static void
a_check_is_counted_and_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	renew(fixture, CARD_PIN_CHECK, "pin", OLD, BYTES_NONE);
	assert_int_equal(fixture->result, CARD_PENDING);
	assert_int_equal(card_request(fixture->card)->operation, KEY_PIN_VERIFY);
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 2);
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 3);
	assert_sw(fixture, "0020000100", 0x63C3); /* no program may use it */
}

static void
a_check_has_no_new_value_however_long_one_is_given(void **state)
{
	static const uint8_t value[300] = {0x31};
	struct fixture *fixture = *state;

	renew(fixture, CARD_PIN_CHECK, "pin", OLD, BYTES(value));
	assert_int_equal(fixture->result, CARD_PENDING);
	assert_int_equal(card_request(fixture->card)->new_pin.len, 0);
	assert_resumed(fixture, SW_OK, SW_OK);
}

static void
a_check_with_the_puk_leaves_a_blocked_pin_blocked(void **state)
{
	struct fixture *fixture = *state;

	block(fixture, "pin");
	renew(fixture, CARD_PUK_CHECK, "pin", PUK, BYTES_NONE);
	assert_int_equal(fixture->result, CARD_PENDING);
	assert_int_equal(card_request(fixture->card)->operation, KEY_PUK_VERIFY);
	assert_int_equal(fixture_saved_tries(fixture, "puk"), 1);
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_int_equal(fixture_saved_tries(fixture, "puk"), 2);
	assert_int_equal(fixture_tries(fixture, "pin"), 0);
}

static void
a_service_s_pin_a_puk_and_an_unknown_counter_are_refused(void **state)
{
	assert_refused(*state, CARD_PIN_CHANGE, "sign-pin", OLD, NEW, SW_CONDITIONS);
	assert_refused(*state, CARD_PIN_UNBLOCK, "sign-pin", PUK, NEW, SW_CONDITIONS);
	assert_refused(*state, CARD_PIN_CHANGE, "puk", PUK, NEW, SW_CONDITIONS);
	assert_refused(*state, CARD_PIN_CHANGE, "no-such", OLD, NEW, SW_REFERENCE_NOT_FOUND);
}

static void
a_try_that_cannot_be_counted_is_not_made(void **state)
{
	struct fixture *fixture = *state;

	fixture->save_fails = true;
	assert_refused(fixture, CARD_PIN_CHANGE, "pin", OLD, NEW, SW_MEMORY_FAILURE);
	assert_null(card_request(fixture->card));
}

static void
while_a_command_is_pending_nothing_is_changed(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_refused(fixture, CARD_PIN_CHANGE, "pin", OLD, NEW, SW_CONDITIONS);
	assert_int_equal(card_request(fixture->card)->operation, KEY_PIN_VERIFY);
	assert_int_equal(fixture->saves, 1);
}

/* 80 10: 300 bytes, of which T=0 gets 256 at a time; 2C are left. */
static void
what_a_program_has_yet_to_fetch_stays_there(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	assert_sw(fixture, "8010012C", 0x612C);
	assert_tried(fixture, CARD_PIN_CHANGE, KEY_PIN_CHANGE);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C2);
	assert_sw(fixture, "00C000002C", SW_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    card_test(what_may_be_said_of_a_pin_is_in_its_description),
	    card_test(a_change_has_both_values_and_is_counted_first),
	    card_test(a_wrong_old_value_stays_counted),
	    card_test(a_program_must_verify_a_changed_pin_anew),
	    card_test(a_blocked_pin_comes_back_with_its_puk),
	    card_test(a_wrong_puk_costs_a_try_of_the_puk),
	    card_test(a_blocked_pin_is_not_changed),
	    card_test(a_blocked_puk_unblocks_nothing),
	    card_test(a_new_value_of_the_wrong_form_costs_nothing),
	    card_test(an_old_value_that_no_command_could_bring_costs_nothing),
	    card_test(a_check_is_counted_and_changes_nothing),
	    card_test(a_check_has_no_new_value_however_long_one_is_given),
	    card_test(a_check_with_the_puk_leaves_a_blocked_pin_blocked),
	    card_test(a_service_s_pin_a_puk_and_an_unknown_counter_are_refused),
	    card_test(a_try_that_cannot_be_counted_is_not_made),
	    card_test(while_a_command_is_pending_nothing_is_changed),
	    card_test(what_a_program_has_yet_to_fetch_stays_there),
	};

	return cmocka_run_group_tests_name("card-owner", tests, NULL, NULL);
}
