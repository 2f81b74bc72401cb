/*
 * Cartão de Cidadão of 2024: no directory files, but keys and files by numbers that the Portuguese
 * middleware knows. Sections named here are those of the fact sheet iasecc.md.
 */
#include "card_driver.h"
#include "iso7816/sw.h"

#include <stdio.h>
#include <string.h>

enum {
	TEMPLATE_SIGN = 0xB6,
	CRDO_ALGORITHM = 0x80,
	CRDO_KEY = 0x84,
	SCHEME_ECDSA = 0x04, /* 6.2 */
	PIN_MIN = 4,         /* 9.4 */
	PIN_STORED = 8,      /* 9.3 */
	PIN_PAD = 0xFF,
	TRIES = 3,
	CHALLENGE_LEN = 8,
	CHALLENGE_CLA = 0x80,
};

static const uint8_t AID[] = {0x60, 0x46, 0x32, 0xFF, 0x00, 0x00, 0x04};
static const uint8_t MF[] = {0x3F, 0x00};

/* 9.5, with the names of the generation before (9.4). */
static const struct holding {
	const char *pin_label, *key_label, *certificate_label;
	uint8_t pin_id, pin_reference;
	uint8_t key_id, key_reference;
	uint32_t usage;
	bool user_consent;
	uint8_t certificate[6];
} HOLDINGS[] = {
    {"PIN da Autenticação",
     "CITIZEN AUTHENTICATION KEY",
     "CITIZEN AUTHENTICATION CERTIFICATE",
     1,
     0x81,
     0x45,
     6,
     PKCS15_USAGE_SIGN,
     false,
     {0x3F, 0x00, 0x5F, 0x00, 0xEF, 0x02}},
    {"PIN da Assinatura",
     "CITIZEN SIGNATURE KEY",
     "CITIZEN SIGNATURE CERTIFICATE",
     2,
     0x82,
     0x46,
     8,
     PKCS15_USAGE_NON_REPUDIATION,
     true,
     {0x3F, 0x00, 0x5F, 0x00, 0xEF, 0x04}},
};

/* 9.1: for contacts the middleware takes any ATR. Beside the historical bytes that are known, the
 * system's generation 05 alone tells it from the cards before. */
static bool
match(const struct atr *atr)
{
	static const uint8_t begin[] = {0x80, 0x31, 0x80, 0x65, 0xB0, 0x85, 0x05};

	return atr->historical.len >= sizeof(begin) &&
	       memcmp(atr->historical.data, begin, sizeof(begin)) == 0;
}

static enum smartcard_result
enter(struct smartcard *card)
{
	enum smartcard_result r = place_select(card, SELECT_NAME, BYTES(AID), false, NULL);

	if (r == SMARTCARD_OK)
		place_set(card, BYTES(MF), sizeof(MF));
	return r;
}

static enum smartcard_result
select_file(struct smartcard *card, struct bytes path, struct writer *fcp)
{
	return place_select_path(card, BYTES(MF), path, fcp);
}

static void
name_object(struct pkcs15_common *common, struct pkcs15_id *id, const char *label, uint8_t number)
{
	snprintf(common->label, sizeof(common->label), "%s", label);
	id->data[0] = number;
	id->len = 1;
}

static enum smartcard_result
add_holding(struct smartcard *card, const struct holding *holding)
{
	struct smartcard_pin *pin = directory_add_pin(card);
	struct smartcard_private_key *key = directory_add_private_key(card);
	struct smartcard_certificate *certificate = directory_add_certificate(card);
	struct pkcs15_path *path;

	if (pin == NULL || key == NULL || certificate == NULL)
		return SMARTCARD_NO_MEMORY;
	name_object(&pin->object.common, &pin->object.id, holding->pin_label, holding->pin_id);
	pin->object.flags = PKCS15_PIN_LOCAL | PKCS15_PIN_INITIALIZED;
	pin->object.type = PKCS15_PIN_ASCII_NUMERIC;
	pin->reference = holding->pin_reference;
	pin->min = pin->puk_min = PIN_MIN;
	pin->max = pin->puk_max = PIN_STORED;
	pin->stored = PIN_STORED;
	pin->pad = PIN_PAD;
	pin->digits_only = true;
	pin->tries_max = TRIES;
	pin->can_change = true;
	name_object(&key->object.common, &key->object.id, holding->key_label, holding->key_id);
	key->object.common.flags = PKCS15_OBJECT_PRIVATE;
	key->object.common.auth_id = pin->object.id;
	key->object.kind = PKCS15_KEY_EC;
	key->object.usage = holding->usage;
	key->object.has_reference = true;
	key->object.reference = holding->key_reference;
	key->user_consent = holding->user_consent;
	name_object(&certificate->object.common, &certificate->object.id,
		    holding->certificate_label, holding->key_id);
	path = &certificate->object.path;
	path->kind = PKCS15_PATH_FILE;
	path->file_len = sizeof(holding->certificate);
	memcpy(path->file, holding->certificate, sizeof(holding->certificate));
	return SMARTCARD_OK;
}

/* 9.3, item 2: in the card production life cycle data. */
static enum smartcard_result
read_serial(struct smartcard *card)
{
	enum { INS_GET_DATA = 0xCA, P1 = 0x9F, P2 = 0x7F, CPLC_LEN = 0x2D, AT = 13, LEN = 8 };
	const struct capdu get = {
	    .ins = INS_GET_DATA, .p1 = P1, .p2 = P2, .has_le = true, .ne = CPLC_LEN};
	uint8_t data[CHANNEL_RESPONSE_MAX];
	struct writer answer = writer_to(data, sizeof(data));
	enum smartcard_result r = transport_send(card, &get, &answer);

	if (r == SMARTCARD_OK && card->sw == SW_OK && answer.len >= AT + LEN)
		bytes_to_hex((struct bytes){data + AT, LEN}, card->serial);
	return r;
}

static enum smartcard_result
bind(struct smartcard *card)
{
	enum smartcard_result r = enter(card);

	if (r == SMARTCARD_OK)
		r = read_serial(card);
	for (size_t i = 0; i < sizeof(HOLDINGS) / sizeof(HOLDINGS[0]) && r == SMARTCARD_OK; i++) {
		r = select_file(card, BYTES(HOLDINGS[i].certificate), NULL);
		if (r == SMARTCARD_OK)
			r = add_holding(card, &HOLDINGS[i]);
		else if (r == SMARTCARD_REFUSED)
			r = SMARTCARD_OK;
	}
	snprintf(card->label, sizeof(card->label), "CARTAO DE CIDADAO");
	return r;
}

static void
adapt_pin(struct smartcard *card, struct smartcard_pin *pin)
{
	(void)card;
	pin->can_unblock = true;
}

static enum smartcard_result
find_abilities(struct smartcard *card, struct smartcard_private_key *key)
{
	static const struct smartcard_abilities can = {.ecdsa = true};

	key->abilities = abilities_of_objects(card, key, &can);
	return SMARTCARD_OK;
}

/* 9.5: the application is selected before each command with a PIN. */
static enum smartcard_result
reach_pin(struct smartcard *card, const struct smartcard_pin *pin)
{
	(void)pin;
	return enter(card);
}

static enum smartcard_result
sign_hash(struct smartcard *card, const struct smartcard_private_key *key, struct bytes input,
	  struct writer *output)
{
	uint8_t room[DIGEST_LEN_MAX];
	uint8_t crdos[] = {CRDO_ALGORITHM, 1, SCHEME_ECDSA, CRDO_KEY, 1, key->object.reference};
	struct bytes hash;
	enum digest digest;
	enum smartcard_result r;

	if (!operation_fit_hash(input, key->bits, &digest, room, &hash))
		return SMARTCARD_BAD_INPUT;
	crdos[2] |= algorithm_nibble(digest);
	r = operation_set(card, TEMPLATE_SIGN, BYTES(crdos));
	if (r == SMARTCARD_OK)
		r = operation_load_hash(card, hash);
	if (r == SMARTCARD_OK)
		r = operation_sign(card, BYTES_NONE, 2 * operation_block(key), output);
	return r;
}

/* 9.5: after a signature the middleware drops what was verified. */
static enum smartcard_result
use_key(struct smartcard *card, const struct smartcard_private_key *key,
	enum smartcard_scheme scheme, enum digest digest, struct bytes input, struct writer *output)
{
	enum smartcard_result r;
	uint16_t sw;

	(void)scheme;
	(void)digest;
	r = sign_hash(card, key, input, output);
	if (!key->user_consent || key->pin == SMARTCARD_NONE ||
	    (r != SMARTCARD_OK && r != SMARTCARD_REFUSED))
		return r;
	sw = card->sw;
	if (pin_unverify(card, &card->pins[key->pin]) == SMARTCARD_REMOVED)
		return SMARTCARD_REMOVED;
	card->sw = sw;
	return r;
}

const struct card_driver driver_cc_2024 = {
    .name = "cc",
    .match = match,
    .bind = bind,
    .enter = enter,
    .select = select_file,
    .adapt_pin = adapt_pin,
    .find_abilities = find_abilities,
    .reach_pin = reach_pin,
    .pin_state = pin_state_by_verify,
    .logout = pin_unverify_all,
    .use_key = use_key,
    .challenge_cla = CHALLENGE_CLA,
    .challenge_len = CHALLENGE_LEN,
};
