/*
 * Local PINs: the key is in a file, the value is tried by opening it, the counter is on disk
 * before.
 */
#include "emulator/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"

/* VERIFY */

static void
an_empty_verify_tells_the_tries_left(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0020000100", 0x63C3);
	assert_sw(fixture, "00200001", 0x63C3); /* OpenSC's form of it: case 1 */
}

static void
an_empty_verify_costs_nothing(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < 5; i++)
		assert_sw(fixture, "0020000100", 0x63C3);
	assert_int_equal(fixture->saves, 0);
}

static void
an_empty_verify_of_a_verified_pin_is_9000(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "0020000100", SW_OK);
}

static void
the_request_has_the_value_without_padding(void **state)
{
	struct fixture *fixture = *state;
	const struct key_request *request;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	request = card_request(fixture->card);
	assert_string_equal(request->key, "auth");
	assert_false(request->remote);
	assert_bytes_hex(request->pin, "31323334");
	assert_int_equal(request->input.len, 0);
	assert_int_equal(request->new_pin.len, 0);
	assert_int_equal(request->tries_left, 3);
}

static void
the_try_is_on_disk_before_the_request(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_int_equal(fixture->saves, 1);
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 2);
}

static void
a_right_pin_fills_the_counter_on_disk(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C2);
	fixture_verify_local(fixture);
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 3);
	assert_int_equal(fixture_tries(fixture, "pin"), 3);
}

static void
wrong_pins_count_down_to_blocked(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C2);
	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C0);
	assert_sw(fixture, VERIFY_LOCAL, SW_BLOCKED);
	assert_sw(fixture, "0020000100", SW_BLOCKED);
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 0);
}

static void
a_wrong_pin_ends_the_verified_state(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_request(fixture, "0020000108 3939393900000000", KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C2);
	assert_sw(fixture, "0020000100", 0x63C2);
}

static void
a_counter_that_cannot_be_saved_stops_the_try(void **state)
{
	struct fixture *fixture = *state;

	fixture->save_fails = true;
	assert_sw(fixture, VERIFY_LOCAL, SW_MEMORY_FAILURE);
	assert_null(card_request(fixture->card));
	assert_int_equal(fixture_tries(fixture, "pin"), 3);
}

static void
a_full_counter_that_cannot_be_saved_is_not_verified(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	fixture->save_fails = true;
	assert_resumed(fixture, SW_OK, SW_MEMORY_FAILURE);
	assert_sw(fixture, "0020000100", 0x63C2);
}

static void
a_value_that_was_not_tried_costs_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_UNKNOWN, SW_UNKNOWN); /* the key's file is broken */
	assert_sw(fixture, "0020000100", 0x63C3);
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 3);
}

static void
a_value_of_impossible_form_costs_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0020000107 31323334000000", SW_WRONG_LENGTH);
	assert_sw(fixture, "0020000109 313233340000000000", SW_WRONG_LENGTH);
	assert_sw(fixture, "0020000108 31323341 00000000", SW_INCORRECT_DATA);
	assert_sw(fixture, "0020000108 3132333400000031", SW_INCORRECT_DATA); /* digits behind */
	assert_sw(fixture, "0020000108 31323334FFFFFFFF", SW_INCORRECT_DATA); /* foreign pad */
	assert_int_equal(fixture->saves, 0);
}

static void
the_personality_names_the_status_word_of_a_wrong_form(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.sw_pin_format = SW_REFERENCE_DATA_UNUSABLE;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "0020000108 4132333400000000", SW_REFERENCE_DATA_UNUSABLE);
}

static void
a_value_that_is_too_short_is_tried_like_any_wrong_one(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, "0020000108 3100000000000000", KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C2);
	assert_request(fixture, "0020000108 0000000000000000", KEY_PIN_VERIFY);
	assert_int_equal(card_request(fixture->card)->pin.len, 0);
}

static void
references_and_parameters_that_are_not_there(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0020007700", SW_REFERENCE_NOT_FOUND);
	assert_sw(fixture, "0020010100", SW_INCORRECT_P1P2);
	assert_sw(fixture, "0024007700", SW_REFERENCE_NOT_FOUND);
	assert_sw(fixture, "002C007700", SW_REFERENCE_NOT_FOUND);
	assert_sw(fixture, "0024020100", SW_INCORRECT_P1P2);
	assert_sw(fixture, "002C030100", SW_INCORRECT_P1P2);
}

static void
verify_ff_logs_out(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "0020FF010431323334", SW_WRONG_LENGTH);
	assert_sw(fixture, "0020FF01", SW_OK);
	assert_sw(fixture, "0020000100", 0x63C3);
	fixture->personality.rules.pin = 0;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "0020FF01", SW_INCORRECT_P1P2);
}

static void
selecting_by_name_drops_the_verified_state(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "00A4040C05A0000000CC", SW_FILE_NOT_FOUND);
	assert_sw(fixture, "0020000100", SW_OK); /* a failed selection does not */
	assert_sw(fixture, "00A4000C025000", SW_OK);
	assert_sw(fixture, "0020000100", SW_OK); /* nor one by FID */
	assert_sw(fixture, "00A4040C05A0000000AA", SW_OK);
	assert_sw(fixture, "0020000100", 0x63C3);
}

static void
a_personality_may_keep_pins_over_a_selection_by_name(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.name_select = PINS_KEPT;
	assert_true(fixture_new(fixture));
	fixture_verify_local(fixture);
	assert_sw(fixture, "00A4040C05A0000000AA", SW_OK);
	assert_sw(fixture, "0020000100", SW_OK);
}

static void
a_change_of_df_may_drop_local_pins_only(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.df_change = PINS_LOCAL_DROPPED;
	assert_true(fixture_new(fixture));
	fixture_verify_local(fixture);
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	assert_sw(fixture, "00A4000C025000", SW_OK);
	assert_sw(fixture, "0020000100", SW_OK);
	assert_sw(fixture, "0020008200", 0x63C2);
}

static void
selecting_the_same_df_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.df_change = PINS_ALL_DROPPED;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "00A4000C025000", SW_OK);
	fixture_verify_local(fixture);
	assert_sw(fixture, "00A4000C025001", SW_OK);
	assert_sw(fixture, "00A4000C025000", SW_OK);
	assert_sw(fixture, "0020000100", SW_OK);
}

/* CHANGE REFERENCE DATA */

#define CHANGE "0024000110 3132333400000000 3536373800000000"

static void
a_change_requests_both_values_and_counts_the_try_first(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, CHANGE, KEY_PIN_CHANGE);
	assert_bytes_hex(card_request(fixture->card)->pin, "31323334");
	assert_bytes_hex(card_request(fixture->card)->new_pin, "35363738");
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 2);
}

static void
a_changed_pin_is_not_verified_and_its_counter_is_full(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C2);
	assert_request(fixture, CHANGE, KEY_PIN_CHANGE);
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_sw(fixture, "0020000100", 0x63C3);
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 3);
}

static void
a_change_with_the_wrong_old_value_costs_a_try_and_the_verified_state(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_request(fixture, CHANGE, KEY_PIN_CHANGE);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C2);
	assert_sw(fixture, "0020000100", 0x63C2);
}

static void
a_new_value_must_be_of_the_right_form(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0024000110 3132333400000000 3536370000000000", SW_INCORRECT_DATA);
	assert_sw(fixture, "0024000110 3132333400000000 4142434400000000", SW_INCORRECT_DATA);
	assert_sw(fixture, "002400010C 3132333400000000 35363738", SW_WRONG_LENGTH);
	assert_sw(fixture, "0024000104 31323334", SW_WRONG_LENGTH);
	assert_sw(fixture, "00240001", SW_WRONG_LENGTH);
	assert_int_equal(fixture->saves, 0);
}

static void
a_change_that_cannot_be_counted_is_not_tried(void **state)
{
	struct fixture *fixture = *state;

	fixture->save_fails = true;
	assert_sw(fixture, CHANGE, SW_MEMORY_FAILURE);
	assert_null(card_request(fixture->card));
}

static void
a_blocked_pin_is_not_changed(void **state)
{
	struct fixture *fixture = *state;

	set_text(fixture->image.counters[0].name, "pin");
	fixture->image.counters_count = 1;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, CHANGE, SW_BLOCKED);
}

static void
change_p1_01_takes_the_verified_value_as_the_old_one(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0024010108 3536373800000000", SW_SECURITY_STATUS);
	fixture_verify_local(fixture);
	assert_request(fixture, "0024010108 3536373800000000", KEY_PIN_CHANGE);
	assert_bytes_hex(card_request(fixture->card)->pin, "31323334");
	assert_bytes_hex(card_request(fixture->card)->new_pin, "35363738");
}

static void
unpadded_values_are_cut_at_the_length_of_the_verified_one(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0024000306 616263 646566", SW_SECURITY_STATUS);
	assert_request(fixture, VERIFY_ONCE, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_request(fixture, "0024000307 616263 64656667", KEY_PIN_CHANGE);
	assert_bytes_hex(card_request(fixture->card)->pin, "616263");
	assert_bytes_hex(card_request(fixture->card)->new_pin, "64656667");
}

static void
a_puk_is_not_changed(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0024001206 616263 646566", SW_CONDITIONS);
}

/* RESET RETRY COUNTER */

#define RESET "002C000110 3837363534333231 3536373800000000"

static void
a_reset_requests_puk_and_new_value_and_counts_the_puks_try(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, RESET, KEY_PIN_UNBLOCK);
	assert_string_equal(card_request(fixture->card)->key, "auth");
	assert_bytes_hex(card_request(fixture->card)->pin, "3837363534333231");
	assert_bytes_hex(card_request(fixture->card)->new_pin, "35363738");
	assert_int_equal(fixture_saved_tries(fixture, "puk"), 1);
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 3);
}

static void
a_blocked_pin_comes_back_with_its_puk(void **state)
{
	struct fixture *fixture = *state;

	set_text(fixture->image.counters[0].name, "pin");
	fixture->image.counters_count = 1;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "0020000100", SW_BLOCKED);
	assert_request(fixture, RESET, KEY_PIN_UNBLOCK);
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_sw(fixture, "0020000100", 0x63C3); /* not verified */
	assert_int_equal(fixture_saved_tries(fixture, "pin"), 3);
	assert_int_equal(fixture_saved_tries(fixture, "puk"), 2);
}

static void
a_wrong_puk_costs_a_try_of_the_puk_only(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, RESET, KEY_PIN_UNBLOCK);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	assert_request(fixture, RESET, KEY_PIN_UNBLOCK);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C0);
	assert_sw(fixture, RESET, SW_BLOCKED);
	assert_sw(fixture, "0020000100", 0x63C3);
}

static void
a_reset_counter_that_cannot_be_saved_is_an_error(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C2);
	assert_request(fixture, RESET, KEY_PIN_UNBLOCK);
	fixture->save_fails = true;
	assert_resumed(fixture, SW_OK, SW_MEMORY_FAILURE);
	assert_int_equal(fixture_tries(fixture, "puk"), 1);
	assert_int_equal(fixture_tries(fixture, "pin"), 2);
}

static void
reset_p1_01_takes_the_puk_alone(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C2);
	assert_request(fixture, "002C010108 3837363534333231", KEY_PUK_VERIFY);
	assert_string_equal(card_request(fixture->card)->key, "auth");
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_sw(fixture, "0020000100", 0x63C3);
	assert_sw(fixture, "002C010107 38373635343332", SW_WRONG_LENGTH);
}

static void
reset_p1_01_with_a_blocked_puk_is_6983(void **state)
{
	struct fixture *fixture = *state;

	set_text(fixture->image.counters[0].name, "puk");
	fixture->image.counters_count = 1;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "002C010108 3837363534333231", SW_BLOCKED);
}

static void
reset_p1_02_takes_the_new_value_after_a_verify_of_the_puk(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002C020303 646566", SW_SECURITY_STATUS);
	assert_request(fixture, "0020001204 70756B21", KEY_PUK_VERIFY);
	assert_string_equal(card_request(fixture->card)->key, "once");
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_request(fixture, "002C020303 646566", KEY_PIN_UNBLOCK);
	assert_bytes_hex(card_request(fixture->card)->pin, "70756B21");
	assert_bytes_hex(card_request(fixture->card)->new_pin, "646566");
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_sw(fixture, "0020001200", 0x63C2); /* the PUK is not verified any more */
}

static void
forms_that_the_personality_has_not_are_a_wrong_p1(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.pin = CHANGE_OLD_NEW | RESET_PUK_NEW;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "0024010108 3536373800000000", SW_INCORRECT_P1P2);
	assert_sw(fixture, "002C010108 3837363534333231", SW_INCORRECT_P1P2);
	assert_sw(fixture, "002C020108 3837363534333231", SW_INCORRECT_P1P2);
	assert_request(fixture, CHANGE, KEY_PIN_CHANGE);
}

static void
a_pin_without_puk_is_not_reset(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002C001206 616263 646566", SW_CONDITIONS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    card_test(an_empty_verify_tells_the_tries_left),
	    card_test(an_empty_verify_costs_nothing),
	    card_test(an_empty_verify_of_a_verified_pin_is_9000),
	    card_test(the_request_has_the_value_without_padding),
	    card_test(the_try_is_on_disk_before_the_request),
	    card_test(a_right_pin_fills_the_counter_on_disk),
	    card_test(wrong_pins_count_down_to_blocked),
	    card_test(a_wrong_pin_ends_the_verified_state),
	    card_test(a_counter_that_cannot_be_saved_stops_the_try),
	    card_test(a_full_counter_that_cannot_be_saved_is_not_verified),
	    card_test(a_value_that_was_not_tried_costs_nothing),
	    card_test(a_value_of_impossible_form_costs_nothing),
	    card_test(the_personality_names_the_status_word_of_a_wrong_form),
	    card_test(a_value_that_is_too_short_is_tried_like_any_wrong_one),
	    card_test(references_and_parameters_that_are_not_there),
	    card_test(verify_ff_logs_out),
	    card_test(selecting_by_name_drops_the_verified_state),
	    card_test(a_personality_may_keep_pins_over_a_selection_by_name),
	    card_test(a_change_of_df_may_drop_local_pins_only),
	    card_test(selecting_the_same_df_changes_nothing),
	    card_test(a_change_requests_both_values_and_counts_the_try_first),
	    card_test(a_changed_pin_is_not_verified_and_its_counter_is_full),
	    card_test(a_change_with_the_wrong_old_value_costs_a_try_and_the_verified_state),
	    card_test(a_new_value_must_be_of_the_right_form),
	    card_test(a_change_that_cannot_be_counted_is_not_tried),
	    card_test(a_blocked_pin_is_not_changed),
	    card_test(change_p1_01_takes_the_verified_value_as_the_old_one),
	    card_test(unpadded_values_are_cut_at_the_length_of_the_verified_one),
	    card_test(a_puk_is_not_changed),
	    card_test(a_reset_requests_puk_and_new_value_and_counts_the_puks_try),
	    card_test(a_blocked_pin_comes_back_with_its_puk),
	    card_test(a_wrong_puk_costs_a_try_of_the_puk_only),
	    card_test(a_reset_counter_that_cannot_be_saved_is_an_error),
	    card_test(reset_p1_01_takes_the_puk_alone),
	    card_test(reset_p1_01_with_a_blocked_puk_is_6983),
	    card_test(reset_p1_02_takes_the_new_value_after_a_verify_of_the_puk),
	    card_test(forms_that_the_personality_has_not_are_a_wrong_p1),
	    card_test(a_pin_without_puk_is_not_reset),
	};

	return cmocka_run_group_tests_name("card-pin", tests, NULL, NULL);
}
