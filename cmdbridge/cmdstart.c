#include "cmdstart.h"
#include "bridge.h"
#include "peer.h"

#include <openssl/crypto.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { PIN_MIN = 4, PIN_MAX = 8 };

bool
cmdstart_pin_allowed(struct bytes pin)
{
	if (pin.len < PIN_MIN || pin.len > PIN_MAX)
		return false;
	for (size_t i = 0; i < pin.len; i++)
		if (!isdigit(pin.data[i]))
			return false;
	return true;
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

/* 802 and 816 judge a code, and none was sent yet. */
static enum outcome
judge(struct cmdcall *call, const struct scmd_answer *answer)
{
	enum outcome outcome = cmdcall_judge(call, answer);

	if (outcome == OUTCOME_CODE_WRONG || outcome == OUTCOME_CODE_EXPIRED)
		return cmdcall_explain(call, OUTCOME_OTHER_CODE, "code %s before a code was sent",
				       answer->code);
	if (outcome == OUTCOME_OK && !answer->process_id[0])
		return cmdcall_explain(call, OUTCOME_BAD_ANSWER, "code 200 without a process id");
	return outcome;
}

static enum outcome
tell_started(const struct cmdcall *call)
{
	const char *id = call->result->process_id;
	const struct bridge_progress started = {
	    .process_id = {(const uint8_t *)id, strlen(id)},
	    .text = BYTES_TEXT("the service has sent a code"),
	};

	return peer_progress(call->use->peer, &started) ? OUTCOME_OK : OUTCOME_GONE;
}

enum outcome
cmdstart_make(struct cmdcall *call, struct scmd_request *request)
{
	char cipher_pin[CIPHER_TEXT_MAX];
	struct scmd_answer answer = {.chain = NULL};
	enum outcome outcome;

	if (!encrypt_pin(call, cipher_pin))
		return OUTCOME_ENCRYPTION_UNUSABLE;
	if (!peer_start(call->use->peer))
		return OUTCOME_GONE;
	request->cipher_pin = cipher_pin;
	outcome = cmdcall_make(call, request, &answer);
	request->cipher_pin = NULL;
	if (outcome == OUTCOME_OK)
		outcome = judge(call, &answer);
	if (outcome == OUTCOME_OK)
		outcome = tell_started(call);
	scmd_answer_free(&answer);
	return outcome;
}
