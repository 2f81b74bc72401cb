#include "engine.h"

#include <openssl/crypto.h>
#include <string.h>

static const struct key *
key_named(const struct card *card, const char *name)
{
	for (size_t i = 0; i < card->keys_count; i++)
		if (strcmp(card->keys[i].spec.name, name) == 0)
			return &card->keys[i];
	return NULL;
}

bool
card_key(const struct card *card, const char *name, struct card_key *key)
{
	const struct key *at = key_named(card, name);

	if (at == NULL)
		return false;
	*key = (struct card_key){
	    .pin = at->pin->spec.counter,
	    .pin_key = at->pin->spec.key,
	    .remote = at->remote,
	    .ec = at->ec,
	    .signs = at->usage == 0 ||
		     (at->usage & (IMAGE_USAGE_SIGN | IMAGE_USAGE_NON_REPUDIATION)) != 0,
	};
	return true;
}

static void
forget(struct card *card)
{
	OPENSSL_cleanse(card->secrets->owner, sizeof(card->secrets->owner));
	card->owner = (struct owner_use){.pin = NULL};
}

uint16_t
card_owner_begin(struct card *card, const char *name, struct bytes value)
{
	const struct key *key = key_named(card, name);
	uint16_t sw;

	if (key == NULL)
		return SW_REFERENCE_NOT_FOUND;
	if (!key->remote || card->owner.pin != NULL ||
	    (card->pending.resume != NULL && card->pending.request.remote))
		return SW_CONDITIONS;
	if (key->pin->tries_left == 0)
		return SW_BLOCKED;
	sw = value_check(card, key->pin, value, VALUE_TRIED);
	if (sw != SW_OK)
		return sw;
	if (value_was_refused(card, key->pin, value))
		return pin_tries_sw(key->pin);
	memcpy(card->secrets->owner, value.data, value.len);
	card->owner = (struct owner_use){.pin = key->pin, .len = value.len};
	return SW_OK;
}

bool
card_owner_start(struct card *card)
{
	struct owner_use *owner = &card->owner;

	if (owner->pin == NULL || owner->started || owner->pin->tries_left == 0 ||
	    !pin_save_tries(card, owner->pin, owner->pin->tries_left - 1))
		return false;
	owner->started = true;
	pin_forget(card, owner->pin);
	return true;
}

uint16_t
card_owner_end(struct card *card, uint16_t sw, bool pin_doubtful)
{
	struct owner_use *owner = &card->owner;

	if (owner->started)
		sw = request_judge_started(card, owner->pin,
					   (struct bytes){card->secrets->owner, owner->len}, sw,
					   pin_doubtful);
	else if (sw == SW_OK || sw == SW_AUTHENTICATION)
		sw = SW_UNKNOWN;
	forget(card);
	return sw;
}
