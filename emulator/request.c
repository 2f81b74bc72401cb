#include "engine.h"

#include <openssl/crypto.h>
#include <string.h>

static struct bytes
copy_secret(uint8_t secret[PIN_VALUE_MAX], struct bytes value)
{
	if (value.len != 0)
		memcpy(secret, value.data, value.len);
	return (struct bytes){secret, value.len};
}

uint16_t
request_pin(struct card *card, enum key_operation operation, const char *key, struct bytes pin,
	    struct bytes new_pin, pending_handler *resume)
{
	struct pending *pending = &card->pending;

	pending->request = (struct key_request){
	    .operation = operation,
	    .key = key,
	    .pin_key = key,
	    .pin = copy_secret(card->secrets->pin, pin),
	    .new_pin = copy_secret(card->secrets->new_pin, new_pin),
	    .tries_left = pending->tried->tries_left + 1,
	};
	pending->resume = resume;
	return COMMAND_PENDING;
}

uint16_t
request_judge_started(struct card *card, struct pin *pin, struct bytes value, uint16_t sw,
		      bool doubtful)
{
	switch (sw) {
	case SW_OK:
		/* The signature was paid for: it leaves even when the counter cannot be saved. */
		pin_give_tries(card, pin, pin->tries_max);
		return SW_OK;
	case SW_AUTHENTICATION:
		value_remember_refused(card, pin, value);
		/* It may have been verified again meanwhile. */
		pin_forget(card, pin);
		return pin_tries_sw(pin);
	case SW_FATE_UNKNOWN: return SW_FATE_UNKNOWN;
	default:
		if (!doubtful)
			pin_give_tries(card, pin, pin->tries_left + 1);
		return sw;
	}
}

static uint16_t
judge(struct card *card, uint16_t sw, bool doubtful)
{
	struct pending *pending = &card->pending;

	if (pending->tried != NULL)
		return request_judge_started(card, pending->tried, pending->request.pin, sw,
					     doubtful);
	/* A service's word about a signature or a PIN without a counted start is not believed. */
	if (pending->request.remote && (sw == SW_OK || sw == SW_AUTHENTICATION))
		return SW_UNKNOWN;
	/* A local key that its PIN does not open any more was replaced on disk. */
	if (sw == SW_AUTHENTICATION) {
		pin_forget(card, pending->key->pin);
		return SW_SECURITY_STATUS;
	}
	return sw;
}

static void
remember_use(struct card *card, uint16_t sw)
{
	const struct pending *pending = &card->pending;
	struct failed_use *failed = &card->failed;

	if (pending->tried == NULL)
		return;
	failed->key = sw == SW_OK ? NULL : pending->key;
	failed->sw = sw;
	failed->len = pending->request.input.len;
	memcpy(failed->input, pending->input, failed->len);
}

uint16_t
request_failed_sw(const struct card *card, const struct key *key, struct bytes input)
{
	const struct failed_use *failed = &card->failed;

	if (failed->key != key || !bytes_equal(input, (struct bytes){failed->input, failed->len}))
		return 0;
	return failed->sw;
}

void
request_forget_failed(struct card *card, const struct pin *pin)
{
	if (card->failed.key != NULL && card->failed.key->pin == pin)
		card->failed.key = NULL;
}

static uint16_t
resume_key(struct card *card, const struct key_result *result, struct writer *response)
{
	struct pending *pending = &card->pending;
	uint16_t sw = judge(card, result->sw, result->pin_doubtful);

	pending->key->pin->typed = 0;
	if (sw == SW_OK && (result->output.len == 0 || result->output.len > KEY_OUTPUT_MAX))
		sw = SW_UNKNOWN;
	remember_use(card, sw);
	if (sw != SW_OK)
		return sw;
	if (pending->key->pin->spec.one_shot)
		pin_forget(card, pending->key->pin);
	writer_put(response, result->output);
	if (pending->consumes_hash)
		hash_drop(card);
	return SW_OK;
}

uint16_t
request_key(struct card *card, const struct key *key, const struct algorithm *algorithm,
	    struct bytes input)
{
	struct pending *pending = &card->pending;

	if (input.data != pending->input)
		memcpy(pending->input, input.data, input.len);
	pending->key = key;
	pending->tried = NULL;
	memcpy(pending->program, card->program, card->program_len);
	pending->request = (struct key_request){
	    .operation = algorithm->operation,
	    .digest = algorithm->digest,
	    .key = key->spec.name,
	    .pin_key = key->pin->spec.key,
	    .remote = key->remote,
	    .input = {pending->input, input.len},
	    .pin = copy_secret(card->secrets->pin, key->pin->value),
	    .tries_left = key->pin->tries_left,
	    .typed = key->pin->typed,
	    .program = {pending->program, card->program_len},
	};
	pending->resume = resume_key;
	return COMMAND_PENDING;
}

void
request_end(struct card *card)
{
	OPENSSL_cleanse(card->secrets->pin, sizeof(card->secrets->pin));
	OPENSSL_cleanse(card->secrets->new_pin, sizeof(card->secrets->new_pin));
	OPENSSL_cleanse(&card->pending, sizeof(card->pending));
	card->typed = 0;
}

const struct key_request *
card_request(const struct card *card)
{
	return card->pending.resume != NULL ? &card->pending.request : NULL;
}

bool
card_start(struct card *card)
{
	struct pending *pending = &card->pending;
	struct pin *pin;

	if (pending->resume == NULL || !pending->request.remote || pending->tried != NULL)
		return false;
	pin = pending->key->pin;
	if (pin->tries_left == 0 || !pin_save_tries(card, pin, pin->tries_left - 1))
		return false;
	pending->tried = pin;
	pin_forget(card, pin);
	return true;
}
