/*
 * The card as a whole: transport on T=0 and T=1, chaining, dispatch, reset, pending requests.
 */
#include "emulator/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"

/* Transport */

static void
malformed_commands_are_6700(void **state)
{
	static const char *const commands[] = {
	    "", "00", "00A4", "00A400", "00A400000250", "00A40000025000 0000", "00B000000000",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		assert_answer(fixture, commands[i], "6700");
}

static void
a_malformed_command_leaves_the_state(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00A4080C0450005001", SW_OK);
	assert_sw(fixture, "80100010", 0x6110);
	assert_sw(fixture, "00A400000250", SW_WRONG_LENGTH);
	assert_answer(fixture, "00C0000003", "DDDDDD 610D");
	assert_answer(fixture, "00B0000001", "00 9000");
}

static void
on_t1_the_answer_comes_at_once_up_to_ne(void **state)
{
	struct fixture *fixture = *state;

	assert_answer(fixture, "8010000504", "DDDDDDDD 6101");
	assert_answer(fixture, "00C0000000", "DD 9000");
	assert_answer(fixture, "8010000505", "DDDDDDDDDD 9000");
	assert_answer(fixture, "80100005FF", "DDDDDDDDDD 9000");
	assert_answer(fixture, "8010000501 FF 00", "DDDDDDDDDD 9000");
}

static void
the_reader_chooses_among_the_protocols_of_the_atr(void **state)
{
	/* T=0, then T=1: fineid.md 2.1, A10 */
	static const uint8_t both[] = {0x3B, 0xDD, 0x96, 0x00, 0x80, 0x31, 0xFE, 0x45,
				       0x00, 0x31, 0xB8, 0x64, 0x04, 0x29, 0xEC, 0xC1,
				       0x73, 0x94, 0x01, 0x80, 0x82, 0x48};
	struct fixture *fixture = *state;

	fixture->personality.atr = BYTES(both);
	assert_true(fixture_new(fixture));
	assert_answer(fixture, "8010000501 FF", "6105");
	card_set_protocol(fixture->card, 1);
	assert_answer(fixture, "8010000501 FF 00", "DDDDDDDDDD 9000");
	card_set_protocol(fixture->card, 0);
	assert_answer(fixture, "8010000501 FF", "6105");
	card_set_protocol(fixture->card, 1);
	card_reset(fixture->card);
	assert_answer(fixture, "8010000501 FF", "6105");
}

static void
a_protocol_that_the_atr_has_not_is_not_taken(void **state)
{
	struct fixture *fixture = *state;

	card_set_protocol(fixture->card, 0);
	assert_answer(fixture, "8010000501 FF 00", "DDDDDDDDDD 9000");
}

static void
on_t1_an_answer_above_256_bytes_is_continued(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "8010018000", 0x6180); /* 384 bytes, as of RSA-3072 */
	assert_int_equal(fixture->response_len, 256 + 2);
	assert_sw(fixture, "00C0000080", SW_OK);
	assert_int_equal(fixture->response_len, 128 + 2);
}

static void
on_t1_extended_le_takes_it_whole(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "80100180 000000", SW_OK);
	assert_int_equal(fixture->response_len, 384 + 2);
	assert_sw(fixture, "80100180 000100", 0x6180);
	assert_int_equal(fixture->response_len, 256 + 2);
}

static void
on_t1_without_le_data_waits(void **state)
{
	struct fixture *fixture = *state;

	assert_answer(fixture, "80100005", "6105");
	assert_answer(fixture, "00C0000005", "DDDDDDDDDD 9000");
}

static void
on_t0_case_4_is_answered_by_get_response(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	assert_answer(fixture, "00A40000025000", "6106");
	assert_answer(fixture, "00C0000006", "6F0483025000 9000");
}

static void
on_t0_case_4_may_carry_le(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	assert_answer(fixture, "00A4000002500000", "6106");
	assert_answer(fixture, "00C0000006", "6F0483025000 9000");
}

static void
on_t0_le_too_large_is_6cxx_and_the_repetition_is_not_executed_again(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	fixture_answers = 0;
	assert_answer(fixture, "8010000506", "6C05");
	assert_answer(fixture, "8010000507", "6C05");
	assert_answer(fixture, "8010000505", "DDDDDDDDDD 9000");
	assert_int_equal(fixture_answers, 1);
}

static void
another_command_after_6cxx_forgets_the_answer(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	assert_answer(fixture, "8010000506", "6C05");
	assert_answer(fixture, "00C0000005", "6985"); /* not for GET RESPONSE */
	assert_answer(fixture, "8010000301", "DD 6102");
	assert_answer(fixture, "00C0000002", "DDDD 9000");
}

static void
on_t0_le_too_small_is_continued(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	assert_answer(fixture, "8010000502", "DDDD 6103");
	assert_answer(fixture, "00C0000003", "DDDDDD 9000");
}

static void
on_t0_le_00_and_no_le_take_what_there_is(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	assert_answer(fixture, "8010000500", "DDDDDDDDDD 9000");
	assert_answer(fixture, "80100005", "DDDDDDDDDD 9000");
}

static void
on_t0_more_than_256_bytes_wait_as_61_00(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	assert_sw(fixture, "8010030000", 0x6100);
	assert_int_equal(fixture->response_len, 256 + 2);
	assert_sw(fixture, "00C0000000", 0x6100);
	assert_sw(fixture, "00C0000000", SW_OK);
	assert_int_equal(fixture->response_len, 256 + 2);
	assert_sw(fixture, "00C0000000", SW_CONDITIONS);
}

static void
on_t0_there_are_no_extended_lengths(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	assert_answer(fixture, "80100005 000000", "6700");
}

static void
on_t0_a_short_read_that_is_9000_is_repeated_with_its_length(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.sw_read_short = SW_OK;
	fixture_use_t0(fixture);
	assert_sw(fixture, "00A4080C026000", SW_OK);
	assert_answer(fixture, "00B0810005", "6C02");
	assert_answer(fixture, "00B0810002", "0001 9000");
}

static void
on_t0_a_short_read_that_is_6282_leaves_at_once(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	assert_sw(fixture, "00A4080C026000", SW_OK);
	assert_answer(fixture, "00B0810005", "0001 6282");
}

static void
the_protocol_is_that_of_the_atr(void **state)
{
	struct fixture *fixture = *state;
	struct bytes atr = card_atr(fixture->card);

	assert_true(bytes_equal(atr, BYTES(FIXTURE_ATR_T1)));
	fixture_use_t0(fixture);
	assert_true(bytes_equal(card_atr(fixture->card), BYTES(FIXTURE_ATR_T0)));
}

/* GET RESPONSE */

static void
get_response_without_a_pending_answer_is_6985(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00C0000000", SW_CONDITIONS);
}

static void
get_response_of_wrong_form_leaves_the_answer(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "80100005", 0x6105);
	assert_sw(fixture, "00C0010005", SW_INCORRECT_P1P2);
	assert_sw(fixture, "00C0000105", SW_INCORRECT_P1P2);
	assert_sw(fixture, "00C0000001FF", SW_WRONG_LENGTH);
	assert_answer(fixture, "00C0000006", "6C05");
	assert_answer(fixture, "00C0000005", "DDDDDDDDDD 9000");
}

static void
any_other_command_discards_the_answer(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "80100005", 0x6105);
	assert_sw(fixture, "00B0000000", SW_NO_CURRENT_EF);
	assert_sw(fixture, "00C0000005", SW_CONDITIONS);
}

/* Chaining */

static void
parts_are_put_together(void **state)
{
	struct fixture *fixture = *state;
	struct bytes input;

	fixture_verify_local(fixture);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_answer(fixture, "102A9E9A02 3031", "9000");
	assert_answer(fixture, "102A9E9A01 32", "9000");
	assert_request(fixture, "002A9E9A01 33 00", KEY_SIGN_PKCS1);
	input = card_request(fixture->card)->input;
	assert_bytes_hex(input, "30313233");
}

static void
a_part_of_another_header_breaks_the_chain(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(*state);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_sw(fixture, "102A9E9A0230 31", SW_OK);
	assert_sw(fixture, "102A80860131", SW_LAST_COMMAND_EXPECTED);
	/* The chain is gone: this command stands alone. */
	assert_request(fixture, "002A9E9A0133", KEY_SIGN_PKCS1);
	assert_bytes_hex(card_request(fixture->card)->input, "33");
}

static void
a_command_between_parts_is_not_executed(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "102A9E9A0130", SW_OK);
	assert_sw(fixture, "00A4000C025000", SW_LAST_COMMAND_EXPECTED);
	assert_sw(fixture, "00A4020C025001", SW_FILE_NOT_FOUND); /* the MF is still current */
	assert_sw(fixture, "102A9E9A0130", SW_OK);
	assert_sw(fixture, "8010000100", SW_LAST_COMMAND_EXPECTED); /* of another class */
	assert_sw(fixture, "102A9E9A0130", SW_OK);
	assert_sw(fixture, "00EE0000", SW_LAST_COMMAND_EXPECTED); /* of no known instruction */
}

static void
a_chain_is_as_long_as_its_buffer(void **state)
{
	struct fixture *fixture = *state;
	uint8_t part[5 + 255] = {0x10, 0x2A, 0x9E, 0x9A, 0xFF};

	for (unsigned sent = 0; sent + 255 <= 4096; sent += 255) {
		fixture_send_bytes(fixture, BYTES(part));
		assert_int_equal(fixture_sw(fixture), SW_OK);
	}
	fixture_send_bytes(fixture, BYTES(part));
	assert_int_equal(fixture_sw(fixture), SW_WRONG_LENGTH);
	assert_sw(fixture, "00A4000C025000", SW_OK); /* dropped, not broken */
}

static void
a_command_that_may_not_be_chained_is_6884(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "102000010431323334", SW_CHAINING_NOT_SUPPORTED);
	assert_sw(fixture, "10A4000C025000", SW_CHAINING_NOT_SUPPORTED);
	assert_sw(fixture, "10EE0000", SW_INS_NOT_SUPPORTED);
}

static void
a_reset_ends_a_chain(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "102A9E9A0130", SW_OK);
	card_reset(fixture->card);
	assert_sw(fixture, "00A4000C025000", SW_OK);
}

/* Dispatch */

static void
class_instruction_and_parameters_each_have_their_status_word(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "00EE0000", SW_INS_NOT_SUPPORTED);
	assert_sw(fixture, "002A0000", SW_INCORRECT_P1P2);
	assert_sw(fixture, "0084010008", SW_INCORRECT_P1P2);
	assert_sw(fixture, "A0A4000C025000", SW_CLA_NOT_SUPPORTED);
	assert_sw(fixture, "40A4000C025000", SW_CLA_NOT_SUPPORTED);
	assert_sw(fixture, "80A4000C025000", SW_INS_NOT_SUPPORTED); /* 80 is known for 10 */
}

static void
secure_messaging_and_channels_are_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0CA4000C025000", SW_SM_NOT_SUPPORTED);
	assert_sw(fixture, "04B0000000", SW_SM_NOT_SUPPORTED);
	assert_sw(fixture, "01A4000C025000", SW_CHANNEL_NOT_SUPPORTED);
	assert_sw(fixture, "0070000001", SW_CHANNEL_NOT_SUPPORTED);
}

static void
a_row_without_handler_refuses_with_its_status_word(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0011000000", SW_FUNCTION_NOT_SUPPORTED);
}

static void
the_personalitys_rows_come_before_the_engines(void **state)
{
	static const struct card_command rows[] = {
	    {.cla_mask = 0xFF, .ins = 0xB0, .p1p2 = 0x7F00, .p1p2_mask = 0xFF00, .sw = SW_BLOCKED},
	};
	struct fixture *fixture = *state;

	fixture->personality.commands = rows;
	fixture->personality.commands_count = 1;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "00B07F1200", SW_BLOCKED);
	assert_sw(fixture, "00B0001200", SW_NO_CURRENT_EF);
}

static void
a_row_may_cover_several_classes(void **state)
{
	static const struct card_command rows[] = {
	    {.cla = 0x80, .cla_mask = 0x80, .ins = 0x84, .handler = card_get_challenge},
	};
	struct fixture *fixture = *state;

	fixture->personality.commands = rows;
	fixture->personality.commands_count = 1;
	assert_true(fixture_new(fixture));
	assert_sw(fixture, "8084000008", SW_OK);
	assert_sw(fixture, "F084000008", SW_OK);
	assert_int_equal(fixture->response_len, 8 + 2);
}

static void
a_challenge_is_as_long_as_asked_and_never_the_same(void **state)
{
	struct fixture *fixture = *state;
	uint8_t first[16];

	assert_sw(fixture, "0084000010", SW_OK);
	assert_int_equal(fixture->response_len, 16 + 2);
	memcpy(first, fixture->response, sizeof(first));
	assert_sw(fixture, "0084000010", SW_OK);
	assert_memory_not_equal(first, fixture->response, sizeof(first));
	assert_sw(fixture, "0084000000", SW_OK);
	assert_int_equal(fixture->response_len, 256 + 2);
	assert_sw(fixture, "00840000", SW_WRONG_LENGTH);
	assert_sw(fixture, "008400000100", SW_WRONG_LENGTH);
}

/* Reset and requests */

static void
a_reset_ends_all_that_is_volatile(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_sw(fixture, "00A4080C0450005001", SW_OK);
	assert_sw(fixture, "80100005", 0x6105);
	card_reset(fixture->card);
	assert_sw(fixture, "00C0000005", SW_CONDITIONS);
	assert_sw(fixture, "00B0000000", SW_NO_CURRENT_EF);
	assert_sw(fixture, "0020000100", 0x63C3);
	assert_sw(fixture, "002A9E9A023031", SW_CONDITIONS);
}

static void
a_reset_ends_a_pending_request_and_its_try_stays_counted(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	card_reset(fixture->card);
	assert_null(card_request(fixture->card));
	assert_sw(fixture, "0020000100", 0x63C2);
	fixture_resume(fixture, SW_OK, BYTES_NONE);
	assert_int_equal(fixture_sw(fixture), SW_CONDITIONS);
	assert_sw(fixture, "0020000100", 0x63C2);
}

static void
a_command_during_a_request_is_refused_and_the_request_stays(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_LOCAL, KEY_PIN_VERIFY);
	assert_sw(fixture, "00A4000C025000", SW_CONDITIONS);
	assert_non_null(card_request(fixture->card));
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_null(card_request(fixture->card));
}

static void
a_resume_without_a_request_is_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_resumed(fixture, SW_OK, SW_CONDITIONS);
}

static void
freeing_nothing_is_fine(void **state)
{
	(void)state;
	card_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    card_test(malformed_commands_are_6700),
	    card_test(a_malformed_command_leaves_the_state),
	    card_test(on_t1_the_answer_comes_at_once_up_to_ne),
	    card_test(the_reader_chooses_among_the_protocols_of_the_atr),
	    card_test(a_protocol_that_the_atr_has_not_is_not_taken),
	    card_test(on_t1_an_answer_above_256_bytes_is_continued),
	    card_test(on_t1_extended_le_takes_it_whole),
	    card_test(on_t1_without_le_data_waits),
	    card_test(on_t0_case_4_is_answered_by_get_response),
	    card_test(on_t0_case_4_may_carry_le),
	    card_test(on_t0_le_too_large_is_6cxx_and_the_repetition_is_not_executed_again),
	    card_test(another_command_after_6cxx_forgets_the_answer),
	    card_test(on_t0_le_too_small_is_continued),
	    card_test(on_t0_le_00_and_no_le_take_what_there_is),
	    card_test(on_t0_more_than_256_bytes_wait_as_61_00),
	    card_test(on_t0_there_are_no_extended_lengths),
	    card_test(on_t0_a_short_read_that_is_9000_is_repeated_with_its_length),
	    card_test(on_t0_a_short_read_that_is_6282_leaves_at_once),
	    card_test(the_protocol_is_that_of_the_atr),
	    card_test(get_response_without_a_pending_answer_is_6985),
	    card_test(get_response_of_wrong_form_leaves_the_answer),
	    card_test(any_other_command_discards_the_answer),
	    card_test(parts_are_put_together),
	    card_test(a_part_of_another_header_breaks_the_chain),
	    card_test(a_command_between_parts_is_not_executed),
	    card_test(a_chain_is_as_long_as_its_buffer),
	    card_test(a_command_that_may_not_be_chained_is_6884),
	    card_test(a_reset_ends_a_chain),
	    card_test(class_instruction_and_parameters_each_have_their_status_word),
	    card_test(secure_messaging_and_channels_are_refused),
	    card_test(a_row_without_handler_refuses_with_its_status_word),
	    card_test(the_personalitys_rows_come_before_the_engines),
	    card_test(a_row_may_cover_several_classes),
	    card_test(a_challenge_is_as_long_as_asked_and_never_the_same),
	    card_test(a_reset_ends_all_that_is_volatile),
	    card_test(a_reset_ends_a_pending_request_and_its_try_stays_counted),
	    card_test(a_command_during_a_request_is_refused_and_the_request_stays),
	    card_test(a_resume_without_a_request_is_refused),
	    card_test(freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests_name("card", tests, NULL, NULL);
}
