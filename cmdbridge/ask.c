#include "ask.h"

#include "consent.h"
#include "language.h"
#include "peer.h"

#include <openssl/crypto.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ASKED_MAX = 3, NAME_CHARACTERS_MAX = 64, NAME_SIZE = NAME_CHARACTERS_MAX * 4 + 1 };

enum { DESCRIPTION_MAX = 1024, PROBLEM_MAX = 256 };

const struct service_config ask_no_service = {.name = (char[]){"file"}};

/* By enum bridge_purpose, but for the first, which consent.c asks. */
static const struct {
	const char *name, *title, *description, *prompt, *called;
} purposes[BRIDGE_PURPOSES] = {
    [BRIDGE_PIN_OLD] = {"pin-old", tr_later("Vicar: old PIN"),
			tr_later("Type the old value of %s of the card %s."), tr_later("Old PIN:"),
			tr_later("the PIN")},
    [BRIDGE_PIN_NEW] = {"pin-new", tr_later("Vicar: new PIN"),
			tr_later("Type a new value for %s of the card %s."), tr_later("New PIN:"),
			tr_later("the PIN")},
    [BRIDGE_PIN_NEW_AGAIN] = {"pin-again", tr_later("Vicar: new PIN"),
			      tr_later("Type the new value for %s of the card %s again."),
			      tr_later("Again:"), tr_later("the PIN")},
    [BRIDGE_PUK] = {"puk", tr_later("Vicar: PUK"), tr_later("Type %s of the card %s."),
		    tr_later("PUK:"), tr_later("the PUK")},
};

static bool
all_digits(const char *value)
{
	return strspn(value, "0123456789") == strlen(value);
}

/* False, with a sentence for the person: it cannot be a value. */
static bool
fits(const struct bridge_request *request, const char *value, char problem[PROBLEM_MAX])
{
	const size_t len = strlen(value);

	if (request->digits_only && !all_digits(value))
		(void)snprintf(problem, PROBLEM_MAX, "%s", tr("It has digits only."));
	else if (request->length_max != 0 &&
		 (len < request->length_min || len > request->length_max))
		(void)snprintf(problem, PROBLEM_MAX, tr("It has %u to %u characters."),
			       request->length_min, request->length_max);
	else if (len == 0)
		(void)snprintf(problem, PROBLEM_MAX, "%s", tr("Nothing was typed."));
	else
		return true;
	return false;
}

/* "This is the last try.", or how many there are. */
static void
say_tries(unsigned tries, char *text, size_t room)
{
	if (tries == 1)
		(void)snprintf(text, room, "\n%s", tr("This is the last try."));
	else if (tries > 1)
		(void)snprintf(text, room,
			       tr_count("\n%u try is left.", "\n%u tries are left.", tries), tries);
}

static enum prompt_result
ask_value(const struct service_use *use, const char *problem, char value[PROMPT_SECRET_SIZE],
	  char error[PROMPT_ERROR_MAX])
{
	const struct bridge_request *request = use->request;
	const enum bridge_purpose purpose = request->purpose;
	char title[NAME_SIZE], card[NAME_SIZE], description[DESCRIPTION_MAX];
	struct prompt prompt = {
	    .name = purposes[purpose].name,
	    .title = tr(purposes[purpose].title),
	    .description = description,
	    .prompt = tr(purposes[purpose].prompt),
	    .error = problem,
	    .ok = tr("_OK"),
	    .cancel = tr("_Cancel"),
	};
	size_t len;

	(void)text_printable(request->card, NAME_CHARACTERS_MAX, card);
	if (text_printable(request->title, NAME_CHARACTERS_MAX, title) == 0)
		(void)snprintf(title, sizeof(title), "%s", tr(purposes[purpose].called));
	len = (size_t)snprintf(description, sizeof(description), tr(purposes[purpose].description),
			       title, card);
	if (len < sizeof(description))
		say_tries(request->tries_left, description + len, sizeof(description) - len);
	return prompt_secret(use->prompt, use->peer, &prompt, value, error);
}

static enum prompt_result
ask_once(const struct service_use *use, const struct consent *documents, const char *problem,
	 char value[PROMPT_SECRET_SIZE], char error[PROMPT_ERROR_MAX])
{
	if (use->request->purpose != BRIDGE_PIN)
		return ask_value(use, problem, value, error);
	return consent_pin(use, documents, use->request->documents_count, problem, value, error);
}

static enum outcome
outcome_of(enum prompt_result answer, const char *error, struct service_result *result)
{
	switch (answer) {
	case PROMPT_OK: return OUTCOME_OK;
	case PROMPT_CANCELLED: return OUTCOME_NO_CONSENT;
	case PROMPT_TIMED_OUT: return OUTCOME_NO_ANSWER;
	case PROMPT_IMPOSSIBLE:
		(void)snprintf(result->detail, sizeof(result->detail), "%s", error);
		return OUTCOME_NO_PROMPT;
	case PROMPT_GONE: break;
	}
	return OUTCOME_GONE;
}

void
ask(const struct service_use *use, struct service_result *result)
{
	static const struct bridge_progress waiting = {
	    .text = {(const uint8_t *)"waiting for the PIN", sizeof("waiting for the PIN") - 1}};
	struct consent documents[BRIDGE_DOCUMENTS_MAX];
	char value[PROMPT_SECRET_SIZE] = "", problem[PROBLEM_MAX] = "",
	     error[PROMPT_ERROR_MAX] = "";
	enum prompt_result answer = PROMPT_OK;
	unsigned asked = 0;
	bool fit = false;

	for (size_t i = 0; i < use->request->documents_count; i++)
		if (!consent_of(use->request, i, &documents[i])) {
			result->outcome = OUTCOME_NOT_A_DIGESTINFO;
			return;
		}
	if (!peer_progress(use->peer, &waiting)) {
		result->outcome = OUTCOME_GONE;
		return;
	}
	while (answer == PROMPT_OK && !fit && asked++ < ASKED_MAX) {
		answer =
		    ask_once(use, documents, problem[0] != '\0' ? problem : NULL, value, error);
		fit = answer == PROMPT_OK && fits(use->request, value, problem);
	}
	result->outcome = outcome_of(answer, error, result);
	if (answer == PROMPT_OK && !fit)
		result->outcome = OUTCOME_NOT_A_PIN;
	else if (fit && !service_keep(result, (struct bytes){(uint8_t *)value, strlen(value)},
				      &result->pin))
		result->outcome = OUTCOME_MISCONFIGURED;
	OPENSSL_cleanse(value, sizeof(value));
}
