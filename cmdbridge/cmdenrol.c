#include "cmdenrol.h"
#include "bridge.h"
#include "certificate.h"
#include "cmdcode.h"
#include "cmdstart.h"

#include <stdio.h>
#include <string.h>

static enum outcome
account_unknown(struct cmdcall *call)
{
	return cmdcall_explain(call, OUTCOME_ACCOUNT_UNKNOWN, "number %s", call->masked_phone);
}

/* The one call that costs nothing, and so the one that may be repeated, once. */
static enum outcome
get_chain(struct cmdcall *call, struct scmd_answer *answer)
{
	struct scmd_request request = {.operation = SCMD_GET_CERTIFICATE};
	enum outcome outcome = cmdcall_make(call, &request, answer);

	if (outcome_may_pass(outcome)) {
		scmd_answer_free(answer);
		outcome = cmdcall_make(call, &request, answer);
	}
	return outcome == OUTCOME_OK && !answer->chain ? account_unknown(call) : outcome;
}

/* 900 says here that the account has no active signature (cmd.md 8, 5). */
static enum outcome
prove(struct cmdcall *call, struct scmd_answer *answer)
{
	const struct consent nothing_signed = {.code = CONSENT_CODE_SENT};
	struct scmd_request request = {.operation = SCMD_GET_CERTIFICATE_WITH_PIN};
	const time_t started = time(NULL);
	enum outcome outcome = cmdstart_make(call, &request);

	if (outcome == OUTCOME_OTHER_CODE && strcmp(call->result->code, "900") == 0)
		return account_unknown(call);
	return outcome == OUTCOME_OK ? cmdcode_enter(call, &nothing_signed, started, answer)
				     : outcome;
}

static enum outcome
keep_chain(struct cmdcall *call, const struct scmd_answer *answer)
{
	struct service_result *result = call->result;
	struct writer chain = writer_to(result->room, sizeof(result->room));
	struct bytes pem = BYTES_NONE;

	if (answer->chain)
		pem = (struct bytes){(const uint8_t *)answer->chain, strlen(answer->chain)};
	if (!certificate_chain(pem, &chain))
		return cmdcall_explain(call, OUTCOME_BAD_ANSWER,
				       "no certificate chain with one leaf in it");
	result->room_used = chain.len;
	result->chain = writer_bytes(&chain);
	return OUTCOME_OK;
}

static enum outcome
fetch(struct cmdcall *call, const struct service_use *use, struct service_result *result)
{
	const bool with_pin = use->request->pin.len > 0;
	struct scmd_answer answer = {.chain = NULL};
	enum outcome outcome;

	if (with_pin && !cmdstart_pin_allowed(use->request->pin))
		return OUTCOME_NOT_A_PIN;
	outcome = cmdcall_open(call, use, result);
	if (outcome != OUTCOME_OK)
		return outcome;
	outcome = with_pin ? prove(call, &answer) : get_chain(call, &answer);
	if (outcome == OUTCOME_OK) {
		result->detail[0] = '\0'; /* of the first of two tries */
		outcome = keep_chain(call, &answer);
	}
	scmd_answer_free(&answer);
	return outcome;
}

void
cmdenrol(const struct service_use *use, struct service_result *result)
{
	struct cmdcall call = {.use = NULL};

	result->outcome = fetch(&call, use, result);
	if (result->outcome == OUTCOME_OK)
		cmdcall_warn(&call);
	cmdcall_close(&call);
}

/* An account has one key, without a name. */
void
cmdenrol_list(const struct service_use *use, struct service_result *result)
{
	struct cmdcall call = {.use = NULL};
	const uint8_t *end;
	X509 *leaf;

	result->outcome = fetch(&call, use, result);
	cmdcall_close(&call);
	if (result->outcome != OUTCOME_OK)
		return;
	end = result->chain.data;
	leaf = d2i_X509(NULL, &end, (long)result->chain.len);
	result->credentials[result->credentials_count++] = (struct bridge_credential){
	    .certificate = {result->chain.data, leaf ? (size_t)(end - result->chain.data) : 0},
	    .uses = SERVICE_SIGN_PKCS1 | SERVICE_SIGNS_MANY,
	};
	X509_free(leaf);
	result->chain = BYTES_NONE;
}

void
cmdenrol_check(const struct service_use *use, struct service_result *result)
{
	struct cmdcall call = {.use = NULL};
	char until[CERTIFICATE_DATE_SIZE];

	result->outcome = fetch(&call, use, result);
	result->chain = BYTES_NONE;
	if (result->outcome == OUTCOME_OK && !cmdcall_warn(&call)) {
		certificate_date(X509_get0_notAfter(call.cipher.certificate), until);
		snprintf(result->detail, sizeof(result->detail),
			 "the service answers and knows the account; encryption certificate valid "
			 "until %s",
			 until);
	}
	cmdcall_close(&call);
}
