#include "csccode.h"
#include "language.h"
#include "member.h"
#include "text.h"

#include <openssl/crypto.h>

#include <stdio.h>
#include <string.h>

enum {
	CHALLENGE_CHARACTERS = 48,
	QUESTIONS_MAX = 12, /* a pinentry that answers by itself must come to an end */
};

static enum outcome
send_one(struct csc *csc, const struct csc_batch *batch, const struct csc_factor *factor,
	 struct csc_codes *codes)
{
	json_t *body = json_pack("{s:s}", "credentialID", batch->key->id);
	const struct csc_request request = {
	    .cost = CSC_COSTLY,
	    .method = csc->v2 && !csc_offers(csc, "credentials/sendOTP")
			  ? "credentials/getChallenge"
			  : "credentials/sendOTP",
	    .body = body,
	};
	const char *challenge;
	struct csc_answer answer;
	enum outcome outcome;

	if (!body ||
	    (csc->v2 && json_object_set_new(body, "authObjectID", json_string(factor->id)) != 0)) {
		json_decref(body);
		return csc_explain(csc, OUTCOME_MISCONFIGURED, "no memory left for the request");
	}
	outcome = csc_call(csc, &request, &answer);
	challenge = member_text(answer.body, "challenge");
	codes->challenge[0] = '\0';
	if (outcome == OUTCOME_OK && challenge)
		(void)text_printable((struct bytes){(const uint8_t *)challenge, strlen(challenge)},
				     CHALLENGE_CHARACTERS, codes->challenge);
	json_decref(answer.body);
	return outcome;
}

enum outcome
csc_codes_send(struct csc *csc, const struct csc_batch *batch, struct csc_codes *codes)
{
	const struct csc_factors *factors = &batch->key->factors;
	enum outcome outcome = OUTCOME_OK;

	for (size_t i = 0; i < factors->count && outcome == OUTCOME_OK; i++) {
		if (factors->list[i].kind != CSC_FACTOR_SENT_CODE)
			continue;
		codes->until = time(NULL) + (time_t)csc->use->config->code_lifetime_s;
		outcome = send_one(csc, batch, &factors->list[i], codes);
	}
	return outcome;
}

static enum outcome
outcome_of(struct csc *csc, const struct csc_codes *codes, enum prompt_result prompted,
	   const char *error)
{
	switch (prompted) {
	case PROMPT_OK: return OUTCOME_OK;
	case PROMPT_CANCELLED: return OUTCOME_CODE_CANCELLED;
	case PROMPT_TIMED_OUT:
		return codes->until != 0 && time(NULL) >= codes->until ? OUTCOME_CODE_EXPIRED
								       : OUTCOME_NO_ANSWER;
	case PROMPT_IMPOSSIBLE: return csc_explain(csc, OUTCOME_NO_PROMPT, "%s", error);
	case PROMPT_GONE: break;
	}
	return OUTCOME_GONE;
}

static enum outcome
offer_new(struct csc *csc, const struct csc_batch *batch, struct csc_codes *codes,
	  char problem[CSC_PROBLEM_MAX])
{
	char error[PROMPT_ERROR_MAX];
	enum prompt_result prompted;
	enum outcome outcome;

	if (codes->sent_again) {
		snprintf(problem, CSC_PROBLEM_MAX, "%s",
			 tr("A new code can be sent only once; enter the last one."));
		return OUTCOME_OK;
	}
	prompted = consent_new_code(csc->use, csc->account->user, error);
	if (prompted == PROMPT_CANCELLED)
		return OUTCOME_OK;
	outcome = outcome_of(csc, codes, prompted, error);
	if (outcome != OUTCOME_OK)
		return outcome;
	codes->sent_again = true;
	outcome = csc_codes_send(csc, batch, codes);
	if (outcome == OUTCOME_GONE)
		return outcome;
	snprintf(problem, CSC_PROBLEM_MAX, "%s",
		 outcome == OUTCOME_OK ? tr("A new code was sent.")
				       : tr("No new code could be sent."));
	return OUTCOME_OK;
}

/* What stands above the field of the first question. */
static void
introduce(const struct csc_codes *codes, char problem[CSC_PROBLEM_MAX])
{
	problem[0] = '\0';
	if (codes->wrong > 0)
		snprintf(problem, CSC_PROBLEM_MAX, tr("The code was wrong. Tries left: %u."),
			 CSC_CODES_MAX - codes->wrong);
	else if (codes->challenge[0])
		snprintf(problem, CSC_PROBLEM_MAX, tr("The service's question: %s"),
			 codes->challenge);
}

static bool
fits(const struct csc_factor *factor, const char *code)
{
	return code[0] != '\0' &&
	       (!factor->digits_only || code[strspn(code, "0123456789")] == '\0');
}

static enum outcome
ask_one(struct csc *csc, const struct csc_batch *batch, size_t place, struct csc_codes *codes)
{
	const struct csc_factor *factor = &batch->key->factors.list[place];
	const bool sent = factor->kind == CSC_FACTOR_SENT_CODE;
	struct consent consent = batch->documents[0];
	char problem[CSC_PROBLEM_MAX], error[PROMPT_ERROR_MAX];
	enum outcome outcome = csc_progress(csc, "waiting for the code");

	consent.code = sent ? CONSENT_CODE_SENT : CONSENT_CODE_OWN;
	consent.others = batch->count - 1;
	introduce(codes, problem);
	for (unsigned i = 0; i < QUESTIONS_MAX && outcome == OUTCOME_OK; i++) {
		char *code = codes->list[place];
		enum prompt_result prompted;

		if (sent && time(NULL) >= codes->until)
			return OUTCOME_CODE_EXPIRED;
		prompted =
		    consent_code(csc->use, &consent, sent ? csc->account->user : NULL,
				 sent ? codes->until : 0, problem[0] ? problem : NULL, code, error);
		problem[0] = '\0';
		outcome = outcome_of(csc, codes, prompted, error);
		if (outcome != OUTCOME_OK || fits(factor, code))
			return outcome;
		if (sent && code[0] == '\0')
			outcome = offer_new(csc, batch, codes, problem);
		else
			snprintf(problem, sizeof(problem), "%s",
				 tr("That is no code; this one has digits only."));
		if (outcome == OUTCOME_OK)
			outcome = csc_progress(csc, "waiting for the code");
	}
	return outcome == OUTCOME_OK ? OUTCOME_NO_ANSWER : outcome;
}

enum outcome
csc_codes_ask(struct csc *csc, const struct csc_batch *batch, struct csc_codes *codes)
{
	const struct csc_factors *factors = &batch->key->factors;
	enum outcome outcome = OUTCOME_OK;

	for (size_t i = 0; i < factors->count && outcome == OUTCOME_OK; i++)
		if (csc_factor_is_code(&factors->list[i]))
			outcome = ask_one(csc, batch, i, codes);
	return outcome;
}
