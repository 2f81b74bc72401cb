/* Keys of a CSC service that PIN and code open: vicar-bridge, the simulated service, a person at a real pinentry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test-csc-service.h"

static void
pin_and_code_of_v1(void **state)
{
	const struct keystroke keys[] = {
	    {"Sign with the card cartao?", "", 0}, CONSENT, {"contrato.pdf", "", 0}, RIGHT_CODE};
	char calls[8192];

	(void)state;
	sign(keys, COUNT(keys));
	assert_signed();
	assert_calls("credentials/sendOTP", 1);
	assert_calls("credentials/authorize", 1);
	/* The service is told what the owner was shown. */
	service_read(&service, "calls", calls, sizeof(calls));
	assert_non_null(strstr(calls, "contrato.pdf e3b0c442"));
}

static void
an_answer_to_send_otp_may_have_a_body(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};

	(void)state;
	csc_accounts(&service, CSC_SENT, "dialect = send-otp-body");
	sign(keys, COUNT(keys));
	assert_signed();
}

static void
pin_and_code_of_v2(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};

	(void)state;
	csc_configure(&service, "v2", "login = oauth2client");
	sign(keys, COUNT(keys));
	assert_signed();
	assert_calls("credentials/getChallenge", 1);
	assert_calls("credentials/authorize", 1);
}

static void
without_consent_nobody_is_asked_anything(void **state)
{
	const struct keystroke keys[] = {{"[sc]?", "c", 0}};
	char calls[64];

	(void)state;
	sign(keys, COUNT(keys));
	assert_sw(0x6401);
	assert_int_equal(use.starts, 0);
	service_read(&service, "calls", calls, sizeof(calls));
	assert_string_equal(calls, "");
}

static void
without_go_nothing_that_costs_leaves(void **state)
{
	const struct parent impatient = {.hang_up_at_start = true};
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);
	const struct keystroke keys[] = {CONSENT};

	(void)state;
	sign_with(&request, keys, COUNT(keys), &impatient);
	assert_int_equal(use.starts, 1);
	assert_false(use.has_result);
	assert_calls("credentials/sendOTP", 0);
	assert_calls("credentials/authorize", 0);
}

static void
a_refused_pin_is_refused_once(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);

	(void)state;
	request.pin = service_text("9999");
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x63C0);
	assert_int_equal(use.starts, 1);
	assert_calls("credentials/authorize", 1);
	assert_calls("signatures/signHash", 0);
}

static void
a_refused_pin_of_v2_is_clear_when_there_is_no_code(void **state)
{
	const struct keystroke keys[] = {CONSENT};
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);

	(void)state;
	set_up("v2", CSC_KEY, "", "login = oauth2client");
	request.pin = service_text("9999");
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x63C0);
	assert_calls("credentials/authorize", 1);
}

static void
pin_or_code_of_v2_nobody_knows_which(void **state)
{
	const struct keystroke keys[] = {CONSENT, WRONG_CODE};

	(void)state;
	csc_configure(&service, "v2", "login = oauth2client");
	sign(keys, COUNT(keys));
	assert_sw(0x6F1A);
	assert_true(use_says(use.result.text, "PIN or code"));
	assert_true(use.result.pin_doubtful);
	assert_calls("credentials/authorize", 1);
}

static void
a_wrong_code_is_asked_again(void **state)
{
	const struct keystroke keys[] = {
	    CONSENT, WRONG_CODE, {"Tries left: 2.", "", 0}, RIGHT_CODE};

	(void)state;
	sign(keys, COUNT(keys));
	assert_signed();
	assert_calls("credentials/sendOTP", 1);
	assert_calls("credentials/authorize", 2);
}

static void
three_wrong_codes_are_the_end(void **state)
{
	const struct keystroke keys[] = {CONSENT, WRONG_CODE, WRONG_CODE, WRONG_CODE};

	(void)state;
	set_up("v1", CSC_SENT "code-tries = 9\n", "", "login = oauth2client");
	sign(keys, COUNT(keys));
	assert_sw(0x6F1A);
	assert_false(use.result.pin_doubtful);
	assert_calls("credentials/authorize", 3);
	assert_calls("credentials/sendOTP", 1);
}

static void
an_empty_answer_gets_a_new_code_once(void **state)
{
	const struct keystroke keys[] = {
	    CONSENT,
	    {"Code:", "\n", 0},
	    {"[sb]?", "s", 0},
	    {"A new code was sent.", "", 0},
	    {"Code:", "\n", 0},
	    {"only once", "", 0},
	    RIGHT_CODE,
	};

	(void)state;
	sign(keys, COUNT(keys));
	assert_signed();
	assert_calls("credentials/sendOTP", 2);
	assert_calls("credentials/authorize", 1);
}

static void
a_code_of_a_device_is_asked_for_and_not_sent(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		set_up(i == 0 ? "v1" : "v2", CSC_KEY "otp = offline\ncode = " CODE "\n", "",
		       "login = oauth2client");
		sign(keys, COUNT(keys));
		assert_signed();
		assert_calls("credentials/sendOTP", 0);
		assert_calls("credentials/getChallenge", 0);
	}
}

static void
a_challenge_is_shown(void **state)
{
	const struct keystroke keys[] = {CONSENT, {"question: B7", "", 0}, RIGHT_CODE};

	(void)state;
	set_up("v2", CSC_SENT "challenge = B7\n", "", "login = oauth2client");
	sign(keys, COUNT(keys));
	assert_signed();
}

static void
a_locked_key_is_told_as_that(void **state)
{
	const struct keystroke keys[] = {CONSENT};
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);

	(void)state;
	set_up("v1", CSC_KEY "pin-tries = 1\n", "", "login = oauth2client");
	request.pin = service_text("9999");
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x63C0);
	sign(keys, COUNT(keys));
	assert_sw(0x6F13);
	assert_true(use_says(use.result.text, "locked"));
}

static void
a_disabled_key_costs_no_try(void **state)
{
	const struct keystroke keys[] = {CONSENT};

	(void)state;
	csc_accounts(&service, CSC_SENT "status = disabled\n", "");
	sign(keys, COUNT(keys));
	assert_sw(0x6F13);
	assert_int_equal(use.starts, 0);
	assert_calls("credentials/sendOTP", 0);
}

static void
another_certificate_costs_no_try(void **state)
{
	const struct keystroke keys[] = {CONSENT};
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);
	struct issued other = issue_self_signed(-1, 1, 2048);
	uint8_t der[4096], *end = der;

	(void)state;
	request.certificate = (struct bytes){der, (size_t)i2d_X509(other.certificate, &end)};
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x6F16);
	assert_int_equal(use.starts, 0);
	issue_free(&other);
}

#define TEST(name) cmocka_unit_test_setup(name, as_it_was)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(pin_and_code_of_v1),
	    TEST(an_answer_to_send_otp_may_have_a_body),
	    TEST(pin_and_code_of_v2),
	    TEST(without_consent_nobody_is_asked_anything),
	    TEST(without_go_nothing_that_costs_leaves),
	    TEST(a_refused_pin_is_refused_once),
	    TEST(a_refused_pin_of_v2_is_clear_when_there_is_no_code),
	    TEST(pin_or_code_of_v2_nobody_knows_which),
	    TEST(a_wrong_code_is_asked_again),
	    TEST(three_wrong_codes_are_the_end),
	    TEST(an_empty_answer_gets_a_new_code_once),
	    TEST(a_code_of_a_device_is_asked_for_and_not_sent),
	    TEST(a_challenge_is_shown),
	    TEST(a_locked_key_is_told_as_that),
	    TEST(a_disabled_key_costs_no_try),
	    TEST(another_certificate_costs_no_try),
	};

	return cmocka_run_group_tests(tests, start_service, stop_service);
}
