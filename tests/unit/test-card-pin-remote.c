/*
 * Remote PINs: design.md, "A remote PIN cannot be checked before it is used" and "A start call
 * consumes the verified state".
 */
#include "emulator/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"

static const uint8_t SIGNATURE[FIXTURE_BLOCK] = {0x51};

static void
reach_request(struct fixture *fixture)
{
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	assert_sw(fixture, SET_REMOTE_HASH, SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
}

static void
reach_started(struct fixture *fixture)
{
	reach_request(fixture);
	assert_true(card_start(fixture->card));
}

static void
verify_checks_the_form_only(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	assert_sw(fixture, "0020008208 39393939FFFFFFFF", SW_OK);
	assert_int_equal(fixture->saves, 0);
}

static void
verify_refuses_what_cannot_be_a_pin(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0020008207 31323334FFFFFF", SW_WRONG_LENGTH);
	assert_sw(fixture, "0020008208 313233FFFFFFFFFF", SW_INCORRECT_DATA);
	assert_sw(fixture, "0020008208 FFFFFFFFFFFFFFFF", SW_INCORRECT_DATA);
	assert_sw(fixture, "0020008208 3132334100000000", SW_INCORRECT_DATA);
	assert_sw(fixture, "0020008200", 0x63C2);
}

static void
an_empty_verify_tells_the_state(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0020008200", 0x63C2);
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	assert_sw(fixture, "0020008200", SW_OK);
}

static void
the_maximum_is_two_whatever_the_personality_has(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_tries(fixture, "sign-pin"), 2);
}

static void
the_option_pin_tries_sets_the_maximum(void **state)
{
	struct fixture *fixture = *state;

	set_text(fixture->image.options, "loud pin-tries=5");
	assert_true(fixture_new(fixture));
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 5);
	assert_int_equal(fixture_tries(fixture, "pin"), 3);
}

static void
change_and_reset_are_6985(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0024008210 31323334FFFFFFFF 35363738FFFFFFFF", SW_CONDITIONS);
	assert_sw(fixture, "002C008210 3837363534333231 35363738FFFFFFFF", SW_CONDITIONS);
	assert_sw(fixture, "002C018208 3837363534333231", SW_CONDITIONS);
}

static void
the_request_has_pin_digestinfo_and_tries(void **state)
{
	struct fixture *fixture = *state;
	const struct key_request *request;

	reach_request(fixture);
	request = card_request(fixture->card);
	assert_string_equal(request->key, "sign");
	assert_true(request->remote);
	assert_bytes_hex(request->pin, "31323334");
	assert_bytes_hex(request->input, DIGESTINFO_SHA256);
	assert_int_equal(request->tries_left, 2);
	assert_int_equal(fixture->saves, 0);
}

static void
a_start_counts_the_try_on_disk(void **state)
{
	struct fixture *fixture = *state;

	reach_request(fixture);
	assert_true(card_start(fixture->card));
	assert_int_equal(fixture->saves, 1);
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 1);
	/* The PIN is still there for the call. */
	assert_bytes_hex(card_request(fixture->card)->pin, "31323334");
}

static void
a_start_that_cannot_be_counted_must_not_leave(void **state)
{
	struct fixture *fixture = *state;

	reach_request(fixture);
	fixture->save_fails = true;
	assert_false(card_start(fixture->card));
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 2);
	assert_resumed(fixture, SW_MEMORY_FAILURE, SW_MEMORY_FAILURE);
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 2);
}

static void
there_is_one_start_for_one_request(void **state)
{
	struct fixture *fixture = *state;

	assert_false(card_start(fixture->card)); /* nothing is pending */
	reach_started(fixture);
	assert_false(card_start(fixture->card));
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 1);
}

static void
a_local_key_has_no_start(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_false(card_start(fixture->card));
}

static void
a_signature_fills_the_counter_and_leaves_nothing_verified(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_int_equal(fixture_sw(fixture), SW_OK);
	assert_int_equal(fixture->response_len, FIXTURE_BLOCK + 2);
	assert_int_equal(fixture->response[0], 0x51);
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 2);
	assert_sw(fixture, "0020008200", 0x63C2);
}

static void
a_signature_leaves_even_when_the_counter_cannot_be_saved(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	fixture->save_fails = true;
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_int_equal(fixture_sw(fixture), SW_OK);
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 1);
}

/* OpenSC repeats the PSO at once; 6982 would hide why the first one failed. */
static void
after_any_failed_start_the_same_use_gets_the_same_answer_unasked(void **state)
{
	static const uint16_t results[][2] = {{SW_AUTHENTICATION, 0x63C8},
					      {SW_FATE_UNKNOWN, SW_FATE_UNKNOWN},
					      {SW_CODE_WRONG, SW_CODE_WRONG},
					      {SW_PROMPT_TIMEOUT, SW_PROMPT_TIMEOUT},
					      {SW_SERVICE_UNREACHABLE, SW_SERVICE_UNREACHABLE}};
	struct fixture *fixture = *state;

	set_text(fixture->image.options, "pin-tries=9");
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		assert_true(fixture_new(fixture));
		reach_started(fixture);
		assert_resumed(fixture, results[i][0], results[i][1]);
		assert_sw(fixture, "002A9E9A00", results[i][1]);
		assert_sw(fixture, SET_REMOTE_HASH, SW_OK);
		assert_sw(fixture, HASH_SHA256, SW_OK);
		assert_sw(fixture, "002A9E9A00", results[i][1]);
	}
}

static void
once_verified_again_an_old_failure_is_not_repeated(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_CODE_WRONG, SW_CODE_WRONG);
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	assert_sw(fixture, "0020FF82", SW_OK); /* logged out */
	assert_sw(fixture, "002A9E9A00", SW_SECURITY_STATUS);
}

static void
once_unblocked_an_old_failure_is_not_repeated(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	assert_true(card_pin_unblock(fixture->card, "sign-pin"));
	assert_sw(fixture, "002A9E9A00", SW_SECURITY_STATUS);
}

static void
after_a_failed_start_another_input_is_6982(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_CODE_WRONG, SW_CODE_WRONG);
	assert_sw(
	    fixture,
	    "002A90A022 9020 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
	    SW_OK);
	assert_sw(fixture, "002A9E9A00", SW_SECURITY_STATUS);
}

static void
after_a_reset_a_failed_use_is_forgotten(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_CODE_WRONG, SW_CODE_WRONG);
	card_reset(fixture->card);
	assert_sw(fixture, SET_REMOTE_HASH, SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_sw(fixture, "002A9E9A00", SW_SECURITY_STATUS);
}

static void
after_a_signature_the_same_use_is_6982(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_CODE_WRONG, SW_CODE_WRONG);
	reach_started(fixture);
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_sw(fixture, "002A9E9A00", SW_SECURITY_STATUS);
}

static void
a_refused_pin_stays_counted(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 1);
	assert_sw(fixture, "0020008200", 0x63C1);
}

static void
a_refused_pin_is_known_again_and_costs_nothing_then(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	assert_sw(fixture, VERIFY_REMOTE, 0x63C1);
	assert_sw(fixture, VERIFY_REMOTE, 0x63C1);
	assert_sw(fixture, "0020008200", 0x63C1);
	assert_sw(fixture, "0020008208 31323335FFFFFFFF", SW_OK);
	assert_sw(fixture, VERIFY_REMOTE, 0x63C1); /* and ends the verified state */
	assert_sw(fixture, "0020008200", 0x63C1);
}

static void
a_refused_pin_is_known_after_a_reset(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	card_reset(fixture->card);
	assert_sw(fixture, VERIFY_REMOTE, 0x63C1);
}

static void
another_card_does_not_know_it(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	assert_true(fixture_new(fixture));
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
}

static void
refuse_pin(struct fixture *fixture, unsigned i)
{
	char verify[64];

	(void)snprintf(verify, sizeof(verify), "0020008208 3030%02X%02XFFFFFFFF", 0x30 + i / 10,
		       0x30 + i % 10);
	assert_sw(fixture, verify, SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
	assert_true(card_start(fixture->card));
	fixture_resume(fixture, SW_AUTHENTICATION, BYTES_NONE);
}

static void
the_last_sixteen_refused_pins_are_known(void **state)
{
	struct fixture *fixture = *state;

	set_text(fixture->image.options, "pin-tries=15");
	assert_true(fixture_new(fixture));
	for (unsigned i = 0; i < 17; i++) {
		if (i % 10 == 0) { /* a signature in between, so that it does not block */
			reach_started(fixture);
			fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
			assert_sw(fixture, HASH_SHA256, SW_OK);
		}
		refuse_pin(fixture, i);
	}
	assert_sw(fixture, "0020008208 30303030FFFFFFFF", SW_OK); /* number 0, forgotten */
	assert_sw(fixture, "0020008208 30303031FFFFFFFF", 0x63C8);
	assert_sw(fixture, "0020008208 30303136FFFFFFFF", 0x63C8);
}

static void
when_blocked_verify_is_6983(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	assert_sw(fixture, "0020008208 31323335FFFFFFFF", SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
	assert_true(card_start(fixture->card));
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C0);
	assert_sw(fixture, "0020008208 31323336FFFFFFFF", SW_BLOCKED);
	assert_sw(fixture, "0020008200", SW_BLOCKED);
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 0);
}

static void
the_owner_unblocks_and_refused_pins_are_forgotten(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	assert_true(card_pin_unblock(fixture->card, "sign-pin"));
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 2);
	assert_sw(fixture, "0020008200", 0x63C2);
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
}

static void
only_remote_pins_are_unblocked_by_the_owner(void **state)
{
	struct fixture *fixture = *state;

	assert_false(card_pin_unblock(fixture->card, "pin"));
	assert_false(card_pin_unblock(fixture->card, "no-such"));
	reach_started(fixture);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	fixture->save_fails = true;
	assert_false(card_pin_unblock(fixture->card, "sign-pin"));
	assert_sw(fixture, VERIFY_REMOTE, 0x63C1);
}

static void
an_unknown_fate_stays_counted_and_the_pin_is_not_blamed(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_FATE_UNKNOWN, SW_FATE_UNKNOWN);
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 1);
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
}

static void
a_refusal_that_may_be_one_of_the_pin_stays_counted(void **state)
{
	static const struct key_result refused = {.sw = SW_CODE_WRONG, .pin_doubtful = true};
	struct fixture *fixture = *state;
	uint8_t room[RAPDU_LEN_MAX];
	struct writer response = writer_to(room, sizeof(room));

	reach_started(fixture);
	assert_int_equal(card_resume(fixture->card, &refused, &response), CARD_DONE);
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 1);
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
}

static void
any_other_end_of_a_started_call_gives_the_try_back(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_resumed(fixture, SW_CODE_WRONG, SW_CODE_WRONG);
	assert_int_equal(fixture_saved_tries(fixture, "sign-pin"), 2);
}

static void
a_try_that_cannot_be_given_back_stays_counted(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	fixture->save_fails = true;
	assert_resumed(fixture, SW_CODE_WRONG, SW_CODE_WRONG);
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 1);
}

static void
a_try_given_back_after_an_unblock_is_not_one_too_many(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	assert_true(card_pin_unblock(fixture->card, "sign-pin"));
	assert_resumed(fixture, SW_CODE_WRONG, SW_CODE_WRONG);
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 2);
}

static void
a_refused_consent_costs_nothing_and_keeps_the_verified_state(void **state)
{
	struct fixture *fixture = *state;

	reach_request(fixture);
	assert_resumed(fixture, SW_PROMPT_CANCELLED, SW_PROMPT_CANCELLED);
	assert_int_equal(fixture->saves, 0);
	assert_sw(fixture, "0020008200", SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1); /* the hash is still loaded */
}

static void
a_result_without_a_start_is_not_believed(void **state)
{
	struct fixture *fixture = *state;

	reach_request(fixture);
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_int_equal(fixture_sw(fixture), SW_UNKNOWN);
	assert_int_equal(fixture->response_len, 2);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
	assert_resumed(fixture, SW_AUTHENTICATION, SW_UNKNOWN);
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 2);
}

static void
a_reset_after_the_start_leaves_the_try_counted(void **state)
{
	struct fixture *fixture = *state;

	reach_started(fixture);
	card_reset(fixture->card);
	assert_null(card_request(fixture->card));
	assert_sw(fixture, "0020008200", 0x63C1);
}

static void
the_pin_ends_with_reset_and_selection_by_name(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	card_reset(fixture->card);
	assert_sw(fixture, "0020008200", 0x63C2);
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	assert_sw(fixture, "00A4040C05A0000000AA", SW_OK);
	assert_sw(fixture, "0020008200", 0x63C2);
}

static void
a_counter_saved_under_a_higher_maximum_is_full(void **state)
{
	struct fixture *fixture = *state;

	set_text(fixture->image.counters[0].name, "sign-pin");
	fixture->image.counters[0].tries_left = 7;
	fixture->image.counters_count = 1;
	assert_true(fixture_new(fixture));
	assert_int_equal(fixture_tries(fixture, "sign-pin"), 2);
}

static void
input_that_is_no_digestinfo_is_6a80(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	assert_sw(fixture, "002241B606 800102 840102", SW_OK);
	assert_sw(fixture, "002A9E9A04 30313233 00", SW_INCORRECT_DATA);
	assert_sw(fixture, "0020008200", SW_OK); /* nothing was used up */
	assert_request(fixture, "002A9E9A33" DIGESTINFO_SHA256 "00", KEY_SIGN_PKCS1);
	assert_bytes_hex(card_request(fixture->card)->input, DIGESTINFO_SHA256);
}

static void
a_scheme_that_the_service_cannot_do_is_refused_at_mse(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002241B606 800100 840102", SW_INCORRECT_DATA); /* raw */
	assert_sw(fixture, "002241B806 80011A 840102", SW_INCORRECT_DATA); /* decipher */
	fixture->personality.rules.sw_scheme = SW_CONDITIONS;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "002241B606 800100 840102", SW_CONDITIONS);
	assert_sw(fixture, "002241B606 800100 840101", SW_OK); /* the local key can */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    card_test(verify_checks_the_form_only),
	    card_test(verify_refuses_what_cannot_be_a_pin),
	    card_test(an_empty_verify_tells_the_state),
	    card_test(the_maximum_is_two_whatever_the_personality_has),
	    card_test(the_option_pin_tries_sets_the_maximum),
	    card_test(change_and_reset_are_6985),
	    card_test(the_request_has_pin_digestinfo_and_tries),
	    card_test(a_start_counts_the_try_on_disk),
	    card_test(a_start_that_cannot_be_counted_must_not_leave),
	    card_test(there_is_one_start_for_one_request),
	    card_test(a_local_key_has_no_start),
	    card_test(a_signature_fills_the_counter_and_leaves_nothing_verified),
	    card_test(a_signature_leaves_even_when_the_counter_cannot_be_saved),
	    card_test(after_any_failed_start_the_same_use_gets_the_same_answer_unasked),
	    card_test(once_verified_again_an_old_failure_is_not_repeated),
	    card_test(once_unblocked_an_old_failure_is_not_repeated),
	    card_test(after_a_failed_start_another_input_is_6982),
	    card_test(after_a_reset_a_failed_use_is_forgotten),
	    card_test(after_a_signature_the_same_use_is_6982),
	    card_test(a_refused_pin_stays_counted),
	    card_test(a_refused_pin_is_known_again_and_costs_nothing_then),
	    card_test(a_refused_pin_is_known_after_a_reset),
	    card_test(another_card_does_not_know_it),
	    card_test(the_last_sixteen_refused_pins_are_known),
	    card_test(when_blocked_verify_is_6983),
	    card_test(the_owner_unblocks_and_refused_pins_are_forgotten),
	    card_test(only_remote_pins_are_unblocked_by_the_owner),
	    card_test(an_unknown_fate_stays_counted_and_the_pin_is_not_blamed),
	    card_test(a_refusal_that_may_be_one_of_the_pin_stays_counted),
	    card_test(any_other_end_of_a_started_call_gives_the_try_back),
	    card_test(a_try_that_cannot_be_given_back_stays_counted),
	    card_test(a_try_given_back_after_an_unblock_is_not_one_too_many),
	    card_test(a_refused_consent_costs_nothing_and_keeps_the_verified_state),
	    card_test(a_result_without_a_start_is_not_believed),
	    card_test(a_reset_after_the_start_leaves_the_try_counted),
	    card_test(the_pin_ends_with_reset_and_selection_by_name),
	    card_test(a_counter_saved_under_a_higher_maximum_is_full),
	    card_test(input_that_is_no_digestinfo_is_6a80),
	    card_test(a_scheme_that_the_service_cannot_do_is_refused_at_mse),
	};

	return cmocka_run_group_tests_name("card-pin-remote", tests, NULL, NULL);
}
