#include "cscsign.h"
#include "base64.h"
#include "certificate.h"
#include "cscauthorize.h"
#include "cscoptions.h"
#include "member.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SIGNATURE_MAX = 2048, HTTP_ACCEPTED = 202 };

static bool
set_algorithm(const struct csc *csc, const struct csc_batch *batch, json_t *body)
{
	const struct csc_algorithm *algorithm = &batch->algorithm;

	if (csc_speaks(csc->use->config, CSC_NO_SIGN_ALGO))
		return true;
	return json_object_set_new(body, "signAlgo", json_string(algorithm->sign)) == 0 &&
	       (csc->v2 || !algorithm->hash_is_needed ||
		json_object_set_new(body, "hashAlgo", json_string(algorithm->hash)) == 0) &&
	       (!algorithm->parameters ||
		json_object_set_new(body, "signAlgoParams", json_string(algorithm->parameters)) ==
		    0);
}

/* In v2 a token of credential scope does without the SAD, and is the only token where the service needs
 * no login (csc.md 3.4). */
static bool
is_by_bearer(const struct csc *csc, const struct csc_batch *batch)
{
	return csc->v2 && batch->key->mode == CSC_OAUTH2CODE && !csc->access_token;
}

/* NULL: no memory. */
static json_t *
sign_body(const struct csc *csc, const struct csc_batch *batch, size_t first, size_t count,
	  const char *sad)
{
	json_t *body = json_object();

	if (body && csc_batch_describe(csc, batch, first, count, body) &&
	    (is_by_bearer(csc, batch) || json_object_set_new(body, "SAD", json_string(sad)) == 0) &&
	    set_algorithm(csc, batch, body) &&
	    (!csc->v2 || !csc_speaks(csc->use->config, CSC_ASYNCHRONOUS) ||
	     json_object_set_new(body, "operationMode", json_string("A")) == 0))
		return body;
	json_decref(body);
	return NULL;
}

/* The encoding that the engine and OpenSSL want of it. */
static bool
read_signature(const struct csc *csc, const struct csc_batch *batch, const char *text,
	       struct writer *signature)
{
	uint8_t room[SIGNATURE_MAX];
	size_t len;
	EVP_PKEY *key = X509_get0_pubkey(batch->leaf);

	if (!text || !base64_decode(text, room, sizeof(room), &len))
		return false;
	if (csc->use->request->use == KEYFILE_SIGN_ECDSA)
		return csc_signature_plain((struct bytes){room, len},
					   ((size_t)EVP_PKEY_get_bits(key) + 7) / 8, signature);
	writer_put(signature, (struct bytes){room, len});
	return writer_ok(signature);
}

static enum outcome
keep_signatures(struct csc *csc, const struct csc_batch *batch, size_t first, size_t count,
		const json_t *body)
{
	const json_t *signatures = member_array(body, "signatures");
	const struct bridge_request *request = csc->use->request;

	if (json_array_size(signatures) != count)
		return csc_explain(csc, OUTCOME_BAD_ANSWER, "%zu signatures for %zu hashes",
				   json_array_size(signatures), count);
	for (size_t i = 0; i < count; i++) {
		uint8_t room[SIGNATURE_MAX];
		struct writer signature = writer_to(room, sizeof(room));

		if (!read_signature(csc, batch, json_string_value(json_array_get(signatures, i)),
				    &signature) ||
		    !certificate_verifies_use(
			batch->leaf, request->use, batch->documents[first + i].digest,
			batch->inputs[first + i].input, writer_bytes(&signature)))
			return OUTCOME_SIGNATURE_WRONG;
		if (!service_keep_output(csc->result, writer_bytes(&signature)))
			return csc_explain(csc, OUTCOME_BAD_ANSWER, "too many signatures");
	}
	return OUTCOME_OK;
}

/* v2: signatures that are not there yet. `body` is replaced by the answer that has them. */
static enum outcome
poll_signatures(struct csc *csc, json_t **body)
{
	const time_t until = time(NULL) + (time_t)csc->use->config->code_lifetime_s;
	const unsigned pause = service_number(csc->use->config, CSC_POLL_MS);
	const char *id = member_text(*body, "responseID");
	json_t *poll = json_pack("{s:s}", "requestID", id ? id : "");
	enum outcome outcome = OUTCOME_OK;

	snprintf(csc->result->process_id, sizeof(csc->result->process_id), "%.*s",
		 SERVICE_PROCESS_MAX - 1, id ? id : "");
	while (poll && outcome == OUTCOME_OK && !member_array(*body, "signatures")) {
		const struct csc_request request = {
		    .method = "signatures/signPolling",
		    .body = json_incref(poll),
		};
		struct csc_answer answer;

		if (time(NULL) >= until) {
			json_decref(request.body);
			outcome = csc_explain(csc, OUTCOME_FATE_UNKNOWN,
					      "the signatures did not come in time");
			break;
		}
		if (!csc_pause(csc, pause)) {
			json_decref(request.body);
			outcome = OUTCOME_GONE;
			break;
		}
		outcome = csc_call(csc, &request, &answer);
		if (outcome == OUTCOME_OK && answer.status != HTTP_ACCEPTED &&
		    !member_array(answer.body, "signatures"))
			outcome = csc_explain(csc, OUTCOME_BAD_ANSWER, "no signatures in it");
		json_decref(*body);
		*body = answer.body;
	}
	json_decref(poll);
	/* What it has begun is not undone by our not hearing of it. */
	return outcome_may_pass(outcome) ? OUTCOME_FATE_UNKNOWN : outcome;
}

static enum outcome
sign_part(struct csc *csc, const struct csc_batch *batch, size_t first, size_t count,
	  const char *sad)
{
	const struct csc_request request = {
	    .cost = CSC_COSTLY,
	    .method = "signatures/signHash",
	    .body = sign_body(csc, batch, first, count, sad),
	    .bearer = is_by_bearer(csc, batch) ? sad : NULL,
	};
	struct csc_answer answer;
	enum outcome outcome;

	if (!request.body)
		return csc_explain(csc, OUTCOME_MISCONFIGURED, "no memory left for the request");
	outcome = csc_call(csc, &request, &answer);
	if (outcome == OUTCOME_OK && csc->v2 && member_text(answer.body, "responseID") &&
	    !member_array(answer.body, "signatures"))
		outcome = poll_signatures(csc, &answer.body);
	if (outcome == OUTCOME_OK)
		outcome = keep_signatures(csc, batch, first, count, answer.body);
	json_decref(answer.body);
	return outcome;
}

/* A service that takes one hash for each signHash gives a new SAD for the next. */
static enum outcome
sign_one_by_one(struct csc *csc, const struct csc_batch *batch, char **sad)
{
	enum outcome outcome = OUTCOME_OK;

	for (size_t i = 0; i < batch->count && outcome == OUTCOME_OK; i++) {
		if (i > 0)
			outcome = csc_extend(csc, batch, i, 1, sad);
		if (outcome == OUTCOME_OK)
			outcome = sign_part(csc, batch, i, 1, *sad);
	}
	return outcome;
}

enum outcome
csc_sign_batch(struct csc *csc, const struct csc_batch *batch)
{
	char *sad = NULL;
	enum outcome outcome = csc_authorize(csc, batch, &sad);

	if (outcome == OUTCOME_OK)
		outcome = csc_progress(csc, "waiting for the signature");
	if (outcome == OUTCOME_OK)
		outcome = csc_speaks(csc->use->config, CSC_ONE_BY_ONE)
			      ? sign_one_by_one(csc, batch, &sad)
			      : sign_part(csc, batch, 0, batch->count, sad);
	csc_secret_free(sad);
	return outcome;
}
