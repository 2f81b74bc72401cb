#include "consent.h"
#include "bridge.h"
#include "language.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME_CHARACTERS_MAX = 64,
	NAME_SIZE = NAME_CHARACTERS_MAX * 4 + 1,
	DESCRIPTION_MAX = 2048,
	HASH_TEXT_SIZE = DIGEST_LEN_MAX * 4,
	CLOCK_SIZE = 16,
	/* pinentry's window, and its line, hold no more. */
	WHOLE_MAX = 2,
	NAMED_MAX = 3,
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
	*consent = (struct consent){.others = 0};
	if (!digestinfo_parse(digestinfo, &consent->digest, &consent->hash))
		return false;
	text_docname(document, consent->hash, consent->docname);
	return true;
}

bool
consent_is_signature(const struct bridge_request *request)
{
	return request->use == KEYFILE_SIGN_PKCS1 || request->use == KEYFILE_SIGN_RAW ||
	       request->use == KEYFILE_SIGN_PSS || request->use == KEYFILE_SIGN_ECDSA;
}

bool
consent_of(const struct bridge_request *request, size_t index, struct consent *consent)
{
	const struct bridge_document *document = &request->documents[index];

	if (request->use == KEYFILE_SIGN_PKCS1)
		return consent_begin(document->input, document->name, consent);
	*consent = (struct consent){.digest = DIGEST_COUNT};
	if (document->input.len == 0 || request->use == KEYFILE_SIGN_RAW)
		return false;
	if (consent_is_signature(request)) {
		if (document->input.len > DIGEST_LEN_MAX)
			return false;
		consent->hash = document->input;
		if (request->digest < DIGEST_COUNT &&
		    digest_len(request->digest) == document->input.len)
			consent->digest = request->digest;
	}
	text_docname(document->name, consent->hash, consent->docname);
	return true;
}

bool
consent_all(const struct consent *documents, size_t count, uint8_t all[CONSENT_ALL_LEN])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(context, documents[i].hash.data, documents[i].hash.len) == 1;
	ok = ok && EVP_DigestFinal_ex(context, all, NULL) == 1;
	EVP_MD_CTX_free(context);
	return ok;
}

/* What the key is for, by the role that it is named after; "" when the name alone tells. */
static const char *
purpose_of(const char *key)
{
	static const struct {
		const char *role, *purpose;
	} purposes[] = {
	    {"sign", tr_later("signature")},
	    {"auth", tr_later("authentication")},
	    {"decrypt", tr_later("decryption")},
	};

	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (strncmp(key, purposes[i].role, strlen(purposes[i].role)) == 0)
			return tr(purposes[i].purpose);
	return "";
}

static void
say_purpose(struct description *description, const struct service_use *use)
{
	static const char *const profiles[] = {
	    [SERVICE_PRODUCTION] = "",
	    [SERVICE_PRE_PRODUCTION] = tr_later("pre-production, only for tests"),
	    [SERVICE_SIMULATOR] = tr_later("simulator, only for tests"),
	};
	const char *profile = tr(profiles[use->config->profile]);
	char key[NAME_SIZE];
	const char *purpose;

	(void)text_printable(use->request->key, NAME_CHARACTERS_MAX, key);
	purpose = purpose_of(key);
	if (purpose[0])
		say(description, tr("Purpose: %s (key %s)"), purpose, key);
	else
		say(description, tr("Key: %s"), key);
	say(description, "\n");
	say(description, tr("Service: %s"), use->config->name);
	if (profile[0])
		say(description, " (%s)", profile);
	say(description, "\n");
}

static void
say_hash(struct description *description, struct bytes hash)
{
	char text[HASH_TEXT_SIZE];

	text_hash(hash, text, sizeof(text));
	say(description, "%s\n", text);
}

static void
say_whole(struct description *description, const struct consent *consent)
{
	if (consent->docname[0] != '\0') {
		say(description, tr("Document: %s"), consent->docname);
		say(description, "\n");
	}
	if (consent->hash.len == 0)
		return;
	if (consent->digest != DIGEST_COUNT)
		say(description, "%s:\n", digest_name(consent->digest));
	else
		say(description, "%s\n", tr("Hash:"));
	say_hash(description, consent->hash);
}

static void
say_list(struct description *description, const struct consent *documents, size_t count)
{
	uint8_t all[CONSENT_ALL_LEN];

	if (count <= WHOLE_MAX) {
		for (size_t i = 0; i < count; i++) {
			say(description, "%s\n", documents[i].docname);
			say_hash(description, documents[i].hash);
		}
		return;
	}
	if (consent_all(documents, count, all)) {
		say(description, "%s\n", tr("SHA-256 of all their hashes:"));
		say_hash(description, BYTES(all));
	}
	for (size_t i = 0; i < NAMED_MAX; i++)
		say(description, "%s\n", documents[i].docname);
	if (count > NAMED_MAX)
		say(description,
		    tr_count("and %zu more document\n", "and %zu more documents\n",
			     count - NAMED_MAX),
		    count - NAMED_MAX);
}

static void
say_code(struct description *description, enum consent_code code)
{
	switch (code) {
	case CONSENT_CODE_NAMES_IT:
	case CONSENT_CODE_SENT:
		say(description, "%s", tr("If you agree, a code is sent to you."));
		break;
	case CONSENT_CODE_OWN:
		say(description, "%s", tr("If you agree, you are asked for a code."));
		break;
	case CONSENT_CODE_UNKNOWN:
		say(description, "%s", tr("If you agree, the service is asked to sign."));
		break;
	case CONSENT_CODE_NONE:
		say(description, "%s", tr("If you agree, it is done at once."));
		break;
	}
}

static void
say_question(struct description *description, const struct service_use *use, size_t count)
{
	char card[NAME_SIZE];

	(void)text_printable(use->request->card, NAME_CHARACTERS_MAX, card);
	if (count == 0)
		say(description, tr("Open the card %s?"), card);
	else if (!consent_is_signature(use->request))
		say(description, tr("Decrypt with the card %s?"), card);
	else if (count == 1)
		say(description, tr("Sign with the card %s?"), card);
	else
		say(description,
		    tr_count("Sign %zu document with the card %s?",
			     "Sign %zu documents with the card %s?", count),
		    count, card);
	say(description, "\n\n");
}

/* Between quotation marks, which it cannot end; and a row of blanks that the window breaks would look like the end
 * of our words and a line of ours. */
static void
quote(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == ' ' && to > text && to[-1] == ' ')
			continue;
		*to = *from;
		if (*to == '"')
			*to = '\'';
		to++;
	}
	*to = '\0';
}

static void
say_program(struct description *description, struct bytes program)
{
	char text[NAME_SIZE];

	(void)text_printable(program, NAME_CHARACTERS_MAX, text);
	quote(text);
	if (program.len > 0)
		say(description, tr("The program says it is: \"%s\""), text);
	else
		say(description, "%s", tr("The program does not say what it is."));
}

/* A line of Assuan holds some 900 bytes: what must not be lost comes first, and what the program says of
 * itself late. */
static void
describe(struct description *description, const struct service_use *use,
	 const struct consent *documents, size_t count)
{
	const unsigned tries = use->request->tries_left;

	say_question(description, use, count);
	if (count == 1)
		say_whole(description, documents);
	else
		say_list(description, documents, count);
	say_purpose(description, use);
	if (tries == 1)
		say(description, "%s\n", tr("This is the last try of the PIN."));
	else if (tries > 1)
		say(description,
		    tr_count("The PIN has %u try left.\n", "The PIN has %u tries left.\n", tries),
		    tries);
	say_program(description, use->request->program);
}

enum prompt_result
consent_ask_many(const struct service_use *use, const struct consent *documents, size_t count,
		 char error[PROMPT_ERROR_MAX])
{
	const bool signs = consent_is_signature(use->request);
	struct description description = {.used = 0};
	struct prompt prompt = {
	    .name = "consent",
	    .title = signs ? tr("Vicar: sign?") : tr("Vicar: decrypt?"),
	    .description = description.text,
	    .ok = signs ? tr("_Sign") : tr("_Decrypt"),
	    .cancel = tr("_Cancel"),
	};

	describe(&description, use, documents, count);
	say(&description, "\n");
	say_code(&description, documents[0].code);
	return prompt_confirm(use->prompt, use->peer, &prompt, error);
}

enum prompt_result
consent_pin(const struct service_use *use, const struct consent *documents, size_t count,
	    const char *problem, char pin[PROMPT_SECRET_SIZE], char error[PROMPT_ERROR_MAX])
{
	struct description description = {.used = 0};
	struct prompt prompt = {
	    .name = "pin",
	    .title = tr("Vicar: PIN"),
	    .description = description.text,
	    .prompt = tr("PIN:"),
	    .error = problem,
	    .ok = tr("_OK"),
	    .cancel = tr("_Cancel"),
	};

	describe(&description, use, documents, count);
	return prompt_secret(use->prompt, use->peer, &prompt, pin, error);
}

enum prompt_result
consent_ask(const struct service_use *use, const struct consent *consent,
	    char error[PROMPT_ERROR_MAX])
{
	return consent_ask_many(use, consent, 1, error);
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

static void
say_message(struct description *description, const struct consent *consent, const char *service,
	    const char *sent_to)
{
	if (sent_to)
		say(description, tr("A code was sent to %s."), sent_to);
	else
		say(description, tr("Enter the code for the service %s."), service);
	say(description, "\n");
	if (consent->docname[0] == '\0')
		say(description, "%s",
		    tr("It proves that the account is yours; nothing is signed."));
	else if (consent->code == CONSENT_CODE_NAMES_IT)
		say(description, tr("The message must name the document: %s"), consent->docname);
	else
		say(description, tr("It signs the document: %s"), consent->docname);
	if (consent->others > 0) {
		say(description, "\n");
		say(description,
		    tr_count("and %zu more document", "and %zu more documents", consent->others),
		    consent->others);
	}
	say(description, "\n\n");
}

static void
say_lifetime(struct description *description, time_t until, time_t closes)
{
	char ends[CLOCK_SIZE], shuts[CLOCK_SIZE];

	if (until == 0)
		say(description, tr("This prompt stays until %s."), clock_time(closes, shuts));
	else if (closes < until)
		say(description, tr("The code is valid until %s; this prompt stays until %s."),
		    clock_time(until, ends), clock_time(closes, shuts));
	else
		say(description, tr("The code is valid until %s."), clock_time(until, ends));
}

enum prompt_result
consent_code(const struct service_use *use, const struct consent *consent, const char *sent_to,
	     time_t until, const char *problem, char code[PROMPT_SECRET_SIZE],
	     char error[PROMPT_ERROR_MAX])
{
	struct description description = {.used = 0};
	time_t now = time(NULL);
	struct prompt prompt = {
	    .name = "code",
	    .title = tr("Vicar: code"),
	    .description = description.text,
	    .prompt = tr("Code:"),
	    .error = problem,
	    .ok = tr("_OK"),
	    .cancel = tr("_Cancel"),
	};
	enum prompt_result result;

	if (until != 0)
		prompt.timeout_s = until > now ? (unsigned)(until - now) : 1;
	say_message(&description, consent, use->config->name, sent_to);
	say_lifetime(&description, until, now + (time_t)use->prompt->timeout_s);
	if (sent_to)
		say(&description, "\n%s", tr("If none came, answer with nothing."));
	result = prompt_secret(use->prompt, use->peer, &prompt, code, error);
	drop_blanks(code);
	return result;
}

enum prompt_result
consent_new_code(const struct service_use *use, const char *sent_to, char error[PROMPT_ERROR_MAX])
{
	struct description description = {.used = 0};
	struct prompt prompt = {
	    .name = "new-code",
	    .title = tr("Vicar: code"),
	    .description = description.text,
	    .ok = tr("_Send"),
	    .cancel = tr("_Back"),
	};

	say(&description,
	    tr("Send a new code?\n\nIt goes to %s; the old code ends with it. This can be done "
	       "once for"
	       " a signature."),
	    sent_to);
	return prompt_confirm(use->prompt, use->peer, &prompt, error);
}
