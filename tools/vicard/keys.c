/*
 * Key requests, tools/vicard/keys.h.
 */
#include "keys.h"

#include "cmdbridge/secrets.h"
#include "iso7816/digestinfo.h"
#include "iso7816/sw.h"
#include "log.h"
#include "tools/local_operation.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum {
	SILENCE_MARGIN_MS = 5000,
	/* A use with each question that can be asked takes fewer than twenty; one that never ends would
	 * hold up the poll loop and fill the journal. */
	WORDS_MAX = 64,
};

static void
set_state(struct keys *keys, struct bytes text)
{
	size_t len = text.len < sizeof(keys->state) ? text.len : sizeof(keys->state) - 1;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = text.data[i];

		keys->state[i] = (char)(c < 0x20 || c == 0x7F ? '?' : c);
	}
	keys->state[len] = '\0';
}

void
keys_init(struct keys *keys, struct card *card, const struct image *image,
	  const struct config *config, struct journal *journal)
{
	memset(keys, 0, sizeof(*keys));
	keys->card = card;
	keys->image = image;
	keys->config = config;
	keys->journal = journal;
	rules_init(&keys->rules, config->refusal_pause_ms, config->repeat_window_ms);
	bridge_init(&keys->bridge);
	set_state(keys, BYTES_TEXT("idle"));
}

static struct journal_use
use_of(const struct key_request *request)
{
	return (struct journal_use){
	    .key = request->key, .operation = request->operation, .input = request->input};
}

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/*
 * Local keys.
 */
static enum card_result
serve_local(struct keys *keys, const struct key_request *request, struct writer *response)
{
	uint8_t room[KEY_OUTPUT_MAX];
	struct writer output = writer_to(room, sizeof(room));
	struct key_result result;
	char error[LOCAL_ERROR_MAX];
	enum card_result done;

	result.sw = local_fulfil(keys->image->directory, keys->journal, request, &output, error);
	result.output = writer_bytes(&output);
	if (error[0] != '\0')
		log_error("%s", error);
	done = card_resume(keys->card, &result, response);
	OPENSSL_cleanse(room, sizeof(room));
	return done;
}

/*
 * Remote keys.
 */

/* No part of the bridge's work takes longer without a word than these together. */
static void
expect_word(struct keys *keys, uint64_t now_ms, const struct service_config *service)
{
	keys->silent_at = now_ms + SILENCE_MARGIN_MS + 1000ULL * keys->config->prompt_timeout_s;
	if (service != NULL)
		keys->silent_at += 1000ULL * service->code_lifetime_s +
				   service->connect_timeout_ms + service->transfer_timeout_ms;
}

static const struct service_config *
service_of(const struct keys *keys, const char *key)
{
	const struct image_key *entry = image_key(keys->image, key);

	return entry != NULL ? config_service(keys->config, entry->service) : NULL;
}

/* What the card will answer: it puts the tries that are left into 63Cx. */
static uint16_t
answered_sw(const struct key_request *request, uint16_t sw)
{
	return sw == SW_AUTHENTICATION ? sw_tries(request->tries_left - 1) : sw;
}

/* The use is over: journal, rules, bridge, then the card. */
static enum card_result
finish(struct keys *keys, uint64_t now_ms, uint16_t sw, const char *text, struct bytes signature,
       struct writer *response)
{
	const struct key_request *request = card_request(keys->card);
	const struct journal_use use = use_of(request);
	const struct key_result result = {.sw = sw, .output = signature};
	const uint16_t told = answered_sw(request, sw);

	if (keys->opened)
		journal_done(keys->journal, time(NULL), keys->id, told, text);
	else
		journal_none(keys->journal, time(NULL), &use, told, text);
	if (sw == SW_OK)
		log_info("key %s: %s", request->key, text);
	else
		log_warning("key %s, %04X: %s", request->key, (unsigned)told, text);
	rules_learn(&keys->rules, now_ms, request, sw);
	bridge_end(&keys->bridge, now_ms);
	keys->waiting = false;
	keys->opened = false;
	keys->started = false;
	keys->process_told = false;
	set_state(keys, BYTES_TEXT("idle"));
	return card_resume(keys->card, &result, response);
}

static enum card_result
refuse(struct keys *keys, uint64_t now_ms, uint16_t sw, const char *text, struct writer *response)
{
	const struct key_request *request = card_request(keys->card);
	const struct journal_use use = use_of(request);
	const struct key_result result = {.sw = sw};

	if (rules_tell(&keys->rules, now_ms, sw)) {
		journal_none(keys->journal, time(NULL), &use, sw, text);
		log_warning("key %s, %04X: %s", request->key, (unsigned)sw, text);
	}
	return card_resume(keys->card, &result, response);
}

static bool
ask_bridge(struct keys *keys, uint64_t now_ms, const struct key_request *request,
	   const struct image_key *key, enum keyfile_operation use)
{
	char account[PATH_MAX];
	uint8_t room[BRIDGE_MESSAGE_MAX];
	struct writer writer = writer_to(room, sizeof(room));
	int len = snprintf(account, sizeof(account), "%s/" ACCOUNT_FILE, keys->image->directory);
	const struct bridge_request message = {
	    .operation = BRIDGE_SIGN,
	    .service = bytes_of(key->service),
	    .account = bytes_of(account),
	    .card = bytes_of(keys->image->name),
	    .key = bytes_of(request->key),
	    .credential = bytes_of(key->credential),
	    .use = use,
	    .digest = request->digest,
	    .documents = {{.input = request->input}},
	    .documents_count = 1,
	    .certificate = {key->certificate, key->certificate_len},
	    .pin = request->pin,
	    .tries_left = request->tries_left,
	};
	bool ok = len > 0 && (size_t)len < sizeof(account) &&
		  bridge_request_encode(&message, &writer) &&
		  bridge_start(&keys->bridge, now_ms, writer_bytes(&writer));

	OPENSSL_cleanse(room, writer.len);
	return ok;
}

/* NULL, or why the service is not asked with the status word in `sw`. */
static const char *
wrong_use(const struct image_key *key, const struct key_request *request,
	  enum keyfile_operation *use, uint16_t *sw)
{
	struct bytes hash;
	enum digest digest;

	*sw = SW_CONDITIONS;
	if (key == NULL || (image_operations(key) & 1U << request->operation) == 0 ||
	    !local_operation(request->operation, use))
		return "the key's service cannot do this with it; choose another key";
	*sw = SW_INCORRECT_DATA;
	if (*use == KEYFILE_SIGN_PKCS1 && !digestinfo_parse(request->input, &digest, &hash))
		return "the program did not send a DigestInfo, and nothing else can be signed "
		       "by a service; choose a mechanism with a hash";
	return NULL;
}

static enum card_result
serve_remote(struct keys *keys, uint64_t now_ms, const struct key_request *request,
	     struct writer *response)
{
	const struct image_key *key = image_key(keys->image, request->key);
	enum keyfile_operation use;
	uint16_t sw;
	const char *why = wrong_use(key, request, &use, &sw);
	bool expired;

	if (why != NULL)
		return refuse(keys, now_ms, sw, why, response);
	expired = rules_certificate_expired((struct bytes){key->certificate, key->certificate_len},
					    time(NULL));
	if (!rules_allow(&keys->rules, now_ms, request, expired, &sw, &why))
		return refuse(keys, now_ms, sw, why, response);
	if (!ask_bridge(keys, now_ms, request, key, use))
		return finish(keys, now_ms, SW_SERVICE_UNREACHABLE,
			      "vicar-bridge could not be started, so the service was not asked; "
			      "see vicard's log",
			      BYTES_NONE, response);
	keys->waiting = true;
	keys->words = 0;
	set_state(keys, BYTES_TEXT("waiting for the owner"));
	expect_word(keys, now_ms, service_of(keys, request->key));
	return CARD_PENDING;
}

enum card_result
keys_serve(struct keys *keys, uint64_t now_ms, struct writer *response)
{
	const struct key_request *request = card_request(keys->card);
	enum card_result result = CARD_PENDING;

	while (result == CARD_PENDING && request != NULL) {
		if (request->remote) {
			result = serve_remote(keys, now_ms, request, response);
			if (keys->waiting)
				break;
		} else {
			result = serve_local(keys, request, response);
		}
		request = card_request(keys->card);
	}
	return result;
}

/* It can no longer tell what became of the use. */
static enum card_result
give_up(struct keys *keys, uint64_t now_ms, const char *why, struct writer *response)
{
	char text[JOURNAL_TEXT_MAX];

	if (keys->started)
		(void)snprintf(
		    text, sizeof(text),
		    "fate unknown: %s after the service was asked; look in the account's "
		    "history whether a signature was made",
		    why);
	else
		(void)snprintf(text, sizeof(text),
			       "%s before the service was asked; try again, and see vicard's log",
			       why);
	return finish(keys, now_ms, keys->started ? SW_FATE_UNKNOWN : SW_SERVICE_UNREACHABLE, text,
		      BYTES_NONE, response);
}

/* What must be on disk before the service is asked. */
static bool
write_first(struct keys *keys)
{
	const struct journal_use use = use_of(card_request(keys->card));

	keys->opened = journal_begin(keys->journal, time(NULL), &use, &keys->id);
	return keys->opened && card_start(keys->card);
}

static enum card_result
take_start(struct keys *keys, uint64_t now_ms, struct writer *response)
{
	if (!write_first(keys))
		return finish(keys, now_ms, SW_MEMORY_FAILURE,
			      "journal and counter could not be written, so the service was not "
			      "asked; make room on the disk",
			      BYTES_NONE, response);
	if (!bridge_go(&keys->bridge))
		return give_up(keys, now_ms, "vicar-bridge ended", response);
	keys->started = true;
	return CARD_PENDING;
}

/* SW_OK or a row of design.md's table; 63Cx only for a call that was made. */
static bool
result_sound(const struct keys *keys, const struct bridge_result *result)
{
	if (result->sw == SW_OK)
		return keys->started && result->outputs_count == 1 && result->outputs[0].len > 0 &&
		       result->outputs[0].len <= KEY_OUTPUT_MAX;
	if (sw_is_tries(result->sw, NULL))
		return keys->started;
	return result->sw == SW_PROMPT_TIMEOUT || result->sw == SW_PROMPT_CANCELLED ||
	       result->sw == SW_BLOCKED || result->sw == SW_CONDITIONS ||
	       result->sw == SW_INCORRECT_DATA || result->sw == SW_MEMORY_FAILURE ||
	       (result->sw >= SW_SERVICE_UNREACHABLE && result->sw <= SW_SERVICE_OTHER);
}

/* The process is the same in all steps of a use, and said once. */
static void
tell_step(struct keys *keys, struct bytes process, struct bytes text)
{
	if (!keys->started)
		return;
	journal_step(keys->journal, time(NULL), keys->id, keys->process_told ? BYTES_NONE : process,
		     text);
	keys->process_told = keys->process_told || process.len > 0;
}

static enum card_result
take_result(struct keys *keys, uint64_t now_ms, struct bytes message, struct writer *response)
{
	struct bridge_result result;
	char text[JOURNAL_TEXT_MAX];
	uint16_t sw;

	if (!bridge_result_decode(message, &result) || !result_sound(keys, &result))
		return give_up(keys, now_ms, "vicar-bridge gave a result that is not understood",
			       response);
	if (!keys->process_told && result.process_id.len > 0)
		tell_step(keys, result.process_id, BYTES_TEXT("the service has named the process"));
	sw = sw_is_tries(result.sw, NULL) ? SW_AUTHENTICATION : result.sw;
	if (result.text.len == 0)
		(void)snprintf(text, sizeof(text), "%s",
			       sw == SW_OK ? "signed by the service, and verified" : sw_text(sw));
	else
		(void)snprintf(text, sizeof(text), "%.*s%s%.*s", (int)result.text.len,
			       (const char *)result.text.data, result.next.len > 0 ? " " : "",
			       (int)result.next.len, (const char *)result.next.data);
	return finish(keys, now_ms, sw, text, result.outputs[0], response);
}

static enum card_result
take_message(struct keys *keys, uint64_t now_ms, struct bytes message, struct writer *response)
{
	struct bridge_progress progress;
	enum bridge_kind kind;

	if (!bridge_kind(message, &kind))
		return give_up(keys, now_ms, "vicar-bridge said what is not understood", response);
	switch (kind) {
	case BRIDGE_START:
		if (message.len != 1 || keys->started)
			break;
		return take_start(keys, now_ms, response);
	case BRIDGE_PROGRESS:
		if (!bridge_progress_decode(message, &progress))
			break;
		set_state(keys, progress.text);
		tell_step(keys, progress.process_id, progress.text);
		return CARD_PENDING;
	case BRIDGE_RESULT: return take_result(keys, now_ms, message, response);
	case BRIDGE_REQUEST:
	case BRIDGE_GO:
	case BRIDGE_CANCEL: break;
	}
	return give_up(keys, now_ms, "vicar-bridge said what is out of order", response);
}

enum card_result
keys_continue(struct keys *keys, uint64_t now_ms, struct writer *response)
{
	uint8_t room[BRIDGE_MESSAGE_MAX];
	struct bytes message;
	enum card_result result = CARD_PENDING;

	while (keys->waiting && result == CARD_PENDING) {
		switch (bridge_receive(&keys->bridge, room, &message)) {
		case BRIDGE_NOTHING:
			if (now_ms < keys->silent_at)
				return CARD_PENDING;
			result =
			    give_up(keys, now_ms, "vicar-bridge did not answer in time", response);
			break;
		case BRIDGE_GONE:
			result = give_up(keys, now_ms, "vicar-bridge ended", response);
			break;
		case BRIDGE_MESSAGE:
			if (++keys->words > WORDS_MAX) {
				result = give_up(keys, now_ms, "vicar-bridge does not stop talking",
						 response);
				break;
			}
			expect_word(keys, now_ms, service_of(keys, card_request(keys->card)->key));
			result = take_message(keys, now_ms, message, response);
			break;
		}
	}
	if (result == CARD_PENDING && !keys->waiting)
		return keys_serve(keys, now_ms, response);
	return result;
}

void
keys_cancel(struct keys *keys, uint64_t now_ms, const char *why)
{
	const struct key_request *request = card_request(keys->card);
	char text[JOURNAL_TEXT_MAX];
	struct journal_use use;

	if (!keys->waiting || request == NULL)
		return;
	use = use_of(request);
	if (keys->started) {
		(void)snprintf(
		    text, sizeof(text),
		    "fate unknown: nobody waits for the service's answer any more, because "
		    "%s; look in the account's history whether a signature was made",
		    why);
		journal_done(keys->journal, time(NULL), keys->id, SW_FATE_UNKNOWN, text);
		rules_learn(&keys->rules, now_ms, request, SW_FATE_UNKNOWN);
	} else {
		(void)snprintf(text, sizeof(text), "the service was not asked, because %s", why);
		journal_none(keys->journal, time(NULL), &use, SW_PROMPT_CANCELLED, text);
	}
	log_warning("key %s: %s", request->key, text);
	bridge_end(&keys->bridge, now_ms);
	keys->waiting = false;
	keys->opened = false;
	keys->started = false;
	keys->process_told = false;
	set_state(keys, BYTES_TEXT("idle"));
}
