#include "http.h"
#include "memory.h"

#include <curl/curl.h>

#include <stdio.h>
#include <string.h>

enum {
	STATUS_PROXY_AUTHENTICATION = 407,
	POLL_MS = 1000,
};

struct transfer {
	struct http_answer *answer;
	size_t room;
	bool too_long;
	bool connected;
	bool may_have_left;
};

static size_t
take_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	struct http_answer *answer = transfer->answer;
	size_t len = size * count;
	size_t room = transfer->room ? transfer->room : 16384;
	uint8_t *grown;

	if (len > HTTP_BODY_MAX - answer->len) {
		transfer->too_long = true;
		return 0;
	}
	while (room - answer->len < len)
		room *= 2;
	if (room != transfer->room) {
		grown = memory_realloc(answer->body, room);
		if (!grown)
			return 0;
		answer->body = grown;
		transfer->room = room;
	}
	memcpy(answer->body + answer->len, data, len);
	answer->len += len;
	return len;
}

/* libcurl calls this when there is a connection and the handshake comes next. */
static CURLcode
about_to_shake_hands(CURL *curl, void *context, void *transfer)
{
	(void)curl;
	(void)context;
	((struct transfer *)transfer)->connected = true;
	return CURLE_OK;
}

/* libcurl calls this when the connection stands and the request is the next thing to leave. From
 * here on nobody can tell how far it came. */
static int
about_to_send(void *context, char *remote_address, char *local_address, int remote_port,
	      int local_port)
{
	struct transfer *transfer = context;

	(void)remote_address;
	(void)local_address;
	(void)remote_port;
	(void)local_port;
	transfer->may_have_left = true;
	return CURL_PREREQFUNC_OK;
}

static bool
set_request(CURL *curl, const struct http_request *request, struct curl_slist *headers)
{
	return curl_easy_setopt(curl, CURLOPT_URL, request->url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ==
		   CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "vicar/" VICAR_VERSION) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK;
}

static bool
set_method(CURL *curl, const struct http_request *request)
{
	struct bytes body = request->body;

	if (request->method == HTTP_GET)
		return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	if (body.len == 0)
		body.data = (const uint8_t *)"";
	return curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len) ==
		   CURLE_OK;
}

static bool
set_trust(CURL *curl, const struct service_config *config)
{
	return curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ==
		   CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	       (!config->ca_file ||
		(curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca_file) == CURLE_OK &&
		 curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK));
}

static bool
set_client(CURL *curl, const struct http_request *request)
{
	if (!request->certificate)
		return true;
	return curl_easy_setopt(curl, CURLOPT_SSLCERT, request->certificate) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSLKEY,
				request->key ? request->key : request->certificate) == CURLE_OK;
}

static bool
set_limits(CURL *curl, const struct service_config *config)
{
	long connect = (long)config->connect_timeout_ms;
	long whole = connect + (long)config->transfer_timeout_ms;

	return curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, whole) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
}

static bool
set_credentials(CURL *curl, const struct http_request *request)
{
	if (request->bearer)
		return curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER) == CURLE_OK &&
		       curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, request->bearer) == CURLE_OK;
	if (request->user)
		return curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) == CURLE_OK &&
		       curl_easy_setopt(curl, CURLOPT_USERNAME, request->user) == CURLE_OK &&
		       curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password) == CURLE_OK;
	return true;
}

/* A proxy of vicar.conf is for every host: no_proxy belongs to the one of the environment. */
static bool
set_proxy(CURL *curl, const struct service_config *config, const struct http_request *request)
{
	if (config->proxy && (curl_easy_setopt(curl, CURLOPT_PROXY, config->proxy) != CURLE_OK ||
			      curl_easy_setopt(curl, CURLOPT_NOPROXY, "") != CURLE_OK))
		return false;
	if (!request->proxy_user || !request->proxy_user[0])
		return true;
	return curl_easy_setopt(curl, CURLOPT_PROXYAUTH, CURLAUTH_BASIC) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROXYUSERNAME, request->proxy_user) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROXYPASSWORD, request->proxy_password) == CURLE_OK;
}

static bool
set_callbacks(CURL *curl, struct transfer *transfer, char *error)
{
	return curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, about_to_shake_hands) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, transfer) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, about_to_send) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PREREQDATA, transfer) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error) == CURLE_OK;
}

static bool
is_one_line(const char *text)
{
	return !text || text[strcspn(text, "\r\n")] == '\0';
}

static bool
add_header(struct curl_slist **headers, const char *line)
{
	struct curl_slist *longer = is_one_line(line) ? curl_slist_append(*headers, line) : NULL;

	if (longer)
		*headers = longer;
	return longer != NULL;
}

/* An empty Expect keeps the body from waiting for a 100. */
static struct curl_slist *
make_headers(const struct http_request *request)
{
	const char *const *more = request->headers;
	struct curl_slist *headers = NULL;
	char type[256];
	bool ok;

	snprintf(type, sizeof(type), "Content-Type:%s%s", request->content_type ? " " : "",
		 request->content_type ? request->content_type : "");
	ok = is_one_line(request->bearer) && add_header(&headers, type) &&
	     add_header(&headers, "Expect:");
	for (; ok && more && *more; more++)
		ok = add_header(&headers, *more);
	if (ok)
		return headers;
	curl_slist_free_all(headers);
	return NULL;
}

/* Until the transfer is done, or the parent is gone (then false). */
static bool
perform(CURLM *multi, const struct peer *peer, CURLcode *code)
{
	struct curl_waitfd parent = {peer->fd, CURL_WAIT_POLLIN, 0};
	unsigned watched = peer->fd >= 0 ? 1 : 0;
	enum peer_state state;
	const CURLMsg *message;
	int running = 1, left;

	while (running) {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			break;
		state = peer_state(peer);
		if (state == PEER_GONE)
			return false;
		/* A cancel lies there to the end, and nothing new can be seen behind it but a hang-up. */
		if (state == PEER_CANCELS)
			parent.events = 0;
		if (running && curl_multi_poll(multi, &parent, watched, POLL_MS, NULL) != CURLM_OK)
			break;
	}
	message = curl_multi_info_read(multi, &left);
	*code = message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
	return true;
}

/* Has the handshake failed because of what the other side is, or was it only cut off? libcurl has
 * one code for both; OpenSSL names the routine that was not content. */
static bool
is_protocol_failure(const char *error)
{
	return strstr(error, "SSL routines") && !strstr(error, "unexpected eof");
}

/* The time was over, or the connection broke off: at which step? */
static enum http_result
find_step(CURL *curl, const struct transfer *transfer)
{
	curl_off_t resolved = 0;

	curl_easy_getinfo(curl, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
	if (transfer->connected)
		return HTTP_NO_TLS;
	return resolved ? HTTP_UNREACHABLE : HTTP_NO_NAME;
}

static enum http_result
judge(CURL *curl, CURLcode code, const struct transfer *transfer, const char *error)
{
	long connect_status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer->answer->status);
	curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &connect_status);
	if (code == CURLE_OK)
		return HTTP_ANSWERED;
	if (transfer->too_long)
		return HTTP_TOO_LONG;
	if (transfer->may_have_left)
		return HTTP_LOST;
	if (connect_status == STATUS_PROXY_AUTHENTICATION)
		return HTTP_PROXY_REFUSED;
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT: return HTTP_MISCONFIGURED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS: return HTTP_UNTRUSTED;
	case CURLE_SSL_CONNECT_ERROR:
		return is_protocol_failure(error) ? HTTP_UNTRUSTED : HTTP_NO_TLS;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY: return HTTP_NO_NAME;
	case CURLE_COULDNT_CONNECT: return HTTP_UNREACHABLE;
	default: return find_step(curl, transfer);
	}
}

enum http_result
http_send(const struct service_config *config, const struct peer *peer,
	  const struct http_request *request, struct http_answer *answer)
{
	struct transfer transfer = {.answer = answer};
	struct curl_slist *headers = make_headers(request);
	CURLM *multi = curl_multi_init();
	CURL *curl = curl_easy_init();
	char error[CURL_ERROR_SIZE] = "";
	enum http_result result = HTTP_MISCONFIGURED;
	CURLcode code = CURLE_FAILED_INIT;
	bool added = false;

	*answer = (struct http_answer){0};
	if (!headers || !multi || !curl || !set_request(curl, request, headers) ||
	    !set_method(curl, request) || !set_trust(curl, config) || !set_client(curl, request) ||
	    !set_limits(curl, config) || !set_credentials(curl, request) ||
	    !set_proxy(curl, config, request) || !set_callbacks(curl, &transfer, error) ||
	    curl_multi_add_handle(multi, curl) != CURLM_OK)
		goto out;
	added = true;
	if (!perform(multi, peer, &code)) {
		result = HTTP_GONE;
		goto out;
	}
	result = judge(curl, code, &transfer, error);
out:
	if (transfer.too_long)
		snprintf(answer->error, sizeof(answer->error), "longer than %d bytes",
			 HTTP_BODY_MAX);
	else if (result != HTTP_ANSWERED)
		snprintf(answer->error, sizeof(answer->error), "%s",
			 error[0] ? error : curl_easy_strerror(code));
	if (added)
		curl_multi_remove_handle(multi, curl);
	curl_easy_cleanup(curl);
	curl_multi_cleanup(multi);
	curl_slist_free_all(headers);
	return result;
}

void
http_answer_free(struct http_answer *answer)
{
	memory_free(answer->body);
	answer->body = NULL;
	answer->len = 0;
}

enum outcome
http_outcome(enum http_result result, bool harmless)
{
	switch (result) {
	case HTTP_ANSWERED: return OUTCOME_OK;
	case HTTP_NO_NAME: return OUTCOME_NO_NAME;
	case HTTP_UNREACHABLE: return OUTCOME_UNREACHABLE;
	case HTTP_NO_TLS: return OUTCOME_NO_TLS;
	case HTTP_UNTRUSTED: return OUTCOME_UNTRUSTED;
	case HTTP_PROXY_REFUSED: return OUTCOME_PROXY_CREDENTIALS;
	case HTTP_MISCONFIGURED: return OUTCOME_MISCONFIGURED;
	case HTTP_LOST: return harmless ? OUTCOME_SILENT : OUTCOME_FATE_UNKNOWN;
	case HTTP_TOO_LONG: return OUTCOME_BAD_ANSWER;
	case HTTP_GONE: break;
	}
	return OUTCOME_GONE;
}
