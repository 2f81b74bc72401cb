#include "card_driver.h"
#include "iso7816/sw.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static const struct card_driver *const DRIVERS[] = {&driver_fineid, &driver_cc_2024, &driver_cc,
						    &driver_iasecc};

static bool
same_id(const struct pkcs15_id *a, const struct pkcs15_id *b)
{
	return a->len > 0 && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static int
find_pin(const struct smartcard *card, const struct pkcs15_id *id)
{
	for (size_t i = 0; i < card->pins_count; i++)
		if (same_id(&card->pins[i].object.id, id))
			return (int)i;
	return SMARTCARD_NONE;
}

static int
find_certificate(const struct smartcard *card, const struct pkcs15_id *id)
{
	for (size_t i = 0; i < card->certificates_count; i++)
		if (same_id(&card->certificates[i].object.id, id))
			return (int)i;
	return SMARTCARD_NONE;
}

/* Directory files say what they like; a PIN has room for what is sent. */
static void
limit_lengths(struct smartcard_pin *pin)
{
	enum { LENGTH_MAX = 64 };

	if (pin->stored > LENGTH_MAX)
		pin->stored = LENGTH_MAX;
	if (pin->max == 0 || pin->max > LENGTH_MAX)
		pin->max = LENGTH_MAX;
	if (pin->stored > 0 && pin->max > pin->stored)
		pin->max = pin->stored;
	if (pin->min > pin->max)
		pin->min = pin->max;
}

/* What objects say of each other. */
static void
link_objects(struct smartcard *card)
{
	for (size_t i = 0; i < card->pins_count; i++) {
		struct smartcard_pin *pin = &card->pins[i];

		pin->puk = find_pin(card, &pin->object.common.auth_id);
		if (pin->puk == SMARTCARD_NONE)
			pin->can_unblock = false;
		if (card->driver->adapt_pin != NULL)
			card->driver->adapt_pin(card, pin);
		limit_lengths(pin);
		if (pin->unblocking)
			pin->can_change = pin->can_unblock = false;
	}
	for (size_t i = 0; i < card->public_keys_count; i++)
		card->public_keys[i].certificate =
		    find_certificate(card, &card->public_keys[i].object.id);
	for (size_t i = 0; i < card->private_keys_count; i++) {
		struct smartcard_private_key *key = &card->private_keys[i];

		key->pin = find_pin(card, &key->object.common.auth_id);
		key->certificate = find_certificate(card, &key->object.id);
	}
}

static struct smartcard *
new_card(const struct channel *channel, const struct smartcard_cache *cache)
{
	struct smartcard *card = calloc(1, sizeof(*card));

	if (card == NULL)
		return NULL;
	card->channel = *channel;
	if (cache != NULL)
		card->cache = *cache;
	return card;
}

void
smartcard_free(struct smartcard *card)
{
	if (card == NULL)
		return;
	directory_forget(card);
	free(card->state);
	OPENSSL_cleanse(card, sizeof(*card));
	free(card);
}

/* `*card` is one that nothing was read into, or NULL. */
static enum smartcard_result
bind_driver(const struct card_driver *driver, const struct channel *channel,
	    const struct smartcard_cache *cache, struct smartcard **card)
{
	enum smartcard_result r;

	*card = new_card(channel, cache);
	if (*card == NULL)
		return SMARTCARD_NO_MEMORY;
	(*card)->driver = driver;
	r = driver->bind(*card);
	/* Without its files the card is not this one; files that want PACE first are not there. */
	if (r == SMARTCARD_REFUSED || r == SMARTCARD_NOT_VERIFIED)
		r = SMARTCARD_UNKNOWN;
	if (r == SMARTCARD_OK)
		link_objects(*card);
	if (r != SMARTCARD_OK) {
		smartcard_free(*card);
		*card = NULL;
	}
	return r;
}

enum smartcard_result
smartcard_bind(const struct channel *channel, const struct smartcard_cache *cache,
	       struct smartcard **card)
{
	enum smartcard_result r = SMARTCARD_UNKNOWN;
	bool matched = false;
	struct atr atr;

	*card = NULL;
	if (!atr_parse(channel->atr, &atr))
		return SMARTCARD_UNKNOWN;
	for (size_t i = 0; i < sizeof(DRIVERS) / sizeof(DRIVERS[0]) && r == SMARTCARD_UNKNOWN;
	     i++) {
		if (!DRIVERS[i]->match(&atr))
			continue;
		matched = true;
		r = bind_driver(DRIVERS[i], channel, cache, card);
	}
	return matched ? r : bind_driver(&driver_pkcs15, channel, cache, card);
}

const char *
smartcard_driver_name(const struct smartcard *card)
{
	return card->driver->name;
}

enum smartcard_result
smartcard_read_data(struct smartcard *card, size_t index)
{
	struct smartcard_data *data;
	enum smartcard_result r;
	bool private;

	if (index >= card->data_count)
		return SMARTCARD_BAD_INPUT;
	data = &card->data[index];
	if (data->read)
		return SMARTCARD_OK;
	if (data->object.path.kind != PKCS15_PATH_FILE || data->object.path.file_len == 0)
		return SMARTCARD_UNSUPPORTED;
	private = (data->object.common.flags & PKCS15_OBJECT_PRIVATE) != 0;
	r = content_read(card, &data->object.path, READ_WHOLE, private, &data->content,
			 &data->content_len);
	data->read = r == SMARTCARD_OK;
	return r;
}

static enum smartcard_result
read_public_key_file(struct smartcard *card, const struct pkcs15_path *path, struct writer *spki)
{
	uint8_t *content;
	size_t len;
	enum smartcard_result r;

	if (path->kind != PKCS15_PATH_FILE || path->file_len == 0)
		return SMARTCARD_UNSUPPORTED;
	r = content_read(card, path, READ_OBJECT, false, &content, &len);
	if (r != SMARTCARD_OK)
		return r;
	r = spki_put_file(card, (struct bytes){content, len}, spki);
	free(content);
	return r;
}

enum smartcard_result
smartcard_read_public_key(struct smartcard *card, size_t index, struct writer *spki)
{
	const struct smartcard_public_key *key;
	enum smartcard_result r = SMARTCARD_UNSUPPORTED;

	if (index >= card->public_keys_count)
		return SMARTCARD_BAD_INPUT;
	key = &card->public_keys[index];
	if (key->certificate != SMARTCARD_NONE) {
		const size_t certificate = (size_t)key->certificate;

		r = smartcard_read_certificate_head(card, certificate);
		if (r == SMARTCARD_OK)
			writer_put(spki, card->certificates[certificate].public_key);
		return r == SMARTCARD_OK && !writer_ok(spki) ? SMARTCARD_BAD_INPUT : r;
	}
	if (card->driver->read_public_key != NULL)
		r = card->driver->read_public_key(card, key, spki);
	return r == SMARTCARD_UNSUPPORTED ? read_public_key_file(card, &key->object.path, spki) : r;
}

static void
forget_private_data(struct smartcard *card)
{
	for (size_t i = 0; i < card->data_count; i++) {
		struct smartcard_data *data = &card->data[i];

		if ((data->object.common.flags & PKCS15_OBJECT_PRIVATE) == 0)
			continue;
		if (data->content != NULL)
			OPENSSL_cleanse(data->content, data->content_len);
		free(data->content);
		data->content = NULL;
		data->content_len = 0;
		data->read = false;
	}
}

enum smartcard_result
smartcard_logout(struct smartcard *card)
{
	forget_private_data(card);
	return card->driver->logout != NULL ? card->driver->logout(card) : SMARTCARD_UNSUPPORTED;
}

/* A key whose size only its certificate tells. */
static enum smartcard_result
find_bits(struct smartcard *card, struct smartcard_private_key *key)
{
	enum smartcard_result r;

	if (key->certificate == SMARTCARD_NONE)
		return SMARTCARD_OK;
	r = smartcard_read_certificate_head(card, (size_t)key->certificate);
	if (r != SMARTCARD_OK)
		return r;
	key->bits = spki_bits(card, card->certificates[key->certificate].public_key);
	return SMARTCARD_OK;
}

/* Inputs whose length the scheme fixes. */
static bool
input_fits(const struct smartcard_private_key *key, enum smartcard_scheme scheme,
	   enum digest digest, struct bytes input)
{
	enum { PKCS1_OVERHEAD = 11 };
	const size_t block = operation_block(key);
	enum digest of_info;
	struct bytes hash;

	switch (scheme) {
	case SMARTCARD_SIGN_PKCS1:
		if (input.len == 0 || input.len + PKCS1_OVERHEAD > block)
			return false;
		return key->abilities.pkcs1_any ||
		       (digestinfo_parse(input, &of_info, &hash) &&
			(key->abilities.pkcs1 & SMARTCARD_DIGEST(of_info)) != 0);
	case SMARTCARD_SIGN_PSS: return input.len == digest_len(digest);
	case SMARTCARD_SIGN_ECDSA: return input.len > 0;
	case SMARTCARD_DERIVE_ECDH: return input.len == 2 * block + 1 && input.data[0] == 0x04;
	default: return input.len == block;
	}
}

/* A remote key's PIN is judged when the key is used: design.md, "Remote trouble". */
static enum smartcard_result
judge_use(struct smartcard *card, enum smartcard_result r)
{
	if (r != SMARTCARD_REFUSED)
		return r;
	if (sw_is_tries(card->sw, &card->tries_left))
		return card->tries_left > 0 ? SMARTCARD_PIN_WRONG : SMARTCARD_PIN_BLOCKED;
	return card->sw == SW_BLOCKED ? SMARTCARD_PIN_BLOCKED : r;
}

/* What a card says whose other application is selected. Nothing was signed then. */
static bool
is_elsewhere(uint16_t sw)
{
	return sw == SW_REFERENCE_NOT_FOUND || sw == SW_FILE_NOT_FOUND || sw == SW_INCORRECT_P1P2 ||
	       sw == SW_INS_NOT_SUPPORTED || sw == SW_CLA_NOT_SUPPORTED;
}

enum smartcard_result
smartcard_find_abilities(struct smartcard *card, size_t index)
{
	struct smartcard_private_key *key;
	enum smartcard_result r = SMARTCARD_OK;

	if (index >= card->private_keys_count)
		return SMARTCARD_BAD_INPUT;
	key = &card->private_keys[index];
	if (key->abilities_found)
		return SMARTCARD_OK;
	if (key->bits == 0)
		r = find_bits(card, key);
	if (r == SMARTCARD_OK)
		r = card->driver->find_abilities(card, key);
	key->abilities_found = r == SMARTCARD_OK;
	return r;
}

enum smartcard_result
smartcard_use_key(struct smartcard *card, size_t index, enum smartcard_scheme scheme,
		  enum digest digest, struct bytes input, struct writer *output)
{
	const bool lost = !card->place.known;
	const size_t before = output->len;
	const struct smartcard_private_key *key;
	enum smartcard_result r;

	if (index >= card->private_keys_count)
		return SMARTCARD_BAD_INPUT;
	r = smartcard_find_abilities(card, index);
	if (r != SMARTCARD_OK)
		return r;
	key = &card->private_keys[index];
	if (!abilities_have(&key->abilities, scheme, digest))
		return SMARTCARD_UNSUPPORTED;
	if (!input_fits(key, scheme, digest, input))
		return SMARTCARD_BAD_INPUT;
	r = program_say(card);
	if (r != SMARTCARD_OK)
		return r;
	r = card->driver->use_key(card, key, scheme, digest, input, output);
	if (r == SMARTCARD_REFUSED && lost && card->driver->enter != NULL &&
	    is_elsewhere(card->sw)) {
		r = card->driver->enter(card);
		if (r == SMARTCARD_OK)
			r = program_say(card);
		if (r == SMARTCARD_OK)
			r = card->driver->use_key(card, key, scheme, digest, input, output);
	}
	/* The command is not to be sent again: a service would be asked twice. */
	if (r == SMARTCARD_RESET && card->key_used)
		r = SMARTCARD_CHANNEL;
	if (r != SMARTCARD_OK && output->len > before) {
		OPENSSL_cleanse(output->data + before, output->len - before);
		output->len = before;
	}
	return judge_use(card, r);
}

bool
smartcard_has_random(const struct smartcard *card)
{
	return card->driver->challenge_len > 0;
}

enum smartcard_result
smartcard_random(struct smartcard *card, size_t count, struct writer *output)
{
	enum { INS_GET_CHALLENGE = 0x84 };
	const struct capdu challenge = {.cla = card->driver->challenge_cla,
					.ins = INS_GET_CHALLENGE,
					.has_le = true,
					.ne = card->driver->challenge_len};
	uint8_t data[CHANNEL_RESPONSE_MAX];
	enum smartcard_result r = SMARTCARD_OK;

	if (!smartcard_has_random(card))
		return SMARTCARD_UNSUPPORTED;
	while (r == SMARTCARD_OK && count > 0) {
		struct writer writer = writer_to(data, sizeof(data));
		size_t part = count < challenge.ne ? count : challenge.ne;

		r = transport_command(card, &challenge, &writer);
		if (r == SMARTCARD_OK && writer.len != challenge.ne)
			r = SMARTCARD_PROTOCOL;
		if (r == SMARTCARD_OK)
			writer_put(output, (struct bytes){data, part});
		count -= part;
	}
	OPENSSL_cleanse(data, sizeof(data));
	return r == SMARTCARD_OK && !writer_ok(output) ? SMARTCARD_BAD_INPUT : r;
}
