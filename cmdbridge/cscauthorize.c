#include "cscauthorize.h"
#include "csccode.h"
#include "cscoauth.h"
#include "cscoptions.h"
#include "member.h"
#include "peer.h"

#include <openssl/crypto.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HTTP_ACCEPTED = 202, WORD_EVERY_S = 30 };

#define WAITING "waiting for the owner's confirmation at the service"

static bool
is_utf8(struct bytes text)
{
	json_t *string = json_stringn((const char *)text.data, text.len);

	json_decref(string);
	return string != NULL;
}

enum outcome
csc_authorize_check(struct csc *csc, const struct csc_key *key)
{
	const struct csc_factor *pin = csc_factors_find(&key->factors, CSC_FACTOR_PIN);
	struct bytes given = csc->use->request->pin;

	if (key->mode != CSC_EXPLICIT || !pin)
		return OUTCOME_OK;
	if (given.len == 0)
		return csc_explain(csc, OUTCOME_KEY_PIN_FORM, "this key needs its PIN");
	if (memchr(given.data, '\0', given.len) || !is_utf8(given))
		return csc_explain(csc, OUTCOME_KEY_PIN_FORM, "it is no text");
	for (size_t i = 0; i < given.len && pin->digits_only; i++)
		if (!isdigit(given.data[i]))
			return csc_explain(csc, OUTCOME_KEY_PIN_FORM,
					   "this key's PIN has digits only");
	return OUTCOME_OK;
}

/* The value of a factor; NULL: it has none here. */
static json_t *
factor_value(const struct csc *csc, const struct csc_factor *factor, const char *code)
{
	struct bytes pin = csc->use->request->pin;

	switch (factor->kind) {
	case CSC_FACTOR_PIN: return json_stringn((const char *)pin.data, pin.len);
	case CSC_FACTOR_OWN_CODE:
	case CSC_FACTOR_SENT_CODE: return json_string(code);
	case CSC_FACTOR_OUT_OF_BAND: break;
	}
	return NULL;
}

/* PIN and OTP of v1 are members by these names; v2 has a list. */
static bool
put_factors(const struct csc *csc, const struct csc_factors *factors, const struct csc_codes *codes,
	    json_t *body)
{
	json_t *list = json_array();
	bool ok = list != NULL;

	for (size_t i = 0; ok && i < factors->count; i++) {
		const struct csc_factor *factor = &factors->list[i];
		json_t *value = factor_value(csc, factor, codes->list[i]);

		if (csc->v2)
			ok = json_array_append_new(list, json_pack("{s:s, s:o*}", "id", factor->id,
								   "value", value)) == 0;
		else if (value)
			ok = json_object_set_new(body, factor->id, value) == 0;
	}
	if (ok && csc->v2 && factors->count > 0)
		ok = json_object_set(body, "authData", list) == 0;
	json_decref(list);
	return ok;
}

/* NULL: no memory. */
static json_t *
authorize_body(const struct csc *csc, const struct csc_batch *batch, const struct csc_codes *codes)
{
	json_t *body = json_object();

	if (body && csc_batch_describe(csc, batch, 0, batch->count, body) &&
	    csc_set_number(csc, body, "numSignatures", (long)batch->count) &&
	    json_object_set_new(body, "description", json_string(batch->documents[0].docname)) ==
		0 &&
	    (batch->key->mode != CSC_EXPLICIT ||
	     put_factors(csc, &batch->key->factors, codes, body)))
		return body;
	json_decref(body);
	return NULL;
}

static enum outcome
take_sad(struct csc *csc, const json_t *body, char **sad)
{
	csc_secret_free(*sad);
	*sad = csc_secret(member_text(body, "SAD"));
	return *sad ? OUTCOME_OK : csc_explain(csc, OUTCOME_BAD_ANSWER, "no SAD in its answer");
}

/* v2: the owner acts at the service, and it is asked now and then whether that has happened. */
static enum outcome
wait_for_owner(struct csc *csc, const json_t *accepted, char **sad)
{
	const time_t until = time(NULL) + (time_t)csc->use->config->code_lifetime_s;
	const unsigned pause = service_number(csc->use->config, CSC_POLL_MS);
	json_t *handle = json_incref(json_object_get(accepted, "handle"));
	time_t word = time(NULL) + WORD_EVERY_S;
	enum outcome outcome = csc_progress(csc, WAITING);

	while (outcome == OUTCOME_OK && !*sad) {
		struct csc_request request = {.method = "credentials/authorizeCheck"};
		struct csc_answer answer;

		if (!json_is_string(handle)) {
			outcome = csc_explain(csc, OUTCOME_BAD_ANSWER, "202 without a handle");
			break;
		}
		if (time(NULL) >= until) {
			outcome = OUTCOME_NOT_CONFIRMED;
			break;
		}
		if (time(NULL) >= word) {
			outcome = csc_progress(csc, WAITING);
			word = time(NULL) + WORD_EVERY_S;
		}
		if (outcome != OUTCOME_OK || !csc_pause(csc, pause)) {
			outcome = OUTCOME_GONE;
			break;
		}
		if (peer_state(csc->use->peer) == PEER_CANCELS) {
			outcome = OUTCOME_CODE_CANCELLED;
			break;
		}
		request.body = json_pack("{s:O}", "handle", handle);
		outcome = csc_call(csc, &request, &answer);
		if (outcome == OUTCOME_OK && answer.status != HTTP_ACCEPTED)
			outcome = take_sad(csc, answer.body, sad);
		else if (outcome == OUTCOME_OK && member_text(answer.body, "handle")) {
			json_decref(handle);
			handle = json_incref(json_object_get(answer.body, "handle"));
		}
		json_decref(answer.body);
	}
	json_decref(handle);
	return outcome;
}

/* Which of them was wrong the service of v2 does not say; where there is one kind only, it is clear. */
static enum outcome
tell_factors(const struct csc_factors *factors, enum outcome outcome)
{
	bool code = false;

	if (outcome != OUTCOME_FACTORS_REFUSED)
		return outcome;
	for (size_t i = 0; i < factors->count; i++)
		code = code || csc_factor_is_code(&factors->list[i]);
	if (!csc_factors_find(factors, CSC_FACTOR_PIN))
		return code ? OUTCOME_CODE_WRONG : outcome;
	return code ? outcome : OUTCOME_KEY_PIN_REFUSED;
}

static enum outcome
call_authorize(struct csc *csc, const struct csc_batch *batch, const struct csc_codes *codes,
	       char **sad)
{
	const bool waits = batch->key->mode == CSC_IMPLICIT;
	const struct csc_request request = {
	    .cost = CSC_COSTLY,
	    .method = "credentials/authorize",
	    .body = authorize_body(csc, batch, codes),
	    .timeout_ms = waits ? 1000 * csc->use->config->code_lifetime_s : 0,
	};
	struct csc_answer answer;
	enum outcome outcome;

	if (!request.body)
		return csc_explain(csc, OUTCOME_MISCONFIGURED, "no memory left for the request");
	outcome = csc_call(csc, &request, &answer);
	if (outcome == OUTCOME_OK && answer.status == HTTP_ACCEPTED)
		outcome = wait_for_owner(csc, answer.body, sad);
	else if (outcome == OUTCOME_OK)
		outcome = take_sad(csc, answer.body, sad);
	json_decref(answer.body);
	return outcome;
}

/* It was given the PIN, and in which refusals that was wrong is a matter of words that differ from service
 * to service. */
static bool
may_mean_the_pin(const struct csc_factors *factors, enum outcome outcome)
{
	if (!csc_factors_find(factors, CSC_FACTOR_PIN))
		return false;
	switch (outcome) {
	case OUTCOME_FACTORS_REFUSED:
	case OUTCOME_KEY_LOCKED:
	case OUTCOME_BAD_REQUEST:
	case OUTCOME_FORBIDDEN:
	case OUTCOME_OTHER_CODE: return true;
	default: return false;
	}
}

static enum outcome
by_factors(struct csc *csc, const struct csc_batch *batch, char **sad)
{
	struct csc_codes codes = {.wrong = 0};
	enum outcome outcome = csc_codes_send(csc, batch, &codes);

	while (outcome == OUTCOME_OK) {
		outcome = csc_codes_ask(csc, batch, &codes);
		if (outcome != OUTCOME_OK)
			break;
		outcome =
		    tell_factors(&batch->key->factors, call_authorize(csc, batch, &codes, sad));
		csc->result->pin_doubtful = may_mean_the_pin(&batch->key->factors, outcome);
		if (outcome != OUTCOME_CODE_WRONG || ++codes.wrong == CSC_CODES_MAX)
			break;
		outcome = OUTCOME_OK;
	}
	OPENSSL_cleanse(&codes, sizeof(codes));
	return outcome;
}

static enum outcome
by_service(struct csc *csc, const struct csc_batch *batch, char **sad)
{
	const struct csc_codes none = {.wrong = 0};
	enum outcome outcome = csc_progress(csc, WAITING);

	return outcome == OUTCOME_OK ? call_authorize(csc, batch, &none, sad) : outcome;
}

static enum outcome
by_page(struct csc *csc, const struct csc_batch *batch, char **sad)
{
	char *hashes = csc_batch_query(batch, csc_speaks(csc->use->config, CSC_PADDED_HASHES));
	const struct oauth_scope scope = {
	    .credential = true,
	    .credential_id = batch->key->id,
	    .signatures = batch->count,
	    .hashes = hashes,
	    .hash_oid = batch->algorithm.hash,
	    .description = batch->documents[0].docname,
	};
	struct oauth_grant grant = {NULL, NULL};
	struct oauth_endpoints endpoints;
	enum outcome outcome = OUTCOME_MISCONFIGURED;

	if (!hashes) {
		csc_explain(csc, outcome, "no locked memory left");
		goto out;
	}
	outcome = oauth_find(csc, &endpoints);
	if (outcome == OUTCOME_OK)
		outcome = oauth_by_code(csc, &endpoints, &scope, &grant);
	if (outcome == OUTCOME_OK) {
		*sad = grant.access_token;
		grant.access_token = NULL;
	}
out:
	oauth_grant_free(&grant);
	csc_secret_free(hashes);
	return outcome;
}

enum outcome
csc_authorize(struct csc *csc, const struct csc_batch *batch, char **sad)
{
	enum outcome outcome = csc_start(csc);

	*sad = NULL;
	if (outcome != OUTCOME_OK)
		return outcome;
	switch (batch->key->mode) {
	case CSC_EXPLICIT: return by_factors(csc, batch, sad);
	case CSC_IMPLICIT: return by_service(csc, batch, sad);
	case CSC_OAUTH2CODE: return by_page(csc, batch, sad);
	}
	return OUTCOME_BAD_ANSWER;
}

enum outcome
csc_extend(struct csc *csc, const struct csc_batch *batch, size_t first, size_t count, char **sad)
{
	const struct csc_request request = {
	    .cost = CSC_COSTLY,
	    .method = "credentials/extendTransaction",
	    .body = json_pack("{s:s}", "SAD", *sad),
	};
	struct csc_answer answer;
	enum outcome outcome;

	if (!request.body || !csc_batch_describe(csc, batch, first, count, request.body)) {
		json_decref(request.body);
		return csc_explain(csc, OUTCOME_MISCONFIGURED, "no memory left for the request");
	}
	outcome = csc_call(csc, &request, &answer);
	if (outcome == OUTCOME_OK)
		outcome = take_sad(csc, answer.body, sad);
	json_decref(answer.body);
	return outcome;
}
