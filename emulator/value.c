#include "engine.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static struct bytes
without_padding(const struct pin_spec *spec, struct bytes data)
{
	while (data.len > 0 && data.data[data.len - 1] == spec->pad)
		data.len--;
	return data;
}

static bool
all_digits(struct bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < '0' || value.data[i] > '9')
			return false;
	return true;
}

/*
 * A value that cannot be a PIN by its characters or its stored length costs no try. One that is
 * only too short or too long is a wrong value like any other where it can be tried; a remote PIN
 * cannot be tried now, and a new one must be right.
 */
uint16_t
value_check(const struct card *card, const struct pin *pin, struct bytes value,
	    enum value_purpose purpose)
{
	const struct pin_spec *spec = &pin->spec;
	uint16_t sw_format = card->personality->rules.sw_pin_format;

	if (sw_format == 0)
		sw_format = SW_INCORRECT_DATA;
	if (value.len > (spec->length_stored != 0 ? spec->length_stored : PIN_VALUE_MAX))
		return SW_WRONG_LENGTH;
	if (spec->digits_only && !all_digits(value))
		return sw_format;
	if ((purpose == VALUE_NEW || pin->remote) &&
	    (value.len < spec->length_min || value.len > spec->length_max))
		return sw_format;
	return SW_OK;
}

uint16_t
value_parse(const struct card *card, const struct pin *pin, struct bytes data,
	    enum value_purpose purpose, struct bytes *value)
{
	const struct pin_spec *spec = &pin->spec;

	if (spec->length_stored != 0) {
		if (data.len != spec->length_stored)
			return SW_WRONG_LENGTH;
		data = without_padding(spec, data);
	}
	*value = data;
	return value_check(card, pin, data, purpose);
}

/* Only for the life of the process, under a key that never leaves it: nothing that is derived from
 * a remote PIN may be worth anything to a reader of the disk. */
static bool
fingerprint(const struct card *card, const struct pin *pin, struct bytes value,
	    uint8_t mac[FINGERPRINT_LEN])
{
	uint8_t message[1 + PIN_VALUE_MAX];
	unsigned len = 0;
	bool ok;

	message[0] = (uint8_t)(pin - card->pins);
	memcpy(message + 1, value.data, value.len);
	ok = HMAC(EVP_sha256(), card->secrets->fingerprint_key, FINGERPRINT_LEN, message,
		  1 + value.len, mac, &len) != NULL &&
	     len == FINGERPRINT_LEN;
	OPENSSL_cleanse(message, sizeof(message));
	return ok;
}

bool
value_was_refused(struct card *card, const struct pin *pin, struct bytes value)
{
	uint8_t mac[FINGERPRINT_LEN];
	size_t kept = pin->refused_count < CARD_REFUSED_MAX ? pin->refused_count : CARD_REFUSED_MAX;

	if (kept == 0 || !fingerprint(card, pin, value, mac))
		return false;
	for (size_t i = 0; i < kept; i++)
		if (CRYPTO_memcmp(mac, pin->refused[i], sizeof(mac)) == 0)
			return true;
	return false;
}

void
value_remember_refused(struct card *card, struct pin *pin, struct bytes value)
{
	if (fingerprint(card, pin, value, pin->refused[pin->refused_count % CARD_REFUSED_MAX]))
		pin->refused_count++;
}
