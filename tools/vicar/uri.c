#include "uri.h"

#include "emulator/card.h"
#include "iso7816/atr.h"
#include "pkcs11/smartcard.h"
#include "tools/held_card.h"

#include <string.h>

/* Looking writes nothing. */
static bool
save_nothing(void *context, const struct image_counter *counters, size_t count)
{
	(void)context;
	(void)counters;
	(void)count;
	return false;
}

static bool
save_no_file(void *context, const char *path, struct bytes content)
{
	(void)context;
	(void)path;
	(void)content;
	return false;
}

static enum channel_result
transmit(void *context, struct bytes command, struct writer *response)
{
	uint8_t data[RAPDU_LEN_MAX];
	struct writer answer = writer_to(data, sizeof(data));

	if (card_transmit(context, command, &answer) != CARD_DONE)
		return CHANNEL_FAILED;
	writer_put(response, writer_bytes(&answer));
	return CHANNEL_OK;
}

/* All but the unreserved characters of RFC 3986 section 2.3 is written %XX. */
static void
put_text(FILE *out, const char *name, struct bytes value)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	fprintf(out, "%s=", name);
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] != '\0' && strchr(plain, value.data[i]) != NULL)
			fputc(value.data[i], out);
		else
			fprintf(out, "%%%02X", value.data[i]);
	}
}

/* A field of Cryptoki ends with blanks, which are not its text; it is there when it is empty. */
static void
put_field(FILE *out, const char *name, const char *text, size_t size)
{
	size_t len = smartcard_cut(text, size);

	while (len > 0 && text[len - 1] == ' ')
		len--;
	put_text(out, name, (struct bytes){(const uint8_t *)text, len});
	fputc(';', out);
}

static void
put_id(FILE *out, const struct pkcs15_id *id)
{
	fputs("id=", out);
	for (size_t i = 0; i < id->len; i++)
		fprintf(out, "%%%02X", id->data[i]);
}

struct object {
	int pin;
	const struct pkcs15_id *id;
	const char *label;
	const char *type;
};

static void
print(FILE *out, const char *name, const struct smartcard *card, const struct object *object)
{
	char label[SMARTCARD_LABEL_LEN + 1];

	smartcard_token_label(card, object->pin, label);
	fprintf(out, "%s pkcs11:", name);
	put_field(out, "model", SMARTCARD_MODEL, SMARTCARD_SERIAL_LEN);
	put_field(out, "manufacturer", card->manufacturer, SMARTCARD_LABEL_LEN);
	put_field(out, "serial", smartcard_token_serial(card), SMARTCARD_SERIAL_LEN);
	put_field(out, "token", label, SMARTCARD_LABEL_LEN);
	put_id(out, object->id);
	fputc(';', out);
	if (object->label[0] != '\0') {
		put_text(out, "object",
			 (struct bytes){(const uint8_t *)object->label, strlen(object->label)});
		fputc(';', out);
	}
	fprintf(out, "type=%s\n", object->type);
}

/* There is a token for each PIN that opens a key; what no PIN opens is in the first. */
static int
first_token(const struct smartcard *card)
{
	for (size_t pin = 0; pin < card->pins_count; pin++)
		for (size_t i = 0; i < card->private_keys_count; i++)
			if (card->private_keys[i].pin == (int)pin && !card->pins[pin].unblocking)
				return (int)pin;
	return SMARTCARD_NONE;
}

static void
print_key(FILE *out, const char *name, const struct smartcard *card,
	  const struct smartcard_private_key *key)
{
	struct object object = {.pin = key->pin != SMARTCARD_NONE ? key->pin : first_token(card),
				.id = &key->object.id,
				.label = key->object.common.label,
				.type = "private"};
	const struct pkcs15_certificate *certificate;

	print(out, name, card, &object);
	if (key->certificate == SMARTCARD_NONE)
		return;
	certificate = &card->certificates[key->certificate].object;
	if (certificate->common.label[0] != '\0')
		object.label = certificate->common.label;
	object.type = "cert";
	print(out, name, card, &object);
}

static bool
is_of_a_key(const struct smartcard *card, size_t certificate)
{
	for (size_t i = 0; i < card->private_keys_count; i++)
		if (card->private_keys[i].certificate == (int)certificate)
			return true;
	return false;
}

static void
print_objects(FILE *out, const char *name, const struct smartcard *card)
{
	for (size_t i = 0; i < card->private_keys_count; i++)
		print_key(out, name, card, &card->private_keys[i]);
	for (size_t i = 0; i < card->certificates_count; i++) {
		const struct pkcs15_certificate *certificate = &card->certificates[i].object;

		if (!is_of_a_key(card, i))
			print(out, name, card,
			      &(struct object){.pin = first_token(card),
					       .id = &certificate->id,
					       .label = certificate->common.label,
					       .type = "cert"});
	}
}

bool
uri_list(FILE *out, const struct image *image, struct problem *error)
{
	const struct card_host host = {.save = save_nothing, .save_file = save_no_file};
	struct channel channel = {.transmit = transmit};
	struct card *card = held_card(image, &host, error);
	struct smartcard *smartcard = NULL;
	bool ok = false;
	struct atr atr;

	if (card == NULL)
		return false;
	channel.context = card;
	channel.atr = card_atr(card);
	channel.t0 = atr_parse(channel.atr, &atr) && (atr.protocols & 1U << 1) == 0;
	card_reset(card);
	card_set_protocol(card, channel.t0 ? 0 : 1);
	ok = smartcard_bind(&channel, NULL, &smartcard) == SMARTCARD_OK;
	if (ok)
		print_objects(out, image->name, smartcard);
	else
		problem(error,
			"card %s is one that the PKCS#11 module does not read; look at it with "
			"pkcs11-tool when it is in",
			image->name);
	smartcard_free(smartcard);
	card_free(card);
	return ok;
}
