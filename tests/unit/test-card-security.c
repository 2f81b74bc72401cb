/*
 * Security environments and the use of private keys: MSE, PSO HASH, PSO COMPUTE DIGITAL SIGNATURE,
 * PSO DECIPHER, INTERNAL AUTHENTICATE.
 */
#include "emulator/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"

static const uint8_t SIGNATURE[FIXTURE_BLOCK] = {0x51};

/* MSE */

static void
a_key_is_named_by_reference_file_or_both(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800102 840101", SW_OK);
	assert_sw(fixture, "002241B607 800102 81025003", SW_OK);
	assert_sw(fixture, "002241B60A 800102 81025003 840101", SW_OK);
	assert_sw(fixture, "002241B606 840101 800102", SW_OK); /* any order */
	assert_sw(fixture, "002241B60A 800102 81025003 840102", SW_REFERENCE_NOT_FOUND);
	assert_request(fixture, "002A9E9A023031", KEY_SIGN_PKCS1);
	assert_string_equal(card_request(fixture->card)->key, "auth");
}

static void
an_unknown_key_is_6a88(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002241B606 800102 840177", SW_REFERENCE_NOT_FOUND);
	assert_sw(fixture, "002241B607 800102 81027777", SW_REFERENCE_NOT_FOUND);
	assert_sw(fixture, "002241B606 800102 840100", SW_REFERENCE_NOT_FOUND);
	assert_sw(fixture, "002241B607 800102 81020000", SW_REFERENCE_NOT_FOUND);
}

static void
an_unknown_algorithm_is_6a80(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002241B606 800199 840101", SW_INCORRECT_DATA);
	assert_sw(fixture, "002241B606 80011A 840101", SW_INCORRECT_DATA); /* of another template */
	assert_sw(fixture, "002241B603 840101", SW_INCORRECT_DATA);        /* none named */
}

static void
control_references_that_cannot_be_read_are_6a80(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002241B603 800102", SW_INCORRECT_DATA); /* no key */
	assert_sw(fixture, "002241B607 80020002 840101", SW_INCORRECT_DATA);
	assert_sw(fixture, "002241B607 800102 84020001", SW_INCORRECT_DATA);
	assert_sw(fixture, "002241B606 800102 810150", SW_INCORRECT_DATA);
	assert_sw(fixture, "002241B609 800102 840101 830101", SW_INCORRECT_DATA);
	assert_sw(fixture, "002241B605 800102 8401", SW_INCORRECT_DATA);
	assert_sw(fixture, "002241B6", SW_WRONG_LENGTH);
	assert_sw(fixture,
		  "002241B631 800102 840101 950140 950140 950140 950140 950140 950140 950140 "
		  "950140 950140 950140 950140 950140 950140 950140 95",
		  SW_WRONG_LENGTH);
}

static void
a_usage_qualifier_is_read_over(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002241A409 950140 840101 800102", SW_OK);
	assert_sw(fixture, "002241A40A 95020040 840101 800102", SW_INCORRECT_DATA);
}

static void
other_templates_and_forms_are_a_wrong_p1_or_p2(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002241AA03 800140", SW_INCORRECT_P1P2);
	assert_sw(fixture, "002281B606 800102 840101", SW_INCORRECT_P1P2);
	assert_sw(fixture, "0022F201", SW_INCORRECT_P1P2);
}

static void
a_failed_set_leaves_the_environment(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_sw(fixture, "002241B606 800199 840101", SW_INCORRECT_DATA);
	assert_request(fixture, "002A9E9A023031", KEY_SIGN_PKCS1);
}

static void
a_template_replaces_itself_only(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_sw(fixture, "002241B806 80011A 840101", SW_OK);
	assert_request(fixture, "002A9E9A023031", KEY_SIGN_PKCS1);
}

static void
restore_clears_the_environment(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_sw(fixture, "0022F30001FF", SW_WRONG_LENGTH);
	assert_sw(fixture, "0022F301", SW_REFERENCE_NOT_FOUND);
	assert_sw(fixture, "0022F300", SW_OK);
	assert_sw(fixture, "002A9E9A023031", SW_CONDITIONS);
}

static void
a_change_of_df_may_clear_the_environment(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.df_change_clears_se = true;
	assert_true(fixture_new(fixture));
	fixture_verify_local(fixture);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_sw(fixture, "00A4000C023F00", SW_OK);
	assert_request(fixture, "002A9E9A023031", KEY_SIGN_PKCS1);
	assert_resumed(fixture, SW_CONDITIONS, SW_CONDITIONS);
	assert_sw(fixture, "00A4000C025000", SW_OK);
	assert_sw(fixture, "002A9E9A023031", SW_CONDITIONS);
}

/* PSO */

static void
without_an_environment_pso_is_6985(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002A9E9A023031", SW_CONDITIONS);
	assert_sw(fixture, "002A808603003031", SW_CONDITIONS);
	assert_sw(fixture, "0088000002303100", SW_CONDITIONS);
	assert_sw(fixture, HASH_SHA256, SW_CONDITIONS);
}

static void
without_a_verified_pin_pso_is_6982(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_sw(fixture, "002A9E9A023031", SW_SECURITY_STATUS);
}

static void
the_pin_of_another_key_does_not_help(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_sw(fixture, "002A9E9A023031", SW_SECURITY_STATUS);
}

static void
a_signature_is_the_requests_output(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_request(fixture, "002A9E9A02303100", KEY_SIGN_PKCS1);
	assert_bytes_hex(card_request(fixture->card)->pin, "31323334");
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_int_equal(fixture_sw(fixture), SW_OK);
	assert_int_equal(fixture->response_len, FIXTURE_BLOCK + 2);
	assert_memory_equal(fixture->response, SIGNATURE, FIXTURE_BLOCK);
}

static void
on_t0_a_signature_is_fetched_by_get_response(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	fixture_verify_local(fixture);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_request(fixture, "002A9E9A023031", KEY_SIGN_PKCS1);
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_int_equal(fixture_sw(fixture), SW_MORE_DATA | FIXTURE_BLOCK);
	assert_sw(fixture, "00C0000080", SW_OK);
	assert_memory_equal(fixture->response, SIGNATURE, FIXTURE_BLOCK);
}

static void
on_t0_a_signature_survives_a_wrong_le(void **state)
{
	struct fixture *fixture = *state;

	/* fineid.md 4.10: real cards may lose the hash at 6Cxx and sign garbage after it. */
	fixture_use_t0(fixture);
	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800142 840101", SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_request(fixture, "002A9E9AFF", KEY_SIGN_PKCS1);
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_int_equal(fixture_sw(fixture), SW_WRONG_LE | FIXTURE_BLOCK);
	assert_sw(fixture, "002A9E9A80", SW_OK); /* no second request */
	assert_memory_equal(fixture->response, SIGNATURE, FIXTURE_BLOCK);
}

static void
a_bare_digest_gets_its_digestinfo(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800112 840101", SW_OK);
	assert_request(fixture, "002A9E9A14 000102030405060708090A0B0C0D0E0F10111213 00",
		       KEY_SIGN_PKCS1);
	/* RFC 8017 section 9.2, note 1 */
	assert_bytes_hex(card_request(fixture->card)->input,
			 "3021300906052B0E03021A05000414"
			 "000102030405060708090A0B0C0D0E0F10111213");
}

static void
input_of_a_wrong_length_is_6700(void **state)
{
	struct fixture *fixture = *state;
	uint8_t long_data[5 + FIXTURE_BLOCK] = {0x00, 0x2A, 0x9E, 0x9A, FIXTURE_BLOCK};

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800112 840101", SW_OK);
	assert_sw(fixture, "002A9E9A0130", SW_WRONG_LENGTH);
	assert_sw(fixture, "002241B606 800100 840101", SW_OK);
	assert_sw(fixture, "002A9E9A0130", SW_WRONG_LENGTH);
	assert_sw(fixture, "002241B606 800102 840101", SW_OK);
	assert_sw(fixture, "002A9E9A", SW_WRONG_LENGTH);
	fixture_send_bytes(fixture, BYTES(long_data)); /* more than modulus - 11 */
	assert_int_equal(fixture_sw(fixture), SW_WRONG_LENGTH);
}

static void
a_whole_block_is_signed_as_it_is(void **state)
{
	struct fixture *fixture = *state;
	uint8_t command[5 + FIXTURE_BLOCK] = {0x00, 0x2A, 0x9E, 0x9A, FIXTURE_BLOCK, 0x00, 0x01};

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800100 840101", SW_OK);
	fixture_send_bytes(fixture, BYTES(command));
	assert_int_equal(fixture->result, CARD_PENDING);
	assert_int_equal(card_request(fixture->card)->operation, KEY_SIGN_RAW);
	assert_int_equal(card_request(fixture->card)->input.len, FIXTURE_BLOCK);
	assert_memory_equal(card_request(fixture->card)->input.data, command + 5, FIXTURE_BLOCK);
}

static void
a_loaded_hash_is_signed_once(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800142 840101", SW_OK);
	assert_sw(fixture, "002A9E9A00", SW_CONDITIONS); /* none loaded */
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
	assert_bytes_hex(card_request(fixture->card)->input, DIGESTINFO_SHA256);
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_sw(fixture, "002A9E9A00", SW_CONDITIONS);
}

static void
a_failed_signature_keeps_the_hash(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800142 840101", SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
	assert_resumed(fixture, SW_UNKNOWN, SW_UNKNOWN);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
}

static void
a_new_environment_drops_the_hash(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800142 840101", SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_sw(fixture, "002241B606 800142 840101", SW_OK);
	assert_sw(fixture, "002A9E9A00", SW_CONDITIONS);
}

static void
where_the_hash_is_loaded_data_in_the_signature_is_6985(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800142 840101", SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_sw(fixture, "002A9E9A0130", SW_CONDITIONS);
}

static void
a_bare_hash_is_handed_on_as_it_is(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800154 840101", SW_OK);
	assert_sw(fixture,
		  "002A90A032 9030 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
		  "202122232425262728292A2B2C2D2E2F",
		  SW_OK);
	assert_request(fixture, "002A9E9A60", KEY_SIGN_RAW);
	assert_int_equal(card_request(fixture->card)->input.len, 48);
}

static void
a_hash_of_another_form_or_length_is_6a80(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002241B606 800142 840101", SW_OK);
	assert_sw(fixture, "002A90A003 900100", SW_INCORRECT_DATA);
	assert_sw(fixture, "002A90A003 800100", SW_INCORRECT_DATA);
	assert_sw(fixture, "002A90A002 9000", SW_INCORRECT_DATA);
	assert_sw(fixture, "002A90A001 90", SW_INCORRECT_DATA);
	assert_sw(fixture, "002A90A0", SW_WRONG_LENGTH);
	/* IAS-ECC's intermediate form (iasecc.md 4.15) is a matter of a personality. */
	assert_sw(fixture, "002A90A00F 9000 800B 68656C6C6F20776F726C64", SW_INCORRECT_DATA);
}

static void
a_hash_needs_an_algorithm_that_takes_it(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_CONDITIONS);
}

static void
a_card_without_pso_hash_says_wrong_p1_p2(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.hash = 0;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, HASH_SHA256, SW_INCORRECT_P1P2);
}

static void
a_cryptogram_comes_with_a_padding_indicator(void **state)
{
	struct fixture *fixture = *state;
	uint8_t command[5 + 1 + FIXTURE_BLOCK] = {0x00, 0x2A, 0x80, 0x86, FIXTURE_BLOCK + 1};
	static const uint8_t message[] = {0x68, 0x69};

	command[6] = 0x77;
	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B806 80011A 840101", SW_OK);
	for (unsigned indicator = 0; indicator <= 0x81; indicator += 0x81) {
		command[5] = (uint8_t)indicator;
		fixture_send_bytes(fixture, BYTES(command));
		assert_int_equal(fixture->result, CARD_PENDING);
		assert_int_equal(card_request(fixture->card)->operation, KEY_DECIPHER_PKCS1);
		assert_int_equal(card_request(fixture->card)->input.len, FIXTURE_BLOCK);
		assert_int_equal(card_request(fixture->card)->input.data[0], 0x77);
		fixture_resume(fixture, SW_OK, BYTES(message));
	}
	assert_int_equal(fixture_sw(fixture), 0x6102); /* no Le was sent */
	assert_answer(fixture, "00C0000000", "6869 9000");
	command[5] = 0x02;
	fixture_send_bytes(fixture, BYTES(command));
	assert_int_equal(fixture_sw(fixture), SW_INCORRECT_DATA);
	assert_sw(fixture, "002A808603 00 3031", SW_WRONG_LENGTH);
}

static void
an_algorithm_may_be_unnamed(void **state)
{
	struct fixture *fixture = *state;
	uint8_t command[5 + 1 + FIXTURE_BLOCK] = {0x00, 0x2A, 0x80, 0x86, FIXTURE_BLOCK + 1};

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B803 840101", SW_OK);
	fixture_send_bytes(fixture, BYTES(command));
	assert_int_equal(card_request(fixture->card)->operation, KEY_DECIPHER_RAW);
}

static void
internal_authenticate_uses_its_own_template(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241A406 840101 800102", SW_OK);
	assert_request(fixture, "0088000033" DIGESTINFO_SHA256 "00", KEY_SIGN_PKCS1);
	assert_bytes_hex(card_request(fixture->card)->input, DIGESTINFO_SHA256);
}

static void
a_one_shot_pin_ends_with_the_signature(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_ONCE, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_sw(fixture, "002241B606 800102 840103", SW_OK);
	assert_request(fixture, "002A9E9A02303100", KEY_SIGN_PKCS1);
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_sw(fixture, "002A9E9A02303100", SW_SECURITY_STATUS);
	assert_sw(fixture, "0020000300", 0x63C3);
}

static void
another_local_pin_stays_after_the_signature(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_request(fixture, "002A9E9A02303100", KEY_SIGN_PKCS1);
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_sw(fixture, "0020000100", SW_OK);
	assert_request(fixture, "002A9E9A02303100", KEY_SIGN_PKCS1);
}

static void
a_local_key_that_its_pin_does_not_open_any_more_is_6982(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_request(fixture, "002A9E9A02303100", KEY_SIGN_PKCS1);
	assert_resumed(fixture, SW_AUTHENTICATION, SW_SECURITY_STATUS);
	assert_sw(fixture, "0020000100", 0x63C3);
}

static void
success_without_output_is_an_error_of_the_driver(void **state)
{
	struct fixture *fixture = *state;
	static const uint8_t too_long[KEY_OUTPUT_MAX + 1];

	fixture_verify_local(fixture);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_request(fixture, "002A9E9A02303100", KEY_SIGN_PKCS1);
	assert_resumed(fixture, SW_OK, SW_UNKNOWN);
	assert_request(fixture, "002A9E9A02303100", KEY_SIGN_PKCS1);
	fixture_resume(fixture, SW_OK, BYTES(too_long));
	assert_int_equal(fixture_sw(fixture), SW_UNKNOWN);
	assert_int_equal(fixture->response_len, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    card_test(a_key_is_named_by_reference_file_or_both),
	    card_test(an_unknown_key_is_6a88),
	    card_test(an_unknown_algorithm_is_6a80),
	    card_test(control_references_that_cannot_be_read_are_6a80),
	    card_test(a_usage_qualifier_is_read_over),
	    card_test(other_templates_and_forms_are_a_wrong_p1_or_p2),
	    card_test(a_failed_set_leaves_the_environment),
	    card_test(a_template_replaces_itself_only),
	    card_test(restore_clears_the_environment),
	    card_test(a_change_of_df_may_clear_the_environment),
	    card_test(without_an_environment_pso_is_6985),
	    card_test(without_a_verified_pin_pso_is_6982),
	    card_test(the_pin_of_another_key_does_not_help),
	    card_test(a_signature_is_the_requests_output),
	    card_test(on_t0_a_signature_is_fetched_by_get_response),
	    card_test(on_t0_a_signature_survives_a_wrong_le),
	    card_test(a_bare_digest_gets_its_digestinfo),
	    card_test(input_of_a_wrong_length_is_6700),
	    card_test(a_whole_block_is_signed_as_it_is),
	    card_test(a_loaded_hash_is_signed_once),
	    card_test(a_failed_signature_keeps_the_hash),
	    card_test(a_new_environment_drops_the_hash),
	    card_test(where_the_hash_is_loaded_data_in_the_signature_is_6985),
	    card_test(a_bare_hash_is_handed_on_as_it_is),
	    card_test(a_hash_of_another_form_or_length_is_6a80),
	    card_test(a_hash_needs_an_algorithm_that_takes_it),
	    card_test(a_card_without_pso_hash_says_wrong_p1_p2),
	    card_test(a_cryptogram_comes_with_a_padding_indicator),
	    card_test(an_algorithm_may_be_unnamed),
	    card_test(internal_authenticate_uses_its_own_template),
	    card_test(a_one_shot_pin_ends_with_the_signature),
	    card_test(another_local_pin_stays_after_the_signature),
	    card_test(a_local_key_that_its_pin_does_not_open_any_more_is_6982),
	    card_test(success_without_output_is_an_error_of_the_driver),
	};

	return cmocka_run_group_tests_name("card-security", tests, NULL, NULL);
}
