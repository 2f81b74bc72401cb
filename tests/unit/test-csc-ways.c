/* CSC services: what the owner does there, logins, many documents, and the keys of an account. */
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
