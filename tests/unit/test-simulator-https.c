/*
 * cmd-simulator over HTTPS, with libcurl at the other end of the same thread (cmd.md 2, 13, 17).
 */
#include "tests/unit/test-simulator.h"

#include "tools/cmd-simulator/server.h"

#include <time.h>

#include <curl/curl.h>

enum { PATIENCE_MS = 5000, STEP_MS = 20 };

/* One request of a client, and what came back. */
struct call {
	CURL *curl;
	struct curl_slist *headers;
	char *body, *head; /* of the answer */
	size_t body_len, head_len;
	bool done;
	CURLcode result;
	long status;
};

struct conversation {
	struct client *client;
	struct sim_server *server;
	CURLM *multi;
	char ca_file[128];
};

static size_t
append(const char *data, size_t len, char **text, size_t *text_len)
{
	char *longer = realloc(*text, *text_len + len + 1);

	if (longer == NULL)
		return 0;
	memcpy(longer + *text_len, data, len);
	*text_len += len;
	longer[*text_len] = '\0';
	*text = longer;
	return len;
}

static size_t
take_body(char *data, size_t size, size_t count, void *user)
{
	struct call *call = user;

	return append(data, size * count, &call->body, &call->body_len);
}

static size_t
take_head(char *data, size_t size, size_t count, void *user)
{
	struct call *call = user;

	return append(data, size * count, &call->head, &call->head_len);
}

/* A call that is right in every way; tests spoil it before it is sent. */
static struct call *
call_new(struct conversation *conversation, const char *body)
{
	const struct sim_credentials *credentials = &conversation->client->simulator.credentials;
	struct call *call = test_calloc(1, sizeof(*call));
	CURL *curl = call->curl = curl_easy_init();

	call->headers = curl_slist_append(NULL, "Content-Type: text/xml; charset=utf-8");
	call->headers = curl_slist_append(call->headers, "SOAPAction: " ACTION("GetCertificate"));
	(void)curl_easy_setopt(curl, CURLOPT_URL, sim_server_endpoint(conversation->server));
	(void)curl_easy_setopt(curl, CURLOPT_CAINFO, conversation->ca_file);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	(void)curl_easy_setopt(curl, CURLOPT_USERNAME, credentials->user);
	(void)curl_easy_setopt(curl, CURLOPT_PASSWORD, credentials->password);
	(void)curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, call);
	(void)curl_easy_setopt(curl, CURLOPT_PRIVATE, call);
	return call;
}

static void
replace_header(struct call *call, const char *header)
{
	size_t name = strcspn(header, ":");
	struct curl_slist *headers = curl_slist_append(NULL, header);

	for (const struct curl_slist *at = call->headers; at != NULL; at = at->next)
		if (strncasecmp(at->data, header, name + 1) != 0)
			headers = curl_slist_append(headers, at->data);
	curl_slist_free_all(call->headers);
	call->headers = headers;
}

static void
send_call(struct conversation *conversation, struct call *call)
{
	(void)curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, call->headers);
	assert_int_equal(curl_multi_add_handle(conversation->multi, call->curl), CURLM_OK);
}

static uint64_t
clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Lets both ends work until the call has ended, at most for `ms`; whether it has. */
static bool
wait_for(struct conversation *conversation, struct call *call, unsigned ms)
{
	uint64_t end = clock_ms() + ms;

	while (!call->done && clock_ms() < end) {
		int running, left, wait = sim_server_wait_ms(conversation->server);
		struct curl_waitfd server = {.fd = sim_server_fd(conversation->server),
					     .events = CURL_WAIT_POLLIN};
		CURLMsg *message;

		(void)curl_multi_perform(conversation->multi, &running);
		(void)curl_multi_poll(conversation->multi, &server, 1,
				      wait >= 0 && wait < STEP_MS ? wait : STEP_MS, NULL);
		sim_server_step(conversation->server);
		while ((message = curl_multi_info_read(conversation->multi, &left)) != NULL) {
			struct call *ended = NULL;

			(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &ended);
			ended->done = true;
			ended->result = message->data.result;
			(void)curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE,
						&ended->status);
		}
	}
	return call->done;
}

static void
call_free(struct conversation *conversation, struct call *call)
{
	(void)curl_multi_remove_handle(conversation->multi, call->curl);
	curl_easy_cleanup(call->curl);
	curl_slist_free_all(call->headers);
	free(call->body);
	free(call->head);
	test_free(call);
}

/* GetCertificate of the usual account; the caller's to free(). */
static char *
certificate_request(struct conversation *conversation)
{
	char *user = encrypted(conversation->client, PHONE);
	char *body = text_of(ENVELOPE("GetCertificate", "<applicationId>%s</applicationId>"
							"<userId>%s</userId>"),
			     conversation->client->application, user);

	test_free(user);
	return body;
}

static struct call *
certificate_call(struct conversation *conversation)
{
	char *body = certificate_request(conversation);
	struct call *call = call_new(conversation, body);

	free(body);
	return call;
}

static struct call *
run_call(struct conversation *conversation, struct call *call)
{
	send_call(conversation, call);
	if (!wait_for(conversation, call, PATIENCE_MS))
		fail_msg("no answer within %d ms", PATIENCE_MS);
	return call;
}

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
a_dropped_connection_has_no_answer(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);

	set_knobs(conversation->client, "trouble = drop-before");
	(void)run_call(conversation, call);

	assert_int_equal(call->status, 0);
	assert_int_not_equal(call->result, CURLE_OK);
	call_free(conversation, call);
}

static void
a_server_may_drop_each_connection(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);

	write_accounts(conversation->client, ACCOUNT_START "[server]\ntrouble = drop-before\n");
	(void)run_call(conversation, call);

	assert_int_not_equal(call->result, CURLE_OK);
	assert_call(conversation->client, CALL_RESULT, "drop-before");
	call_free(conversation, call);
}

static void
a_server_may_be_down(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);

	write_accounts(conversation->client, ACCOUNT_START "[server]\ntrouble = http-503\n");
	(void)run_call(conversation, call);

	assert_int_equal(call->status, 503);
	call_free(conversation, call);
}

static void
a_proxy_may_want_a_password(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);

	set_knobs(conversation->client, "trouble = http-407");
	(void)run_call(conversation, call);

	assert_int_equal(call->status, 407);
	assert_non_null(strstr(call->head, "Proxy-Authenticate: Basic"));
	call_free(conversation, call);
}

static void
an_answer_may_be_late(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);

	set_knobs(conversation->client, "latency = 300");
	send_call(conversation, call);
	assert_false(wait_for(conversation, call, 150));
	assert_true(wait_for(conversation, call, PATIENCE_MS));

	assert_int_equal(call->status, 200);
	call_free(conversation, call);
}

static void
an_answer_that_never_comes_holds_up_nobody_else(void **state)
{
	struct conversation *conversation = *state;
	struct call *never = certificate_call(conversation), *other;

	set_knobs(conversation->client, "trouble = hang");
	send_call(conversation, never);
	assert_false(wait_for(conversation, never, 300));
	set_knobs(conversation->client, "");
	other = run_call(conversation, certificate_call(conversation));

	assert_int_equal(other->status, 200);
	assert_false(never->done);
	call_free(conversation, other);
	call_free(conversation, never);
}

static void
a_broken_accounts_conf_gets_500_until_it_is_mended(void **state)
{
	struct conversation *conversation = *state;
	struct call *broken, *mended;

	write_accounts(conversation->client, "[account maria]\npin = x\n");
	broken = run_call(conversation, certificate_call(conversation));
	set_knobs(conversation->client, "");
	mended = run_call(conversation, certificate_call(conversation));

	assert_int_equal(broken->status, 500);
	assert_int_equal(mended->status, 200);
	call_free(conversation, broken);
	call_free(conversation, mended);
}

static void
a_port_that_is_taken_is_told(void **state)
{
	struct conversation *conversation = *state;
	struct problem error = {""};
	const char *port = strrchr(sim_server_endpoint(conversation->server), ':') + 1;

	assert_null(sim_server_start(&conversation->client->simulator,
				     (uint16_t)strtoul(port, NULL, 10), &error));
	assert_non_null(strstr(error.text, "give another --port"));
}

static int
set_up(void **state)
{
	struct conversation *conversation = test_calloc(1, sizeof(*conversation));

	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	conversation->client = client_new();
	(void)snprintf(conversation->ca_file, sizeof(conversation->ca_file), "%s/tls-ca.pem",
		       conversation->client->directory);
	*state = conversation;
	return 0;
}

static int
tear_down(void **state)
{
	struct conversation *conversation = *state;

	client_free(conversation->client);
	test_free(conversation);
	curl_global_cleanup();
	return 0;
}

static int
start_server(void **state)
{
	struct conversation *conversation = *state;
	void *client = conversation->client;
	struct problem error = {""};

	(void)client_start_afresh(&client);
	conversation->server = sim_server_start(&conversation->client->simulator, 0, &error);
	if (conversation->server == NULL)
		fail_msg("%s", error.text);
	conversation->multi = curl_multi_init();
	return 0;
}

static int
stop_server(void **state)
{
	struct conversation *conversation = *state;

	(void)curl_multi_cleanup(conversation->multi);
	sim_server_stop(conversation->server);
	return access(conversation->ca_file, R_OK);
}

#define HTTPS_TEST(function) cmocka_unit_test_setup_teardown(function, start_server, stop_server)

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
	    HTTPS_TEST(a_dropped_connection_has_no_answer),
	    HTTPS_TEST(a_server_may_drop_each_connection),
	    HTTPS_TEST(a_server_may_be_down),
	    HTTPS_TEST(a_proxy_may_want_a_password),
	    HTTPS_TEST(an_answer_may_be_late),
	    HTTPS_TEST(an_answer_that_never_comes_holds_up_nobody_else),
	    HTTPS_TEST(a_broken_accounts_conf_gets_500_until_it_is_mended),
	    HTTPS_TEST(a_port_that_is_taken_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
