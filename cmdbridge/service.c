#include "service.h"
#include "ask.h"
#include "bridge.h"
#include "cmd.h"
#include "csc.h"
#include "language.h"
#include "notify.h"
#include "p11maker.h"
#include "prompt.h"

#include <openssl/crypto.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct service_maker *const makers[] = {&cmd_maker, &csc_maker, &p11_maker};

const struct service_maker *
service_maker(const char *type)
{
	for (size_t i = 0; type && i < sizeof(makers) / sizeof(makers[0]); i++)
		if (strcmp(makers[i]->kind->type, type) == 0)
			return makers[i];
	return NULL;
}

static bool
code_is(const char *code, const char *pattern)
{
	for (; *pattern; pattern++, code++)
		if (*pattern == '?' ? !isdigit((unsigned char)*code) : *code != *pattern)
			return false;
	return !*code;
}

enum outcome
service_outcome(const struct service_maker *maker, const char *code)
{
	for (const struct service_status *at = maker->statuses; at && at->code; at++)
		if (code_is(code, at->code))
			return at->outcome;
	return OUTCOME_OTHER_CODE;
}

bool
service_keep(struct service_result *result, struct bytes bytes, struct bytes *kept)
{
	if (bytes.len > sizeof(result->room) - result->room_used)
		return false;
	*kept = (struct bytes){result->room + result->room_used, bytes.len};
	if (bytes.len > 0)
		memcpy(result->room + result->room_used, bytes.data, bytes.len);
	result->room_used += bytes.len;
	return true;
}

bool
service_keep_output(struct service_result *result, struct bytes output)
{
	if (result->outputs_count == BRIDGE_DOCUMENTS_MAX ||
	    !service_keep(result, output, &result->outputs[result->outputs_count]))
		return false;
	result->outputs_count++;
	return true;
}

bool
service_keep_credential(struct service_result *result, const struct bridge_credential *credential)
{
	struct bridge_credential *kept = &result->credentials[result->credentials_count];

	if (result->credentials_count == BRIDGE_CREDENTIALS_MAX ||
	    !service_keep(result, credential->id, &kept->id) ||
	    !service_keep(result, credential->label, &kept->label) ||
	    !service_keep(result, credential->certificate, &kept->certificate))
		return false;
	kept->uses = credential->uses;
	result->credentials_count++;
	return true;
}

static struct bytes
text_bytes(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* Its text is shown at once, and not kept in a journal. */
static bool
for_person(enum bridge_operation operation)
{
	return operation == BRIDGE_ENROL || operation == BRIDGE_CHECK || operation == BRIDGE_LIST;
}

static bool
write_result(const struct service_result *result, bool shown, struct writer *message)
{
	char text[OUTCOME_TEXT_MAX];
	struct bridge_result answer = {
	    .sw = outcome_sw(result->outcome),
	    .code = text_bytes(result->code),
	    .process_id = text_bytes(result->process_id),
	    .next = text_bytes(shown ? outcome_next_shown(result->outcome)
				     : outcome_next(result->outcome)),
	};

	if (shown)
		outcome_text_shown(result->outcome, result->detail, text);
	else
		outcome_text(result->outcome, result->detail, text);
	answer.text = text_bytes(text);
	answer.pin_doubtful = result->outcome != OUTCOME_OK && result->pin_doubtful;
	if (result->outcome == OUTCOME_OK) {
		memcpy(answer.outputs, result->outputs, sizeof(answer.outputs));
		answer.outputs_count = result->outputs_count;
		answer.chain = result->chain;
		memcpy(answer.credentials, result->credentials, sizeof(answer.credentials));
		answer.credentials_count = result->credentials_count;
		answer.pin = result->pin;
	}
	return bridge_result_encode(&answer, message);
}

bool
service_refuse(enum outcome outcome, const char *detail, struct writer *message)
{
	struct service_result *result = calloc(1, sizeof(*result));
	bool ok;

	if (!result)
		return false;
	result->outcome = outcome;
	strncpy(result->detail, detail, sizeof(result->detail) - 1);
	ok = write_result(result, false, message);
	free(result);
	return ok;
}

/* Word for word, and before the answer: after it the bridge is gone. That it cannot be shown changes
 * nothing; it also stands in the journal. */
static enum prompt_result
show(const struct service_use *use, enum outcome outcome)
{
	char text[OUTCOME_TEXT_MAX], error[PROMPT_ERROR_MAX];
	struct prompt prompt = {
	    .name = "notice", .title = "Vicar", .description = text, .ok = tr("_OK")};

	outcome_text_shown(outcome, NULL, text);
	return prompt_message(use->prompt, use->peer, &prompt, error);
}

static void
perform(const struct service_maker *maker, const struct service_use *use,
	struct service_result *result)
{
	void (*function)(const struct service_use *, struct service_result *) = NULL;

	switch (use->request->operation) {
	case BRIDGE_SIGN: function = maker->sign; break;
	case BRIDGE_ENROL: function = maker->enrol; break;
	case BRIDGE_CHECK: function = maker->check; break;
	case BRIDGE_LIST: function = maker->list; break;
	case BRIDGE_ASK: function = ask; break;
	case BRIDGE_OPERATIONS: break;
	}
	if (function) {
		function(use, result);
		return;
	}
	result->outcome = OUTCOME_MISCONFIGURED;
	snprintf(result->detail, sizeof(result->detail), "services of type %s cannot do this",
		 maker->kind->type);
}

bool
service_run(const struct service_use *use, struct writer *message)
{
	const struct service_maker *maker = service_maker(use->config->type);
	struct service_result *result;
	bool ok = false;

	if (!maker && use->request->operation != BRIDGE_ASK)
		return service_refuse(OUTCOME_MISCONFIGURED, "type of the service is not known",
				      message);
	result = calloc(1, sizeof(*result));
	if (!result)
		return false;
	perform(maker, use, result);
	if (result->outcome == OUTCOME_GONE ||
	    (outcome_must_be_shown(result->outcome) && show(use, result->outcome) == PROMPT_GONE))
		goto out;
	ok = write_result(result, for_person(use->request->operation), message);
	if (ok)
		notify_result(use, result);
out:
	OPENSSL_cleanse(result, sizeof(*result));
	free(result);
	return ok;
}
