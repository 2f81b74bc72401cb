/* csc-simulator: credentials/list and credentials/info (csc.md 4, 5 and 8). */
#include "test-rssp.h"

static void
each_user_has_their_own_list(void **state)
{
	struct service *service = *state;
	const json_t *ids;

	post(service, "v1/credentials/list", "{}");
	ids = json_object_get(service->reply, "credentialIDs");
	assert_int_equal(json_array_size(ids), 1);
	assert_string_equal(json_string_value(json_array_get(ids, 0)), "sign");
	post(service, "v1/credentials/list", "{\"userID\":\"maria\"}");
	assert_invalid(service, "userID parameter MUST be null");
}

static void
without_a_user_the_list_needs_one(void **state)
{
	struct service *service = *state;

	set_keys(service, "", "auth = external");
	service->token[0] = '\0';
	post(service, "v1/credentials/list", "{}");
	assert_invalid(service, "Missing (or invalid type) string parameter userID");
	post(service, "v1/credentials/list", "{\"userID\":\"nobody\"}");
	assert_invalid(service, "Invalid parameter userID");
	post(service, "v1/credentials/list", "{\"userID\":\"rui\"}");
	assert_non_null(strstr(service->answer.body, "[\"other\"]"));
}

#define THREE            \
	USERS CREDENTIAL \
	    "[credential b]\nuser=maria\nkey=p256\n[credential c]\nuser=maria\nkey=p256\n"

static void
a_list_comes_in_pages(void **state)
{
	struct service *service = *state;
	char page[64];

	set_accounts(service, THREE);
	post(service, "v1/credentials/list", "{\"maxResults\":2}");
	assert_non_null(strstr(service->answer.body, "[\"sign\",\"b\"]"));
	(void)snprintf(page, sizeof(page), "%s", text(service, "nextPageToken"));
	post_with(service, "v1/credentials/list", "{\"maxResults\":2,\"pageToken\":\"%s\"}", page);
	assert_non_null(strstr(service->answer.body, "[\"c\"]"));
	assert_null(json_object_get(service->reply, "nextPageToken"));
}

static void
the_server_may_make_pages_smaller(void **state)
{
	struct service *service = *state;

	set_accounts(service, THREE "[server]\npage-size = 1\n");
	post(service, "v1/credentials/list", "{\"maxResults\":3}");
	assert_non_null(strstr(service->answer.body, "[\"sign\"]"));
	assert_string_not_equal(text(service, "nextPageToken"), "");
}

static void
pages_that_are_none_are_refused(void **state)
{
	post(*state, "v1/credentials/list", "{\"pageToken\":\"x\"}");
	assert_invalid(*state, "Invalid parameter pageToken");
	post(*state, "v1/credentials/list", "{\"maxResults\":0}");
	assert_invalid(*state, "Invalid parameter maxResults");
}

static void
only_valid_ones_are_listed_on_demand(void **state)
{
	struct service *service = *state;

	set_keys(service, "status = disabled", "");
	post(service, "v2/credentials/list", "{\"onlyValid\":true}");
	assert_non_null(strstr(service->answer.body, "\"credentialIDs\":[]"));
	post(service, "v2/credentials/list", "{}");
	assert_non_null(strstr(service->answer.body, "\"credentialIDs\":[\"sign\"]"));
}

static void
a_credential_must_be_ones_own(void **state)
{
	static const char *const methods[] = {"v1/credentials/info", "v1/credentials/authorize",
					      "v1/credentials/sendOTP", "v1/signatures/signHash",
					      "v1/credentials/extendTransaction"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		post(*state, methods[i], "{}");
		assert_invalid(*state, "Missing (or invalid type) string parameter credentialID");
		post(*state, methods[i], "{\"credentialID\":\"nobody\"}");
		assert_invalid(*state, "Invalid parameter credentialID");
		post(*state, methods[i], "{\"credentialID\":\"other\"}");
		assert_invalid(*state, "Invalid parameter credentialID");
	}
}

static size_t
certificates(struct service *service, const char *wanted)
{
	post_with(service, "v1/credentials/info",
		  "{\"credentialID\":\"sign\",\"certificates\":\"%s\"}", wanted);
	assert_status(service, 200);
	return json_array_size(
	    json_object_get(json_object_get(service->reply, "cert"), "certificates"));
}

static void
as_many_certificates_come_as_were_wanted(void **state)
{
	assert_int_equal(certificates(*state, "none"), 0);
	assert_int_equal(certificates(*state, "single"), 1);
	assert_int_equal(certificates(*state, "chain"), 3);
	post(*state, "v1/credentials/info", "{\"credentialID\":\"sign\",\"certificates\":\"all\"}");
	assert_invalid(*state, "Invalid parameter certificates");
}

static void
details_come_on_demand_only(void **state)
{
	struct service *service = *state;

	post(service, "v1/credentials/info", "{\"credentialID\":\"sign\"}");
	assert_null(json_object_get(service->reply, "PIN"));
	assert_null(json_object_get(json_object_get(service->reply, "cert"), "subjectDN"));
	assert_string_equal(text(service, "authMode"), "explicit");
	post(service, "v1/credentials/info",
	     "{\"credentialID\":\"sign\",\"certInfo\":true,\"authInfo\":true}");
	assert_non_null(
	    strstr(service->answer.body, "\"PIN\":{\"presence\":\"true\",\"format\":\"N\""));
	assert_non_null(strstr(service->answer.body,
			       "\"subjectDN\":\"CN=MARIA DA SILVA,serialNumber=BI00000001"));
}

static void
the_curve_and_what_it_signs_with_are_told(void **state)
{
	struct service *service = *state;

	set_keys(service, "key = p384\nalgorithms = ecdsa-sha384", "");
	post(service, "v1/credentials/info", "{\"credentialID\":\"sign\"}");
	assert_non_null(strstr(service->answer.body,
			       "\"key\":{\"status\":\"enabled\",\"algo\":[\"1.2.840.10045.4.3.3\"],"
			       "\"len\":384,\"curve\":\"1.3.132.0.34\"}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_user_has_their_own_list),    TEST(without_a_user_the_list_needs_one),
	    TEST(a_list_comes_in_pages),           TEST(the_server_may_make_pages_smaller),
	    TEST(pages_that_are_none_are_refused), TEST(only_valid_ones_are_listed_on_demand),
	    TEST(a_credential_must_be_ones_own),   TEST(as_many_certificates_come_as_were_wanted),
	    TEST(details_come_on_demand_only),     TEST(the_curve_and_what_it_signs_with_are_told),
	};

	return cmocka_run_group_tests(tests, service_set_up, service_tear_down);
}
