#include "csccall.h"
#include "csc.h"
#include "cscoptions.h"
#include "member.h"
#include "peer.h"
#include "secrets.h"

#include <openssl/crypto.h>

#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { URL_MAX = 2048, AGAIN_MS = 1000, HTTP_REFUSALS = 400, HTTP_ACCEPTED = 200 };

enum outcome
csc_explain(struct csc *csc, enum outcome outcome, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(csc->result->detail, sizeof(csc->result->detail), format, arguments);
	va_end(arguments);
	return outcome;
}

char *
csc_secret(const char *text)
{
	const size_t size = text ? strlen(text) + 1 : 0;
	char *copy = text ? OPENSSL_secure_malloc(size) : NULL;

	return copy ? memcpy(copy, text, size) : NULL;
}

void
csc_secret_free(char *secret)
{
	if (secret)
		OPENSSL_secure_clear_free(secret, strlen(secret) + 1);
}

bool
csc_offers(const struct csc *csc, const char *method)
{
	return member_has(member_array(csc->info, "methods"), method);
}

enum outcome
csc_start(struct csc *csc)
{
	if (!csc->started && !peer_start(csc->use->peer))
		return OUTCOME_GONE;
	csc->started = true;
	return OUTCOME_OK;
}

bool
csc_pause(const struct csc *csc, unsigned milliseconds)
{
	struct pollfd polled = {csc->use->peer->fd, POLLRDHUP, 0};
	const nfds_t watched = csc->use->peer->fd >= 0 ? 1 : 0;

	return poll(&polled, watched, (int)milliseconds) <= 0 && !peer_gone(csc->use->peer);
}

enum outcome
csc_progress(const struct csc *csc, const char *text)
{
	const struct bridge_progress progress = {.text = {(const uint8_t *)text, strlen(text)}};

	return peer_progress(csc->use->peer, &progress) ? OUTCOME_OK : OUTCOME_GONE;
}

bool
csc_set_number(const struct csc *csc, json_t *body, const char *name, long number)
{
	char text[24];

	if (!csc_speaks(csc->use->config, CSC_STRINGS))
		return json_object_set_new(body, name, json_integer(number)) == 0;
	snprintf(text, sizeof(text), "%ld", number);
	return json_object_set_new(body, name, json_string(text)) == 0;
}

bool
csc_set_true(const struct csc *csc, json_t *body, const char *name)
{
	return json_object_set_new(body, name,
				   csc_speaks(csc->use->config, CSC_STRINGS) ? json_string("true")
									     : json_true()) == 0;
}

/* What came of a request that was sent, or was not. */
static enum outcome
judge(struct csc *csc, enum http_result sent, const struct http_answer *http, enum csc_cost cost,
      struct csc_answer *answer)
{
	struct service_result *result = csc->result;
	enum outcome outcome;

	if (sent != HTTP_ANSWERED)
		return csc_explain(csc, http_outcome(sent, cost != CSC_COSTLY), "%s", http->error);
	answer->status = http->status;
	answer->body = member_read((struct bytes){http->body, http->len});
	csc_error_read(answer->body, &answer->error);
	if (http->status >= HTTP_ACCEPTED && http->status < HTTP_ACCEPTED + 100)
		return OUTCOME_OK;
	if (http->status < HTTP_REFUSALS)
		return csc_explain(csc, OUTCOME_BAD_ANSWER, "HTTP status %ld", http->status);
	outcome = csc_error_outcome(http->status, &answer->error);
	snprintf(result->code, sizeof(result->code), "%.*s", SERVICE_CODE_MAX - 1,
		 answer->error.code);
	if (answer->error.code[0])
		return csc_explain(csc, outcome, "%s%s%s", answer->error.code,
				   answer->error.words[0] ? ", its words: " : "",
				   answer->error.words);
	return csc_explain(csc, outcome, "HTTP status %ld", http->status);
}

static void
forget(struct csc_answer *answer)
{
	json_decref(answer->body);
	*answer = (struct csc_answer){.body = NULL};
}

static enum outcome
post_once(struct csc *csc, const struct service_config *config, const struct http_request *request,
	  enum csc_cost cost, struct csc_answer *answer)
{
	struct http_answer http = {0};
	enum outcome outcome;

	*answer = (struct csc_answer){.body = NULL};
	csc->result->detail[0] = csc->result->code[0] = '\0';
	outcome =
	    judge(csc, http_send(config, csc->use->peer, request, &http), &http, cost, answer);
	http_answer_free(&http);
	return outcome;
}

static enum outcome
post(struct csc *csc, const struct http_request *request, enum csc_cost cost, unsigned timeout_ms,
     struct csc_answer *answer)
{
	struct service_config config = *csc->use->config;
	struct http_request whole = *request;
	enum outcome outcome;

	if (timeout_ms > 0)
		config.transfer_timeout_ms = timeout_ms;
	whole.proxy_user = csc->credentials->proxy_user;
	whole.proxy_password = csc->credentials->proxy_password;
	whole.certificate = config.options[CSC_CLIENT_CERTIFICATE];
	whole.key = config.options[CSC_CLIENT_KEY];
	outcome = post_once(csc, &config, &whole, cost, answer);
	if (cost != CSC_FREE || !outcome_may_pass(outcome))
		return outcome;
	if (!csc_pause(csc, AGAIN_MS))
		return OUTCOME_GONE;
	forget(answer);
	return post_once(csc, &config, &whole, cost, answer);
}

enum outcome
csc_post(struct csc *csc, const struct http_request *request, enum csc_cost cost,
	 struct csc_answer *answer)
{
	return post(csc, request, cost, 0, answer);
}

/* Text of the body in the locked heap: PIN and code are in it. */
static char *
dump(const json_t *body, size_t *len)
{
	char *text;

	*len = json_dumpb(body, NULL, 0, JSON_COMPACT);
	text = *len > 0 ? OPENSSL_secure_malloc(*len) : NULL;
	return text && json_dumpb(body, text, *len, JSON_COMPACT) == *len ? text : NULL;
}

static bool
method_url(const struct csc *csc, const char *method, char url[URL_MAX])
{
	const char *endpoint = csc->use->config->endpoint;
	size_t len = strlen(endpoint);

	if (strcmp(method, "credentials/authorize") == 0 &&
	    csc_speaks(csc->use->config, CSC_AUTHORISE))
		method = "credentials/authorise";
	while (len > 0 && endpoint[len - 1] == '/')
		len--;
	return snprintf(url, URL_MAX, "%.*s/%s", (int)len, endpoint, method) < URL_MAX;
}

enum outcome
csc_call(struct csc *csc, const struct csc_request *request, struct csc_answer *answer)
{
	static const char *const headers[] = {"Accept: application/json", NULL};
	json_t *body = request->body ? request->body : json_object();
	enum outcome outcome = OUTCOME_MISCONFIGURED;
	struct http_request post_request = {
	    .method = request->by_get ? HTTP_GET : HTTP_POST,
	    .content_type = request->by_get ? NULL : "application/json",
	    .headers = headers,
	    .user = request->user,
	    .password = request->password,
	    .bearer = request->bearer ? request->bearer : csc->access_token,
	};
	char url[URL_MAX], *text = NULL;
	size_t len = 0;

	*answer = (struct csc_answer){.body = NULL};
	if (request->user)
		post_request.bearer = NULL;
	text = dump(body, &len);
	if (!text || !method_url(csc, request->method, url)) {
		csc_explain(csc, outcome, "no room for the request");
		goto out;
	}
	post_request.url = url;
	if (!request->by_get)
		post_request.body = (struct bytes){(const uint8_t *)text, len};
	outcome = post(csc, &post_request, request->cost, request->timeout_ms, answer);
out:
	OPENSSL_secure_clear_free(text, len);
	json_decref(body);
	return outcome;
}

static enum outcome
open_account(struct csc *csc)
{
	struct bytes name = csc->use->request->account;
	char error[SECRETS_ERROR_MAX], path[PATH_MAX];

	if (name.len == 0 || name.len >= sizeof(path))
		return csc_explain(csc, OUTCOME_ACCOUNT_FILE, "no account was named");
	memcpy(path, name.data, name.len);
	path[name.len] = '\0';
	if (!service_account_load(path, SERVICE_ACCOUNT_USER, csc->account, error))
		return csc_explain(csc, OUTCOME_ACCOUNT_FILE, "%s", error);
	return OUTCOME_OK;
}

static enum outcome
open_files(struct csc *csc)
{
	const struct service_config *config = csc->use->config;
	char error[SECRETS_ERROR_MAX];

	csc->credentials = OPENSSL_secure_zalloc(sizeof(*csc->credentials));
	csc->account = OPENSSL_secure_zalloc(sizeof(*csc->account));
	if (!csc->credentials || !csc->account)
		return csc_explain(csc, OUTCOME_MISCONFIGURED, "no locked memory left");
	if (config->credentials &&
	    (!service_credentials_load(config->credentials, &csc_kind, csc->credentials, error) ||
	     !service_credentials_fit(config, csc->credentials, error)))
		return csc_explain(csc, OUTCOME_CREDENTIALS_FILE, "%s", error);
	return open_account(csc);
}

enum outcome
csc_greet(struct csc *csc)
{
	const char *language = csc->use->config->options[CSC_LANGUAGE];
	struct csc_request request = {
	    .method = "info",
	    .by_get = csc_speaks(csc->use->config, CSC_GET),
	    .body = json_object(),
	};
	struct csc_answer answer;
	enum outcome outcome;

	if (csc->info) {
		json_decref(request.body);
		return OUTCOME_OK;
	}
	if (language && json_object_set_new(request.body, "lang", json_string(language)) != 0) {
		json_decref(request.body);
		return csc_explain(csc, OUTCOME_MISCONFIGURED, "language is no UTF-8");
	}
	outcome = csc_call(csc, &request, &answer);
	if (outcome == OUTCOME_OK && !answer.body)
		outcome = csc_explain(csc, OUTCOME_BAD_ANSWER, "no JSON object to `info`");
	if (outcome == OUTCOME_OK)
		csc->info = json_incref(answer.body);
	json_decref(answer.body);
	return outcome;
}

enum outcome
csc_open(struct csc *csc, const struct service_use *use, struct service_result *result)
{
	const struct service_config *config = use->config;

	*csc = (struct csc){.use = use, .result = result};
	csc->v2 = service_says(config, CSC_API, "v2") ||
		  (service_says(config, CSC_API, "auto") && strstr(config->endpoint, "/v2"));
	return open_files(csc);
}

void
csc_close(struct csc *csc)
{
	OPENSSL_secure_clear_free(csc->credentials, sizeof(*csc->credentials));
	OPENSSL_secure_clear_free(csc->account, sizeof(*csc->account));
	csc_secret_free(csc->access_token);
	json_decref(csc->info);
	OPENSSL_cleanse(csc, sizeof(*csc));
}
