/*
 * Key requests, tools/vicard/keys.h.
 */
#include "keys.h"

#include "cmdbridge/secrets.h"
#include "iso7816/digestinfo.h"
#include "iso7816/sw.h"
#include "log.h"
#include "tools/local_operation.h"
#include "tools/pin_policy.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

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
	use_init(&keys->use, config, journal);
}

static struct journal_use
use_of(const struct keys *keys, const struct key_request *request)
{
	const struct image_key *key = image_key(keys->image, request->key);

	return (struct journal_use){
	    .key = request->key,
	    .operation = request->operation,
	    .input = request->input,
	    .program = request->program,
	    .service = key != NULL ? key->service : NULL,
	};
}

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/*
 * Local keys.
 */
/* A program's CHANGE and RESET keep the owner's rules too: as for any value that cannot be a PIN, the
 * old one is not tried. */
static uint16_t
new_value_sw(const struct keys *keys, const struct key_request *request)
{
	const struct pin_policy policy = pin_policy_of(keys->config);
	struct problem why;

	if ((request->operation != KEY_PIN_CHANGE && request->operation != KEY_PIN_UNBLOCK) ||
	    pin_policy_allows(&policy, request->new_pin, false, &why))
		return SW_OK;
	log_warning("key %s: a program's new PIN was refused: %s", request->key, why.text);
	return SW_INCORRECT_DATA;
}

static enum card_result
serve_local(struct keys *keys, const struct key_request *request, struct writer *response)
{
	uint8_t room[KEY_OUTPUT_MAX];
	struct writer output = writer_to(room, sizeof(room));
	struct key_result result = {.sw = SW_OK};
	char error[LOCAL_ERROR_MAX] = "";
	enum card_result done;

	result.sw = new_value_sw(keys, request);
	if (result.sw == SW_OK)
		result.sw = local_fulfil(keys->image->directory, keys->journal, &keys->open,
					 request, &output, error);
	result.output = writer_bytes(&output);
	if (error[0] != '\0')
		log_error("%s", error);
	done = card_resume(keys->card, &result, response);
	OPENSSL_cleanse(room, sizeof(room));
	return done;
}

static bool
is_verified(const struct keys *keys, const char *name)
{
	struct card_key key;
	struct card_pin pin;

	return card_key(keys->card, name, &key) && card_pin(keys->card, key.pin, &pin) &&
	       pin.verified;
}

void
keys_close_unverified(struct keys *keys)
{
	for (size_t i = 0; i < OPEN_KEYS_MAX; i++) {
		struct open_key *key = &keys->open.keys[i];

		if (key->name[0] != '\0' && !is_verified(keys, key->name))
			open_key_drop(key);
	}
}

/*
 * Remote keys.
 */

/* What the card will answer: it puts the tries that are left into 63Cx. */
static uint16_t
answered_sw(const struct key_request *request, uint16_t sw)
{
	return sw == SW_AUTHENTICATION ? sw_tries(request->tries_left - 1) : sw;
}

/* The use is over: journal, rules, bridge, then the card. */
static enum card_result
finish(struct keys *keys, uint64_t now_ms, const struct use_end *end, struct writer *response)
{
	const struct key_request *request = card_request(keys->card);
	const struct journal_use use = use_of(keys, request);
	const struct key_result result = {
	    .sw = end->sw, .output = end->outputs[0], .pin_doubtful = end->pin_doubtful};
	const uint16_t told = answered_sw(request, end->sw);

	use_close(&keys->use, now_ms, &use, told, end->text);
	if (end->sw == SW_OK)
		log_info("key %s: %s", request->key, end->text);
	else
		log_warning("key %s, %04X: %s", request->key, (unsigned)told, end->text);
	rules_learn(&keys->rules, now_ms, request, end->sw);
	return card_resume(keys->card, &result, response);
}

static enum card_result
finish_with(struct keys *keys, uint64_t now_ms, uint16_t sw, const char *text,
	    struct writer *response)
{
	struct use_end end = {.sw = sw};

	(void)snprintf(end.text, sizeof(end.text), "%s", text);
	return finish(keys, now_ms, &end, response);
}

static enum card_result
refuse(struct keys *keys, uint64_t now_ms, uint16_t sw, const char *text, struct writer *response)
{
	const struct key_request *request = card_request(keys->card);
	const struct journal_use use = use_of(keys, request);
	const struct key_result result = {.sw = sw};

	if (rules_tell(&keys->rules, now_ms, sw)) {
		journal_none(keys->journal, time(NULL), &use, sw, text);
		log_warning("key %s, %04X: %s", request->key, (unsigned)sw, text);
	}
	return card_resume(keys->card, &result, response);
}

bool
keys_request(const struct keys *keys, const struct image_key *key, char account[PATH_MAX],
	     struct bridge_request *request)
{
	int len = snprintf(account, PATH_MAX, "%s/" ACCOUNT_FILE, keys->image->directory);

	*request = (struct bridge_request){
	    .operation = BRIDGE_SIGN,
	    .service = bytes_of(key->service),
	    .account = bytes_of(account),
	    .credential = bytes_of(key->credential),
	    .card = bytes_of(keys->image->name),
	    .key = bytes_of(key->name),
	    .certificate = {key->certificate, key->certificate_len},
	};
	return len > 0 && len < PATH_MAX;
}

bool
keys_fresh(uint64_t when, uint64_t now_ms)
{
	return when != 0 && now_ms - when <= KEYS_TYPED_MS;
}

static bool
ask_bridge(struct keys *keys, uint64_t now_ms, const struct key_request *request,
	   const struct image_key *key, enum keyfile_operation use)
{
	struct bridge_request message;
	char account[PATH_MAX];

	if (!keys_request(keys, key, account, &message))
		return false;
	message.use = use;
	message.digest = request->digest;
	message.documents[0].input = request->input;
	message.documents_count = 1;
	message.pin = request->pin;
	message.tries_left = request->tries_left;
	message.consent_given = keys_fresh(request->typed, now_ms);
	message.program = request->program;
	return use_begin(&keys->use, now_ms, &message);
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

	keys->asked = true;
	if (why != NULL)
		return refuse(keys, now_ms, sw, why, response);
	if (keys->by_owner)
		return refuse(
		    keys, now_ms, SW_PROMPT_TIMEOUT,
		    "the owner is at work with the card, by `vicar sign`, and is asked one "
		    "thing at a time; try again when that has ended",
		    response);
	expired = rules_certificate_expired((struct bytes){key->certificate, key->certificate_len},
					    time(NULL));
	if (!rules_allow(&keys->rules, now_ms, request, expired, &sw, &why))
		return refuse(keys, now_ms, sw, why, response);
	if (!ask_bridge(keys, now_ms, request, key, use))
		return finish_with(keys, now_ms, SW_SERVICE_UNREACHABLE,
				   "vicar-bridge could not be started, so the service was not "
				   "asked; see vicard's log",
				   response);
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
			if (keys->use.waiting)
				break;
		} else {
			result = serve_local(keys, request, response);
		}
		request = card_request(keys->card);
	}
	return result;
}

/* What must be on disk before the service is asked. */
static bool
write_first(struct keys *keys)
{
	const struct journal_use about = use_of(keys, card_request(keys->card));

	keys->counted = use_open(&keys->use, &about) && card_start(keys->card);
	return keys->counted;
}

static enum card_result
take_start(struct keys *keys, uint64_t now_ms, struct writer *response)
{
	struct use_end end;

	if (!write_first(keys))
		return finish_with(keys, now_ms, SW_MEMORY_FAILURE,
				   "journal and counter could not be written, so the service was "
				   "not asked; make room on the disk",
				   response);
	if (use_go(&keys->use))
		return CARD_PENDING;
	use_give_up(&keys->use, "vicar-bridge ended", &end);
	return finish(keys, now_ms, &end, response);
}

enum card_result
keys_continue(struct keys *keys, uint64_t now_ms, struct writer *response)
{
	uint8_t room[BRIDGE_MESSAGE_MAX];
	enum card_result result = CARD_PENDING;
	struct use_end end;

	while (keys->use.waiting && result == CARD_PENDING) {
		switch (use_next(&keys->use, now_ms, room, &end)) {
		case USE_NOTHING: return CARD_PENDING;
		case USE_TOLD: break;
		case USE_STARTS: result = take_start(keys, now_ms, response); break;
		case USE_ENDED: result = finish(keys, now_ms, &end, response); break;
		}
	}
	if (result == CARD_PENDING && !keys->use.waiting)
		return keys_serve(keys, now_ms, response);
	return result;
}

void
keys_cancel(struct keys *keys, uint64_t now_ms, const char *why)
{
	const struct key_request *request = card_request(keys->card);
	struct journal_use about;
	struct use_end end;

	if (!keys->use.waiting || request == NULL)
		return;
	about = use_of(keys, request);
	use_abandon(&keys->use, why, &end);
	if (keys->use.started)
		rules_learn(&keys->rules, now_ms, request, end.sw);
	log_warning("key %s: %s", request->key, end.text);
	use_close(&keys->use, now_ms, &about, end.sw, end.text);
}
