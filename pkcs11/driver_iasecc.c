/*
 * IAS-ECC v1.0.1, the European Citizen Card. Sections named here are those of the fact sheet
 * iasecc.md. One application of the card is used, that with the keys: "ECC eID" or "ECC
 * Generic PKI".
 */
#include "card_driver.h"
#include "iso7816/atr_match.h"
#include "iso7816/sw.h"
#include "iso7816/tlv.h"
#include "sdo.h"

#include <stdlib.h>
#include <string.h>

enum {
	TEMPLATE_AUTHENTICATION = 0xA4,
	TEMPLATE_SIGN = 0xB6,
	TEMPLATE_DECIPHER = 0xB8,
	CRDO_ALGORITHM = 0x80,
	CRDO_KEY = 0x84,
	LOCAL = 0x80, /* 5.1, 6.1 */
	NUMBER = 0x1F,
	SDO_MAX = 1024,
	FID_LEN = 2,
	CHALLENGE_LEN = 8,
};

/* 10, item 9, and 1.2: the pre-issuing data are the maker's. */
static const struct atr_pattern ATRS[] = {
    {ATR_HISTORICAL, "0031B864 00000000 73940180 829000", "FFFFFFFF 00000000 FFFFFFFF FFFFFF"},
    {ATR_HISTORICAL, "0031B864 00000000 73940180 80", "FFFFFFFF 00000000 FFFFFFFF FE"},
    {ATR_HISTORICAL, "0031B864 00000000 73940180 82", "FFFFFFFF 00000000 FFFFFFFF FE"},
    {ATR_HISTORICAL, "80F9A000000077 010800 07 9000", NULL}, /* Oberthur */
    {ATR_HISTORICAL, "4D44572D4941532D4341524432", NULL},    /* Sagem, "MDW-IAS-CARD2" */
    {ATR_HISTORICAL, "8073C8211366 02 0403550002", NULL},    /* AMOS */
    {ATR_HISTORICAL, "8073C8211366 01 0B03520005", NULL},    /* AMOS */
    {ATR_HISTORICAL, "001225006480 000000 009000", "FFFFFFFFFFFF 000000 FFFFFF"}, /* CPx */
};

/* 3.1 */
static const uint8_t ECC_EID[] = {0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xD2, 0x50,
				  'E',  'C',  'C',  '-',  'e',  'I',  'D'};
static const uint8_t ECC_GENERIC_PKI[] = {0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xD2, 0x50,
					  'G',  'e',  'n',  'e',  'r',  'i',  'c'};
static const struct bytes APPLICATIONS[] = {{ECC_EID, sizeof(ECC_EID)},
					    {ECC_GENERIC_PKI, sizeof(ECC_GENERIC_PKI)}};
static const uint8_t MF[] = {0x3F, 0x00};

struct state {
	struct bytes aid;
	bool prepared[SMARTCARD_OBJECTS_MAX]; /* PINs whose security data object was read */
};

static bool
match(const struct atr *atr)
{
	for (size_t i = 0; i < sizeof(ATRS) / sizeof(ATRS[0]); i++)
		if (atr_matches(atr, &ATRS[i]))
			return true;
	return false;
}

static struct bytes
application_of(const struct smartcard *card)
{
	return ((const struct state *)card->state)->aid;
}

static enum smartcard_result
enter(struct smartcard *card)
{
	const struct bytes aid = application_of(card);
	enum smartcard_result r = place_select(card, SELECT_NAME, aid, false, NULL);

	if (r == SMARTCARD_OK)
		place_set(card, aid, aid.len);
	return r;
}

static enum smartcard_result
stay_in_application(struct smartcard *card)
{
	return place_is_in(card, application_of(card)) ? SMARTCARD_OK : enter(card);
}

static enum smartcard_result
enter_root(struct smartcard *card)
{
	enum smartcard_result r = place_select(card, 0x00, BYTES(MF), false, NULL);

	if (r == SMARTCARD_OK)
		place_set(card, BYTES(MF), sizeof(MF));
	return r;
}

static enum smartcard_result
read_application(struct smartcard *card, struct bytes aid)
{
	static const uint8_t od[] = {0x50, 0x31}, token_info[] = {0x50, 0x32};
	static const struct pkcs15_places places = {.od = {od, sizeof(od)},
						    .cia_info = {token_info, sizeof(token_info)}};
	enum smartcard_result r;

	((struct state *)card->state)->aid = aid;
	r = enter(card);
	return r == SMARTCARD_OK ? directory_read(card, &places) : r;
}

/* The first application with keys; of a card without any, the first. */
static enum smartcard_result
bind(struct smartcard *card)
{
	enum { COUNT = sizeof(APPLICATIONS) / sizeof(APPLICATIONS[0]) };
	enum smartcard_result r;
	size_t without_keys = COUNT;

	card->state = calloc(1, sizeof(struct state));
	if (card->state == NULL)
		return SMARTCARD_NO_MEMORY;
	for (size_t i = 0; i < COUNT; i++) {
		r = read_application(card, APPLICATIONS[i]);
		if (r != SMARTCARD_REFUSED && (r != SMARTCARD_OK || card->private_keys_count > 0))
			return r;
		if (r == SMARTCARD_OK && without_keys == COUNT)
			without_keys = i;
		directory_forget(card);
	}
	return without_keys < COUNT ? read_application(card, APPLICATIONS[without_keys])
				    : SMARTCARD_REFUSED;
}

/* 4.1: EFs of the application by identifier, others from the root. */
static enum smartcard_result
select_file(struct smartcard *card, struct bytes path, struct writer *fcp)
{
	enum { SELECT_CHILD = 0x02, SELECT_FROM_DF = 0x09 };
	const struct bytes aid = application_of(card);
	const bool absolute = path.len >= sizeof(MF) && memcmp(path.data, MF, sizeof(MF)) == 0;
	uint8_t data[PKCS15_PATH_MAX];
	struct writer whole = writer_to(data, sizeof(data));
	enum smartcard_result r;

	if (path.len == 0 || path.len % FID_LEN != 0)
		return SMARTCARD_PROTOCOL;
	if (absolute) {
		r = enter_root(card);
		if (r != SMARTCARD_OK || path.len == sizeof(MF))
			return r;
		r = place_select(card, SELECT_FROM_DF,
				 (struct bytes){path.data + sizeof(MF), path.len - sizeof(MF)},
				 false, fcp);
		if (r == SMARTCARD_OK)
			place_set(card, path, path.len - FID_LEN);
		return r;
	}
	writer_put(&whole, aid);
	writer_put(&whole, path);
	if (fcp == NULL && place_is(card, writer_bytes(&whole)))
		return SMARTCARD_OK;
	r = stay_in_application(card);
	if (r != SMARTCARD_OK)
		return r;
	r = place_select(card, path.len == FID_LEN ? SELECT_CHILD : SELECT_FROM_DF, path, false,
			 fcp);
	/* Not every maker's card takes the first form (4.1). */
	if (r == SMARTCARD_REFUSED && card->sw == SW_INCORRECT_P1P2 && path.len == FID_LEN)
		r = place_select(card, SELECT_FROM_DF, path, false, fcp);
	if (r == SMARTCARD_OK && writer_ok(&whole))
		place_set(card, writer_bytes(&whole), aid.len + path.len - FID_LEN);
	else if (r == SMARTCARD_OK)
		card->place.known = false;
	return r;
}

static const uint8_t WANTED_DOCP[] = {0xA0, 0x80};

/* The card's own word on a key's size and uses, beside its directory files: 10.1. */
static enum smartcard_result
find_abilities(struct smartcard *card, struct smartcard_private_key *key)
{
	enum { SIGN = 0x40, AUTHENTICATE = 0x20, DECIPHER = 0x10, TAG_SIZE = 0x80, SIZE_LEN = 2 };
	enum {
		DIGESTS = SMARTCARD_DIGEST(DIGEST_SHA1) | SMARTCARD_DIGEST(DIGEST_SHA224) |
			  SMARTCARD_DIGEST(DIGEST_SHA256) | SMARTCARD_DIGEST(DIGEST_SHA384) |
			  SMARTCARD_DIGEST(DIGEST_SHA512)
	};
	uint8_t data[SDO_MAX];
	struct writer answer = writer_to(data, sizeof(data));
	struct smartcard_abilities can = {.pkcs1_any = false};
	struct bytes sdo, docp, rule;
	enum smartcard_result r;
	struct tlv size;

	if (key->object.kind != PKCS15_KEY_RSA)
		return SMARTCARD_OK;
	r = stay_in_application(card);
	if (r == SMARTCARD_OK)
		r = sdo_read(card, SDO_PRIVATE_KEY, key->object.reference & NUMBER,
			     BYTES(WANTED_DOCP), &answer, &sdo);
	if (r == SMARTCARD_REFUSED || r == SMARTCARD_NOT_VERIFIED)
		return SMARTCARD_OK;
	if (r != SMARTCARD_OK)
		return r;
	if (!sdo_rule(sdo, &docp, &rule))
		return SMARTCARD_OK;
	if (key->bits == 0 && tlv_find(docp, TAG_SIZE, &size) && size.value.len == SIZE_LEN)
		key->bits = (uint32_t)(size.value.data[0] << 8 | size.value.data[1]) * 8;
	if (sdo_rule_allows(rule, SIGN)) {
		can.pkcs1 = DIGESTS;
		/* 1.3: cards of that version differ in it, so one that names nothing has none. */
		can.pss = card->info.algorithms_count > 0 ? DIGESTS : 0;
	}
	if (sdo_rule_allows(rule, AUTHENTICATE)) {
		can.pkcs1_any = true;
		can.pkcs1 = (1U << DIGEST_COUNT) - 1;
	}
	can.decipher_pkcs1 = sdo_rule_allows(rule, DECIPHER);
	key->abilities = abilities_of_objects(card, key, &can);
	return SMARTCARD_OK;
}

/* A local PIN and the keys are in the application; a global PIN is known everywhere. */
static enum smartcard_result
reach_pin(struct smartcard *card, const struct smartcard_pin *pin)
{
	return (pin->reference & LOCAL) != 0 ? stay_in_application(card) : SMARTCARD_OK;
}

/* What GET DATA says of a PIN; a global one's object is in the root. */
static enum smartcard_result
get_pin_sdo(struct smartcard *card, const struct smartcard_pin *pin, struct bytes wanted,
	    struct writer *answer, struct bytes *sdo)
{
	enum smartcard_result r =
	    (pin->reference & LOCAL) != 0 ? stay_in_application(card) : enter_root(card);

	if (r != SMARTCARD_OK)
		return r;
	return sdo_read(card, SDO_PIN, pin->reference & NUMBER, wanted, answer, sdo);
}

/* 5.2: a card that does not answer the empty VERIFY has the counter in the PIN's object. */
static enum smartcard_result
pin_state(struct smartcard *card, const struct smartcard_pin *pin,
	  struct smartcard_pin_state *state)
{
	enum { TAG_DOCP = 0xA0, TAG_TRIES_LEFT = 0x9B };
	uint8_t data[SDO_MAX];
	struct writer answer = writer_to(data, sizeof(data));
	enum smartcard_result r = pin_state_by_verify(card, pin, state);
	struct bytes sdo;
	struct tlv docp, tries;

	if (r != SMARTCARD_OK || state->known)
		return r;
	r = get_pin_sdo(card, pin, BYTES(WANTED_DOCP), &answer, &sdo);
	if (r == SMARTCARD_REFUSED)
		return SMARTCARD_OK;
	if (r != SMARTCARD_OK)
		return r;
	if (!tlv_find(sdo, TAG_DOCP, &docp) || !tlv_find(docp.value, TAG_TRIES_LEFT, &tries) ||
	    tries.value.len != 1)
		return SMARTCARD_OK;
	*state = (struct smartcard_pin_state){
	    .known = true, .tries_left = tries.value.data[0], .blocked = tries.value.data[0] == 0};
	return SMARTCARD_OK;
}

/* 5.3: the PIN is filled up where its object has one length only, and goes as typed where not. */
static enum smartcard_result
prepare_pin(struct smartcard *card, struct smartcard_pin *pin)
{
	enum { TAG_BODY = 0x7F41, TAG_MAX = 0x80, TAG_MIN = 0x81, PAD = 0xFF };
	static const uint8_t wanted[] = {0x7F, 0x41, 0x80};
	struct state *state = card->state;
	const size_t index = (size_t)(pin->reference & NUMBER) + (pin->reference & LOCAL ? 32 : 0);
	uint8_t data[SDO_MAX];
	struct writer answer = writer_to(data, sizeof(data));
	struct tlv body, min, max;
	struct bytes sdo;
	enum smartcard_result r;

	if (state->prepared[index])
		return SMARTCARD_OK;
	r = get_pin_sdo(card, pin, BYTES(wanted), &answer, &sdo);
	if (r == SMARTCARD_OK && tlv_find(sdo, TAG_BODY, &body) &&
	    tlv_find(body.value, TAG_MAX, &max) && tlv_find(body.value, TAG_MIN, &min) &&
	    max.value.len == 1 && min.value.len == 1 && max.value.data[0] > 0 &&
	    max.value.data[0] == min.value.data[0]) {
		pin->stored = max.value.data[0];
		pin->pad = PAD;
	}
	if (r == SMARTCARD_REFUSED)
		r = SMARTCARD_OK;
	state->prepared[index] = r == SMARTCARD_OK;
	return r == SMARTCARD_OK ? reach_pin(card, pin) : r;
}

static void
adapt_pin(struct smartcard *card, struct smartcard_pin *pin)
{
	(void)card;
	pin->stored = 0;
	pin->verified_first = true; /* 4.6, 4.7 */
}

static enum smartcard_result
set_environment(struct smartcard *card, const struct smartcard_private_key *key, uint8_t template,
		uint8_t algorithm)
{
	const uint8_t crdos[] = {CRDO_KEY,       1, (uint8_t)(key->object.reference | LOCAL),
				 CRDO_ALGORITHM, 1, algorithm};

	return operation_set(card, template, BYTES(crdos));
}

/* 4.11 */
static enum smartcard_result
authenticate(struct smartcard *card, const struct smartcard_private_key *key, struct bytes input,
	     struct writer *output)
{
	enum { INS_INTERNAL_AUTHENTICATE = 0x88, ALGORITHM = 0x02, NE_MAX = 256 };
	const size_t before = output->len, block = operation_block(key);
	const struct capdu command = {.ins = INS_INTERNAL_AUTHENTICATE,
				      .data = input,
				      .has_le = true,
				      .ne = block < NE_MAX ? block : NE_MAX};
	enum smartcard_result r = set_environment(card, key, TEMPLATE_AUTHENTICATION, ALGORITHM);

	if (r == SMARTCARD_OK)
		r = transport_command(card, &command, output);
	if (r == SMARTCARD_OK && output->len - before != block)
		r = SMARTCARD_PROTOCOL;
	return r;
}

/*
 * A key that does not authenticate signs a hash, which the card puts into a DigestInfo (6.2). It is
 * handed over whole, ISO/IEC 7816-8 clause 5.3; the forms of 4.9 that let the card hash the end of the
 * message want the message.
 */
static enum smartcard_result
sign_hash(struct smartcard *card, const struct smartcard_private_key *key, uint8_t algorithm,
	  struct bytes hash, struct writer *output)
{
	enum smartcard_result r = set_environment(card, key, TEMPLATE_SIGN, algorithm);

	if (r == SMARTCARD_OK)
		r = operation_load_hash(card, hash);
	return r == SMARTCARD_OK ? operation_sign(card, BYTES_NONE, operation_block(key), output)
				 : r;
}

static enum smartcard_result
sign_pkcs1(struct smartcard *card, const struct smartcard_private_key *key, struct bytes input,
	   struct writer *output)
{
	enum { SCHEME_PKCS1 = 0x02 };
	enum digest digest;
	struct bytes hash;

	if (key->abilities.pkcs1_any)
		return authenticate(card, key, input, output);
	if (!digestinfo_parse(input, &digest, &hash))
		return SMARTCARD_BAD_INPUT;
	return sign_hash(card, key, algorithm_nibble(digest) | SCHEME_PKCS1, hash, output);
}

/* 4.12 */
static enum smartcard_result
decipher(struct smartcard *card, const struct smartcard_private_key *key, struct bytes cryptogram,
	 struct writer *output)
{
	enum { ALGORITHM = 0x1A, INDICATOR = 0x81 };
	enum smartcard_result r = set_environment(card, key, TEMPLATE_DECIPHER, ALGORITHM);

	if (r != SMARTCARD_OK)
		return r;
	return operation_decipher(card, INDICATOR, cryptogram, operation_block(key), output);
}

static enum smartcard_result
use_key(struct smartcard *card, const struct smartcard_private_key *key,
	enum smartcard_scheme scheme, enum digest digest, struct bytes input, struct writer *output)
{
	enum { SCHEME_PSS = 0x05 };
	enum smartcard_result r = stay_in_application(card);

	if (r != SMARTCARD_OK)
		return r;
	switch (scheme) {
	case SMARTCARD_SIGN_PKCS1: return sign_pkcs1(card, key, input, output);
	case SMARTCARD_SIGN_PSS:
		return sign_hash(card, key, algorithm_nibble(digest) | SCHEME_PSS, input, output);
	case SMARTCARD_DECIPHER_PKCS1: return decipher(card, key, input, output);
	default: return SMARTCARD_UNSUPPORTED;
	}
}

/* 7.6 */
static enum smartcard_result
read_public_key(struct smartcard *card, const struct smartcard_public_key *key, struct writer *spki)
{
	enum { TAG_BODY = 0x7F49, TAG_MODULUS = 0x81, TAG_EXPONENT = 0x82 };
	static const uint8_t wanted[] = {0x7F, 0x49, 0x80};
	uint8_t data[SDO_MAX];
	struct writer answer = writer_to(data, sizeof(data));
	struct tlv body, modulus, exponent;
	struct bytes sdo;
	enum smartcard_result r = stay_in_application(card);

	if (r == SMARTCARD_OK)
		r = sdo_read(card, SDO_PUBLIC_KEY, key->object.reference & NUMBER, BYTES(wanted),
			     &answer, &sdo);
	if (r == SMARTCARD_REFUSED)
		return SMARTCARD_UNSUPPORTED;
	if (r != SMARTCARD_OK)
		return r;
	if (!tlv_find(sdo, TAG_BODY, &body) || !tlv_find(body.value, TAG_MODULUS, &modulus) ||
	    !tlv_find(body.value, TAG_EXPONENT, &exponent))
		return SMARTCARD_PROTOCOL;
	return spki_put_rsa(card, modulus.value, exponent.value, spki);
}

const struct card_driver driver_iasecc = {
    .name = "iasecc",
    .match = match,
    .bind = bind,
    .enter = enter,
    .select = select_file,
    .adapt_pin = adapt_pin,
    .find_abilities = find_abilities,
    .reach_pin = reach_pin,
    .pin_state = pin_state,
    .prepare_pin = prepare_pin,
    .use_key = use_key,
    .read_public_key = read_public_key,
    .challenge_len = CHALLENGE_LEN,
};
