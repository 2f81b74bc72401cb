#include "service.h"
#include "bridge.h"
#include "cmd.h"
#include "prompt.h"

#include <stdlib.h>
#include <string.h>

static const struct service_maker *const makers[] = {&cmd_maker};

const char service_types[] = "cmd";

const struct service_maker *
service_maker(const char *type)
{
	for (size_t i = 0; type && i < sizeof(makers) / sizeof(makers[0]); i++)
		if (strcmp(makers[i]->type, type) == 0)
			return makers[i];
	return NULL;
}

static struct bytes
text_bytes(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static bool
write_result(const struct service_result *result, struct writer *message)
{
	char text[OUTCOME_TEXT_MAX];
	bool signed_or_enrolled = result->outcome == OUTCOME_OK;
	struct bridge_result answer = {
	    .sw = outcome_sw(result->outcome),
	    .code = text_bytes(result->code),
	    .process_id = text_bytes(result->process_id),
	    .next = text_bytes(outcome_next(result->outcome)),
	};

	outcome_text(result->outcome, result->detail, text);
	answer.text = text_bytes(text);
	if (signed_or_enrolled) {
		answer.signature = (struct bytes){result->signature, result->signature_len};
		answer.chain = (struct bytes){result->chain, result->chain_len};
	}
	return bridge_result_encode(&answer, message);
}

bool
service_refuse(enum outcome outcome, const char *detail, struct writer *message)
{
	struct service_result result = {.outcome = outcome};

	strncpy(result.detail, detail, sizeof(result.detail) - 1);
	return write_result(&result, message);
}

/* Word for word, and before the answer: after it the bridge is gone. That it cannot be shown changes
 * nothing; it also stands in the journal. */
static enum prompt_result
show(const struct service_use *use, enum outcome outcome)
{
	char text[OUTCOME_TEXT_MAX], error[PROMPT_ERROR_MAX];
	struct prompt prompt = {.title = "Vicar", .description = text, .ok = "_OK"};

	outcome_text(outcome, NULL, text);
	return prompt_message(use->prompt, use->peer, &prompt, error);
}

bool
service_run(const struct service_use *use, struct writer *message)
{
	const struct service_maker *maker = service_maker(use->config->type);
	struct service_result *result;
	bool ok = false;

	if (!maker)
		return service_refuse(OUTCOME_MISCONFIGURED, "type of the service is not known",
				      message);
	result = calloc(1, sizeof(*result));
	if (!result)
		return false;
	switch (use->request->operation) {
	case BRIDGE_SIGN: maker->sign(use, result); break;
	case BRIDGE_ENROL: maker->enrol(use, result); break;
	case BRIDGE_CHECK: maker->check(use, result); break;
	}
	if (result->outcome == OUTCOME_GONE ||
	    (outcome_must_be_shown(result->outcome) && show(use, result->outcome) == PROMPT_GONE))
		goto out;
	ok = write_result(result, message);
out:
	free(result);
	return ok;
}
