#include "prompt.h"
#include "pinentry.h"
#include "prompt_command.h"

#include <openssl/crypto.h>

#include <stdio.h>
#include <string.h>

enum { OVERTIME_S = 3 }; /* pinentry keeps the time itself; one that does not is ended */

struct setting {
	const char *command;
	const char *value;
};

static enum prompt_result
set_all(struct pinentry *pinentry, const struct prompt *prompt, unsigned timeout_s,
	char error[PROMPT_ERROR_MAX])
{
	char seconds[16];
	const struct setting settings[] = {
	    {"SETTIMEOUT", seconds},          {"SETTITLE", prompt->title},
	    {"SETDESC", prompt->description}, {"SETPROMPT", prompt->prompt},
	    {"SETERROR", prompt->error},      {"SETOK", prompt->ok},
	    {"SETCANCEL", prompt->cancel},
	};
	enum prompt_result result;

	snprintf(seconds, sizeof(seconds), "%u", timeout_s);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!settings[i].value)
			continue;
		result =
		    pinentry_command(pinentry, settings[i].command, settings[i].value, NULL, error);
		if (result != PROMPT_OK)
			return result;
	}
	return PROMPT_OK;
}

static enum prompt_result
ask_by_pinentry(const struct prompt_config *config, const struct peer *peer,
		const struct prompt *prompt, unsigned timeout_s, const char *question, char *secret,
		char error[PROMPT_ERROR_MAX])
{
	struct pinentry pinentry;
	enum prompt_result result;

	result = pinentry_open(&pinentry, config, peer, timeout_s + OVERTIME_S, error);
	if (result == PROMPT_OK)
		result = set_all(&pinentry, prompt, timeout_s, error);
	if (result == PROMPT_OK && !pinentry_is_quiet(&pinentry)) {
		snprintf(error, PROMPT_ERROR_MAX, "%s answers before it was asked",
			 config->pinentry);
		result = PROMPT_IMPOSSIBLE;
	}
	if (result == PROMPT_OK)
		result = pinentry_command(&pinentry, question, NULL, secret, error);
	pinentry_close(&pinentry);
	return result;
}

static enum prompt_result
ask(const struct prompt_config *config, const struct peer *peer, const struct prompt *prompt,
    enum prompt_answer answer, char *secret, char error[PROMPT_ERROR_MAX])
{
	static const char *const commands[] = {
	    [PROMPT_ANSWER_NONE] = "MESSAGE",
	    [PROMPT_ANSWER_YES] = "CONFIRM",
	    [PROMPT_ANSWER_SECRET] = "GETPIN",
	};
	unsigned timeout_s = config->timeout_s;

	error[0] = '\0';
	if (prompt->timeout_s && prompt->timeout_s < timeout_s)
		timeout_s = prompt->timeout_s;
	if (config->command)
		return prompt_command(config, peer, prompt, timeout_s, answer, secret, error);
	return ask_by_pinentry(config, peer, prompt, timeout_s, commands[answer], secret, error);
}

enum prompt_result
prompt_confirm(const struct prompt_config *config, const struct peer *peer,
	       const struct prompt *prompt, char error[PROMPT_ERROR_MAX])
{
	return ask(config, peer, prompt, PROMPT_ANSWER_YES, NULL, error);
}

enum prompt_result
prompt_message(const struct prompt_config *config, const struct peer *peer,
	       const struct prompt *prompt, char error[PROMPT_ERROR_MAX])
{
	return ask(config, peer, prompt, PROMPT_ANSWER_NONE, NULL, error);
}

enum prompt_result
prompt_secret(const struct prompt_config *config, const struct peer *peer,
	      const struct prompt *prompt, char secret[PROMPT_SECRET_SIZE],
	      char error[PROMPT_ERROR_MAX])
{
	enum prompt_result result;

	memset(secret, 0, PROMPT_SECRET_SIZE);
	result = ask(config, peer, prompt, PROMPT_ANSWER_SECRET, secret, error);
	if (result != PROMPT_OK)
		OPENSSL_cleanse(secret, PROMPT_SECRET_SIZE);
	return result;
}
