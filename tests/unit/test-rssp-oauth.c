/* csc-simulator: the rules of oauth2/authorize and pushed_authorize (csc.md 3.1, 3.2, 3.4 and 8). */
#include "test-rssp-oauth.h"

static void
nothing_is_sent_to_an_address_that_is_not_right(void **state)
{
	static const struct {
		const char *path, *description;
	} rows[] = {
	    {"/csc/v1/oauth2/authorize?redirect_uri=" BACK, "Missing parameter client_id"},
	    {"/csc/v1/oauth2/authorize?client_id=x&redirect_uri=" BACK,
	     "Invalid parameter client_id"},
	    {START, "Missing parameter redirect_uri"},
	    {START "&redirect_uri=https%3A%2F%2Fexample.org%2F", "Invalid parameter redirect_uri"},
	    {START "&redirect_uri=http%3A%2F%2F127.0.0.1.example.org%2F",
	     "Invalid parameter redirect_uri"},
	    {START "&redirect_uri=http%3A%2F%2F127.0.0.1%40example.org%2F",
	     "Invalid parameter redirect_uri"},
	    {START "&redirect_uri=https%3A%2F%2F127.0.0.1%2F", "Invalid parameter redirect_uri"},
	    {START "&redirect_uri=" BACK "%23part", "Invalid parameter redirect_uri"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		browse(*state, rows[i].path);
		assert_invalid(*state, rows[i].description);
	}
}

static void
addresses_of_this_machine_and_the_registered_one_are_right(void **state)
{
	static const char *const uris[] = {BACK, "http%3A%2F%2Flocalhost%2F",
					   "http%3A%2F%2F%5B%3A%3A1%5D%3A9%2Fx%3Fy%3D1",
					   "https%3A%2F%2Fapp.example%2Fcb"};

	set_keys(*state, "", AGREES "\nredirect-uri = https://app.example/cb");
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		char path[256], code[128];

		(void)snprintf(path, sizeof(path), START "&redirect_uri=%s", uris[i]);
		get_code(*state, path, code);
	}
	browse(*state, START);
	assert_int_equal(strncmp(header(*state, "Location"), "https://app.example/cb?code=", 28),
			 0);
}

static void
errors_go_back_to_the_client(void **state)
{
	static const struct {
		const char *path, *error, *description;
	} rows[] = {
	    {"/csc/v1/oauth2/authorize?client_id=simulated-client", "invalid_request",
	     "Missing parameter response_type"},
	    {"/csc/v1/oauth2/authorize?client_id=simulated-client&response_type=token",
	     "unsupported_response_type", "Invalid parameter response_type"},
	    {START "&scope=x", "invalid_scope", "Invalid parameter scope"},
	    {START "&code_challenge=x&code_challenge_method=S1", "invalid_request",
	     "Invalid parameter code_challenge_method"},
	    {START "&account_token=x", "invalid_request", "Invalid parameter account_token"},
	    {START "&scope=credential", "invalid_request",
	     "Missing (or invalid type) string parameter credentialID"},
	    {START "&scope=credential&credentialID=other", "invalid_request",
	     "Invalid parameter credentialID"},
	    {START "&scope=credential&credentialID=sign", "invalid_request",
	     "Missing (or invalid type) integer parameter numSignatures"},
	    {START "&scope=credential&credentialID=sign&numSignatures=x", "invalid_request",
	     "Invalid value for parameter numSignatures"},
	    {START "&scope=credential&credentialID=sign&numSignatures=1", "invalid_request",
	     "Missing (or invalid type) string parameter hash"},
	    {START "&scope=credential&credentialID=sign&numSignatures=1&hash=%21",
	     "invalid_request", "Invalid Base64 hash string parameter"},
	    {START_V2, "invalid_request", "Missing parameter code_challenge"},
	    {START_V2 CHALLENGE
	     "&scope=credential&credentialID=sign&numSignatures=1&hashes=" HASH_URL,
	     "invalid_request", "Invalid parameter hashAlgorithmOID"},
	    {START_V2 CHALLENGE "&scope=credential&signatureQualifier=za_ecta_aes",
	     "invalid_request", "Invalid parameter signatureQualifier"},
	    {START_V2 CHALLENGE "&authorization_details=%5B%5D", "invalid_request",
	     "Invalid parameter authorization_details"},
	};

	set_keys(*state, "mode = oauth2code", AGREES);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%s&state=s&redirect_uri=" BACK, rows[i].path);
		browse(*state, path);
		assert_sent_back(*state, "error", rows[i].error);
		assert_sent_back(*state, "error_description", rows[i].description);
		assert_sent_back(*state, "state", "s");
	}
}

static void
hashes_of_a_query_may_be_padded_and_several(void **state)
{
	char code[128];

	set_keys(*state, "mode = oauth2code", AGREES);
	get_code(*state,
		 START "&scope=credential&credentialID=sign&numSignatures=2&redirect_uri=" BACK
		       "&hash=" HASH_URL "%3D,ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
		 code);
	post_form(*state, TOKEN, "&grant_type=authorization_code&code=%s&redirect_uri=" BACK, code);
	assert_string_equal(text(*state, "token_type"), "SAD");
}

static void
a_pushed_request_is_good_once_and_for_its_client(void **state)
{
	struct service *service = *state;
	char path[512], code[128], uri[128];

	set_keys(service, "", AGREES);
	post_form(service, "/csc/v2/oauth2/pushed_authorize",
		  "&response_type=code" CHALLENGE "&redirect_uri=" BACK);
	assert_status(service, 201);
	(void)snprintf(uri, sizeof(uri), "%s", text(service, "request_uri"));
	(void)snprintf(path, sizeof(path),
		       "/csc/v2/oauth2/authorize?client_id=other&request_uri=%s", uri);
	browse(service, path);
	assert_invalid(service, "Invalid parameter client_id");
	(void)snprintf(path, sizeof(path),
		       "/csc/v2/oauth2/authorize?client_id=simulated-client&request_uri=%s", uri);
	get_code(service, path, code);
	browse(service, path);
	assert_invalid(service, "Invalid parameter request_uri");
}

static void
what_is_pushed_is_checked_at_once(void **state)
{
	post_form(*state, "/csc/v2/oauth2/pushed_authorize",
		  "&response_type=code&redirect_uri=" BACK);
	assert_invalid(*state, "Missing parameter code_challenge");
	ask(*state, "POST", "/csc/v2/oauth2/pushed_authorize", NULL, FORM, "client_id=x");
	assert_invalid(*state, "Invalid parameter client_id");
}

static void
the_page_counts_wrong_pins_too(void **state)
{
	struct service *service = *state;
	char uri[128];
	const char *at;

	set_keys(service, "mode = oauth2code\notp = none\npin-tries = 1", "");
	browse(service, START CREDENTIAL_SCOPE "&redirect_uri=" BACK);
	assert_status(service, 200);
	at = strstr(service->answer.body, "name=\"request_uri\" value=\"");
	assert_non_null(at);
	at += strlen("name=\"request_uri\" value=\"");
	(void)snprintf(uri, sizeof(uri), "%.*s", (int)strcspn(at, "\""), at);
	for (int i = 0; i < 2; i++) {
		char body[256];

		(void)snprintf(body, sizeof(body),
			       "client_id=simulated-client&request_uri=%s&answer=allow&PIN=%s", uri,
			       i == 0 ? "9999" : "1234");
		ask(service, "POST", "/csc/v1/oauth2/authorize", NULL, FORM, body);
		assert_non_null(strstr(service->answer.body, "That was not right."));
	}
}

/* csc.md 3.2 has this token, for the secret client-secret-1 and the client client-1. */
#define VECTOR                                                                                 \
	"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."                                                \
	"eyJzdWIiOiJhY2NvdW50LTEiLCJpYXQiOjE3MDAwMDAwMDAsImp0aSI6IjBmOWQzYTUyLTZjMWUtNGE1Ny05" \
	"YTM2LTNmNmYwYzdmN2IxMCIsImlzcyI6InRlc3QgYXBwIiwiYXpwIjoiY2xpZW50LTEifQ."              \
	"iDqFvV4n5SufwbKzH5DMW96tPFY6pJtnTwuBvrVWyl4"

static void
an_account_token_names_the_user(void **state)
{
	struct service *service = *state;
	const struct rssp_client usual = service->rssp.client;
	char code[128];

	service->rssp.client = (struct rssp_client){"client-1", "client-secret-1"};
	set_accounts(service,
		     "[user maria]\npassword = a\n[user rui]\npassword = b\n"
		     "account = account-1\n[server]\n" AGREES "\ndialect = account-token\n");
	browse(service, "/csc/v1/oauth2/authorize?response_type=code&client_id=client-1"
			"&redirect_uri=" BACK);
	assert_sent_back(service, "error_description", "Missing parameter account_token");
	browse(service, "/csc/v1/oauth2/authorize?response_type=code&client_id=client-1"
			"&redirect_uri=" BACK "&account_token=" VECTOR "x");
	assert_sent_back(service, "error_description", "Invalid parameter account_token");
	get_code(service,
		 "/csc/v1/oauth2/authorize?response_type=code&client_id=client-1"
		 "&redirect_uri=" BACK "&account_token=" VECTOR,
		 code);
	assert_string_equal(rssp_grants_find(&service->rssp.grants, RSSP_CODE, code)->user, "rui");
	service->rssp.client = usual;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing_is_sent_to_an_address_that_is_not_right),
	    TEST(addresses_of_this_machine_and_the_registered_one_are_right),
	    TEST(errors_go_back_to_the_client),
	    TEST(hashes_of_a_query_may_be_padded_and_several),
	    TEST(a_pushed_request_is_good_once_and_for_its_client),
	    TEST(what_is_pushed_is_checked_at_once),
	    TEST(the_page_counts_wrong_pins_too),
	    TEST(an_account_token_names_the_user),
	};

	return cmocka_run_group_tests(tests, service_set_up, service_tear_down);
}
