/* csc-simulator: what a request must be to reach a method (csc.md 1, 8 and 12). */
#include "test-rssp.h"

#define GENERIC                                                                              \
	"The request is missing a required parameter, includes an invalid parameter value, " \
	"includes a parameter more than once, or is otherwise malformed."
#define INFO "{\"credentialID\":\"sign\"}"

static void
info_needs_no_token(void **state)
{
	ask(*state, "POST", "/csc/v1/info", NULL, JSON, "{}");
	assert_status(*state, 200);
	assert_string_equal(text(*state, "specs"), "1.0.3.0");
	assert_string_equal(text(*state, "oauth2"), "https://127.0.0.1:1/csc/v1");
	ask(*state, "POST", "/csc/v2/info", NULL, JSON, "{}");
	assert_string_equal(text(*state, "specs"), "2.0.0.0");
}

static void
another_path_is_404(void **state)
{
	static const char *const paths[] = {"/",
					    "/csc/v3/info",
					    "/csc/v1/",
					    "/csc/v1/infos",
					    "/csc/v1/credentials/getChallenge",
					    "/csc/v2/credentials/sendOTP",
					    "/csc/v1/credentials/authorise"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		ask(*state, "POST", paths[i], NULL, JSON, "{}");
		assert_status(*state, 404);
	}
}

static void
a_version_may_be_missing(void **state)
{
	set_keys(*state, "", "versions = v2");
	ask(*state, "POST", "/csc/v1/info", NULL, JSON, "{}");
	assert_status(*state, 404);
	ask(*state, "POST", "/csc/v2/info", NULL, JSON, "{}");
	assert_status(*state, 200);
}

static void
a_method_may_be_missing_and_info_says_so(void **state)
{
	set_keys(*state, "", "without = signatures/timestamp");
	post(*state, "v1/signatures/timestamp", "{}");
	assert_refused(*state, 501, "invalid_request", "signatures/timestamp is not offered");
	post(*state, "v1/info", "{}");
	assert_non_null(strstr(((struct service *)*state)->answer.body, "signatures/signHash"));
	assert_null(strstr(((struct service *)*state)->answer.body, "signatures/timestamp"));
}

static void
get_is_for_browsers_only(void **state)
{
	ask(*state, "GET", "/csc/v1/info", NULL, NULL, NULL);
	assert_status(*state, 405);
	ask(*state, "PUT", "/csc/v1/info", NULL, JSON, "{}");
	assert_status(*state, 405);
}

static void
the_content_type_must_be_json(void **state)
{
	ask(*state, "POST", "/csc/v1/info", NULL, "text/json", "{}");
	assert_status(*state, 415);
	ask(*state, "POST", "/csc/v1/info", NULL, NULL, "{}");
	assert_status(*state, 415);
	ask(*state, "POST", "/csc/v1/info", NULL, "Application/JSON; charset=utf-8", "{}");
	assert_status(*state, 200);
}

static void
the_body_must_be_an_object(void **state)
{
	static const char *const bodies[] = {
	    "", "{", "[]", "null", "{}{}", "{\"a\":1,\"a\":2}", "x=1", "\"\xFF\""};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		ask(*state, "POST", "/csc/v1/info", NULL, JSON, bodies[i]);
		assert_invalid(*state, GENERIC);
	}
}

static void
members_that_nobody_knows_are_ignored(void **state)
{
	post(*state, "v1/credentials/info",
	     "{\"credentialID\":\"sign\",\"x\":[1],\"clientData\":\"any\",\"lang\":null}");
	assert_status(*state, 200);
}

static void
a_header_that_is_not_bearer_is_malformed(void **state)
{
	static const char *const headers[] = {NULL, "Bearer", "Bearer ", "Bearer a b", MARIA};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		ask(*state, "POST", "/csc/v1/credentials/list", headers[i], JSON, "{}");
		assert_invalid(*state, GENERIC);
		ask(*state, "POST", "/csc/v1/credentials/sendOTP", headers[i], JSON, "{}");
		assert_invalid(*state, "Malformed authorization header.");
		ask(*state, "POST", "/csc/v2/credentials/list", headers[i], JSON, "{}");
		assert_invalid(*state, "Malformed authorization header.");
	}
}

static void
a_token_that_is_none_is_401(void **state)
{
	ask(*state, "POST", "/csc/v1/credentials/list",
	    "Bearer 000000000000000000000000000000000000000000000000", JSON, "{}");
	assert_refused(*state, 401, "invalid_token", "Invalid access_token");
	assert_string_equal(header(*state, "WWW-Authenticate"), "Bearer realm=\"csc-simulator\"");
}

static void
a_token_grows_old(void **state)
{
	set_keys(*state, "", "clock = 3601");
	post(*state, "v1/credentials/list", "{}");
	assert_refused(*state, 401, "expired_token", "Access token has expired");
}

static void
a_token_goes_with_its_user(void **state)
{
	set_accounts(*state, "[user rui]\npassword = outra\n" OTHER_CREDENTIAL);
	post(*state, "v1/credentials/list", "{}");
	assert_refused(*state, 401, "invalid_token", "Invalid access_token");
}

/* auth/login and auth/revoke */

static void
who_logs_in_must_be_known(void **state)
{
	static const struct {
		const char *header, *error, *description;
		unsigned status;
	} rows[] = {
	    {NULL, "invalid_request", "Malformed authentication parameter.", 401},
	    {"Bearer x", "invalid_request", "Malformed authentication parameter.", 401},
	    {"Basic !", "invalid_request", "Malformed username-password.", 400},
	    {"Basic bWFyaWE=", "invalid_request", "Malformed username-password.", 400},
	    {"Basic bWFyaWE6eA==", "authentication_error",
	     "An error occurred during authentication process", 400},
	    {"Basic eDpzZWdyZWRv", "authentication_error",
	     "An error occurred during authentication process", 400},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(*state, "POST", "/csc/v1/auth/login", rows[i].header, JSON, "{}");
		assert_refused(*state, rows[i].status, rows[i].error, rows[i].description);
	}
}

static void
only_who_wants_to_be_remembered_gets_a_refresh_token(void **state)
{
	ask(*state, "POST", "/csc/v1/auth/login", MARIA, JSON, "{}");
	assert_string_equal(text(*state, "refresh_token"), "");
	ask(*state, "POST", "/csc/v1/auth/login", MARIA, JSON, "{\"rememberMe\":true}");
	assert_string_not_equal(text(*state, "refresh_token"), "");
	ask(*state, "POST", "/csc/v1/auth/login", MARIA, JSON, "{\"rememberMe\":\"true\"}");
	assert_invalid(*state, "Invalid boolean parameter rememberMe");
}

/* Logs in with rememberMe; the refresh token. */
static void
remember(struct service *service, char refresh[64])
{
	ask(service, "POST", "/csc/v1/auth/login", MARIA, JSON, "{\"rememberMe\":true}");
	(void)snprintf(refresh, 64, "%s", text(service, "refresh_token"));
	(void)snprintf(service->token, sizeof(service->token), "%s", text(service, "access_token"));
}

static void
a_refresh_token_logs_in_again(void **state)
{
	struct service *service = *state;
	char refresh[64];

	remember(service, refresh);
	service->token[0] = '\0';
	post_with(service, "v1/auth/login", "{\"refresh_token\":\"%s\"}", refresh);
	assert_status(service, 200);
	post(service, "v1/auth/login", "{\"refresh_token\":\"x\"}");
	assert_invalid(service, "Invalid refresh_token");
	post(service, "v1/auth/login", "{\"refresh_token\":1}");
	assert_invalid(service, "Invalid string parameter refresh_token");
}

static void
a_refresh_token_takes_its_access_tokens_with_it(void **state)
{
	struct service *service = *state;
	char refresh[64], token[64];

	remember(service, refresh);
	memcpy(token, service->token, sizeof(token));
	log_in(service);
	post_with(service, "v1/auth/revoke", "{\"token\":\"%s\"}", refresh);
	assert_status(service, 204);
	memcpy(service->token, token, sizeof(token));
	post(service, "v1/credentials/list", "{}");
	assert_status(service, 401);
}

static void
an_access_token_leaves_the_refresh_token(void **state)
{
	struct service *service = *state;
	char refresh[64];

	remember(service, refresh);
	post_with(service, "v1/auth/revoke",
		  "{\"token\":\"%s\",\"token_type_hint\":\"access_token\"}", service->token);
	assert_status(service, 204);
	service->token[0] = '\0';
	post_with(service, "v1/auth/login", "{\"refresh_token\":\"%s\"}", refresh);
	assert_status(service, 200);
}

static void
what_is_revoked_must_be_a_token(void **state)
{
	post(*state, "v1/auth/revoke", "{}");
	assert_invalid(*state, "Missing (or invalid type) string parameter token");
	post(*state, "v1/auth/revoke", "{\"token\":\"x\",\"token_type_hint\":\"y\"}");
	assert_invalid(*state, "Invalid string parameter token_type_hint");
	post(*state, "v1/auth/revoke", "{\"token\":\"x\"}");
	assert_invalid(*state, "Invalid string parameter token");
}

/* The record */

static void
assert_last_call(struct service *service, const char *expected)
{
	char *data = NULL, *line;
	struct problem error;
	size_t len = 0;

	assert_true(sim_directory_read(&service->rssp.directory, "calls", &data, &len, &error));
	data[len - 1] = '\0';
	line = strrchr(data, '\n');
	assert_string_equal(strchr(line != NULL ? line + 1 : data, '\t') + 1, expected);
	OPENSSL_free(data);
}

static void
each_call_is_written_down(void **state)
{
	post(*state, "v1/credentials/info", INFO);
	assert_last_call(*state, "v1\tcredentials/info\tmaria\tsign\t200\t-\t-\t-\t-");
	post(*state, "v2/credentials/info", "{}");
	assert_last_call(*state, "v2\tcredentials/info\tmaria\t-\t400\tinvalid_request\t-\t-\t-");
	post(*state, "v1/nothing\x01", "{}");
	assert_last_call(*state, "v1\t/csc/v1/nothing?\t-\t-\t404\tinvalid_request\t-\t-\t-");
}

static void
a_mistake_in_accounts_conf_is_500_until_it_is_mended(void **state)
{
	set_accounts(*state, "[server]\nauth = x\n");
	post(*state, "v1/info", "{}");
	assert_refused(*state, 500, "server_error", "accounts.conf is not right");
	set_accounts(*state, ACCOUNTS);
	post(*state, "v1/info", "{}");
	assert_status(*state, 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(info_needs_no_token),
	    TEST(another_path_is_404),
	    TEST(a_version_may_be_missing),
	    TEST(a_method_may_be_missing_and_info_says_so),
	    TEST(get_is_for_browsers_only),
	    TEST(the_content_type_must_be_json),
	    TEST(the_body_must_be_an_object),
	    TEST(members_that_nobody_knows_are_ignored),
	    TEST(a_header_that_is_not_bearer_is_malformed),
	    TEST(a_token_that_is_none_is_401),
	    TEST(a_token_grows_old),
	    TEST(a_token_goes_with_its_user),
	    TEST(who_logs_in_must_be_known),
	    TEST(only_who_wants_to_be_remembered_gets_a_refresh_token),
	    TEST(a_refresh_token_logs_in_again),
	    TEST(a_refresh_token_takes_its_access_tokens_with_it),
	    TEST(an_access_token_leaves_the_refresh_token),
	    TEST(what_is_revoked_must_be_a_token),
	    TEST(each_call_is_written_down),
	    TEST(a_mistake_in_accounts_conf_is_500_until_it_is_mended),
	};

	return cmocka_run_group_tests(tests, service_set_up, service_tear_down);
}
