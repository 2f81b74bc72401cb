/*
 * Security data objects, read with GET DATA CB 3F FF: 4.4. There is no copy of them: each is
 * written from the card's PINs and keys as they stand at that moment.
 */
#include "iasecc_card.h"
#include "iso7816/tlv.h"

#include <stdlib.h>

enum {
	TAG_HEADER_LIST = 0x4D,
	TAG_TEMPLATE = 0x70,
	TAG_DOCP = 0xA0,
	CLASS_PIN = 0x81, /* class with the bit 80 that its tag has */
	CLASS_PRIVATE_KEY = 0x90,
	CLASS_PUBLIC_KEY = 0xA0,
	CLASS_SE = 0xFB,
	SE_USAGE_PIN = 0x08,
};

/* Access conditions, 3.4. */
enum { SCB_ALWAYS = 0x00, SCB_NEVER = 0xFF, SCB_PIN = 0x10 };

static bool
in_root(const struct card *card)
{
	return card_current_df(card)->parent == NULL;
}

/* The PIN of this number in the current DF: global ones in the root, the local one in the ADF. */
static bool
find_pin(const struct card *card, uint8_t number, uint8_t *reference, unsigned *tries_left)
{
	bool verified;

	*reference = in_root(card) ? number : (uint8_t)(number | IASECC_LOCAL);
	return card_pin_state(card, *reference, &verified, tries_left);
}

static const struct image_key *
key_of_pin(const struct card *card, uint8_t reference)
{
	return image_key(card_image(card), reference == IASECC_PIN_SIGN ? "sign" : "auth");
}

static bool
is_remote_pin(const struct card *card, uint8_t reference)
{
	return reference != IASECC_PIN_PUK && build_is_remote(key_of_pin(card, reference));
}

/* The engine has refused an option `pin-tries` that is no number. */
static unsigned
tries_of(const struct card *card, uint8_t reference)
{
	char text[16];

	if (!is_remote_pin(card, reference))
		return IASECC_TRIES;
	if (!image_option(card_image(card), "pin-tries", text, sizeof(text)))
		return PIN_REMOTE_TRIES;
	return (unsigned)strtoul(text, NULL, 10);
}

static bool
put_pin_body(const struct card *card, uint8_t number, struct writer *writer)
{
	uint8_t reference;
	unsigned tries_left;
	size_t mark;

	if (!find_pin(card, number, &reference, &tries_left))
		return false;
	mark = tlv_begin(writer, 0x7F41);
	tlv_put_u8(writer, 0x80, IASECC_PIN_MAX);
	tlv_put_u8(writer, 0x81, reference == IASECC_PIN_PUK ? IASECC_PUK_LEN : IASECC_PIN_MIN);
	tlv_end(writer, mark);
	return true;
}

/* DOCP's access rule A1 { 8C }. */
static void
put_rule(struct writer *writer, struct bytes rule)
{
	size_t mark = tlv_begin(writer, 0xA1);

	tlv_put(writer, 0x8C, rule);
	tlv_end(writer, mark);
}

static bool
put_pin_parameters(const struct card *card, uint8_t number, struct writer *writer)
{
	/* F3: change, verify, reset, put data, get data. The PUK is not changed, and nobody
	 * unblocks it; a service's PIN is neither changed nor unblocked here. */
	static const uint8_t local[] = {0xF3,      SCB_ALWAYS, SCB_ALWAYS, SCB_PIN | IASECC_SE_PUK,
					SCB_NEVER, SCB_ALWAYS};
	static const uint8_t fixed[] = {0xF3,      SCB_NEVER, SCB_ALWAYS,
					SCB_NEVER, SCB_NEVER, SCB_ALWAYS};
	uint8_t reference;
	unsigned tries_left;
	size_t mark;

	if (!find_pin(card, number, &reference, &tries_left))
		return false;
	mark = tlv_begin(writer, TAG_DOCP);
	tlv_put_u8(writer, 0x9A, (uint8_t)tries_of(card, reference));
	tlv_put_u8(writer, 0x9B, (uint8_t)tries_left);
	if (reference == IASECC_PIN_PUK || is_remote_pin(card, reference))
		put_rule(writer, BYTES(fixed));
	else
		put_rule(writer, BYTES(local));
	tlv_end(writer, mark);
	return true;
}

/* Keys are in the ADF. */
static const struct image_key *
find_key(const struct card *card, uint8_t number)
{
	if (in_root(card) || (number != IASECC_KEY_AUTH && number != IASECC_KEY_SIGN))
		return NULL;
	return image_key(card_image(card), number == IASECC_KEY_AUTH ? "auth" : "sign");
}

static void
put_compulsory(struct writer *writer)
{
	tlv_put_u8(writer, 0x80, 0x00);
}

static bool
put_private_key_body(const struct card *card, uint8_t number, struct writer *writer)
{
	size_t mark;

	if (find_key(card, number) == NULL)
		return false;
	mark = tlv_begin(writer, 0x7F48);
	put_compulsory(writer);
	tlv_end(writer, mark);
	return true;
}

static bool
put_key_parameters(const struct image_key *key, struct bytes rule, struct writer *writer)
{
	struct iasecc_public public;
	size_t mark;

	if (!iasecc_public_of(key, &public))
		return false;
	mark = tlv_begin(writer, TAG_DOCP);
	tlv_put_u16(writer, 0x80, (uint16_t) public.modulus_len);
	put_rule(writer, rule);
	tlv_end(writer, mark);
	return true;
}

/* FB: sign, INTERNAL AUTHENTICATE, decipher, generate, put data, get data. */
static bool
put_private_key_parameters(const struct card *card, uint8_t number, struct writer *writer)
{
	const struct image_key *key = find_key(card, number);
	const uint8_t pin = SCB_PIN + (number == IASECC_KEY_AUTH ? IASECC_SE_USER : IASECC_SE_SIGN);
	uint8_t rule[] = {0xFB, pin, pin, SCB_NEVER, SCB_NEVER, SCB_NEVER, SCB_ALWAYS};
	enum { SIGN = 1, AUTHENTICATE = 2, DECIPHER = 3 };
	const unsigned signs = number == IASECC_KEY_AUTH
				   ? IMAGE_USAGE_SIGN
				   : IMAGE_USAGE_SIGN | IMAGE_USAGE_NON_REPUDIATION;

	if (key == NULL)
		return false;
	if ((key->usage != 0 && (key->usage & signs) == 0) ||
	    (!build_has(key, KEY_SIGN_PKCS1) && !build_has(key, KEY_SIGN_PSS)))
		rule[SIGN] = SCB_NEVER;
	if ((key->usage != 0 && (key->usage & IMAGE_USAGE_SIGN) == 0) ||
	    !build_has(key, KEY_SIGN_PKCS1))
		rule[AUTHENTICATE] = SCB_NEVER;
	if (number == IASECC_KEY_AUTH && iasecc_deciphers(key))
		rule[DECIPHER] = pin;
	return put_key_parameters(key, BYTES(rule), writer);
}

static bool
put_public_key_body(const struct card *card, uint8_t number, struct writer *writer)
{
	const struct image_key *key = find_key(card, number);
	struct iasecc_public public;
	size_t mark;

	if (key == NULL || !iasecc_public_of(key, &public))
		return false;
	mark = tlv_begin(writer, 0x7F49);
	tlv_put(writer, 0x81, (struct bytes){public.modulus, public.modulus_len});
	tlv_put(writer, 0x82, (struct bytes){public.exponent, public.exponent_len});
	put_compulsory(writer);
	tlv_end(writer, mark);
	return true;
}

static bool
put_public_key_parameters(const struct card *card, uint8_t number, struct writer *writer)
{
	static const uint8_t rule[] = {0x93, SCB_NEVER, SCB_NEVER, SCB_ALWAYS};
	const struct image_key *key = find_key(card, number);

	return key != NULL && put_key_parameters(key, BYTES(rule), writer);
}

/* One template: the PIN that a rule means by this number. */
static bool
put_environment(const struct card *card, uint8_t number, struct writer *writer)
{
	static const struct {
		uint8_t number, reference;
	} environments[] = {{IASECC_SE_PUK, IASECC_PIN_PUK},
			    {IASECC_SE_USER, IASECC_PIN_USER},
			    {IASECC_SE_SIGN, IASECC_PIN_SIGN}};

	for (size_t i = 0; i < sizeof(environments) / sizeof(environments[0]); i++) {
		const uint8_t reference = environments[i].reference;
		unsigned tries_left;
		size_t se, template;
		bool verified;

		if (environments[i].number != number ||
		    (in_root(card) && (reference & IASECC_LOCAL) != 0) ||
		    !card_pin_state(card, reference, &verified, &tries_left))
			continue;
		se = tlv_begin(writer, 0x7B);
		template = tlv_begin(writer, 0xA4);
		tlv_put_u8(writer, 0x95, SE_USAGE_PIN);
		tlv_put_u8(writer, 0x83, reference);
		tlv_end(writer, template);
		tlv_end(writer, se);
		return true;
	}
	return false;
}

static const struct sdo_part {
	uint8_t class;
	struct bytes wanted; /* what the header list asks for: a tag, and 80 for all of it */
	bool (*put)(const struct card *card, uint8_t number, struct writer *writer);
} PARTS[] = {
    {CLASS_PIN, {(const uint8_t *)"\x7F\x41\x80", 3}, put_pin_body},
    {CLASS_PIN, {(const uint8_t *)"\xA0\x80", 2}, put_pin_parameters},
    {CLASS_PRIVATE_KEY, {(const uint8_t *)"\x7F\x48\x80", 3}, put_private_key_body},
    {CLASS_PRIVATE_KEY, {(const uint8_t *)"\xA0\x80", 2}, put_private_key_parameters},
    {CLASS_PUBLIC_KEY, {(const uint8_t *)"\x7F\x49\x80", 3}, put_public_key_body},
    {CLASS_PUBLIC_KEY, {(const uint8_t *)"\xA0\x80", 2}, put_public_key_parameters},
    {CLASS_SE, {(const uint8_t *)"\x7B\x80", 2}, put_environment},
};

/* The one object of the header list 4D { 70 { BF class number { wanted } } }. */
static bool
parse(struct bytes data, struct tlv *object)
{
	struct reader list = reader_of(data), template, member;
	struct tlv tlv;

	if (!tlv_read(&list, &tlv) || tlv.tag != TAG_HEADER_LIST || list.left != 0)
		return false;
	template = reader_of(tlv.value);
	if (!tlv_read(&template, &tlv) || tlv.tag != TAG_TEMPLATE || template.left != 0)
		return false;
	member = reader_of(tlv.value);
	return tlv_read(&member, object) && member.left == 0 && object->tag >> 16 == 0xBF;
}

uint16_t
iasecc_get_sdo(struct card *card, const struct capdu *command, struct writer *response)
{
	uint16_t sw = SW_REFERENCE_NOT_FOUND;
	struct tlv object;
	size_t template, sdo;

	if (command->data.len == 0)
		return SW_WRONG_LENGTH;
	if (!parse(command->data, &object))
		return SW_INCORRECT_DATA;
	for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
		const struct sdo_part *part = &PARTS[i];

		if (part->class != (uint8_t)(object.tag >> 8))
			continue;
		sw = SW_INCORRECT_DATA;
		if (!bytes_equal(part->wanted, object.value))
			continue;
		template = tlv_begin(response, TAG_TEMPLATE);
		sdo = tlv_begin(response, object.tag);
		if (!part->put(card, (uint8_t)object.tag, response))
			return SW_REFERENCE_NOT_FOUND;
		tlv_end(response, sdo);
		tlv_end(response, template);
		return SW_OK;
	}
	return sw;
}
