#include "cmd.h"
#include "bridge.h"
#include "certificate.h"
#include "cmdcall.h"
#include "cmdcode.h"
#include "peer.h"

#include <openssl/crypto.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { PIN_MIN = 4, PIN_MAX = 8 }; /* digits (manual of the service) */

/* What can be known to fail before anybody is asked. */
static enum outcome
check_input(const struct bridge_request *request, struct consent *consent, X509 **leaf,
	    struct service_result *result)
{
	char date[CERTIFICATE_DATE_SIZE];

	if (request->use != KEYFILE_SIGN_PKCS1 || request->documents_count != 1 ||
	    !consent_begin(request->documents[0].input, request->documents[0].name, consent))
		return OUTCOME_NOT_A_DIGESTINFO;
	if (request->pin.len < PIN_MIN || request->pin.len > PIN_MAX)
		return OUTCOME_NOT_A_PIN;
	for (size_t i = 0; i < request->pin.len; i++)
		if (!isdigit(request->pin.data[i]))
			return OUTCOME_NOT_A_PIN;
	*leaf = certificate_parse(request->certificate);
	if (!*leaf) {
		snprintf(result->detail, sizeof(result->detail),
			 "the card's certificate cannot be read");
		return OUTCOME_MISCONFIGURED;
	}
	if (!certificate_is_current(*leaf)) {
		certificate_date(X509_get0_notAfter(*leaf), date);
		snprintf(result->detail, sizeof(result->detail), "valid until %s", date);
		return OUTCOME_CERTIFICATE_EXPIRED;
	}
	return OUTCOME_OK;
}

static enum outcome
get_consent(const struct service_use *use, const struct consent *consent,
	    struct service_result *result)
{
	const struct bridge_progress waiting = {.text = BYTES_TEXT("waiting for consent")};
	char error[PROMPT_ERROR_MAX];

	if (use->request->consent_given)
		return OUTCOME_OK;
	if (!peer_progress(use->peer, &waiting))
		return OUTCOME_GONE;
	switch (consent_ask(use, consent, error)) {
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

/* The PIN as a cipher text; it is not copied anywhere else. */
static bool
encrypt_pin(const struct cmdcall *call, char cipher_pin[CIPHER_TEXT_MAX])
{
	struct bytes pin = call->use->request->pin;
	char text[PIN_MAX + 1];
	bool ok;

	memcpy(text, pin.data, pin.len);
	text[pin.len] = '\0';
	ok = cipher_encrypt(&call->cipher, text, cipher_pin);
	OPENSSL_cleanse(text, sizeof(text));
	return ok;
}

/* Exactly one start call, and never again: each one sends a message and counts a PIN try. */
static enum outcome
start(struct cmdcall *call, const struct consent *consent)
{
	const struct bridge_request *asked = call->use->request;
	char cipher_pin[CIPHER_TEXT_MAX];
	struct scmd_request request = {
	    .operation = SCMD_SIGN,
	    .cipher_pin = cipher_pin,
	    .document = consent->docname,
	    .digestinfo = asked->documents[0].input,
	};
	struct scmd_answer answer = {.chain = NULL};
	struct bridge_progress started;
	enum outcome outcome = OUTCOME_ENCRYPTION_UNUSABLE;

	if (!encrypt_pin(call, cipher_pin))
		goto out;
	outcome = OUTCOME_GONE;
	if (!peer_start(call->use->peer))
		goto out;
	outcome = cmdcall_make(call, &request, &answer);
	if (outcome != OUTCOME_OK)
		goto out;
	outcome = cmdcall_judge(call, &answer);
	if (outcome == OUTCOME_CODE_WRONG)
		outcome = OUTCOME_OTHER_CODE; /* 802 judges a code, and none was sent */
	if (outcome != OUTCOME_OK)
		goto out;
	if (!answer.process_id[0]) {
		snprintf(call->result->detail, sizeof(call->result->detail),
			 "code 200 without a process id");
		outcome = OUTCOME_BAD_ANSWER;
		goto out;
	}
	started = (struct bridge_progress){
	    .process_id = {(uint8_t *)call->result->process_id, strlen(call->result->process_id)},
	    .text = BYTES_TEXT("the service has sent a code"),
	};
	if (!peer_progress(call->use->peer, &started))
		outcome = OUTCOME_GONE;
out:
	scmd_answer_free(&answer);
	return outcome;
}

static void
sign(const struct service_use *use, struct service_result *result)
{
	const struct bridge_request *request = use->request;
	struct consent consent;
	struct cmdcall call = {.use = NULL};
	X509 *leaf = NULL;
	time_t started;

	result->outcome = check_input(request, &consent, &leaf, result);
	if (result->outcome != OUTCOME_OK)
		goto out;
	result->outcome = cmdcall_open(&call, use, result);
	if (result->outcome != OUTCOME_OK)
		goto out;
	result->outcome = get_consent(use, &consent, result);
	if (result->outcome != OUTCOME_OK)
		goto out;
	started = time(NULL);
	result->outcome = start(&call, &consent);
	if (result->outcome != OUTCOME_OK)
		goto out;
	result->outcome = cmdcode_enter(&call, &consent, started);
	if (result->outcome == OUTCOME_OK &&
	    !certificate_verifies(leaf, request->documents[0].input, result->outputs[0]))
		result->outcome = OUTCOME_SIGNATURE_WRONG;
out:
	X509_free(leaf);
	cmdcall_close(&call);
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
	if (outcome == OUTCOME_OK && !answer->chain) {
		snprintf(call->result->detail, sizeof(call->result->detail), "number %s",
			 call->masked_phone);
		outcome = OUTCOME_ACCOUNT_UNKNOWN;
	}
	return outcome;
}

static void
enrol(const struct service_use *use, struct service_result *result)
{
	struct writer chain = writer_to(result->room, sizeof(result->room));
	struct scmd_answer answer = {.chain = NULL};
	struct cmdcall call;
	struct bytes pem;

	result->outcome = cmdcall_open(&call, use, result);
	if (result->outcome == OUTCOME_OK)
		result->outcome = get_chain(&call, &answer);
	if (result->outcome != OUTCOME_OK)
		goto out;
	result->detail[0] = '\0';
	pem = (struct bytes){(uint8_t *)answer.chain, strlen(answer.chain)};
	if (!certificate_chain(pem, &chain)) {
		snprintf(result->detail, sizeof(result->detail),
			 "no certificate chain with one leaf in it");
		result->outcome = OUTCOME_BAD_ANSWER;
	}
	result->room_used = chain.len;
	result->chain = writer_bytes(&chain);
out:
	scmd_answer_free(&answer);
	cmdcall_close(&call);
}

static void
check(const struct service_use *use, struct service_result *result)
{
	enrol(use, result);
	result->chain = BYTES_NONE;
	if (result->outcome == OUTCOME_OK)
		snprintf(result->detail, sizeof(result->detail),
			 "the service answers and knows the account");
}

enum {
	CMD_SECRETS = SERVICE_SECRET_APPLICATION_ID | SERVICE_SECRET_USER | SERVICE_SECRET_PASSWORD,
};

const struct service_maker cmd_maker = {
    .type = "cmd",
    .abilities = SERVICE_SIGN_PKCS1,
    .account = SERVICE_ACCOUNT_PHONE,
    .secrets = CMD_SECRETS,
    .secrets_needed = CMD_SECRETS,
    .needs_endpoint = true,
    .enrol = enrol,
    .sign = sign,
    .check = check,
};
