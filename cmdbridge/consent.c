#include "consent.h"
#include "bridge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME_CHARACTERS_MAX = 64,
	NAME_SIZE = NAME_CHARACTERS_MAX * 4 + 1,
	DESCRIPTION_MAX = 2048,
	HASH_TEXT_SIZE = DIGEST_LEN_MAX * 4,
	CLOCK_SIZE = 16,
};

struct description {
	char text[DESCRIPTION_MAX];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void
say(struct description *description, const char *format, ...)
{
	size_t room = sizeof(description->text) - description->used;
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(description->text + description->used, room, format, arguments);
	va_end(arguments);
	if (len > 0)
		description->used += (size_t)len < room ? (size_t)len : room - 1;
}

static const char *
clock_time(time_t when, char text[CLOCK_SIZE])
{
	struct tm tm;

	if (!localtime_r(&when, &tm) || strftime(text, CLOCK_SIZE, "%H:%M:%S", &tm) == 0)
		snprintf(text, CLOCK_SIZE, "?");
	return text;
}

bool
consent_begin(struct bytes digestinfo, struct bytes document, struct consent *consent)
{
	if (!digestinfo_parse(digestinfo, &consent->digest, &consent->hash))
		return false;
	text_docname(document, consent->hash, consent->docname);
	return true;
}

/* A line of Assuan holds some 900 bytes: what must not be lost comes first. */
enum prompt_result
consent_ask(const struct service_use *use, const struct consent *consent,
	    char error[PROMPT_ERROR_MAX])
{
	const struct bridge_request *request = use->request;
	struct description description = {.used = 0};
	char card[NAME_SIZE], key[NAME_SIZE], program[NAME_SIZE], hash[HASH_TEXT_SIZE];
	struct prompt prompt = {
	    .title = "Vicar: sign?",
	    .description = description.text,
	    .ok = "_Sign",
	    .cancel = "_Cancel",
	};

	(void)text_printable(request->card, NAME_CHARACTERS_MAX, card);
	(void)text_printable(request->key, NAME_CHARACTERS_MAX, key);
	(void)text_printable(request->program, NAME_CHARACTERS_MAX, program);
	text_hash(consent->hash, hash, sizeof(hash));
	say(&description, "Sign with the card %s (key %s, service %s)?\n\n", card, key,
	    use->config->name);
	say(&description, "Document: %s\n", consent->docname);
	say(&description, "%s of it:\n%s\n\n", digest_name(consent->digest), hash);
	if (request->tries_left == 1)
		say(&description, "This is the last try of the PIN.\n");
	if (request->program.len > 0)
		say(&description, "The program says it is: %s\n", program);
	else
		say(&description, "The program does not say what it is.\n");
	say(&description, "If you agree, a code is sent to your phone.");
	return prompt_confirm(use->prompt, use->peer, &prompt, error);
}

static void
drop_blanks(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (*from != ' ')
			*to++ = *from;
	*to = '\0';
}

enum prompt_result
consent_code(const struct service_use *use, const struct consent *consent, const char *masked_phone,
	     time_t until, const char *problem, char code[PROMPT_SECRET_SIZE],
	     char error[PROMPT_ERROR_MAX])
{
	struct description description = {.used = 0};
	time_t now = time(NULL);
	time_t closes = now + (time_t)use->prompt->timeout_s;
	char ends[CLOCK_SIZE], shuts[CLOCK_SIZE];
	struct prompt prompt = {
	    .title = "Vicar: code",
	    .description = description.text,
	    .prompt = "Code:",
	    .error = problem,
	    .ok = "_OK",
	    .cancel = "_Cancel",
	    .timeout_s = until > now ? (unsigned)(until - now) : 1,
	};
	enum prompt_result result;

	say(&description, "A code was sent to %s.\n", masked_phone);
	say(&description, "The message must name the document: %s\n\n", consent->docname);
	say(&description, "The code is valid until %s", clock_time(until, ends));
	if (closes < until)
		say(&description, "; this prompt stays until %s", clock_time(closes, shuts));
	say(&description, ".\nIf none came, answer with nothing.");
	result = prompt_secret(use->prompt, use->peer, &prompt, code, error);
	drop_blanks(code);
	return result;
}

enum prompt_result
consent_new_code(const struct service_use *use, const char *masked_phone,
		 char error[PROMPT_ERROR_MAX])
{
	struct description description = {.used = 0};
	struct prompt prompt = {
	    .title = "Vicar: code",
	    .description = description.text,
	    .ok = "_Send",
	    .cancel = "_Back",
	};

	say(&description,
	    "Send a new code?\n\nIt goes to %s; the old code ends with it. This can be"
	    " done once for a signature.",
	    masked_phone);
	return prompt_confirm(use->prompt, use->peer, &prompt, error);
}
