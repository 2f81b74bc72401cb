#include "cmdsign.h"
#include "bridge.h"
#include "certificate.h"
#include "cmd.h"
#include "cmdcode.h"
#include "cmdstart.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert((int)BRIDGE_DOCUMENTS_MAX <= (int)SCMD_DOCUMENTS_MAX,
	       "the service takes what a request holds");

struct signing {
	struct cmdcall call;
	X509 *leaf; /* owned */
	struct consent consents[BRIDGE_DOCUMENTS_MAX];
	struct scmd_document documents[BRIDGE_DOCUMENTS_MAX];
	size_t count;
};

static enum outcome
begin_documents(struct signing *signing, const struct bridge_request *request,
		struct service_result *result)
{
	signing->count = request->documents_count;
	for (size_t i = 0; i < signing->count; i++) {
		const struct bridge_document *document = &request->documents[i];

		if (!consent_begin(document->input, document->name, &signing->consents[i])) {
			if (signing->count > 1)
				snprintf(result->detail, sizeof(result->detail),
					 "document %zu of %zu", i + 1, signing->count);
			return OUTCOME_NOT_A_DIGESTINFO;
		}
		signing->documents[i] =
		    (struct scmd_document){signing->consents[i].docname, document->input};
	}
	signing->consents[0].others = signing->count - 1;
	return OUTCOME_OK;
}

/* What can be known to fail before anybody is asked. */
static enum outcome
check_input(struct signing *signing, const struct bridge_request *request,
	    struct service_result *result)
{
	char date[CERTIFICATE_DATE_SIZE];
	enum outcome outcome;

	if (request->use != KEYFILE_SIGN_PKCS1 || request->documents_count == 0)
		return OUTCOME_NOT_A_DIGESTINFO;
	outcome = begin_documents(signing, request, result);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (!cmdstart_pin_allowed(request->pin))
		return OUTCOME_NOT_A_PIN;
	signing->leaf = certificate_parse(request->certificate);
	if (!signing->leaf) {
		snprintf(result->detail, sizeof(result->detail),
			 "the card's certificate cannot be read");
		return OUTCOME_MISCONFIGURED;
	}
	if (!certificate_is_current(signing->leaf)) {
		certificate_date(X509_get0_notAfter(signing->leaf), date);
		snprintf(result->detail, sizeof(result->detail), "valid until %s", date);
		return OUTCOME_CERTIFICATE_EXPIRED;
	}
	return OUTCOME_OK;
}

static enum outcome
get_consent(const struct signing *signing, const struct service_use *use,
	    struct service_result *result)
{
	const struct bridge_progress waiting = {.text = BYTES_TEXT("waiting for consent")};
	char error[PROMPT_ERROR_MAX];

	if (use->request->consent_given)
		return OUTCOME_OK;
	if (!peer_progress(use->peer, &waiting))
		return OUTCOME_GONE;
	switch (consent_ask_many(use, signing->consents, signing->count, error)) {
	case PROMPT_OK: return OUTCOME_OK;
	case PROMPT_CANCELLED: return OUTCOME_NO_CONSENT;
	case PROMPT_TIMED_OUT: return OUTCOME_NO_ANSWER;
	case PROMPT_IMPOSSIBLE:
		snprintf(result->detail, sizeof(result->detail), "%s", error);
		return OUTCOME_NO_PROMPT;
	case PROMPT_GONE: break;
	}
	return OUTCOME_GONE;
}

static enum outcome
start(struct signing *signing)
{
	struct scmd_request request = {
	    .operation = signing->count == 1 ? SCMD_SIGN : SCMD_MULTIPLE_SIGN,
	    .documents = signing->documents,
	    .documents_count = signing->count,
	    .biometric = cmdcall_choice(&signing->call, CMD_BIOMETRIC_VALIDATION),
	};

	return cmdstart_make(&signing->call, &request);
}

static bool
has_more_than(const struct scmd_answer *answer, size_t count)
{
	for (size_t i = count; answer->list && i < SCMD_DOCUMENTS_MAX; i++)
		if (answer->list[i].len > 0)
			return true;
	return false;
}

static enum outcome
keep_one(struct signing *signing, size_t place, const struct scmd_signature *signature)
{
	static const struct scmd_signature none = {.len = 0};
	struct cmdcall *call = &signing->call;
	const struct scmd_signature *given = signature ? signature : &none;
	struct bytes bytes = {given->data, given->len};

	if (!certificate_verifies(signing->leaf, signing->documents[place].digestinfo, bytes)) {
		if (bytes.len == 0)
			return cmdcall_explain(call, OUTCOME_SIGNATURE_WRONG,
					       "there is none for document %zu of %zu", place + 1,
					       signing->count);
		return cmdcall_explain(call, OUTCOME_SIGNATURE_WRONG,
				       "that of document %zu of %zu, %zu bytes", place + 1,
				       signing->count, bytes.len);
	}
	return service_keep_output(call->result, bytes)
		   ? OUTCOME_OK
		   : cmdcall_explain(call, OUTCOME_BAD_ANSWER,
				     "signatures longer than can be kept");
}

/* Either all of them verify, or none is handed out. */
static enum outcome
keep_signatures(struct signing *signing, const struct scmd_answer *answer)
{
	enum outcome outcome = OUTCOME_OK;

	if (signing->count == 1)
		return keep_one(signing, 0, &answer->signature);
	if (answer->list_broken || has_more_than(answer, signing->count))
		return cmdcall_explain(
		    &signing->call, OUTCOME_BAD_ANSWER,
		    "an id that is there twice, or that no document of the request has");
	for (size_t i = 0; i < signing->count && outcome == OUTCOME_OK; i++)
		outcome = keep_one(signing, i, answer->list ? &answer->list[i] : NULL);
	return outcome;
}

static enum outcome
sign(struct signing *signing, const struct service_use *use, struct service_result *result)
{
	struct scmd_answer answer = {.chain = NULL};
	enum outcome outcome;
	time_t started;

	outcome = check_input(signing, use->request, result);
	if (outcome != OUTCOME_OK)
		return outcome;
	outcome = cmdcall_open(&signing->call, use, result);
	if (outcome != OUTCOME_OK)
		return outcome;
	outcome = get_consent(signing, use, result);
	if (outcome != OUTCOME_OK)
		return outcome;
	started = time(NULL);
	outcome = start(signing);
	if (outcome != OUTCOME_OK)
		return outcome;
	outcome = cmdcode_enter(&signing->call, &signing->consents[0], started, &answer);
	if (outcome == OUTCOME_OK)
		outcome = keep_signatures(signing, &answer);
	if (outcome == OUTCOME_OK)
		cmdcall_warn(&signing->call);
	scmd_answer_free(&answer);
	return outcome;
}

void
cmdsign(const struct service_use *use, struct service_result *result)
{
	struct signing *signing = calloc(1, sizeof(*signing));

	result->outcome = OUTCOME_MISCONFIGURED;
	if (!signing) {
		snprintf(result->detail, sizeof(result->detail), "no memory is left");
		return;
	}
	result->outcome = sign(signing, use, result);
	X509_free(signing->leaf);
	cmdcall_close(&signing->call);
	free(signing);
}
