#include "inprocess.h"
#include "applets/registry.h"
#include "emulator/card.h"
#include "fixture.h"
#include "iso7816/sw.h"

#include <stdlib.h>
#include <string.h>

enum { PERSONALITIES_TEXT_MAX = 256 };

struct inprocess {
	const char *fixtures;
	struct fixture fixture; /* while there is a card */
	struct card *card;
};

struct inprocess *
inprocess_new(const char *fixtures)
{
	struct inprocess *inprocess = calloc(1, sizeof(*inprocess));

	if (inprocess != NULL)
		inprocess->fixtures = fixtures;
	return inprocess;
}

static void
end_card(struct inprocess *inprocess)
{
	if (inprocess->card == NULL)
		return;
	card_free(inprocess->card);
	inprocess->card = NULL;
	fixture_free(&inprocess->fixture);
}

void
inprocess_free(struct inprocess *inprocess)
{
	if (inprocess == NULL)
		return;
	end_card(inprocess);
	free(inprocess);
}

/* A block's card lives in memory: what is saved is kept by the card itself. */
static bool
save(void *context, const struct image_counter *counters, size_t count)
{
	(void)context;
	(void)counters;
	(void)count;
	return true;
}

static bool
save_file(void *context, const char *path, struct bytes content)
{
	(void)context;
	(void)path;
	(void)content;
	return true;
}

static bool
no_personality(const char *name, struct problem *error)
{
	char names[PERSONALITIES_TEXT_MAX];

	registry_names(names, sizeof(names));
	return problem(error, "there is no personality `%s`; name one of: %s", name, names);
}

/* The engine would send the reader to a card.conf that there is not. */
static bool
check_options(const struct personality *personality, const struct subject *subject,
	      struct problem *error)
{
	static const char of_the_engine[] = "pin-tries";

	for (const char *word = subject->options; *word != '\0'; word += strspn(word, " ")) {
		const size_t len = strcspn(word, "= ");
		const char *const *known = personality->options;

		while (*known != NULL && (strlen(*known) != len || strncmp(word, *known, len) != 0))
			known++;
		if (*known == NULL &&
		    (len != sizeof(of_the_engine) - 1 || strncmp(word, of_the_engine, len) != 0))
			return problem(error,
				       "personality %s has no option `%.*s`; take it out of the "
				       "`card` line",
				       personality->name, (int)len, word);
		word += strcspn(word, " ");
	}
	return true;
}

static bool
begin(void *context, const struct subject *subject, struct problem *error)
{
	struct inprocess *inprocess = context;
	const struct personality *personality = registry_find(subject->personality);
	const struct card_host host = {.save = save, .save_file = save_file};
	struct image_error reason;

	end_card(inprocess);
	if (personality == NULL)
		return no_personality(subject->personality, error);
	if (!check_options(personality, subject, error) ||
	    !fixture_load(&inprocess->fixture, inprocess->fixtures, subject, error))
		return false;
	inprocess->card = card_new(&inprocess->fixture.image, personality, &host, &reason);
	if (inprocess->card != NULL)
		return true;
	fixture_free(&inprocess->fixture);
	return problem(error, "%s", reason.text);
}

static bool
reset(void *context, struct writer *atr, struct problem *error)
{
	struct inprocess *inprocess = context;

	(void)error;
	card_reset(inprocess->card);
	writer_put(atr, card_atr(inprocess->card));
	return true;
}

static const char *
operation_name(enum key_operation operation)
{
	switch (operation) {
	case KEY_SIGN_PKCS1: return "sign, PKCS #1";
	case KEY_SIGN_RAW: return "sign, raw";
	case KEY_SIGN_PSS: return "sign, PSS";
	case KEY_SIGN_ECDSA: return "sign, ECDSA";
	case KEY_DECIPHER_PKCS1: return "decipher, PKCS #1";
	case KEY_DECIPHER_RAW: return "decipher, raw";
	case KEY_DECIPHER_OAEP: return "decipher, OAEP";
	case KEY_DERIVE_ECDH: return "agree on a key, ECDH";
	case KEY_PIN_VERIFY: return "verify the PIN";
	case KEY_PIN_CHANGE: return "change the PIN";
	case KEY_PIN_UNBLOCK: return "unblock the PIN";
	case KEY_PUK_VERIFY: return "verify the PUK";
	}
	return "?";
}

/* A service's key: the script says what the service says. */
static bool
ask_service(struct inprocess *inprocess, const struct key_request *request, struct key_talk *talk,
	    struct writer *output, uint16_t *sw, struct problem *error)
{
	if (!talk->service_waits)
		return problem(
		    error,
		    "the card asked the service (%s) and nothing says what that answers; "
		    "write a line `service SW` before this one",
		    operation_name(request->operation));
	talk->service_waits = false;
	*sw = talk->service_sw;
	if (talk->service_unstarted)
		return true;
	if (!card_start(inprocess->card)) {
		*sw = SW_MEMORY_FAILURE;
		return true;
	}
	if (*sw == SW_OK)
		*sw = fixture_use(&inprocess->fixture, request, output);
	return true;
}

static bool
fulfil(struct inprocess *inprocess, struct key_talk *talk, struct writer *output, uint16_t *sw,
       FILE *log, struct problem *error)
{
	const struct key_request *request = card_request(inprocess->card);

	if (request == NULL)
		return problem(error, "the engine waits for a key without saying which; this is an "
				      "error in the engine");
	talk->requests++;
	if (!request->remote)
		*sw = fixture_fulfil(&inprocess->fixture, request, output);
	else if (!ask_service(inprocess, request, talk, output, sw, error))
		return false;
	if (log != NULL)
		fprintf(log, "  %s key `%s`: %s: %04X\n", request->remote ? "remote" : "local",
			request->key, operation_name(request->operation), *sw);
	return true;
}

static bool
transmit(void *context, struct bytes command, struct key_talk *talk, struct writer *response,
	 FILE *log, struct problem *error)
{
	struct inprocess *inprocess = context;
	struct card *card = inprocess->card;
	enum card_result state = card_transmit(card, command, response);

	while (state == CARD_PENDING) {
		uint8_t data[KEY_OUTPUT_MAX];
		struct writer output = writer_to(data, sizeof(data));
		struct key_result result = {.sw = SW_UNKNOWN};

		if (!fulfil(inprocess, talk, &output, &result.sw, log, error))
			return false;
		result.output = writer_bytes(&output);
		state = card_resume(card, &result, response);
	}
	return true;
}

struct target
inprocess_target(struct inprocess *inprocess)
{
	return (struct target){.context = inprocess,
			       .fulfils_keys = true,
			       .begin = begin,
			       .reset = reset,
			       .transmit = transmit};
}
