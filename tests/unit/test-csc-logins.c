/* What the maker of CSC keys makes of each answer to a login, and of a page and a list of keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/cscaccount.h"
#include "fake-csc.h"

#define INFO(members) "{\"methods\":[\"oauth2/pushed_authorize\"]" members "}"
#define PUSH "oauth2/pushed_authorize"
#define LOGIN "auth/login"

static void
where_to_log_in_must_be_told(void **state)
{
	static const struct trial trials[] = {
	    {.login = "oauth2client",
	     .answers = {{"info", 200, "{}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "info has no oauth2"},
	    {.login = "password",
	     .answers = {{"info", 200, "{\"oauth2\":1}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "info has no oauth2"},
	    {.login = "oauth2code",
	     .answers = {{"info", 200, "{\"oauth2Issuer\":\"csc.example\"}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "no URL"},
	    {.login = "oauth2client",
	     .answers = {{"info", 200, INFO(",\"oauth2\":\"" HOST "oauth2/authorize/\"")}},
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.login = "oauth2client",
	     .answers = {{"info", 200, "{\"oauth2Issuer\":\"" HOST "\"}"},
			 {".well-known/oauth-authorization-server", 200,
			  "{\"authorization_endpoint\":\"x\"}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "does not tell its endpoints"},
	    {.login = "oauth2client",
	     .answers = {{"info", 200, "{\"oauth2Issuer\":\"" HOST "a\"}"},
			 {".well-known/oauth-authorization-server/a", 404, ""}},
	     .outcome = OUTCOME_BAD_REQUEST,
	     .detail = "HTTP status 404"},
	    {.answers = {{"info", 200, "[]"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "no JSON object to `info`"},
	    {.answers = {{"info", 200, "{\"authType\":[\"TLS\",1,\"else\"]}"}},
	     .outcome = OUTCOME_MISCONFIGURED,
	     .detail = "offers no login"},
	    {.answers = {{"info", 200, "{\"authType\":[\"external\"]}"}},
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	};

	(void)state;
	RUN(trials);
}

static void
an_address_that_is_too_long_is_not_used(void **state)
{
	static const char *const members[] = {"oauth2", "oauth2Issuer"};
	char address[OAUTH_URL_MAX + 1] = HOST, info[OAUTH_URL_MAX + 64];

	(void)state;
	memset(address + strlen(address), 'a', OAUTH_URL_MAX - strlen(address));
	for (size_t i = 0; i < COUNT(members); i++) {
		const struct trial trial = {.login = "oauth2client",
					    .answers = {{"info", 200, info}},
					    .outcome = OUTCOME_BAD_ANSWER,
					    .detail = members[i]};

		snprintf(info, sizeof(info), "{\"%s\":\"%s\"}", members[i], address);
		run_trials(&trial, 1);
	}
}

static void
a_login_without_a_token_is_none(void **state)
{
	static const struct trial trials[] = {
	    {.answers = {{TOKEN, 200, "{}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "no access_token in its answer"},
	    {.login = "password",
	     .dialect = "json-token",
	     .answers = {{TOKEN, 200, "{\"access_token\":7}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "no access_token in its answer"},
	    {.login = "oauth2code",
	     .answers = {{TOKEN, 200, "[]"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "no access_token in its answer"},
	    {.login = "basic",
	     .answers = {{LOGIN, 200, "{\"access_token\":null,\"refresh_token\":\"r\"}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "no access_token to auth/login"},
	    {.login = "oauth2client",
	     .answers = {{TOKEN, 200, "{\"access_token\":\"t\",\"refresh_token\":\"r\"}"}},
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.login = "basic",
	     .dialect = "login-members",
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	};

	(void)state;
	RUN(trials);
}

static void
a_password_that_is_not_typed_logs_nobody_in(void **state)
{
	static const char *const logins[] = {"basic", "password"};
	static const struct {
		struct reply reply;
		enum outcome outcome;
		const char *detail;
	} ends[] = {
	    {{PROMPT_CANCELLED, NULL}, OUTCOME_NO_CONSENT, NULL},
	    {{PROMPT_TIMED_OUT, NULL}, OUTCOME_NO_ANSWER, NULL},
	    {{PROMPT_IMPOSSIBLE, NULL}, OUTCOME_NO_PROMPT, "nobody is there"},
	    {{PROMPT_GONE, NULL}, OUTCOME_GONE, NULL},
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(ends); i++) {
		const struct trial trial = {.login = logins[i % 2],
					    .replies = {ends[i / 2].reply},
					    .outcome = ends[i / 2].outcome,
					    .detail = ends[i / 2].detail};

		run_trials(&trial, 1);
		assert_int_equal(count_calls(LOGIN) + count_calls(TOKEN), 0);
	}
}

static void
a_password_of_the_file_that_is_too_long_is_not_cut(void **state)
{
	static const struct trial trials[] = {
	    {.login = "basic",
	     .outcome = OUTCOME_CREDENTIALS_FILE,
	     .detail = "more than 63 characters"},
	};
	char text[128] = "[credentials]\npassword = ";

	(void)state;
	memset(text + strlen(text), 'p', PROMPT_SECRET_SIZE);
	write_file(credentials_path, text);
	RUN(trials);
}

static void
a_login_that_the_service_has_forgotten_is_made_anew(void **state)
{
	static const struct service_account maria = {.user = "maria"};
	static const struct trial trials[] = {
	    {.login = "password",
	     .answers = {{TOKEN, 400, "{\"error\":\"invalid_grant\"}"},
			 {TOKEN, 200, "{\"access_token\":\"t\"}"}},
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.login = "basic",
	     .answers = {{LOGIN, 400, "{\"error\":\"invalid_grant\"}"},
			 {LOGIN, 200, "{\"access_token\":\"t\"}"}},
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	};
	char *token;

	(void)state;
	for (size_t i = 0; i < COUNT(trials); i++) {
		csc_token_save(&config, &maria, "old");
		run_trials(&trials[i], 1);
		assert_null(csc_token_load(&config, &maria));
	}
	/* What it still knows, and what is wrong otherwise, leaves it. */
	csc_token_save(&config, &maria, "old");
	run_trials(&(const struct trial){.login = "oauth2code",
					 .answers = {{TOKEN, 200,
						      "{\"access_token\":\"t\","
						      "\"refresh_token\":\"new\"}"}},
					 .outcome = OUTCOME_OK,
					 .starts = 1,
					 .authorized = 1,
					 .signed_ = 1},
		   1);
	token = csc_token_load(&config, &maria);
	assert_non_null(token);
	assert_string_equal(token, "new");
	csc_secret_free(token);
	csc_token_save(&config, &maria, "old");
	run_trials(&(const struct trial){.login = "oauth2code",
					 .answers = {{TOKEN, 500, "{}"}},
					 .outcome = OUTCOME_SERVER_ERROR},
		   1);
	token = csc_token_load(&config, &maria);
	assert_non_null(token);
	csc_secret_free(token);
	csc_token_forget(&config, &maria);
}

static void
a_check_asks_nobody_and_says_what_it_knows(void **state)
{
	static const struct service_account maria = {.user = "maria"};
	static const struct {
		const char *login, *token;
		struct answer list[2];
		enum outcome outcome;
		const char *detail;
	} checks[] = {
	    {"oauth2client", NULL, {{NULL, 0, NULL}}, OUTCOME_OK, "knows the account"},
	    {"oauth2code", NULL, {{NULL, 0, NULL}}, OUTCOME_OK, "the next use asks for a login"},
	    {"basic", NULL, {{NULL, 0, NULL}}, OUTCOME_OK, "the next use asks for a login"},
	    {"password", NULL, {{NULL, 0, NULL}}, OUTCOME_OK, "the next use asks for a login"},
	    {"oauth2code",
	     "old",
	     {{TOKEN, 400, "{\"error\":\"invalid_grant\"}"}},
	     OUTCOME_OK,
	     "login"},
	    {"oauth2client", NULL, {{"info", 200, "7"}}, OUTCOME_BAD_ANSWER, "no JSON object"},
	    {"oauth2client", NULL, {{TOKEN, 200, "7"}}, OUTCOME_BAD_ANSWER, "no access_token"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(checks); i++) {
		set(CSC_LOGIN, checks[i].login);
		if (checks[i].token)
			csc_token_save(&config, &maria, checks[i].token);
		answers = checks[i].list;
		begin();
		csc_maker.check(&csc_use, result);
		assert_result(checks[i].outcome, checks[i].detail);
		assert_int_equal(asked + starts, 0);
	}
	request.account = BYTES_NONE;
	csc_maker.check(&csc_use, result);
	assert_result(OUTCOME_ACCOUNT_FILE, "no account was named");
}

static void
a_page_that_gives_no_code_authorises_nothing(void **state)
{
	static const struct trial trials[] = {
	    {.answers = {{KEY, 200, key_of_page}},
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .signed_ = 1},
	    {.answers = {{KEY, 200, key_of_page},
			 {TOKEN, 200, "{\"access_token\":\"a\"}"},
			 {TOKEN, 200, "{\"access_token\":[]}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "no access_token",
	     .starts = 1},
	    {.version = "v2",
	     .answers = {{KEY, 200, key_of_page},
			 {"info", 200, INFO(",\"oauth2\":\"" HOST "\"")},
			 {PUSH, 201, "{\"request_uri\":1}"}},
	     .login = "oauth2client",
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "no request_uri",
	     .starts = 1},
	    {.version = "v2",
	     .answers = {{KEY, 200, key_of_page},
			 {"info", 200, INFO(",\"oauth2\":\"" HOST "\"")},
			 {PUSH, 400, "{\"error\":\"access_denied\"}"}},
	     .login = "oauth2client",
	     .outcome = OUTCOME_REFUSED_THERE,
	     .starts = 1},
	    {.answers = {{KEY, 200, key_of_page}, {"info", 200, "{}"}},
	     .login = "external",
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "info has no oauth2",
	     .starts = 1},
	};

	(void)state;
	RUN(trials);
	answers = trials[0].answers;
	set(CSC_LOGIN, "oauth2client");
	browsed = (struct loopback_answer){.error = "access_denied", .words = "she said no"};
	sign();
	assert_result(OUTCOME_REFUSED_THERE, "access_denied, its words: she said no");
	browsed = (struct loopback_answer){.code = ""};
	sign();
	assert_result(OUTCOME_SERVER_ERROR, "server_error");
	browser_outcome = OUTCOME_NOT_CONFIRMED;
	sign();
	assert_result(OUTCOME_NOT_CONFIRMED, NULL);
	assert_int_equal(count_calls(SIGN_HASH), 0);
}

static void
what_a_page_needs_is_looked_at_before_it_is_opened(void **state)
{
	static const struct answer list[] = {{KEY, 200, key_of_page}, {NULL, 0, NULL}};

	(void)state;
	answers = list;
	set(CSC_REDIRECT_URI, "http://198.51.100.1/callback");
	sign();
	assert_result(OUTCOME_MISCONFIGURED, "it is not on this machine");
	set(CSC_REDIRECT_URI, "http://127.0.0.1/callback");
	set(CSC_LOGIN, "external");
	write_file(credentials_path, "[credentials]\npassword = p\n");
	sign();
	assert_result(OUTCOME_CREDENTIALS_FILE, "client-id is not in");
}

static void
without_locked_memory_nothing_more_leaves(void **state)
{
	static const struct {
		const char *at, *next;
		struct answer list[2];
		const char *detail;
	} ends[] = {
	    {KEY, TOKEN, {{KEY, 200, key_of_page}}, "no locked memory left"},
	    {KEY, AUTHORIZE, {{NULL, 0, NULL}}, "no room for the request"},
	    {"info", TOKEN, {{NULL, 0, NULL}}, "no room for the request"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		answers = ends[i].list;
		fill_at = ends[i].at;
		sign();
		assert_result(OUTCOME_MISCONFIGURED, ends[i].detail);
		assert_int_equal(count_calls(ends[i].next), i == 0 ? 1 : 0);
	}
}

static void
pushed_requests_and_account_tokens_are_sent(void **state)
{
	static const struct answer list[] = {
	    {KEY, 200, key_of_page},
	    {"info", 200, INFO(",\"oauth2\":\"" HOST "\"")},
	    {PUSH, 201, "{\"request_uri\":\"urn:1\"}"},
	    {NULL, 0, NULL},
	};

	(void)state;
	answers = list;
	set(CSC_LOGIN, "oauth2client");
	set(CSC_ACCOUNT_TOKEN, "yes");
	set(CSC_CLIENT_AUTHENTICATION, "header");
	sign();
	assert_result(OUTCOME_OK, NULL);
	assert_int_equal(count_calls(PUSH), 1);
	assert_int_equal(count_calls(SIGN_HASH), 1);
}

static void
a_login_without_means_is_told(void **state)
{
	static const struct trial trials[] = {
	    {.login = "auto",
	     .answers = {{"info", 200, "{\"authType\":[\"oauth2client\"]}"}},
	     .outcome = OUTCOME_MISCONFIGURED,
	     .detail = "offers no login"},
	    {.login = "basic", .outcome = OUTCOME_OK, .starts = 1, .authorized = 1, .signed_ = 1},
	};

	(void)state;
	write_file(credentials_path, "[credentials]\nclient-id = me\npassword = p\n");
	RUN(trials);
	assert_int_equal(asked, 0);
}

/* No JSON holds the first name; the others do not fit a token once their controls are escaped. */
static void
an_account_token_that_cannot_be_made_is_told(void **state)
{
	char text[512], controls[120];

	(void)state;
	memset(controls, 1, sizeof(controls) - 1);
	controls[sizeof(controls) - 1] = '\0';
	set(CSC_LOGIN, "oauth2code");
	set(CSC_ACCOUNT_TOKEN, "yes");
	write_file(account_path, "[account]\nuser = maria\xFF\n");
	sign();
	assert_result(OUTCOME_MISCONFIGURED, "account_token cannot be made");
	snprintf(text, sizeof(text), "[account]\nuser = a%s\n", controls);
	write_file(account_path, text);
	snprintf(text, sizeof(text), "[credentials]\nclient-id = a%s\nclient-secret = s\n",
		 controls);
	write_file(credentials_path, text);
	sign();
	assert_result(OUTCOME_MISCONFIGURED, "account_token cannot be made");
	assert_int_equal(count_calls(TOKEN), 0);
}

static void
without_random_bytes_no_login_begins(void **state)
{
	const struct csc csc = {.info = NULL};

	(void)state;
	no_random = true;
	set(CSC_LOGIN, "oauth2code");
	sign();
	assert_result(OUTCOME_MISCONFIGURED, "OpenSSL has no random bytes");
	assert_int_equal(count_calls(TOKEN), 0);
	assert_null(csc_account_token(&csc));
}

static void
an_account_token_has_room_for_so_much_and_no_more(void **state)
{
	char payload[1026], *token;

	(void)state;
	memset(payload, 'a', sizeof(payload) - 1);
	payload[sizeof(payload) - 1] = '\0';
	assert_null(csc_account_token_of(payload, "secret", false));
	payload[sizeof(payload) - 2] = '\0';
	for (unsigned padded = 0; padded < 2; padded++) {
		token = csc_account_token_of(payload, "secret", padded);
		assert_non_null(token);
		assert_int_equal(strchr(token, '=') != NULL, padded);
		csc_secret_free(token);
	}
}

static void
keys_are_enrolled_with_what_fits(void **state)
{
	static const struct {
		struct answer list[3];
		enum outcome outcome;
		const char *detail;
	} enrolments[] = {
	    {{{NULL, 0, NULL}}, OUTCOME_OK, NULL},
	    {{{KEY, 200, "{}"}}, OUTCOME_BAD_ANSWER, "no key in its answer"},
	    {{{KEY, 200, "{\"key\":{}}"}}, OUTCOME_BAD_ANSWER, "no certificate chain"},
	    {{{KEY, 200, "{\"key\":{},\"cert\":{\"certificates\":[\"eA==\"]}}"}},
	     OUTCOME_BAD_ANSWER,
	     "no certificate chain"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(enrolments); i++) {
		begin();
		answers = enrolments[i].list;
		csc_maker.enrol(&csc_use, result);
		assert_result(enrolments[i].outcome, enrolments[i].detail);
		assert_int_equal(result->credentials_count, i == 0 ? 1 : 0);
	}
	begin();
	answers = NULL;
	csc_maker.list(&csc_use, result);
	assert_result(OUTCOME_OK, NULL);
	assert_int_equal(result->credentials_count, 1);
	assert_int_equal(result->chain.len, 0);
	begin();
	result->room_used = sizeof(result->room);
	csc_maker.enrol(&csc_use, result);
	assert_result(OUTCOME_BAD_ANSWER, "certificates are too long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(where_to_log_in_must_be_told),
	    TEST(an_address_that_is_too_long_is_not_used),
	    TEST(a_login_without_a_token_is_none),
	    TEST(a_password_that_is_not_typed_logs_nobody_in),
	    TEST(a_password_of_the_file_that_is_too_long_is_not_cut),
	    TEST(a_login_that_the_service_has_forgotten_is_made_anew),
	    TEST(a_check_asks_nobody_and_says_what_it_knows),
	    TEST(a_page_that_gives_no_code_authorises_nothing),
	    TEST(what_a_page_needs_is_looked_at_before_it_is_opened),
	    TEST(without_locked_memory_nothing_more_leaves),
	    TEST(pushed_requests_and_account_tokens_are_sent),
	    TEST(a_login_without_means_is_told),
	    TEST(an_account_token_that_cannot_be_made_is_told),
	    TEST(without_random_bytes_no_login_begins),
	    TEST(an_account_token_has_room_for_so_much_and_no_more),
	    TEST(keys_are_enrolled_with_what_fits),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
