/*
 * PIN pads at the engine: which values a command lacks, and how long what was typed counts as typed.
 * ISO/IEC 7816-4:2013 clauses 11.5.6, 11.5.7, 11.5.9; ifdhandler.md section 9.
 */
#include "emulator/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"

enum { NOON = 1200 };

static const uint8_t SIGNATURE[FIXTURE_BLOCK] = {0x51};

static void
assert_text(const char *text, const char *expected)
{
	assert_int_equal(text == NULL, expected == NULL);
	if (expected != NULL)
		assert_string_equal(text, expected);
}

static void
asks(struct fixture *fixture, const char *header, const char *first, const char *renewed,
     enum key_operation operation)
{
	const struct hex bytes = hex(header);
	struct card_asked asked;

	assert_int_equal(card_asked(fixture->card, HEX(bytes), &asked), SW_OK);
	assert_text(asked.first, first);
	assert_text(asked.renewed, renewed);
	assert_int_equal(asked.operation, operation);
}

static void
refuses(struct fixture *fixture, const char *header, uint16_t sw)
{
	const struct hex bytes = hex(header);
	struct card_asked asked;

	assert_int_equal(card_asked(fixture->card, HEX(bytes), &asked), sw);
}

static void
type(struct fixture *fixture, const char *command)
{
	struct hex bytes = hex(command);
	struct writer response = writer_to(fixture->response, sizeof(fixture->response));

	fixture->result = card_transmit_typed(fixture->card, HEX(bytes), NOON, &response);
	fixture->response_len = response.len;
	if (fixture->result == CARD_PENDING)
		fixture_resume(fixture, SW_OK, BYTES_NONE);
	assert_int_equal(fixture_sw(fixture), SW_OK);
}

static bool
counts(struct fixture *fixture, const char *counter)
{
	uint64_t when = 0;

	if (!card_typed(fixture->card, counter, &when))
		return false;
	assert_int_equal(when, NOON);
	return true;
}

static void
commands_ask_for_what_they_lack(void **state)
{
	struct fixture *fixture = *state;

	asks(fixture, "00200001", "pin", NULL, KEY_PIN_VERIFY);
	asks(fixture, "00200082", "sign-pin", NULL, KEY_PIN_VERIFY);
	asks(fixture, "00200012", "once-puk", NULL, KEY_PUK_VERIFY);
	asks(fixture, "00240001", "pin", "pin", KEY_PIN_CHANGE);
	asks(fixture, "002C0001", "puk", "pin", KEY_PIN_UNBLOCK);
	asks(fixture, "002C0101", "puk", NULL, KEY_PUK_VERIFY);
	fixture_verify_local(fixture);
	asks(fixture, "00240101", NULL, "pin", KEY_PIN_CHANGE);
}

static void
nothing_else_is_a_command_for_pins(void **state)
{
	struct fixture *fixture = *state;

	refuses(fixture, "00D60001", SW_INS_NOT_SUPPORTED);
	refuses(fixture, "00DA0001", SW_INS_NOT_SUPPORTED);
	refuses(fixture, "10200001", SW_INS_NOT_SUPPORTED); /* chained */
	refuses(fixture, "80200001", SW_INS_NOT_SUPPORTED);
	refuses(fixture, "002000", SW_INS_NOT_SUPPORTED);
	refuses(fixture, "0020FF01", SW_INCORRECT_P1P2); /* the logout */
	refuses(fixture, "002C0301", SW_INCORRECT_P1P2);
}

static void
what_the_card_would_refuse_is_not_asked_for(void **state)
{
	struct fixture *fixture = *state;

	refuses(fixture, "00200077", SW_REFERENCE_NOT_FOUND);
	refuses(fixture, "00240082", SW_CONDITIONS); /* remote */
	refuses(fixture, "002C0082", SW_CONDITIONS);
	refuses(fixture, "00240101", SW_SECURITY_STATUS);
	fixture->personality.rules.pin = 0;
	refuses(fixture, "00240001", SW_INCORRECT_P1P2);
}

static void
a_blocked_pin_is_not_asked_for(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 2; i++) {
		assert_sw(fixture, VERIFY_REMOTE, SW_OK);
		assert_sw(fixture, SET_REMOTE_HASH, SW_OK);
		assert_sw(fixture, HASH_SHA256, SW_OK);
		assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
		assert_true(card_start(fixture->card));
		fixture_resume(fixture, SW_FATE_UNKNOWN, BYTES_NONE);
	}
	refuses(fixture, "00200082", SW_BLOCKED);
}

static void
a_typed_value_counts_until_it_is_used(void **state)
{
	struct fixture *fixture = *state;

	assert_false(counts(fixture, "pin"));
	type(fixture, VERIFY_LOCAL);
	assert_true(counts(fixture, "pin"));
	assert_false(counts(fixture, "sign-pin"));
	assert_sw(fixture, SET_LOCAL_DIGESTINFO, SW_OK);
	assert_request(fixture,
		       "002A9E9A33 3031300D060960864801650304020105000420"
		       "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
		       KEY_SIGN_PKCS1);
	assert_int_equal(card_request(fixture->card)->typed, NOON);
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
	assert_false(counts(fixture, "pin"));
	assert_sw(fixture, "0020000100", SW_OK);
}

static void
the_start_of_a_remote_use_consumes_it(void **state)
{
	struct fixture *fixture = *state;

	type(fixture, VERIFY_REMOTE);
	assert_true(counts(fixture, "sign-pin"));
	assert_sw(fixture, SET_REMOTE_HASH, SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
	assert_int_equal(card_request(fixture->card)->typed, NOON);
	assert_true(card_start(fixture->card));
	assert_false(counts(fixture, "sign-pin"));
	fixture_resume(fixture, SW_OK, BYTES(SIGNATURE));
}

static void
a_use_that_fails_before_its_start_consumes_it_too(void **state)
{
	struct fixture *fixture = *state;

	type(fixture, VERIFY_REMOTE);
	assert_sw(fixture, SET_REMOTE_HASH, SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
	fixture_resume(fixture, SW_SERVICE_UNREACHABLE, BYTES_NONE);
	assert_false(counts(fixture, "sign-pin"));
}

static void
what_a_program_sends_is_not_typed(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	assert_false(counts(fixture, "sign-pin"));
	type(fixture, VERIFY_REMOTE);
	assert_sw(fixture, VERIFY_REMOTE, SW_OK);
	assert_false(counts(fixture, "sign-pin"));
}

static void
a_reset_ends_it(void **state)
{
	struct fixture *fixture = *state;

	type(fixture, VERIFY_REMOTE);
	card_reset(fixture->card);
	assert_false(counts(fixture, "sign-pin"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    card_test(commands_ask_for_what_they_lack),
	    card_test(nothing_else_is_a_command_for_pins),
	    card_test(what_the_card_would_refuse_is_not_asked_for),
	    card_test(a_blocked_pin_is_not_asked_for),
	    card_test(a_typed_value_counts_until_it_is_used),
	    card_test(the_start_of_a_remote_use_consumes_it),
	    card_test(a_use_that_fails_before_its_start_consumes_it_too),
	    card_test(what_a_program_sends_is_not_typed),
	    card_test(a_reset_ends_it),
	};

	return cmocka_run_group_tests_name("typed PINs", tests, NULL, NULL);
}
