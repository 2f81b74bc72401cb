/* csc-simulator: trouble on the way (accounts.conf: trouble, on, latency), up to the connection. */
#include "test-rssp.h"

static void
trouble(struct service *service, const char *word, const char *on)
{
	char server[128];

	(void)snprintf(server, sizeof(server), "latency = 40\ntrouble = %s\non = %s", word, on);
	set_keys(service, "", server);
}

static void
statuses_come_with_what_they_need(void **state)
{
	static const struct {
		const char *word, *header, *value;
		unsigned status;
	} rows[] = {
	    {"http-401", "WWW-Authenticate", "Bearer error=\"invalid_token\"", 401},
	    {"http-403", "", "", 403},
	    {"http-404", "", "", 404},
	    {"http-407", "Proxy-Authenticate", "Basic realm=\"proxy\"", 407},
	    {"http-413", "", "", 413},
	    {"http-429", "Retry-After", "1", 429},
	    {"http-500", "", "", 500},
	    {"http-503", "Retry-After", "1", 503},
	    {"http-504", "", "", 504},
	    {"redirect", "Location", "/elsewhere", 307},
	    {"garbage", "", "", 200},
	    {"empty", "", "", 200},
	    {"array", "", "", 200},
	    {"nested", "", "", 200},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		trouble(*state, rows[i].word, "info");
		post(*state, "v1/info", "{}");
		assert_status(*state, rows[i].status);
		assert_string_equal(header(*state, rows[i].header), rows[i].value);
		assert_false(json_is_object(((struct service *)*state)->reply) &&
			     rows[i].status == 200);
	}
}

static void
it_is_for_the_methods_that_are_named(void **state)
{
	struct service *service = *state;

	trouble(service, "http-500", "credentials/list, oauth2/token");
	post(service, "v1/info", "{}");
	assert_status(service, 200);
	assert_int_equal(service->answer.latency_ms, 0);
	post(service, "v1/credentials/list", "{}");
	assert_status(service, 500);
	assert_int_equal(service->answer.latency_ms, 40);
}

static void
what_is_never_answered_is_not_done(void **state)
{
	static const struct {
		const char *word;
		int how;
	} rows[] = {{"hang", SIM_ANSWER_NEVER},
		    {"drop-before", SIM_ANSWER_DROP},
		    {"reset-before", SIM_ANSWER_RESET}};
	struct service *service = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		trouble(service, rows[i].word, "auth/revoke");
		post_with(service, "v1/auth/revoke", "{\"token\":\"%s\"}", service->token);
		assert_int_equal(service->answer.how, rows[i].how);
		post(service, "v1/credentials/list", "{}");
		assert_status(service, 200);
	}
}

static void
what_is_lost_on_the_way_back_is_done(void **state)
{
	static const struct {
		const char *word;
		int how;
	} rows[] = {{"drop-after", SIM_ANSWER_DROP},
		    {"reset-after", SIM_ANSWER_RESET},
		    {"cut", SIM_ANSWER_CUT}};
	struct service *service = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log_in(service);
		trouble(service, rows[i].word, "auth/revoke");
		post_with(service, "v1/auth/revoke", "{\"token\":\"%s\"}", service->token);
		assert_int_equal(service->answer.how, rows[i].how);
		post(service, "v1/credentials/list", "{}");
		assert_status(service, 401);
		set_keys(service, "", "");
	}
}

static void
members_may_be_null_or_missing(void **state)
{
	struct service *service = *state;

	trouble(service, "nulls", "credentials/list");
	post(service, "v1/credentials/list", "{}");
	assert_string_equal(service->answer.body, "{\"credentialIDs\":null}");
	trouble(service, "no-members", "credentials/list");
	post(service, "v1/credentials/list", "{}");
	assert_string_equal(service->answer.body, "{}");
}

static void
an_answer_may_be_huge_and_still_be_right(void **state)
{
	struct service *service = *state;

	trouble(service, "huge", "credentials/list");
	post(service, "v1/credentials/list", "{}");
	assert_true(strlen(service->answer.body) > (size_t)20 * 1024 * 1024);
	assert_non_null(json_object_get(service->reply, "credentialIDs"));
}

/* The common names of the certificates of chain. */
static void
chain(struct service *service, const char *word, char names[256])
{
	const json_t *list, *value;
	size_t i;

	trouble(service, word, "credentials/info");
	post(service, "v1/credentials/info",
	     "{\"credentialID\":\"sign\",\"certificates\":\"chain\"}");
	list = json_object_get(json_object_get(service->reply, "cert"), "certificates");
	names[0] = '\0';
	json_array_foreach(list, i, value)
	{
		uint8_t der[4096];
		const unsigned char *at = der;
		size_t len = 0, used = strlen(names);
		char name[80];
		X509 *certificate;

		assert_true(sim_base64_decode(json_string_value(value), der, sizeof(der), &len));
		certificate = d2i_X509(NULL, &at, (long)len);
		assert_non_null(certificate);
		(void)X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
						name, sizeof(name));
		(void)snprintf(names + used, 256 - used, "%s;", name);
		X509_free(certificate);
	}
}

static void
a_chain_may_be_in_another_order_or_lack_the_leaf(void **state)
{
	char names[256];

	chain(*state, "none", names);
	assert_string_equal(names, "MARIA DA SILVA;Simulated Signature CA;Simulated Root CA;");
	chain(*state, "reversed-chain", names);
	assert_string_equal(names, "Simulated Root CA;Simulated Signature CA;MARIA DA SILVA;");
	chain(*state, "no-leaf", names);
	assert_string_equal(names, "Simulated Signature CA;Simulated Root CA;");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(statuses_come_with_what_they_need),
	    TEST(it_is_for_the_methods_that_are_named),
	    TEST(what_is_never_answered_is_not_done),
	    TEST(what_is_lost_on_the_way_back_is_done),
	    TEST(members_may_be_null_or_missing),
	    TEST(an_answer_may_be_huge_and_still_be_right),
	    TEST(a_chain_may_be_in_another_order_or_lack_the_leaf),
	};

	return cmocka_run_group_tests(tests, service_set_up, service_tear_down);
}
