#include "prompt.h"
#include "pinentry.h"

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
ask(const struct prompt_config *config, const struct peer *peer, const struct prompt *prompt,
    const char *question, char *secret, char error[PROMPT_ERROR_MAX])
{
	unsigned timeout_s = config->timeout_s;
	struct pinentry pinentry;
	enum prompt_result result;

	error[0] = '\0';
	if (prompt->timeout_s && prompt->timeout_s < timeout_s)
		timeout_s = prompt->timeout_s;
	result = pinentry_open(&pinentry, config->pinentry, peer, timeout_s + OVERTIME_S, error);
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

enum prompt_result
prompt_confirm(const struct prompt_config *config, const struct peer *peer,
	       const struct prompt *prompt, char error[PROMPT_ERROR_MAX])
{
	return ask(config, peer, prompt, "CONFIRM", NULL, error);
}

enum prompt_result
prompt_message(const struct prompt_config *config, const struct peer *peer,
	       const struct prompt *prompt, char error[PROMPT_ERROR_MAX])
{
	return ask(config, peer, prompt, "MESSAGE", NULL, error);
}

enum prompt_result
prompt_secret(const struct prompt_config *config, const struct peer *peer,
	      const struct prompt *prompt, char secret[PROMPT_SECRET_SIZE],
	      char error[PROMPT_ERROR_MAX])
{
	enum prompt_result result;

	memset(secret, 0, PROMPT_SECRET_SIZE);
	result = ask(config, peer, prompt, "GETPIN", secret, error);
	if (result != PROMPT_OK)
		OPENSSL_cleanse(secret, PROMPT_SECRET_SIZE);
	return result;
}
