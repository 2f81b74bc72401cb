#include "cmdcode.h"
#include "bridge.h"
#include "cmd.h"
#include "language.h"
#include "peer.h"

#include <openssl/crypto.h>

#include <stdio.h>
#include <string.h>

enum {
	CODE_DIGITS = 6,
	CODES_MAX = 3,      /* wrong ones for one process */
	QUESTIONS_MAX = 12, /* a pinentry that answers by itself must come to an end */
	PROBLEM_MAX = 256,
};

struct entry {
	struct cmdcall *call;
	const struct consent *consent;
	time_t until; /* the code's end */
	bool new_code_sent;
	unsigned wrong;
	char problem[PROBLEM_MAX]; /* with the last answer */
	struct scmd_answer *answer;
};

static bool
is_code(const char *text)
{
	return strlen(text) == CODE_DIGITS && strspn(text, "0123456789") == CODE_DIGITS;
}

/* Only said when it is so. */
static enum outcome
no_answer(const struct entry *entry)
{
	return time(NULL) >= entry->until ? OUTCOME_CODE_EXPIRED : OUTCOME_NO_ANSWER;
}

static enum outcome
outcome_of_prompt(struct entry *entry, enum prompt_result prompted, const char *error)
{
	struct service_result *result = entry->call->result;

	switch (prompted) {
	case PROMPT_OK: return OUTCOME_OK;
	case PROMPT_CANCELLED: return OUTCOME_CODE_CANCELLED;
	case PROMPT_TIMED_OUT: return no_answer(entry);
	case PROMPT_IMPOSSIBLE:
		snprintf(result->detail, sizeof(result->detail), "%s", error);
		return OUTCOME_NO_PROMPT;
	case PROMPT_GONE: break;
	}
	return OUTCOME_GONE;
}

static void
count_wrong(struct entry *entry, const char *what)
{
	entry->wrong++;
	snprintf(entry->problem, sizeof(entry->problem), tr("%s Tries left: %u."), what,
		 CODES_MAX - entry->wrong);
}

/* OUTCOME_OK: go on asking, `problem` says if there is no new code. */
static enum outcome
send_new_code(struct entry *entry)
{
	struct cmdcall *call = entry->call;
	struct scmd_request request = {
	    .operation = SCMD_FORCE_SMS,
	    .process_id = call->result->process_id,
	};
	time_t asked = time(NULL);
	struct scmd_answer answer;
	enum outcome outcome;

	entry->new_code_sent = true;
	outcome = cmdcall_make(call, &request, &answer);
	if (outcome == OUTCOME_OK && strcmp(answer.code, SCMD_CODE_OK) == 0) {
		entry->until = asked + (time_t)call->use->config->code_lifetime_s;
		snprintf(entry->problem, sizeof(entry->problem), "%s", tr("A new code was sent."));
	} else {
		snprintf(entry->problem, sizeof(entry->problem), "%s",
			 tr("No new code could be sent."));
	}
	scmd_answer_free(&answer);
	return outcome == OUTCOME_GONE ? outcome : OUTCOME_OK;
}

static enum outcome
offer_new_code(struct entry *entry)
{
	char error[PROMPT_ERROR_MAX];
	enum prompt_result prompted;

	if (entry->new_code_sent) {
		snprintf(entry->problem, sizeof(entry->problem), "%s",
			 tr("A new code can be sent only once; enter the last one."));
		return OUTCOME_OK;
	}
	prompted = consent_new_code(entry->call->use, entry->call->masked_phone, error);
	entry->problem[0] = '\0';
	if (prompted == PROMPT_CANCELLED)
		return OUTCOME_OK;
	if (prompted != PROMPT_OK)
		return outcome_of_prompt(entry, prompted, error);
	return send_new_code(entry);
}

/* OUTCOME_OK: done, or (`again`) to be asked once more. */
static enum outcome
try_code(struct entry *entry, const char *code, bool *again)
{
	struct cmdcall *call = entry->call;
	char cipher_code[CIPHER_TEXT_MAX];
	struct scmd_request request = {
	    .operation = SCMD_VALIDATE_OTP,
	    .process_id = call->result->process_id,
	    .cipher_code = cipher_code,
	    .biometric = cmdcall_choice(call, CMD_BIOMETRIC_CODE),
	};
	enum outcome outcome;

	if (!cipher_encrypt(&call->cipher, code, cipher_code))
		return OUTCOME_ENCRYPTION_UNUSABLE;
	scmd_answer_free(entry->answer);
	outcome = cmdcall_make(call, &request, entry->answer);
	if (outcome == OUTCOME_OK)
		outcome = cmdcall_judge(call, entry->answer);
	if (outcome != OUTCOME_CODE_WRONG)
		return outcome;
	count_wrong(entry, tr("The code was wrong."));
	*again = entry->wrong < CODES_MAX;
	return *again ? OUTCOME_OK : OUTCOME_CODE_WRONG;
}

/* One question and what follows from its answer. */
static enum outcome
ask_once(struct entry *entry, bool *again)
{
	const struct bridge_progress waiting = {.text = BYTES_TEXT("waiting for the code")};
	struct cmdcall *call = entry->call;
	char error[PROMPT_ERROR_MAX], code[PROMPT_SECRET_SIZE] = "";
	enum prompt_result prompted;
	enum outcome outcome = OUTCOME_GONE;

	*again = false;
	call->result->code[0] = '\0'; /* of an answer before this question */
	if (time(NULL) >= entry->until)
		return OUTCOME_CODE_EXPIRED;
	if (!peer_progress(call->use->peer, &waiting))
		return OUTCOME_GONE;
	prompted = consent_code(call->use, entry->consent, call->masked_phone, entry->until,
				entry->problem[0] ? entry->problem : NULL, code, error);
	entry->problem[0] = '\0';
	outcome = outcome_of_prompt(entry, prompted, error);
	if (outcome != OUTCOME_OK)
		goto out;
	if (is_code(code)) {
		outcome = try_code(entry, code, again);
	} else if (code[0] == '\0') {
		*again = true;
		outcome = offer_new_code(entry);
	} else {
		count_wrong(entry, tr("The code has six digits."));
		*again = entry->wrong < CODES_MAX;
		outcome = *again ? OUTCOME_OK : OUTCOME_CODE_WRONG;
	}
out:
	OPENSSL_cleanse(code, sizeof(code));
	return outcome;
}

enum outcome
cmdcode_enter(struct cmdcall *call, const struct consent *consent, time_t started,
	      struct scmd_answer *answer)
{
	struct entry entry = {
	    .call = call,
	    .consent = consent,
	    .until = started + (time_t)call->use->config->code_lifetime_s,
	    .answer = answer,
	};
	enum outcome outcome = OUTCOME_OK;
	bool again = true;

	*answer = (struct scmd_answer){.chain = NULL};
	for (unsigned i = 0; again && outcome == OUTCOME_OK; i++)
		outcome = i < QUESTIONS_MAX ? ask_once(&entry, &again) : OUTCOME_NO_ANSWER;
	return outcome;
}
