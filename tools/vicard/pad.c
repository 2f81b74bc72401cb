/*
 * The PIN pad, tools/vicard/pad.h.
 */
#include "pad.h"

#include "emulator/personality.h"
#include "log.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

/* What was typed, in the secure heap. */
struct pad_secrets {
	uint8_t values[PAD_STEPS][PIN_VALUE_MAX];
	size_t lens[PAD_STEPS];
};

void
pad_init(struct pad *pad, struct keys *keys)
{
	memset(pad, 0, sizeof(*pad));
	pad->keys = keys;
	use_init(&pad->use, keys->config, keys->journal);
}

static bool
find(const struct pad *pad, const char *counter, struct card_pin *pin)
{
	return counter != NULL && card_pin(pad->keys->card, counter, pin);
}

/* The key whose PIN it is; a PUK may have none. */
static const char *
key_of(const struct pad *pad)
{
	struct card_pin pin;

	return find(pad, pad->asked.pin, &pin) && pin.key != NULL ? pin.key : pad->asked.pin;
}

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, text == NULL ? 0 : strlen(text)};
}

/* The engine answers nothing: it has seen no command. The owner reads why in journal and log. */
static enum card_result
finish(struct pad *pad, uint64_t now_ms, uint16_t sw, const char *text, struct writer *response)
{
	const struct image_key *key = image_key(pad->keys->image, key_of(pad));
	const struct journal_use about = {
	    .key = key_of(pad),
	    .operation = pad->asked.operation,
	    .service = key != NULL ? key->service : NULL,
	};
	const bool worth =
	    sw != SW_OK && (pad->active || rules_tell(&pad->keys->rules, now_ms, sw));

	if (pad->active)
		use_close(&pad->use, now_ms, worth ? &about : NULL, sw, text);
	else if (worth)
		journal_none(pad->keys->journal, time(NULL), &about, sw, text);
	if (worth)
		log_warning("PIN pad, %s, %04X: %s", pad->asked.pin, (unsigned)sw, text);
	OPENSSL_secure_clear_free(pad->secrets, sizeof(*pad->secrets));
	pad->secrets = NULL;
	OPENSSL_cleanse(pad->structure, sizeof(pad->structure));
	pad->active = pad->keys->at_pad = false;
	if (sw != SW_OK)
		writer_u16(response, sw);
	return CARD_DONE;
}

/*
 * Asking.
 */
static const char *
counter_of(const struct pad *pad, enum pad_step step)
{
	if (step == PAD_FIRST)
		return pad->request.ask_old ? pad->asked.first : NULL;
	return step == PAD_NEW || pad->request.confirm ? pad->asked.renewed : NULL;
}

/* The first step from `step` on that asks for something; PAD_STEPS: none. */
static enum pad_step
step_from(const struct pad *pad, enum pad_step step)
{
	while (step < PAD_STEPS && counter_of(pad, step) == NULL)
		step++;
	return step;
}

static enum bridge_purpose
purpose_of(const struct pad *pad, const struct card_pin *pin)
{
	switch (pad->step) {
	case PAD_NEW: return BRIDGE_PIN_NEW;
	case PAD_NEW_AGAIN: return BRIDGE_PIN_NEW_AGAIN;
	default: break;
	}
	if (pin->is_puk)
		return BRIDGE_PUK;
	return pad->asked.renewed != NULL ? BRIDGE_PIN_OLD : BRIDGE_PIN;
}

static bool
ask(struct pad *pad, uint64_t now_ms)
{
	const char *key = key_of(pad);
	const struct image_key *entry = image_key(pad->keys->image, key);
	struct bridge_request message = {
	    .operation = BRIDGE_ASK,
	    .card = bytes_of(pad->keys->image->name),
	    .key = bytes_of(key),
	};
	struct card_pin pin;

	if (!find(pad, counter_of(pad, pad->step), &pin) ||
	    !pad_lengths(&pad->request, &pin, &message.length_min, &message.length_max))
		return false;
	if (pin.remote && entry != NULL)
		message.service = bytes_of(entry->service);
	message.purpose = purpose_of(pad, &pin);
	message.digits_only = pin.digits_only;
	if (pad->step == PAD_FIRST)
		message.tries_left = pin.tries_left;
	return use_begin(&pad->use, now_ms, &message);
}

static enum card_result
ask_first(struct pad *pad, uint64_t now_ms, struct writer *response)
{
	pad->step = step_from(pad, PAD_FIRST);
	pad->secrets = OPENSSL_secure_zalloc(sizeof(*pad->secrets));
	if (pad->secrets == NULL || !ask(pad, now_ms))
		return finish(
		    pad, now_ms, SW_PROMPT_TIMEOUT,
		    "vicar-bridge could not be started, so nobody was asked; see vicard's "
		    "log",
		    response);
	pad->active = pad->keys->at_pad = true;
	return CARD_PENDING;
}

/* Whether each value that is to be typed can have a length. */
static bool
lengths_possible(const struct pad *pad)
{
	unsigned min, max;
	struct card_pin pin;

	for (enum pad_step step = PAD_FIRST; step < PAD_STEPS; step++)
		if (find(pad, counter_of(pad, step), &pin) &&
		    !pad_lengths(&pad->request, &pin, &min, &max))
			return false;
	return true;
}

/* A VERIFY wants one value, a MODIFY a new one; and what is to be typed must have a place. */
static bool
structure_fits(const struct pad *pad, bool modify)
{
	return (pad->asked.renewed != NULL) == modify && step_from(pad, PAD_FIRST) != PAD_STEPS &&
	       (!pad->request.ask_old || pad->asked.first != NULL);
}

/* The header outlives the structure, which is wiped for what else it may hold. */
static void
keep_header(struct pad *pad)
{
	if (pad->request.header.len != sizeof(pad->header))
		return;
	memcpy(pad->header, pad->request.header.data, sizeof(pad->header));
	pad->request.header = BYTES(pad->header);
}

enum card_result
pad_begin(struct pad *pad, uint64_t now_ms, enum link_kind kind, struct bytes structure,
	  struct writer *response)
{
	const bool modify = kind == LINK_PIN_MODIFY;
	const char *why = "the owner is at work with the card, by `vicar sign`, and is asked one "
			  "thing at a time; try again when that has ended";
	uint16_t sw = PAD_SW_BAD_STRUCTURE;
	uint64_t when;
	bool parsed;

	pad->request.header = BYTES_NONE;
	if (structure.len > sizeof(pad->structure))
		goto out;
	memcpy(pad->structure, structure.data, structure.len);
	parsed = pad_parse((struct bytes){pad->structure, structure.len}, modify, &pad->request);
	keep_header(pad);
	if (!parsed)
		goto out;
	sw = card_asked(pad->keys->card, pad->request.header, &pad->asked);
	if (sw == SW_INS_NOT_SUPPORTED || (sw == SW_OK && !structure_fits(pad, modify)))
		sw = PAD_SW_BAD_STRUCTURE;
	if (sw == SW_OK && !lengths_possible(pad))
		sw = PAD_SW_LENGTH_NOT_ALLOWED;
	if (sw != SW_OK)
		goto out;
	if (!modify && card_typed(pad->keys->card, pad->asked.pin, &when) &&
	    keys_fresh(when, now_ms))
		goto out;
	if (pad->keys->by_owner)
		return finish(pad, now_ms, SW_PROMPT_TIMEOUT, why, response);
	if (!rules_may_ask(&pad->keys->rules, now_ms, &sw, &why))
		return finish(pad, now_ms, sw, why, response);
	return ask_first(pad, now_ms, response);
out:
	OPENSSL_cleanse(pad->structure, sizeof(pad->structure));
	writer_u16(response, sw);
	return CARD_DONE;
}

/*
 * What was typed.
 */
static struct bytes
value_of(const struct pad *pad, enum pad_step step)
{
	return (struct bytes){pad->secrets->values[step], pad->secrets->lens[step]};
}

/* The values are complete: the command goes to the card. */
static enum card_result
execute(struct pad *pad, uint64_t now_ms, struct writer *response)
{
	uint8_t room[PAD_COMMAND_MAX];
	struct writer command = writer_to(room, sizeof(room));
	struct card_pin first, renewed;
	const bool has_first = find(pad, pad->asked.first, &first);
	const bool has_new = find(pad, pad->asked.renewed, &renewed);
	enum card_result result = CARD_DONE;
	uint16_t sw = SW_OK;

	if (has_new && pad->request.confirm &&
	    !bytes_equal(value_of(pad, PAD_NEW), value_of(pad, PAD_NEW_AGAIN)))
		sw = PAD_SW_NEW_PINS_DIFFER;
	else if (!pad_fill(&pad->request,
			   (struct pad_value){has_first ? &first : NULL, value_of(pad, PAD_FIRST)},
			   (struct pad_value){has_new ? &renewed : NULL, value_of(pad, PAD_NEW)},
			   &command))
		sw = PAD_SW_BAD_STRUCTURE;
	if (sw == PAD_SW_NEW_PINS_DIFFER)
		finish(pad, now_ms, sw,
		       "the new PIN was typed in two ways, so nothing was changed; change it again",
		       response);
	else if (sw != SW_OK)
		finish(pad, now_ms, sw,
		       "the program's request does not fit the PINs of this card, so nothing was "
		       "sent to it; let the program ask for the PIN itself",
		       response);
	else
		result =
		    card_transmit_typed(pad->keys->card, writer_bytes(&command), now_ms, response);
	OPENSSL_cleanse(room, sizeof(room));
	if (sw == SW_OK)
		finish(pad, now_ms, SW_OK, "", response);
	if (result == CARD_PENDING)
		result = keys_serve(pad->keys, now_ms, response);
	return result;
}

/* One value more. */
static enum card_result
take_value(struct pad *pad, uint64_t now_ms, const struct use_end *end, struct writer *response)
{
	if (end->pin.len > PIN_VALUE_MAX)
		return finish(pad, now_ms, PAD_SW_LENGTH_NOT_ALLOWED, "too much was typed",
			      response);
	memcpy(pad->secrets->values[pad->step], end->pin.data, end->pin.len);
	pad->secrets->lens[pad->step] = end->pin.len;
	use_close(&pad->use, now_ms, NULL, SW_OK, "");
	bridge_finish(&pad->use.bridge);
	pad->step = step_from(pad, pad->step + 1);
	if (pad->step == PAD_STEPS)
		return execute(pad, now_ms, response);
	if (ask(pad, now_ms))
		return CARD_PENDING;
	return finish(
	    pad, now_ms, SW_PROMPT_TIMEOUT,
	    "vicar-bridge could not be started again, so nothing was sent to the card; see "
	    "vicard's log",
	    response);
}

static enum card_result
take_end(struct pad *pad, uint64_t now_ms, const struct use_end *end, struct writer *response)
{
	switch (end->sw) {
	case SW_OK: return take_value(pad, now_ms, end, response);
	case SW_PROMPT_CANCELLED:
		rules_cancelled(&pad->keys->rules, now_ms);
		return finish(
		    pad, now_ms, end->sw,
		    pad->use.cancelled != NULL
			? end->text
			: "the PIN was not typed: the prompt was cancelled; nothing was sent "
			  "to the card",
		    response);
	case SW_INCORRECT_DATA:
		return finish(pad, now_ms, PAD_SW_LENGTH_NOT_ALLOWED,
			      "three times something was typed that cannot be a PIN of this card; "
			      "nothing was sent to it",
			      response);
	default: return finish(pad, now_ms, SW_PROMPT_TIMEOUT, end->text, response);
	}
}

enum card_result
pad_continue(struct pad *pad, uint64_t now_ms, struct writer *response)
{
	uint8_t room[BRIDGE_MESSAGE_MAX];
	enum card_result result = CARD_PENDING;
	struct use_end end;

	while (pad->active && result == CARD_PENDING) {
		switch (use_next(&pad->use, now_ms, room, &end)) {
		case USE_NOTHING: return CARD_PENDING;
		case USE_TOLD:
		case USE_STARTS: break; /* no BRIDGE_ASK starts, use.h */
		case USE_ENDED:
			result = take_end(pad, now_ms, &end, response);
			OPENSSL_cleanse(room, sizeof(room));
			break;
		}
	}
	return result;
}

void
pad_cancel(struct pad *pad, uint64_t now_ms, const char *why)
{
	uint8_t nobody[2];
	struct writer response = writer_to(nobody, sizeof(nobody));
	char text[JOURNAL_TEXT_MAX];

	if (!pad->active)
		return;
	(void)snprintf(text, sizeof(text), "the PIN was not typed, because %s", why);
	(void)finish(pad, now_ms, SW_PROMPT_CANCELLED, text, &response);
}
