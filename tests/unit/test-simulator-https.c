/* What a client of cmd-simulator gets over HTTPS. */
#include "test-simulator-https.h"

static void
a_right_request_gets_a_certificate(void **state)
{
	struct call *call = run_call(*state, certificate_call(*state));

	assert_int_equal(call->status, 200);
	assert_non_null(strstr(call->body, "<GetCertificateResult>-----BEGIN CERTIFICATE-----"));
	call_free(*state, call);
}

static void
the_answer_is_xml_of_a_known_length(void **state)
{
	struct call *call = run_call(*state, certificate_call(*state));
	char length[64];

	(void)snprintf(length, sizeof(length), "Content-Length: %zu\r\n", call->body_len);
	assert_non_null(strstr(call->head, "Content-Type: text/xml; charset=utf-8\r\n"));
	assert_non_null(strstr(call->head, length));
	call_free(*state, call);
}

static void
a_client_that_trusts_others_does_not_get_far(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);
	char other[128];

	(void)snprintf(other, sizeof(other), "%s/root.pem", conversation->client->directory);
	(void)curl_easy_setopt(call->curl, CURLOPT_CAINFO, other);
	(void)run_call(conversation, call);

	assert_int_equal(call->result, CURLE_PEER_FAILED_VERIFICATION);
	call_free(conversation, call);
}

static void
a_wrong_password_gets_401_and_is_told_the_scheme(void **state)
{
	struct call *call = certificate_call(*state);

	(void)curl_easy_setopt(call->curl, CURLOPT_PASSWORD, "wrong");
	(void)run_call(*state, call);

	assert_int_equal(call->status, 401);
	assert_non_null(strstr(call->head, "WWW-Authenticate: Basic realm="));
	call_free(*state, call);
}

static void
no_password_gets_401(void **state)
{
	struct call *call = certificate_call(*state);

	(void)curl_easy_setopt(call->curl, CURLOPT_USERNAME, NULL);
	(void)curl_easy_setopt(call->curl, CURLOPT_PASSWORD, NULL);
	(void)run_call(*state, call);

	assert_int_equal(call->status, 401);
	call_free(*state, call);
}

/* SOAP 1.2 says application/soap+xml. */
static void
another_content_type_gets_415(void **state)
{
	struct call *call = certificate_call(*state);

	replace_header(call, "Content-Type: application/soap+xml; charset=utf-8");
	(void)run_call(*state, call);

	assert_int_equal(call->status, 415);
	call_free(*state, call);
}

static void
a_body_that_is_not_xml_gets_an_empty_400(void **state)
{
	struct call *call = run_call(*state, call_new(*state, "phone=1"));

	assert_int_equal(call->status, 400);
	assert_int_equal(call->body_len, 0);
	call_free(*state, call);
}

static void
a_body_over_64_kib_gets_413(void **state)
{
	char *body = test_malloc(SIM_BODY_MAX + 2);
	struct call *call;

	memset(body, ' ', SIM_BODY_MAX + 1);
	body[SIM_BODY_MAX + 1] = '\0';
	call = run_call(*state, call_new(*state, body));

	assert_int_equal(call->status, 413);
	call_free(*state, call);
	test_free(body);
}

static void
another_path_gets_404(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);
	char url[256];

	(void)snprintf(url, sizeof(url), "%sx", sim_server_endpoint(conversation->server));
	(void)curl_easy_setopt(call->curl, CURLOPT_URL, url);
	(void)run_call(conversation, call);

	assert_int_equal(call->status, 404);
	call_free(conversation, call);
}

static void
an_action_without_quotes_will_do(void **state)
{
	struct call *call = certificate_call(*state);

	replace_header(call,
		       "SOAPAction: http://Ama.Authentication.Service/SCMDService/GetCertificate");
	(void)run_call(*state, call);

	assert_int_equal(call->status, 200);
	call_free(*state, call);
}

static void
a_client_may_wait_to_be_told_to_continue(void **state)
{
	struct call *call = certificate_call(*state);

	replace_header(call, "Expect: 100-continue");
	(void)run_call(*state, call);

	assert_int_equal(call->status, 200);
	assert_non_null(strstr(call->head, "HTTP/1.1 100 Continue"));
	call_free(*state, call);
}

struct pieces {
	const char *text;
	size_t left;
};

static size_t
give_piece(char *data, size_t size, size_t count, void *user)
{
	struct pieces *pieces = user;
	size_t len = size * count < 100 ? size * count : 100;

	if (len > pieces->left)
		len = pieces->left;
	memcpy(data, pieces->text, len);
	pieces->text += len;
	pieces->left -= len;
	return len;
}

static void
a_body_may_come_in_chunks(void **state)
{
	char *body = certificate_request(*state);
	struct pieces pieces = {body, strlen(body)};
	struct call *call = call_new(*state, "");

	(void)curl_easy_setopt(call->curl, CURLOPT_POSTFIELDS, NULL);
	(void)curl_easy_setopt(call->curl, CURLOPT_POSTFIELDSIZE, -1L);
	(void)curl_easy_setopt(call->curl, CURLOPT_READFUNCTION, give_piece);
	(void)curl_easy_setopt(call->curl, CURLOPT_READDATA, &pieces);
	replace_header(call, "Transfer-Encoding: chunked");
	(void)run_call(*state, call);

	assert_int_equal(call->status, 200);
	call_free(*state, call);
	free(body);
}

static struct call *
get_call(struct conversation *conversation, const char *query)
{
	struct call *call = call_new(conversation, "");
	char url[256];

	(void)snprintf(url, sizeof(url), "%s%s", sim_server_endpoint(conversation->server), query);
	(void)curl_easy_setopt(call->curl, CURLOPT_HTTPGET, 1L);
	(void)curl_easy_setopt(call->curl, CURLOPT_URL, url);
	return run_call(conversation, call);
}

static void
a_browser_gets_a_page(void **state)
{
	struct call *call = get_call(*state, "");

	assert_int_equal(call->status, 200);
	assert_non_null(strstr(call->body, "<h1>SCMDService Service</h1>"));
	call_free(*state, call);
}

static void
the_description_names_this_address(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = get_call(conversation, "?wsdl");
	char address[256];

	(void)snprintf(address, sizeof(address), "<soap:address location=\"%s\"/>",
		       sim_server_endpoint(conversation->server));
	assert_non_null(strstr(call->body, address));
	assert_null(strstr(call->body, "preprod.cmd.autenticacao.gov.pt"));
	call_free(conversation, call);
}

static void
the_address_is_in_the_file_endpoint(void **state)
{
	struct conversation *conversation = *state;
	char *line = last_line(conversation->client, "endpoint");

	assert_string_equal(line, sim_server_endpoint(conversation->server));
	test_free(line);
}

static void
a_port_that_is_taken_is_told(void **state)
{
	struct conversation *conversation = *state;
	struct problem error = {""};
	const char *port = strrchr(sim_server_endpoint(conversation->server), ':') + 1;

	assert_null(sim_service_start(&conversation->client->simulator,
				      (uint16_t)strtoul(port, NULL, 10), &error));
	assert_non_null(strstr(error.text, "give another --port"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HTTPS_TEST(a_right_request_gets_a_certificate),
	    HTTPS_TEST(the_answer_is_xml_of_a_known_length),
	    HTTPS_TEST(a_client_that_trusts_others_does_not_get_far),
	    HTTPS_TEST(a_wrong_password_gets_401_and_is_told_the_scheme),
	    HTTPS_TEST(no_password_gets_401),
	    HTTPS_TEST(another_content_type_gets_415),
	    HTTPS_TEST(a_body_that_is_not_xml_gets_an_empty_400),
	    HTTPS_TEST(a_body_over_64_kib_gets_413),
	    HTTPS_TEST(another_path_gets_404),
	    HTTPS_TEST(an_action_without_quotes_will_do),
	    HTTPS_TEST(a_client_may_wait_to_be_told_to_continue),
	    HTTPS_TEST(a_body_may_come_in_chunks),
	    HTTPS_TEST(a_browser_gets_a_page),
	    HTTPS_TEST(the_description_names_this_address),
	    HTTPS_TEST(the_address_is_in_the_file_endpoint),
	    HTTPS_TEST(a_port_that_is_taken_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
