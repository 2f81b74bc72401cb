/* Keys of a CSC service: vicar-bridge, the simulated service, a person at a real pinentry, and a browser. */
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

static void
the_service_asks_the_owner_itself(void **state)
{
	const struct keystroke keys[] = {CONSENT};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		set_up(i == 0 ? "v1" : "v2", CSC_KEY "mode = implicit\nconfirm-after = 300\n", "",
		       "login = oauth2client");
		sign(keys, COUNT(keys));
		assert_signed();
		assert_calls("credentials/authorize", 1);
		assert_true((csc_calls(&service, "credentials/authorizeCheck") > 1) == (i == 1));
	}
}

static void
the_owner_says_no_there(void **state)
{
	const struct keystroke keys[] = {CONSENT};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		set_up(i == 0 ? "v1" : "v2", CSC_KEY "mode = implicit\nconfirm = refuses\n", "",
		       "login = oauth2client");
		sign(keys, COUNT(keys));
		assert_sw(0x6401);
		assert_calls("credentials/authorize", 1);
		assert_calls("signatures/signHash", 0);
	}
}

static void
the_owner_says_nothing_there(void **state)
{
	const struct keystroke keys[] = {CONSENT};

	(void)state;
	set_up("v2", CSC_KEY "mode = implicit\nconfirm = waits\n", "",
	       "login = oauth2client\ncode-lifetime-s = 1");
	sign(keys, COUNT(keys));
	assert_sw(0x6400);
	assert_calls("credentials/authorize", 1);
}

/* The screen was locked meanwhile: vicard hears that it was this which ended it. */
static void
waiting_for_the_owner_there_can_be_cancelled(void **state)
{
	const struct parent cancels = {.cancel_at_start = true};
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);
	const struct keystroke keys[] = {CONSENT};

	(void)state;
	set_up("v2", CSC_KEY "mode = implicit\nconfirm = waits\n", "", "login = oauth2client");
	sign_with(&request, keys, COUNT(keys), &cancels);
	assert_sw(0x6401);
	assert_calls("credentials/authorize", 1);
	assert_calls("signatures/signHash", 0);
}

static void
remove_browser(void)
{
	char path[PATH_MAX];

	service_path(&service, "browser", path);
	assert_int_equal(unlink(path), 0);
}

static void
a_page_of_the_service_gives_the_authorisation(void **state)
{
	const struct keystroke keys[] = {CONSENT};
	char browsed[4096];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		set_up(i == 0 ? "v1" : "v2", CSC_KEY "mode = oauth2code\n", "",
		       "login = oauth2client");
		sign(keys, COUNT(keys));
		assert_signed();
		assert_calls("credentials/authorize", 0);
		assert_calls("oauth2/authorize", 1);
		assert_calls("oauth2/pushed_authorize", i);
	}
	service_read(&service, "browsed", browsed, sizeof(browsed));
	assert_non_null(strstr(browsed, "you can close this page"));
}

static void
the_owner_says_no_on_the_page(void **state)
{
	const struct keystroke keys[] = {CONSENT};

	(void)state;
	set_up("v1", CSC_KEY "mode = oauth2code\n", "browser = refuses", "login = oauth2client");
	sign(keys, COUNT(keys));
	assert_sw(0x6401);
	assert_int_equal(use.starts, 1);
	assert_calls("signatures/signHash", 0);
}

static void
without_a_browser_the_address_is_shown(void **state)
{
	const struct keystroke keys[] = {
	    CONSENT,
	    {"Log in to the service csc.", "", 0},
	    {"http://127.0.0.1:", "", 0},
	    {"Press any key", "x", 0},
	};

	(void)state;
	csc_configure(&service, "v1", "login = oauth2code\ncode-lifetime-s = 2");
	remove_browser();
	sign(keys, COUNT(keys));
	csc_write_browser(&service);
	/* Nobody has opened it. */
	assert_sw(0x6400);
	assert_int_equal(use.starts, 0);
	assert_calls("oauth2/authorize", 0);
}

static void
without_a_browser_and_a_terminal_it_is_over_at_once(void **state)
{
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);

	(void)state;
	csc_configure(&service, "v1", "login = oauth2code");
	remove_browser();
	request.consent_given = true;
	unsetenv("GPG_TTY");
	use_run(&service, &request, &patient, &use);
	csc_write_browser(&service);
	assert_sw(0x6400);
	assert_true(use_says(use.result.text, "no way to ask"));
	assert_int_equal(use.starts, 0);
}

static void
a_login_in_the_browser_lasts(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};
	struct stat about;
	char path[PATH_MAX];

	(void)state;
	csc_configure(&service, "v1", "");
	sign(keys, COUNT(keys));
	assert_signed();
	assert_calls("oauth2/authorize", 1);
	service_path(&service, "data/vicar/tokens", path);
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0700);
	service_forget_calls(&service);
	sign(keys, COUNT(keys));
	assert_signed();
	assert_calls("oauth2/authorize", 0);
	assert_calls("oauth2/token", 1);
}

static void
a_login_that_has_ended_is_made_anew(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};

	(void)state;
	set_up("v2", CSC_SENT, "refresh-lifetime = 1", "");
	csc_accounts(&service, CSC_SENT, "refresh-lifetime = 1\nclock = 10");
	sign(keys, COUNT(keys));
	assert_signed();
	assert_calls("oauth2/authorize", 1);
	assert_calls("oauth2/token", 2);
}

static void
a_password_of_the_file_logs_in(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};

	(void)state;
	csc_credentials(&service, "segredo");
	csc_configure(&service, "v1", "login = basic");
	sign(keys, COUNT(keys));
	assert_signed();
	assert_calls("auth/login", 1);
	assert_calls("auth/revoke", 1);
	csc_credentials(&service, "falsch");
	sign(keys, 1);
	assert_sw(0x6F12);
	assert_int_equal(use.starts, 0);
}

static void
a_password_that_was_typed_is_not_asked_again(void **state)
{
	const struct keystroke typed[] = {
	    CONSENT, {"Password of maria", "", 0}, {"Password:", "segredo\n", 0}, RIGHT_CODE};
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};

	(void)state;
	csc_configure(&service, "v1", "login = basic");
	sign(typed, COUNT(typed));
	assert_signed();
	sign(keys, COUNT(keys));
	assert_sw(0x9000);
	assert_calls("auth/login", 2);
}

static void
what_the_key_cannot_do_costs_no_try(void **state)
{
	const struct keystroke keys[] = {CONSENT};
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);

	(void)state;
	set_up("v1", CSC_KEY "algorithms = rsa-sha512\n", "", "login = oauth2client");
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x6985);
	assert_int_equal(use.starts, 0);
}

/* `count` documents with hashes of their own. */
static struct bridge_request
request_many(size_t count)
{
	static uint8_t inputs[BRIDGE_DOCUMENTS_MAX][sizeof(digestinfo_empty)];
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);

	for (size_t i = 0; i < count; i++) {
		memcpy(inputs[i], digestinfo_empty, sizeof(digestinfo_empty));
		inputs[i][sizeof(digestinfo_empty) - 1] = (uint8_t)i;
		request.documents[i].input = BYTES(inputs[i]);
	}
	request.documents_count = count;
	return request;
}

static void
assert_all_signed(const struct bridge_request *request)
{
	assert_sw(0x9000);
	assert_int_equal(use.starts, 1);
	assert_int_equal(use.result.outputs_count, request->documents_count);
	for (size_t i = 0; i < request->documents_count; i++)
		assert_true(certificate_verifies(service.leaf, request->documents[i].input,
						 use.result.outputs[i]));
}

static void
many_documents_take_one_code(void **state)
{
	const struct keystroke keys[] = {{"Sign 7 documents", "", 0}, CONSENT, RIGHT_CODE};
	struct bridge_request request = request_many(7);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		/* Also where the authorisation is not bound to hashes. */
		set_up(i == 0 ? "v1" : "v2", i == 0 ? CSC_SENT : CSC_SENT "scal = 1\n", "",
		       "login = oauth2client");
		sign_with(&request, keys, COUNT(keys), &patient);
		assert_all_signed(&request);
		assert_calls("credentials/authorize", 1);
		assert_calls("signatures/signHash", 1);
	}
}

static void
more_than_one_code_is_good_for_are_asked_for_again(void **state)
{
	const struct keystroke keys[] = {
	    CONSENT, RIGHT_CODE, {"Sign 2 documents", "", 0}, CONSENT, RIGHT_CODE};
	const struct keystroke refused[] = {CONSENT, RIGHT_CODE, {"[sc]?", "c", 0}};
	struct bridge_request request = request_many(5);

	(void)state;
	set_up("v1", CSC_SENT "multisign = 3\n", "", "login = oauth2client");
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_all_signed(&request);
	assert_calls("credentials/authorize", 2);
	service_forget_calls(&service);
	sign_with(&request, refused, COUNT(refused), &patient);
	assert_sw(0x6401);
	assert_true(use_says(use.result.text, "3 of 5 documents had been signed"));
	assert_calls("credentials/authorize", 1);
}

static void
nobody_is_asked_for_codes_without_end(void **state)
{
	const struct keystroke keys[] = {CONSENT};
	struct bridge_request request = request_many(9);

	(void)state;
	set_up("v1", CSC_SENT "multisign = 1\n", "", "login = oauth2client");
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x6985);
	assert_true(use_says(use.result.text, "9 authorisations"));
	assert_int_equal(use.starts, 0);
}

static void
hashes_one_by_one_take_one_code(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};
	struct bridge_request request = request_many(3);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		set_up(i == 0 ? "v1" : "v2", CSC_SENT, "",
		       "login = oauth2client\ndialect = one-by-one");
		sign_with(&request, keys, COUNT(keys), &patient);
		assert_all_signed(&request);
		assert_calls("credentials/authorize", 1);
		assert_calls("credentials/extendTransaction", 2);
		assert_calls("signatures/signHash", 3);
	}
}

static void
signatures_that_come_later_are_waited_for(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};

	(void)state;
	set_up("v2", CSC_SENT, "polls = 3", "login = oauth2client\ndialect = asynchronous");
	sign(keys, COUNT(keys));
	assert_signed();
	assert_calls("signatures/signPolling", 4);
}

static void
a_cancel_does_not_touch_signatures_that_come_later(void **state)
{
	const struct parent cancels = {.cancel_at_start = true};
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);
	const struct keystroke keys[] = {CONSENT};

	(void)state;
	set_up("v2", CSC_KEY, "polls = 3", "login = oauth2client\ndialect = asynchronous");
	sign_with(&request, keys, COUNT(keys), &cancels);
	assert_signed();
	assert_calls("signatures/signPolling", 4);
}

#define OTHER_KEY "[credential maria-auth]\nuser = maria\nkey = p256\ndescription = Second key\n"

static void
several_keys_are_listed(void **state)
{
	struct bridge_request request = csc_request(&service, BRIDGE_LIST);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		set_up(i == 0 ? "v1" : "v2", CSC_SENT OTHER_KEY, "page-size = 1",
		       "login = oauth2client");
		use_run(&service, &request, &patient, &use);
		assert_sw(0x9000);
		assert_int_equal(use.result.credentials_count, 2);
		assert_true(use_says(use.result.credentials[0].id, "maria-sign"));
		assert_int_equal(use.result.credentials[0].uses,
				 SERVICE_SIGN_PKCS1 | SERVICE_SIGN_PSS | SERVICE_SIGNS_MANY);
		assert_true(use_says(use.result.credentials[1].label, "Second key"));
		assert_int_equal(use.result.credentials[1].uses,
				 SERVICE_SIGN_ECDSA | SERVICE_SIGNS_MANY);
		assert_true(use.result.credentials[1].certificate.len > 0);
		assert_int_equal(use.starts, 0);
	}
}

static void
a_card_is_made_of_one_key(void **state)
{
	struct bridge_request request = csc_request(&service, BRIDGE_ENROL);

	(void)state;
	set_up("v1", CSC_SENT OTHER_KEY, "", "login = oauth2client");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x9000);
	assert_int_equal(use.result.credentials_count, 1);
	assert_memory_equal(use.result.chain.data, service.leaf_der, service.leaf_len);
	assert_true(use.result.chain.len > service.leaf_len);
	request.credential = BYTES_NONE;
	use_run(&service, &request, &patient, &use);
	assert_sw(0x9000);
	assert_int_equal(use.result.credentials_count, 2);
	assert_int_equal(use.result.chain.len, 0);
	request.credential = service_text("nobodys");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x6F15);
}

static void
a_check_asks_nobody(void **state)
{
	struct bridge_request request = csc_request(&service, BRIDGE_CHECK);

	(void)state;
	use_run(&service, &request, &patient, &use);
	assert_sw(0x9000);
	assert_true(use_says(use.result.text, "knows the account"));
	csc_configure(&service, "v1", "login = oauth2code");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x9000);
	assert_true(use_says(use.result.text, "asks for a login"));
	assert_calls("oauth2/authorize", 0);
}

static void
no_secret_is_in_what_the_bridge_says(void **state)
{
	static const char *const secrets[] = {PIN, CODE, "segredo"};
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};

	(void)state;
	csc_credentials(&service, "segredo");
	csc_configure(&service, "v1", "login = basic");
	csc_accounts(&service, CSC_SENT, "trouble = wrong-signature");
	sign(keys, COUNT(keys));
	assert_sw(0x6F16);
	for (size_t i = 0; i < COUNT(secrets); i++) {
		assert_null(strstr(use.said, secrets[i]));
		assert_null(
		    memmem(use.message, sizeof(use.message), secrets[i], strlen(secrets[i])));
	}
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
	    TEST(the_service_asks_the_owner_itself),
	    TEST(the_owner_says_no_there),
	    TEST(the_owner_says_nothing_there),
	    TEST(waiting_for_the_owner_there_can_be_cancelled),
	    TEST(a_page_of_the_service_gives_the_authorisation),
	    TEST(the_owner_says_no_on_the_page),
	    TEST(without_a_browser_the_address_is_shown),
	    TEST(without_a_browser_and_a_terminal_it_is_over_at_once),
	    TEST(a_login_in_the_browser_lasts),
	    TEST(a_login_that_has_ended_is_made_anew),
	    TEST(a_password_of_the_file_logs_in),
	    TEST(a_password_that_was_typed_is_not_asked_again),
	    TEST(what_the_key_cannot_do_costs_no_try),
	    TEST(many_documents_take_one_code),
	    TEST(more_than_one_code_is_good_for_are_asked_for_again),
	    TEST(nobody_is_asked_for_codes_without_end),
	    TEST(hashes_one_by_one_take_one_code),
	    TEST(signatures_that_come_later_are_waited_for),
	    TEST(a_cancel_does_not_touch_signatures_that_come_later),
	    TEST(several_keys_are_listed),
	    TEST(a_card_is_made_of_one_key),
	    TEST(a_check_asks_nobody),
	    TEST(no_secret_is_in_what_the_bridge_says),
	};

	return cmocka_run_group_tests(tests, start_service, stop_service);
}
