/* csc-simulator: the rules of oauth2/token and oauth2/revoke (csc.md 3.3, 3.5 and 8). */
#include "test-rssp-oauth.h"

static void
the_token_endpoint_checks_the_client(void **state)
{
	static const struct {
		const char *fields, *description;
		unsigned status;
	} rows[] = {
	    {"grant_type=client_credentials", "Missing parameter client_id", 400},
	    {"client_id=x&client_secret=y", "Invalid parameter client_id", 400},
	    {"client_id=simulated-client", "Client authorization required", 401},
	    {"client_id=simulated-client&client_secret=y", "Invalid parameter client_secret", 401},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(*state, "POST", TOKEN, NULL, FORM, rows[i].fields);
		assert_refused(*state, rows[i].status, "invalid_request", rows[i].description);
	}
	assert_string_equal(header(*state, "WWW-Authenticate"), "Basic realm=\"csc-simulator\"");
}

static void
a_client_may_use_basic(void **state)
{
	struct service *service = *state;
	char plain[160], basic[256] = "Basic ";

	(void)snprintf(plain, sizeof(plain), "simulated-client:%s", service->rssp.client.secret);
	sim_base64_encode((struct bytes){(const uint8_t *)plain, strlen(plain)},
			  basic + strlen(basic));
	ask(service, "POST", TOKEN, basic, FORM, "grant_type=client_credentials");
	assert_status(service, 200);
	ask(service, "POST", TOKEN, MARIA, FORM, "grant_type=client_credentials");
	assert_invalid(service, "Invalid parameter client_id");
}

static void
the_token_endpoint_checks_the_grant(void **state)
{
	static const struct {
		const char *fields, *error, *description;
	} rows[] = {
	    {"", "invalid_request", "Missing parameter grant_type"},
	    {"&grant_type=x", "invalid_request", "Invalid parameter grant_type"},
	    {"&grant_type=password", "invalid_request", "Invalid parameter grant_type"},
	    {"&grant_type=authorization_code", "invalid_request", "Missing parameter code"},
	    {"&grant_type=authorization_code&code=x", "invalid_grant", "Invalid parameter code"},
	    {"&grant_type=refresh_token", "invalid_request", "Missing parameter refresh_token"},
	    {"&grant_type=refresh_token&refresh_token=x", "invalid_grant",
	     "Invalid parameter refresh_token"},
	    {"&grant_type=client_credentials&scope=credential", "invalid_scope",
	     "Invalid parameter scope"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		post_form(*state, TOKEN, "%s", rows[i].fields);
		assert_refused(*state, 400, rows[i].error, rows[i].description);
	}
}

static void
a_client_without_a_user_names_one(void **state)
{
	struct service *service = *state;

	post_form(service, TOKEN, "&grant_type=client_credentials");
	assert_null(json_object_get(service->reply, "refresh_token"));
	(void)snprintf(service->token, sizeof(service->token), "%s", text(service, "access_token"));
	post(service, "v1/credentials/list", "{\"userID\":\"rui\"}");
	assert_non_null(strstr(service->answer.body, "[\"other\"]"));
	set_keys(service, "", "auth = basic");
	post_form(service, TOKEN, "&grant_type=client_credentials");
	assert_refused(service, 400, "unauthorized_client", "client_credentials is not offered");
}

static void
a_code_is_good_for_one_request(void **state)
{
	char code[128];

	set_keys(*state, "", AGREES);
	get_code(*state, START "&redirect_uri=" BACK, code);
	post_form(*state, TOKEN, "&grant_type=authorization_code&code=%s&redirect_uri=x", code);
	assert_refused(*state, 400, "invalid_grant",
		       "redirect_uri parameter does not match redirect_uri parameter of "
		       "authorization request");
	post_form(*state, TOKEN, "&grant_type=authorization_code&code=%s&redirect_uri=" BACK, code);
	assert_refused(*state, 400, "invalid_grant", "Invalid parameter code");
}

static void
a_code_grows_old(void **state)
{
	char code[128];

	set_keys(*state, "", AGREES);
	get_code(*state, START "&redirect_uri=" BACK, code);
	set_keys(*state, "", "clock = 61");
	post_form(*state, TOKEN, "&grant_type=authorization_code&code=%s&redirect_uri=" BACK, code);
	assert_refused(*state, 400, "invalid_grant", "Authorization code is invalid or expired");
}

static void
who_has_the_code_must_have_the_verifier(void **state)
{
	static const char *const wrong[] = {
	    "", "&code_verifier=x", "&code_verifier=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"};
	char code[128];

	set_keys(*state, "", AGREES);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		get_code(*state, START CHALLENGE "&redirect_uri=" BACK, code);
		post_form(*state, TOKEN,
			  "&grant_type=authorization_code&code=%s&redirect_uri=" BACK "%s", code,
			  wrong[i]);
		assert_refused(*state, 400, "invalid_grant", "Invalid parameter code_verifier");
	}
	get_code(*state, START CHALLENGE "&redirect_uri=" BACK, code);
	post_form(*state, TOKEN,
		  "&grant_type=authorization_code&code=%s&redirect_uri=" BACK
		  "&code_verifier=" VERIFIER,
		  code);
	assert_status(*state, 200);
}

static void
a_plain_challenge_is_the_verifier(void **state)
{
	char code[128];

	set_keys(*state, "", AGREES);
	get_code(*state, START "&code_challenge=abc&redirect_uri=" BACK, code);
	post_form(*state, TOKEN,
		  "&grant_type=authorization_code&code=%s&redirect_uri=" BACK "&code_verifier=abc",
		  code);
	assert_status(*state, 200);
}

/* Service tokens by code; the refresh token. */
static void
get_tokens(struct service *service, char refresh[64])
{
	char code[128];

	set_keys(service, "", AGREES);
	get_code(service, START "&redirect_uri=" BACK, code);
	post_form(service, TOKEN, "&grant_type=authorization_code&code=%s&redirect_uri=" BACK,
		  code);
	assert_string_equal(text(service, "token_type"), "Bearer");
	(void)snprintf(refresh, 64, "%s", text(service, "refresh_token"));
	(void)snprintf(service->token, sizeof(service->token), "%s", text(service, "access_token"));
}

static void
a_refresh_token_gives_another_access_token(void **state)
{
	struct service *service = *state;
	char refresh[64];

	get_tokens(service, refresh);
	post_form(service, TOKEN, "&grant_type=refresh_token&refresh_token=%s", refresh);
	assert_string_not_equal(text(service, "access_token"), service->token);
	(void)snprintf(service->token, sizeof(service->token), "%s", text(service, "access_token"));
	post(service, "v1/credentials/list", "{}");
	assert_status(service, 200);
	set_keys(service, "", "refresh-lifetime = 5\nclock = 3000000");
	post_form(service, TOKEN, "&grant_type=refresh_token&refresh_token=%s", refresh);
	assert_refused(service, 400, "invalid_grant", "Refresh token expired");
}

static void
revoking_needs_the_client_and_a_token(void **state)
{
	struct service *service = *state;
	char refresh[64], body[128];

	get_tokens(service, refresh);
	(void)snprintf(body, sizeof(body), "client_id=simulated-client&token=%s", refresh);
	ask(service, "POST", "/csc/v1/oauth2/revoke", NULL, FORM, body);
	assert_refused(service, 401, "invalid_request", "Client authorization required");
	post_form(service, "/csc/v1/oauth2/revoke", "&token=%s", refresh);
	assert_status(service, 204);
	post(service, "v1/credentials/list", "{}");
	assert_status(service, 401);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_token_endpoint_checks_the_client),
	    TEST(a_client_may_use_basic),
	    TEST(the_token_endpoint_checks_the_grant),
	    TEST(a_client_without_a_user_names_one),
	    TEST(a_code_is_good_for_one_request),
	    TEST(a_code_grows_old),
	    TEST(who_has_the_code_must_have_the_verifier),
	    TEST(a_plain_challenge_is_the_verifier),
	    TEST(a_refresh_token_gives_another_access_token),
	    TEST(revoking_needs_the_client_and_a_token),
	};

	return cmocka_run_group_tests(tests, service_set_up, service_tear_down);
}
