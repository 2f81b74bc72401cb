/*
 * The owner's own use of a key, tools/vicard/owner.h.
 */
#include "owner.h"

#include "cmdbridge/keyuse.h"
#include "iso7816/sw.h"
#include "log.h"
#include "owner_check.h"
#include "tools/control.h"
#include "tools/local_operation.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
owner_init(struct owner *owner, struct keys *keys)
{
	memset(owner, 0, sizeof(*owner));
	owner->keys = keys;
	owner->client = -1;
	use_init(&owner->use, keys->config, keys->journal);
}

static struct journal_use
about(const struct owner *owner)
{
	const struct image_key *key = image_key(owner->keys->image, owner->key);

	return (struct journal_use){
	    .key = owner->key,
	    .operation = owner->operation,
	    .program = owner->request.program,
	    .service = key->service,
	    .items = owner->items,
	    .items_count = owner->request.documents_count,
	};
}

static void
send_client(const struct owner *owner, struct bytes message)
{
	if (owner->client >= 0 &&
	    send(owner->client, message.data, message.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_warning("vicar sign could not be told: %s", strerror(errno));
}

static void
tell_state(const struct owner *owner)
{
	char text[USE_STATE_MAX + sizeof(CONTROL_PROGRESS)];
	int len = snprintf(text, sizeof(text), CONTROL_PROGRESS "%s", owner->use.state);

	send_client(owner, (struct bytes){(const uint8_t *)text, (size_t)len});
}

static void
answer_client(const struct owner *owner, uint16_t sw, const struct use_end *end)
{
	uint8_t *room = malloc(CONTROL_SIGN_MAX);
	struct writer writer = writer_to(room, room == NULL ? 0 : CONTROL_SIGN_MAX);
	struct bridge_result result = {
	    .sw = sw,
	    .text = {(const uint8_t *)end->text, strlen(end->text)},
	};

	if (sw == SW_OK) {
		memcpy(result.outputs, end->outputs, sizeof(result.outputs));
		result.outputs_count = end->outputs_count;
	}
	writer_put(&writer, BYTES_TEXT(CONTROL_OK_LINE));
	if (bridge_result_encode(&result, &writer))
		send_client(owner, writer_bytes(&writer));
	free(room);
}

static void
add(struct use_end *end, const char *sentence)
{
	const size_t len = strlen(end->text);

	(void)snprintf(end->text + len, sizeof(end->text) - len, "%s", sentence);
}

static void
add_tries(struct use_end *end, unsigned left, const char *card)
{
	char sentence[IMAGE_NAME_MAX + 64];

	if (left == 0)
		(void)snprintf(sentence, sizeof(sentence),
			       " It is blocked now; type: vicar pin unblock %s", card);
	else
		(void)snprintf(sentence, sizeof(sentence), " Tries left: %u.", left);
	add(end, sentence);
}

/* The use is over: engine, journal, bridge, then the client. `end->sw` is SW_AUTHENTICATION or what was
 * judged already. */
static void
finish(struct owner *owner, uint64_t now_ms, const struct use_end *end)
{
	const struct journal_use use = about(owner);
	struct use_end told = *end;
	uint16_t sw = end->sw;
	unsigned left;

	if (owner->begun)
		sw = card_owner_end(owner->keys->card, sw, end->pin_doubtful);
	if (owner->begun && sw_is_tries(sw, &left))
		add_tries(&told, left, owner->keys->image->name);
	if (owner->client < 0 && sw == SW_OK)
		add(&told, " But vicar sign had gone, and the signatures with it.");
	use_close(&owner->use, now_ms, &use, sw, told.text);
	if (sw == SW_OK)
		log_info("key %s, %zu document(s): %s", owner->key, use.items_count, told.text);
	else
		log_warning("key %s, %zu document(s), %04X: %s", owner->key, use.items_count,
			    (unsigned)sw, told.text);
	answer_client(owner, sw, &told);
	if (owner->client >= 0)
		(void)close(owner->client);
	free(owner->message);
	owner->message = NULL;
	owner->client = -1;
	owner->active = owner->begun = false;
	owner->keys->by_owner = false;
}

static void
finish_with(struct owner *owner, uint64_t now_ms, uint16_t sw, const char *text)
{
	struct use_end end = {.sw = sw};

	(void)snprintf(end.text, sizeof(end.text), "%s", text);
	finish(owner, now_ms, &end);
}

/* What a status word means to the owner, who has no card's command before the eyes. */
static void
finish_judged(struct owner *owner, uint64_t now_ms, uint16_t sw)
{
	char text[JOURNAL_TEXT_MAX];
	unsigned left;

	if (sw == SW_BLOCKED || (sw_is_tries(sw, &left) && left == 0))
		(void)snprintf(text, sizeof(text), "The PIN is blocked; type: vicar pin unblock %s",
			       owner->keys->image->name);
	else if (sw_is_tries(sw, &left))
		(void)snprintf(text, sizeof(text),
			       "The PIN is wrong, tries left: %u; be sure of it "
			       "and start again.",
			       left);
	else if (sw == SW_MEMORY_FAILURE)
		(void)snprintf(text, sizeof(text),
			       "Counter, journal or key file could not be used; see vicard's log, "
			       "and whether there is room on the disk.");
	else
		(void)snprintf(text, sizeof(text), "The key was not used: %s.", sw_text(sw));
	finish_with(owner, now_ms, sw, text);
}

/*
 * A local key.
 */
/* The try is counted on disk before the PIN opens the file. */
static uint16_t
check_pin(struct owner *owner, const struct card_key *key, struct bytes pin)
{
	struct card *card = owner->keys->card;
	char error[KEYFILE_ERROR_MAX] = "";
	uint8_t room[RAPDU_LEN_MAX];
	struct writer response = writer_to(room, sizeof(room));
	enum card_result result =
	    card_renew(card, CARD_PIN_CHECK, key->pin, pin, BYTES_NONE, &response);

	while (result == CARD_PENDING) {
		const struct key_result judged = {
		    .sw = local_pin(owner->keys->image->directory, card_request(card), error)};

		result = card_resume(card, &judged, &response);
	}
	if (error[0] != '\0')
		log_error("%s", error);
	return (uint16_t)(response.len < 2 ? SW_UNKNOWN : room[0] << 8 | room[1]);
}

static uint16_t
sign_each(const struct owner *owner, EVP_PKEY *key, struct writer *room, struct use_end *end)
{
	const struct bridge_request *request = &owner->request;
	enum keyfile_result result = KEYFILE_OK;

	for (size_t i = 0; result == KEYFILE_OK && i < request->documents_count; i++) {
		const size_t before = room->len;

		result =
		    keyuse(key, request->use, request->digest, request->documents[i].input, room);
		end->outputs[i] =
		    (struct bytes){writer_bytes(room).data + before, room->len - before};
	}
	if (result == KEYFILE_OK && !writer_ok(room))
		result = KEYFILE_BROKEN;
	end->outputs_count = request->documents_count;
	return local_sw(result);
}

static uint16_t
sign_local(struct owner *owner, const struct card_key *key, struct bytes pin, struct writer *room,
	   struct use_end *end)
{
	const struct journal_use use = about(owner);
	char error[KEYFILE_ERROR_MAX] = "";
	EVP_PKEY *opened = NULL;
	enum keyfile_result result;
	uint16_t sw = check_pin(owner, key, pin);

	if (sw != SW_OK)
		return sw;
	if (!use_open(&owner->use, &use))
		return SW_MEMORY_FAILURE;
	result = local_open(owner->keys->image->directory, owner->key, key->pin_key, pin, &opened,
			    error);
	if (result != KEYFILE_OK)
		log_error("%s", error);
	/* The PIN was right just now: whatever does not open is broken. */
	sw = result == KEYFILE_OK ? sign_each(owner, opened, room, end) : SW_MEMORY_FAILURE;
	EVP_PKEY_free(opened);
	return sw;
}

static void
use_local(struct owner *owner, uint64_t now_ms, const struct card_key *key, struct bytes pin)
{
	const size_t size = (size_t)owner->request.documents_count * KEY_OUTPUT_MAX;
	uint8_t *memory = malloc(size);
	struct writer room = writer_to(memory, memory == NULL ? 0 : size);
	struct use_end end = {.sw = SW_MEMORY_FAILURE};

	if (memory != NULL)
		end.sw = sign_local(owner, key, pin, &room, &end);
	(void)snprintf(end.text, sizeof(end.text), "signed with a key of this card");
	if (end.sw == SW_OK)
		finish(owner, now_ms, &end);
	else
		finish_judged(owner, now_ms, end.sw);
	free(memory);
}

/*
 * A remote key.
 */
static bool
ask_service(struct owner *owner, uint64_t now_ms, const struct card_key *key, struct bytes pin)
{
	const struct image_key *entry = image_key(owner->keys->image, owner->key);
	struct bridge_request message;
	char account[PATH_MAX];
	struct card_pin state;

	if (!keys_request(owner->keys, entry, account, &message) ||
	    !card_pin(owner->keys->card, key->pin, &state))
		return false;
	message.use = owner->request.use;
	message.digest = owner->request.digest;
	message.program = owner->request.program;
	memcpy(message.documents, owner->request.documents, sizeof(message.documents));
	message.documents_count = owner->request.documents_count;
	message.pin = pin;
	message.tries_left = state.tries_left;
	message.consent_given = true;
	return use_begin(&owner->use, now_ms, &message);
}

static void
use_remote(struct owner *owner, uint64_t now_ms, const struct card_key *key, struct bytes pin)
{
	const uint16_t sw = card_owner_begin(owner->keys->card, owner->key, pin);

	if (sw != SW_OK) {
		finish_judged(owner, now_ms, sw);
		return;
	}
	owner->begun = true;
	if (ask_service(owner, now_ms, key, pin))
		tell_state(owner);
	else
		finish_with(owner, now_ms, SW_SERVICE_UNREACHABLE,
			    "vicar-bridge could not be started, so the service was not asked; see "
			    "vicard's log");
}

static void
take_start(struct owner *owner, uint64_t now_ms)
{
	const struct journal_use use = about(owner);
	struct use_end end;

	if (!use_open(&owner->use, &use) || !card_owner_start(owner->keys->card)) {
		finish_with(owner, now_ms, SW_MEMORY_FAILURE,
			    "journal and counter could not be written, so the service was not "
			    "asked; make room on the disk");
	} else if (!use_go(&owner->use)) {
		use_give_up(&owner->use, "vicar-bridge ended", &end);
		finish(owner, now_ms, &end);
	}
}

/*
 * Both.
 */
/* The PIN was typed, or was not. */
static void
take_pin(struct owner *owner, uint64_t now_ms, const struct use_end *end)
{
	struct card_key key;

	if (end->sw != SW_OK || !card_key(owner->keys->card, owner->key, &key)) {
		finish(owner, now_ms, end);
		return;
	}
	use_close(&owner->use, now_ms, NULL, SW_OK, "");
	bridge_finish(&owner->use.bridge);
	if (key.remote)
		use_remote(owner, now_ms, &key, end->pin);
	else
		use_local(owner, now_ms, &key, end->pin);
}

void
owner_continue(struct owner *owner, uint64_t now_ms)
{
	uint8_t room[BRIDGE_MESSAGE_MAX];
	struct use_end end;

	while (owner->active) {
		switch (use_next(&owner->use, now_ms, room, &end)) {
		case USE_NOTHING: return;
		case USE_TOLD: tell_state(owner); break;
		case USE_STARTS: take_start(owner, now_ms); break;
		case USE_ENDED:
			if (owner->use.operation == BRIDGE_ASK)
				take_pin(owner, now_ms, &end);
			else
				finish(owner, now_ms, &end);
			OPENSSL_cleanse(room, sizeof(room));
			break;
		}
	}
}

static bool
ask_owner(struct owner *owner, uint64_t now_ms, const struct card_key *key)
{
	const struct image_key *entry = image_key(owner->keys->image, owner->key);
	struct bridge_request message = owner->request;
	struct card_pin pin;

	if (!card_pin(owner->keys->card, key->pin, &pin))
		return false;
	message.operation = BRIDGE_ASK;
	message.purpose = BRIDGE_PIN;
	message.card = (struct bytes){(const uint8_t *)owner->keys->image->name,
				      strlen(owner->keys->image->name)};
	message.service =
	    key->remote ? (struct bytes){(const uint8_t *)entry->service, strlen(entry->service)}
			: BYTES_NONE;
	message.tries_left = pin.tries_left;
	message.length_min = (unsigned)pin.length_min;
	message.length_max = (unsigned)pin.length_max;
	message.digits_only = pin.digits_only;
	return use_begin(&owner->use, now_ms, &message);
}

/* Only what the client has to say: the rest is the card's. */
static void
take_request(struct owner *owner, const struct bridge_request *said)
{
	owner->request = (struct bridge_request){
	    .operation = said->operation,
	    .use = said->use,
	    .digest = said->digest,
	    .key = said->key,
	    .program = said->program,
	    .documents_count = said->documents_count,
	};
	memcpy(owner->request.documents, said->documents, sizeof(said->documents));
	for (size_t i = 0; i < said->documents_count; i++)
		owner->items[i] =
		    (struct journal_item){said->documents[i].name, said->documents[i].input};
}

bool
owner_begin(struct owner *owner, uint64_t now_ms, int client, struct bytes message,
	    struct problem *error)
{
	struct bridge_request said;
	struct card_key key;
	char name[KEY_NAME_MAX];
	uint8_t *kept = malloc(message.len + 1);

	if (kept == NULL)
		return problem(error, "vicard has no memory left; close other programs");
	memcpy(kept, message.data, message.len);
	if (!bridge_request_decode((struct bytes){kept, message.len}, &said) ||
	    said.key.len >= sizeof(name)) {
		problem(error, "the request is not understood; vicar and vicard must be of one "
			       "version");
		goto bad;
	}
	(void)snprintf(name, sizeof(name), "%.*s", (int)said.key.len, (const char *)said.key.data);
	if (!owner_check(owner->keys, &said, name, &key, error) ||
	    !local_asked(said.use, &owner->operation))
		goto bad;
	take_request(owner, &said);
	memcpy(owner->key, name, sizeof(name));
	if (!ask_owner(owner, now_ms, &key)) {
		problem(error, "vicar-bridge could not be started, so nobody was asked; see "
			       "vicard's log");
		goto bad;
	}
	owner->message = kept;
	owner->client = client;
	owner->active = true;
	owner->keys->by_owner = true;
	tell_state(owner);
	return true;
bad:
	free(kept);
	return false;
}

void
owner_cancel(struct owner *owner, uint64_t now_ms, const char *why)
{
	struct use_end end;

	if (!owner->active)
		return;
	use_abandon(&owner->use, why, &end);
	finish(owner, now_ms, &end);
}

void
owner_hung_up(struct owner *owner, uint64_t now_ms)
{
	(void)close(owner->client);
	owner->client = -1;
	if (!owner->use.started)
		owner_cancel(owner, now_ms, "vicar sign has gone");
}
