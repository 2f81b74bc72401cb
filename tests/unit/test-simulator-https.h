/*
 * cmd-simulator over HTTPS, with libcurl at the other end of the same thread (cmd.md 2, 13, 17).
 */
#ifndef VICAR_TESTS_UNIT_TEST_SIMULATOR_HTTPS_H
#define VICAR_TESTS_UNIT_TEST_SIMULATOR_HTTPS_H

#include "test-simulator.h"

#include "tools/cmd-simulator/service.h"

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

static inline size_t
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

static inline size_t
take_body(char *data, size_t size, size_t count, void *user)
{
	struct call *call = user;

	return append(data, size * count, &call->body, &call->body_len);
}

static inline size_t
take_head(char *data, size_t size, size_t count, void *user)
{
	struct call *call = user;

	return append(data, size * count, &call->head, &call->head_len);
}

/* A call that is right in every way; tests spoil it before it is sent. */
static inline struct call *
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

static inline void
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

static inline void
send_call(struct conversation *conversation, struct call *call)
{
	(void)curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, call->headers);
	assert_int_equal(curl_multi_add_handle(conversation->multi, call->curl), CURLM_OK);
}

static inline uint64_t
clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Lets both ends work until the call has ended, at most for `ms`; whether it has. */
static inline bool
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

static inline void
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
static inline char *
certificate_request(struct conversation *conversation)
{
	char *user = encrypted(conversation->client, PHONE);
	char *body = text_of(ENVELOPE("GetCertificate", "<applicationId>%s</applicationId>"
							"<userId>%s</userId>"),
			     conversation->client->application, user);

	test_free(user);
	return body;
}

static inline struct call *
certificate_call(struct conversation *conversation)
{
	char *body = certificate_request(conversation);
	struct call *call = call_new(conversation, body);

	free(body);
	return call;
}

static inline struct call *
run_call(struct conversation *conversation, struct call *call)
{
	send_call(conversation, call);
	if (!wait_for(conversation, call, PATIENCE_MS))
		fail_msg("no answer within %d ms", PATIENCE_MS);
	return call;
}

static inline int
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

static inline int
tear_down(void **state)
{
	struct conversation *conversation = *state;

	/* The set-up has failed. */
	if (!conversation)
		return 0;
	client_free(conversation->client);
	test_free(conversation);
	curl_global_cleanup();
	return 0;
}

static inline int
start_server(void **state)
{
	struct conversation *conversation = *state;
	void *client = conversation->client;
	struct problem error = {""};

	(void)client_start_afresh(&client);
	conversation->server = sim_service_start(&conversation->client->simulator, 0, &error);
	if (conversation->server == NULL)
		fail_msg("%s", error.text);
	conversation->multi = curl_multi_init();
	return 0;
}

static inline int
stop_server(void **state)
{
	struct conversation *conversation = *state;

	(void)curl_multi_cleanup(conversation->multi);
	sim_server_stop(conversation->server);
	return access(conversation->ca_file, R_OK);
}

#define HTTPS_TEST(function) cmocka_unit_test_setup_teardown(function, start_server, stop_server)

#endif
