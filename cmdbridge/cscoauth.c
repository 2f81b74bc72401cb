#include "cscoauth.h"
#include "base64.h"
#include "cscaccount.h"
#include "cscbrowser.h"
#include "cscoptions.h"
#include "form.h"
#include "loopback.h"
#include "member.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	PARAMETERS_MAX = 16,
	FORM_ROOM = 16384, /* a hundred hashes of SHA-512, escaped */
	RANDOM_BYTES = 32,
	RANDOM_ROOM = BASE64_ROOM(RANDOM_BYTES),
	SHA256_LEN = 32,
};

/* A request's parameters, in the order in which they are sent. */
struct parameters {
	struct {
		const char *name, *value;
	} list[PARAMETERS_MAX];
	size_t count;
};

/* One request for a code: what must be the same, or kept, from its beginning to its end. */
struct flow {
	struct csc *csc;
	const struct oauth_endpoints *endpoints;
	const struct oauth_scope *scope;
	struct loopback *loopback;
	char state[RANDOM_ROOM], verifier[RANDOM_ROOM], challenge[RANDOM_ROOM];
	char *account_token;
};

/* Nothing when there is no value. */
static void
add(struct parameters *parameters, const char *name, const char *value)
{
	if (!value || !value[0] || parameters->count == PARAMETERS_MAX)
		return;
	parameters->list[parameters->count].name = name;
	parameters->list[parameters->count++].value = value;
}

/* A pushed request and the token endpoint know the client by the same means. */
static void
add_client(const struct csc *csc, struct parameters *parameters)
{
	add(parameters, "client_id", csc->credentials->client_id);
	if (service_says(csc->use->config, CSC_CLIENT_AUTHENTICATION, "body"))
		add(parameters, "client_secret", csc->credentials->client_secret);
}

static void
put_form(const struct parameters *parameters, struct writer *form)
{
	for (size_t i = 0; i < parameters->count; i++)
		form_put(form, parameters->list[i].name, parameters->list[i].value);
}

static bool
put_json(const struct parameters *parameters, struct writer *form)
{
	json_t *body = json_object();
	bool ok = body != NULL;

	for (size_t i = 0; ok && i < parameters->count; i++)
		ok = json_object_set_new(body, parameters->list[i].name,
					 json_string(parameters->list[i].value)) == 0;
	if (ok) {
		form->len = json_dumpb(body, (char *)form->data, form->room, JSON_COMPACT);
		ok = form->len > 0 && form->len <= form->room;
	}
	json_decref(body);
	return ok;
}

static enum outcome
post(struct csc *csc, const char *url, const struct parameters *parameters, bool json,
     struct csc_answer *answer)
{
	static const char *const headers[] = {"Accept: application/json", NULL};
	uint8_t *room = OPENSSL_secure_malloc(FORM_ROOM);
	struct writer form = writer_to(room, room ? FORM_ROOM : 0);
	struct http_request request = {
	    .url = url,
	    .headers = headers,
	    .content_type = json ? "application/json" : "application/x-www-form-urlencoded",
	};
	enum outcome outcome = OUTCOME_MISCONFIGURED;
	bool ok = true;

	*answer = (struct csc_answer){.body = NULL};
	if (service_says(csc->use->config, CSC_CLIENT_AUTHENTICATION, "header")) {
		request.user = csc->credentials->client_id;
		request.password = csc->credentials->client_secret;
	}
	if (json)
		ok = put_json(parameters, &form);
	else
		put_form(parameters, &form);
	request.body = writer_bytes(&form);
	if (ok && writer_ok(&form))
		outcome = csc_post(csc, &request, CSC_ONCE, answer);
	else
		csc_explain(csc, outcome, "no room for the request");
	OPENSSL_secure_clear_free(room, FORM_ROOM);
	return outcome;
}

static enum outcome
get_token(struct csc *csc, const struct oauth_endpoints *endpoints,
	  const struct parameters *parameters, struct oauth_grant *grant)
{
	const bool json = csc_speaks(csc->use->config, CSC_JSON_TOKEN);
	struct csc_answer answer;
	enum outcome outcome = post(csc, endpoints->token, parameters, json, &answer);

	*grant = (struct oauth_grant){NULL, NULL};
	if (outcome != OUTCOME_OK)
		goto out;
	grant->access_token = csc_secret(member_text(answer.body, "access_token"));
	grant->refresh_token = csc_secret(member_text(answer.body, "refresh_token"));
	if (!grant->access_token)
		outcome = csc_explain(csc, OUTCOME_BAD_ANSWER, "no access_token in its answer");
out:
	json_decref(answer.body);
	return outcome;
}

void
oauth_grant_free(struct oauth_grant *grant)
{
	csc_secret_free(grant->access_token);
	csc_secret_free(grant->refresh_token);
	*grant = (struct oauth_grant){NULL, NULL};
}

enum outcome
oauth_by_client(struct csc *csc, const struct oauth_endpoints *endpoints, struct oauth_grant *grant)
{
	struct parameters parameters = {.count = 0};

	add(&parameters, "grant_type", "client_credentials");
	add(&parameters, "scope", "service");
	add_client(csc, &parameters);
	return get_token(csc, endpoints, &parameters, grant);
}

enum outcome
oauth_by_password(struct csc *csc, const struct oauth_endpoints *endpoints, const char *password,
		  struct oauth_grant *grant)
{
	struct parameters parameters = {.count = 0};

	add(&parameters, "grant_type", "password");
	add(&parameters, "username", csc->account->user);
	add(&parameters, "password", password);
	add_client(csc, &parameters);
	return get_token(csc, endpoints, &parameters, grant);
}

enum outcome
oauth_by_refresh(struct csc *csc, const struct oauth_endpoints *endpoints,
		 const char *refresh_token, struct oauth_grant *grant)
{
	struct parameters parameters = {.count = 0};

	add(&parameters, "grant_type", "refresh_token");
	add(&parameters, "refresh_token", refresh_token);
	add_client(csc, &parameters);
	return get_token(csc, endpoints, &parameters, grant);
}

static bool
make_random(char text[RANDOM_ROOM])
{
	uint8_t random[RANDOM_BYTES] = {0};
	const bool ok = RAND_bytes(random, sizeof(random)) == 1;

	base64_encode(BYTES(random), BASE64_URL, text);
	OPENSSL_cleanse(random, sizeof(random));
	return ok;
}

/* S256, RFC 7636 section 4.2. */
static bool
make_challenge(const char *verifier, char challenge[RANDOM_ROOM])
{
	uint8_t hash[SHA256_LEN];
	const bool ok =
	    EVP_Q_digest(NULL, "SHA-256", NULL, verifier, strlen(verifier), hash, NULL) == 1;

	base64_encode(BYTES(hash), BASE64_URL, challenge);
	return ok;
}

static void
add_scope(const struct flow *flow, struct parameters *parameters, const char *signatures)
{
	const struct oauth_scope *scope = flow->scope;

	add(parameters, "scope", scope->credential ? "credential" : "service");
	add(parameters, "lang", flow->csc->use->config->options[CSC_LANGUAGE]);
	add(parameters, "account_token", flow->account_token);
	if (!scope->credential)
		return;
	add(parameters, "credentialID", scope->credential_id);
	add(parameters, "numSignatures", signatures);
	add(parameters, flow->csc->v2 ? "hashes" : "hash", scope->hashes);
	if (flow->csc->v2)
		add(parameters, "hashAlgorithmOID", scope->hash_oid);
	add(parameters, "description", scope->description);
}

static void
put_url(const struct flow *flow, const struct parameters *parameters, struct writer *url)
{
	const char *authorize = flow->endpoints->authorize;
	struct writer query = writer_to(url->data, url->room);

	writer_put(&query, (struct bytes){(const uint8_t *)authorize, strlen(authorize)});
	writer_u8(&query, strchr(authorize, '?') ? '&' : '?');
	*url = writer_to(query.data + query.len, query.room - query.len);
	put_form(parameters, url);
	writer_u8(url, '\0');
	*url = (struct writer){.data = query.data,
			       .room = query.room,
			       .len = query.len + url->len,
			       .overflow = query.overflow || url->overflow};
}

/* What the service is to be asked goes to it directly, and the browser gets a name for it. */
static enum outcome
push(const struct flow *flow, const struct parameters *parameters, char request_uri[OAUTH_URL_MAX])
{
	struct parameters whole = *parameters;
	struct csc_answer answer;
	const char *given;
	enum outcome outcome;

	if (service_says(flow->csc->use->config, CSC_CLIENT_AUTHENTICATION, "body"))
		add(&whole, "client_secret", flow->csc->credentials->client_secret);
	outcome = post(flow->csc, flow->endpoints->push, &whole, false, &answer);
	given = member_text(answer.body, "request_uri");
	if (outcome == OUTCOME_OK && given && strlen(given) < OAUTH_URL_MAX)
		memcpy(request_uri, given, strlen(given) + 1);
	else if (outcome == OUTCOME_OK)
		outcome = csc_explain(flow->csc, OUTCOME_BAD_ANSWER, "no request_uri");
	json_decref(answer.body);
	return outcome;
}

/* The address to which the browser is sent. */
static enum outcome
make_url(const struct flow *flow, struct writer *url)
{
	struct parameters parameters = {.count = 0};
	char signatures[24], request_uri[OAUTH_URL_MAX] = "";
	enum outcome outcome = OUTCOME_OK;

	snprintf(signatures, sizeof(signatures), "%zu", flow->scope->signatures);
	add(&parameters, "response_type", "code");
	add(&parameters, "client_id", flow->csc->credentials->client_id);
	add(&parameters, "redirect_uri", loopback_redirect_uri(flow->loopback));
	add(&parameters, "state", flow->state);
	add(&parameters, "code_challenge", flow->challenge);
	add(&parameters, "code_challenge_method", "S256");
	add_scope(flow, &parameters, signatures);
	if (flow->endpoints->push[0]) {
		outcome = push(flow, &parameters, request_uri);
		parameters.count = 0;
		add(&parameters, "client_id", flow->csc->credentials->client_id);
		add(&parameters, "request_uri", request_uri);
	}
	if (outcome != OUTCOME_OK)
		return outcome;
	put_url(flow, &parameters, url);
	return writer_ok(url) ? outcome
			      : csc_explain(flow->csc, OUTCOME_MISCONFIGURED,
					    "no room for the address of the page");
}

static enum outcome
use_code(const struct flow *flow, const struct loopback_answer *came, struct oauth_grant *grant)
{
	struct parameters parameters = {.count = 0};
	struct csc *csc = flow->csc;
	struct csc_error error;
	json_t *body;

	if (came->code[0]) {
		add(&parameters, "grant_type", "authorization_code");
		add(&parameters, "code", came->code);
		add(&parameters, "redirect_uri", loopback_redirect_uri(flow->loopback));
		add(&parameters, "code_verifier", flow->verifier);
		add_client(csc, &parameters);
		return get_token(csc, flow->endpoints, &parameters, grant);
	}
	body = json_pack("{s:s, s:s}", "error", came->error[0] ? came->error : "server_error",
			 "error_description", came->words);
	csc_error_read(body, &error);
	json_decref(body);
	return csc_explain(csc, csc_error_outcome(0, &error), "%s%s%s", error.code,
			   error.words[0] ? ", its words: " : "", error.words);
}

static enum outcome
begin(struct flow *flow)
{
	struct csc *csc = flow->csc;
	const struct service_config *config = csc->use->config;

	if (!csc->credentials->client_id[0])
		return csc_explain(csc, OUTCOME_CREDENTIALS_FILE,
				   "client-id is not in the credentials file of service %s",
				   config->name);
	if (!make_random(flow->state) || !make_random(flow->verifier) ||
	    !make_challenge(flow->verifier, flow->challenge))
		return csc_explain(csc, OUTCOME_MISCONFIGURED, "OpenSSL has no random bytes");
	if (service_says(config, CSC_ACCOUNT_TOKEN, "yes")) {
		flow->account_token = csc_account_token(csc);
		if (!flow->account_token)
			return csc_explain(csc, OUTCOME_MISCONFIGURED,
					   "account_token cannot be made");
	}
	flow->loopback =
	    loopback_open(config->options[CSC_REDIRECT_URI], flow->state, csc_browser_page());
	if (!flow->loopback)
		return csc_explain(csc, OUTCOME_MISCONFIGURED, "redirect-uri %s: %s",
				   config->options[CSC_REDIRECT_URI],
				   errno == EINVAL ? "it is not on this machine" : strerror(errno));
	return OUTCOME_OK;
}

enum outcome
oauth_by_code(struct csc *csc, const struct oauth_endpoints *endpoints,
	      const struct oauth_scope *scope, struct oauth_grant *grant)
{
	struct flow flow = {.csc = csc, .endpoints = endpoints, .scope = scope};
	uint8_t *room = OPENSSL_secure_malloc(FORM_ROOM);
	struct writer url = writer_to(room, room ? FORM_ROOM : 0);
	const struct loopback_answer *came = NULL;
	enum outcome outcome;

	*grant = (struct oauth_grant){NULL, NULL};
	outcome = begin(&flow);
	if (outcome == OUTCOME_OK)
		outcome = make_url(&flow, &url);
	if (outcome == OUTCOME_OK) {
		loopback_lead_to(flow.loopback, (const char *)url.data);
		outcome = csc_browser_wait(csc, flow.loopback, scope->credential, &came);
	}
	if (outcome == OUTCOME_OK)
		outcome = use_code(&flow, came, grant);
	loopback_close(flow.loopback);
	csc_secret_free(flow.account_token);
	OPENSSL_secure_clear_free(room, FORM_ROOM);
	OPENSSL_cleanse(&flow, sizeof(flow));
	return outcome;
}
