/*
 * FINEID: the Finnish identity and organisation cards. Sections named here are those of the fact sheet
 * fineid.md.
 */
#include "card_driver.h"
#include "iso7816/atr_match.h"
#include "iso7816/sw.h"
#include "iso7816/tlv.h"

#include <stdlib.h>
#include <string.h>

enum {
	TEMPLATE_SIGN = 0xB6,
	TEMPLATE_DECIPHER = 0xB8,
	CRDO_ALGORITHM = 0x80,
	CRDO_FILE = 0x81,
	CRDO_KEY = 0x84,
	PIN_LOCAL = 0x80, /* 5.1 */
	TRIES = 5,        /* 5.1 */
	FID_LEN = 2,
};

static const uint8_t AID[] = {0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5'};

static const uint8_t EF_OD[] = {0x50, 0x31}, EF_CIAINFO[] = {0x50, 0x32};
static const uint8_t MF[] = {0x3F, 0x00};
static const uint8_t DF_EID[] = {0x3F, 0x00, 0x50, 0x15};

/* What differs from generation to generation: 1.1. */
struct generation {
	struct bytes application; /* path of the PKCS #15 application */
	size_t pin_stored, puk_len;
	bool by_file;    /* keys are named by file (4.8), and there is raw RSA (6.2) */
	bool containers; /* PIN state by GET DATA: 4.12 */
	/* The organisation card: PINs as typed, the PUK verified by itself (4.7), the hash inside the
	 * signature's command (4.9), PINs that outlive the selection by name (4.1). Its ATR may be
	 * that of another card. */
	bool organisation;
};

static const struct generation EID2048 = {
    .application = {DF_EID, sizeof(DF_EID)}, .pin_stored = 8, .puk_len = 8, .by_file = true};
static const struct generation MULTIAPP = {
    .application = {MF, sizeof(MF)}, .pin_stored = 12, .containers = true};

static const struct generation ORGANISATION = {.application = {MF, sizeof(MF)},
					       .organisation = true};

/* 2.1, by historical bytes, for both interfaces: A3 and its family; A4 to A7, whose country code is
 * 246 in binary or in digits (2.3); A9 to A11. */
static const struct {
	struct atr_pattern pattern;
	const struct generation *generation;
} ATRS[] = {
    {{ATR_HISTORICAL, "80620051564669 6E454944", "FFFF00FFFFFFFF FFFFFFFF"}, &EID2048},
    {{ATR_HISTORICAL, "8031B865B085000000 1200F6 829000", "FFFFFFFFFFFF000000 FFFFFF FFFFFF"},
     &MULTIAPP},
    {{ATR_HISTORICAL, "8031B865B085000000 122460 829000", "FFFFFFFFFFFF000000 FFFFFF FFFFFF"},
     &MULTIAPP},
    {{ATR_HISTORICAL, "0031B8640429ECC173940180 82", NULL}, &ORGANISATION},
    {{ATR_HISTORICAL, "0031B8640429ECC173940180 83", NULL}, &ORGANISATION},
    {{ATR_HISTORICAL, "0031B8640429ECC173940180 829000", NULL}, &ORGANISATION},
};

static const struct generation *
generation_of_atr(const struct atr *atr)
{
	for (size_t i = 0; i < sizeof(ATRS) / sizeof(ATRS[0]); i++)
		if (atr_matches(atr, &ATRS[i].pattern))
			return ATRS[i].generation;
	return NULL;
}

static const struct generation *
generation_of(const struct smartcard *card)
{
	return *(const struct generation *const *)card->state;
}

static bool
match(const struct atr *atr)
{
	return generation_of_atr(atr) != NULL;
}

static enum smartcard_result
enter(struct smartcard *card)
{
	const struct bytes application = generation_of(card)->application;
	enum smartcard_result r = place_select(card, SELECT_NAME, BYTES(AID), false, NULL);

	if (r == SMARTCARD_OK)
		place_set(card, application, application.len);
	return r;
}

static enum smartcard_result
bind(struct smartcard *card)
{
	static const struct pkcs15_places places = {.od = {EF_OD, sizeof(EF_OD)},
						    .cia_info = {EF_CIAINFO, sizeof(EF_CIAINFO)}};
	const struct generation **state = malloc(sizeof(const struct generation *));
	enum smartcard_result r;
	struct atr atr;

	card->state = state;
	if (state == NULL || !atr_parse(card->channel.atr, &atr))
		return SMARTCARD_NO_MEMORY;
	*state = generation_of_atr(&atr);
	/* Selecting a citizen card's application by name would close it for others (4.1): content.c
	 * does so only when the file is not found without. */
	r = (*state)->organisation ? enter(card) : SMARTCARD_OK;
	return r == SMARTCARD_OK ? directory_read(card, &places) : r;
}

static enum smartcard_result
select_file(struct smartcard *card, struct bytes path, struct writer *fcp)
{
	return place_select_path(card, generation_of(card)->application, path, fcp);
}

static void
adapt_pin(struct smartcard *card, struct smartcard_pin *pin)
{
	const struct generation *generation = generation_of(card);

	pin->stored = generation->pin_stored;
	pin->verified_first = generation->organisation;
	pin->tries_max = TRIES;
	if (pin->puk == SMARTCARD_NONE && generation->puk_len > 0) {
		pin->can_unblock = true;
		pin->puk_min = pin->puk_max = generation->puk_len;
	}
}

static struct bytes
key_crdos(const struct smartcard *card, const struct smartcard_private_key *key, bool has_algorithm,
	  uint8_t algorithm, uint8_t *data, size_t room)
{
	const struct pkcs15_path *path = &key->object.path;
	struct writer writer = writer_to(data, room);

	if (has_algorithm)
		tlv_put_u8(&writer, CRDO_ALGORITHM, algorithm);
	if (generation_of(card)->by_file && path->file_len >= FID_LEN)
		tlv_put(&writer, CRDO_FILE,
			(struct bytes){path->file + path->file_len - FID_LEN, FID_LEN});
	else
		tlv_put_u8(&writer, CRDO_KEY, key->object.reference);
	return writer_bytes(&writer);
}

static enum smartcard_result
set_environment(struct smartcard *card, const struct smartcard_private_key *key, uint8_t template,
		uint8_t algorithm)
{
	uint8_t data[16];

	return operation_set(card, template,
			     key_crdos(card, key, true, algorithm, data, sizeof(data)));
}

enum { /* 6.2, the row of v2 */
       EID_RAW = 0x00,
       EID_PKCS1 = 0x02,
};

/* The directory files of v2 do not say whether the key does raw RSA: one at a service does what
 * the service does. MSE SET tells, and takes nothing. */
static enum smartcard_result
takes(struct smartcard *card, const struct smartcard_private_key *key, uint8_t template,
      uint8_t algorithm, bool *yes)
{
	enum smartcard_result r = set_environment(card, key, template, algorithm);

	*yes = r == SMARTCARD_OK;
	return r == SMARTCARD_REFUSED || r == SMARTCARD_NOT_VERIFIED ? SMARTCARD_OK : r;
}

static enum smartcard_result
find_eid_abilities(struct smartcard *card, struct smartcard_private_key *key)
{
	static const struct smartcard_abilities can = {
	    .pkcs1_any = true, .pkcs1 = (1U << DIGEST_COUNT) - 1, .decipher_pkcs1 = true};
	struct smartcard_abilities *abilities = &key->abilities;
	enum smartcard_result r = SMARTCARD_OK;

	if (key->object.kind != PKCS15_KEY_RSA)
		return SMARTCARD_OK;
	*abilities = abilities_of_objects(card, key, &can);
	if (abilities->pkcs1_any)
		r = takes(card, key, TEMPLATE_SIGN, EID_RAW, &abilities->sign_raw);
	if (r == SMARTCARD_OK && abilities->decipher_pkcs1) {
		r = takes(card, key, TEMPLATE_DECIPHER, EID_RAW, &abilities->decipher_raw);
		if (r == SMARTCARD_OK && !abilities->decipher_raw)
			r = takes(card, key, TEMPLATE_DECIPHER, EID_PKCS1,
				  &abilities->decipher_pkcs1);
	}
	return r;
}

static enum smartcard_result
find_abilities(struct smartcard *card, struct smartcard_private_key *key)
{
	/* 6.2, 6.3 */
	enum {
		DIGESTS = SMARTCARD_DIGEST(DIGEST_SHA1) | SMARTCARD_DIGEST(DIGEST_SHA224) |
			  SMARTCARD_DIGEST(DIGEST_SHA256) | SMARTCARD_DIGEST(DIGEST_SHA384) |
			  SMARTCARD_DIGEST(DIGEST_SHA512)
	};
	static const struct smartcard_abilities rsa = {
	    .pkcs1 = DIGESTS, .pss = DIGESTS, .decipher_pkcs1 = true, .oaep = DIGESTS};
	static const struct smartcard_abilities ec = {.ecdsa = true, .ecdh = true};

	if (generation_of(card)->by_file)
		return find_eid_abilities(card, key);
	key->abilities =
	    abilities_of_objects(card, key, key->object.kind == PKCS15_KEY_RSA ? &rsa : &ec);
	return SMARTCARD_OK;
}

/* 8.1.3: the local PIN of v2 in its DF. */
static enum smartcard_result
reach_pin(struct smartcard *card, const struct smartcard_pin *pin)
{
	const struct generation *generation = generation_of(card);

	if (!generation->by_file || (pin->reference & PIN_LOCAL) == 0 ||
	    place_is_in(card, generation->application))
		return SMARTCARD_OK;
	return place_select_df(card, generation->application);
}

/* 4.12, 5.3: tries, usage allowance, and whether the value is still the transport value. */
static bool
parse_container(struct bytes answer, struct smartcard_pin_state *state)
{
	enum { TAG_CONTAINER = 0xA0, TAG_COUNTERS = 0xDF21, TAG_CHANGED = 0xDF2F };
	enum { TRIES_LEFT, USES_LEFT, COUNTERS_LEN = 4 };
	struct tlv container, counters, changed;

	if (!tlv_find(answer, TAG_CONTAINER, &container) ||
	    !tlv_find(container.value, TAG_COUNTERS, &counters) ||
	    counters.value.len < COUNTERS_LEN)
		return false;
	*state = (struct smartcard_pin_state){
	    .known = true,
	    .tries_left = counters.value.data[TRIES_LEFT],
	    .blocked = counters.value.data[TRIES_LEFT] == 0 || counters.value.data[USES_LEFT] == 0,
	    .to_be_changed = tlv_find(container.value, TAG_CHANGED, &changed) &&
			     changed.value.len == 1 && changed.value.data[0] == 0,
	};
	return true;
}

static enum smartcard_result
pin_state(struct smartcard *card, const struct smartcard_pin *pin,
	  struct smartcard_pin_state *state)
{
	enum { INS_GET_DATA = 0xCB, P2_CONTAINER = 0xFF, ANSWER_MAX = 256 };
	const uint8_t wanted[] = {0xA0, 0x03, 0x83, 0x01, pin->reference};
	const struct capdu get = {.ins = INS_GET_DATA,
				  .p2 = P2_CONTAINER,
				  .data = BYTES(wanted),
				  .has_le = true,
				  .ne = ANSWER_MAX};
	uint8_t data[ANSWER_MAX];
	struct writer answer = writer_to(data, sizeof(data));
	enum smartcard_result r;

	if (!generation_of(card)->containers)
		return pin_state_by_verify(card, pin, state);
	*state = (struct smartcard_pin_state){.known = false};
	r = transport_send(card, &get, &answer);
	if (r != SMARTCARD_OK)
		return r;
	if (card->sw == SW_OK && parse_container(writer_bytes(&answer), state))
		return SMARTCARD_OK;
	/* 4.5: the PUK has no VERIFY form. */
	return pin->unblocking ? SMARTCARD_OK : pin_state_by_verify(card, pin, state);
}

/* 4.1 */
static enum smartcard_result
logout(struct smartcard *card)
{
	if (generation_of(card)->organisation)
		return pin_unverify_all(card);
	return enter(card);
}

static enum smartcard_result
use_eid_key(struct smartcard *card, const struct smartcard_private_key *key,
	    enum smartcard_scheme scheme, struct bytes input, struct writer *output)
{
	enum { INDICATOR = 0x00 }; /* 4.11 */
	const struct bytes file = {key->object.path.file, key->object.path.file_len};
	const bool decipher =
	    scheme == SMARTCARD_DECIPHER_PKCS1 || scheme == SMARTCARD_DECIPHER_RAW;
	const bool raw = scheme == SMARTCARD_SIGN_RAW || scheme == SMARTCARD_DECIPHER_RAW;
	const size_t block = operation_block(key);
	enum smartcard_result r = SMARTCARD_OK;

	if (!place_is(card, file))
		r = select_file(card, file, NULL);
	if (r == SMARTCARD_OK)
		r = set_environment(card, key, decipher ? TEMPLATE_DECIPHER : TEMPLATE_SIGN,
				    raw ? EID_RAW : EID_PKCS1);
	if (r != SMARTCARD_OK)
		return r;
	return decipher ? operation_decipher(card, INDICATOR, input, block, output)
			: operation_sign(card, input, block, output);
}

static enum smartcard_result
sign_hash(struct smartcard *card, const struct smartcard_private_key *key, uint8_t algorithm,
	  struct bytes hash, size_t signature_len, struct writer *output)
{
	enum smartcard_result r = set_environment(card, key, TEMPLATE_SIGN, algorithm);

	if (generation_of(card)->organisation)
		return r == SMARTCARD_OK ? operation_sign(card, hash, signature_len, output) : r;
	if (r == SMARTCARD_OK)
		r = operation_load_hash(card, hash);
	return r == SMARTCARD_OK ? operation_sign(card, BYTES_NONE, signature_len, output) : r;
}

/* 6.2 and 6.3: the low nibble is the scheme. */
enum {
	SCHEME_PKCS1 = 0x02,
	SCHEME_ECDSA = 0x04,
	SCHEME_PSS = 0x05,
	DECIPHER_PKCS1 = 0x1A,
	SCHEME_OAEP = 0x0D,
};

static enum smartcard_result
sign_ecdsa(struct smartcard *card, const struct smartcard_private_key *key, struct bytes input,
	   struct writer *output)
{
	uint8_t room[DIGEST_LEN_MAX];
	struct bytes hash;
	enum digest digest;

	if (!operation_fit_hash(input, key->bits, &digest, room, &hash))
		return SMARTCARD_BAD_INPUT;
	return sign_hash(card, key, algorithm_nibble(digest) | SCHEME_ECDSA, hash,
			 2 * operation_block(key), output);
}

static enum smartcard_result
sign_digestinfo(struct smartcard *card, const struct smartcard_private_key *key, struct bytes input,
		struct writer *output)
{
	enum digest digest;
	struct bytes hash;

	if (!digestinfo_parse(input, &digest, &hash))
		return SMARTCARD_BAD_INPUT;
	return sign_hash(card, key, algorithm_nibble(digest) | SCHEME_PKCS1, hash,
			 operation_block(key), output);
}

static enum smartcard_result
decipher(struct smartcard *card, const struct smartcard_private_key *key, uint8_t algorithm,
	 struct bytes cryptogram, struct writer *output)
{
	enum { INDICATOR = 0x81 }; /* 4.11 */
	enum smartcard_result r = set_environment(card, key, TEMPLATE_DECIPHER, algorithm);

	if (r != SMARTCARD_OK)
		return r;
	return operation_decipher(card, INDICATOR, cryptogram, operation_block(key), output);
}

/* 4.11: no algorithm object. */
static enum smartcard_result
derive(struct smartcard *card, const struct smartcard_private_key *key, struct bytes point,
       struct writer *output)
{
	enum { INDICATOR = 0x00 };
	const size_t before = output->len, block = operation_block(key);
	uint8_t data[16];
	enum smartcard_result r = operation_set(card, TEMPLATE_DECIPHER,
						key_crdos(card, key, false, 0, data, sizeof(data)));

	if (r == SMARTCARD_OK)
		r = operation_decipher(card, INDICATOR, point, block, output);
	if (r == SMARTCARD_OK && output->len - before != block)
		r = SMARTCARD_PROTOCOL;
	return r;
}

/* 6.1: a key that is local to a DF below. */
static enum smartcard_result
reach_key(struct smartcard *card, const struct smartcard_private_key *key)
{
	const struct bytes df = {key->object.path.file, key->object.path.file_len};

	if (df.len <= sizeof(MF) || place_is_in(card, df))
		return SMARTCARD_OK;
	return place_select_df(card, df);
}

static enum smartcard_result
use_key(struct smartcard *card, const struct smartcard_private_key *key,
	enum smartcard_scheme scheme, enum digest digest, struct bytes input, struct writer *output)
{
	enum smartcard_result r;

	if (generation_of(card)->by_file)
		return use_eid_key(card, key, scheme, input, output);
	r = reach_key(card, key);
	if (r != SMARTCARD_OK)
		return r;
	switch (scheme) {
	case SMARTCARD_SIGN_PKCS1: return sign_digestinfo(card, key, input, output);
	case SMARTCARD_SIGN_PSS:
		return sign_hash(card, key, algorithm_nibble(digest) | SCHEME_PSS, input,
				 operation_block(key), output);
	case SMARTCARD_SIGN_ECDSA: return sign_ecdsa(card, key, input, output);
	case SMARTCARD_DECIPHER_PKCS1: return decipher(card, key, DECIPHER_PKCS1, input, output);
	case SMARTCARD_DECIPHER_OAEP:
		return decipher(card, key, algorithm_nibble(digest) | SCHEME_OAEP, input, output);
	case SMARTCARD_DERIVE_ECDH: return derive(card, key, input, output);
	default: return SMARTCARD_UNSUPPORTED;
	}
}

const struct card_driver driver_fineid = {
    .name = "fineid",
    .match = match,
    .bind = bind,
    .enter = enter,
    .select = select_file,
    .adapt_pin = adapt_pin,
    .find_abilities = find_abilities,
    .reach_pin = reach_pin,
    .pin_state = pin_state,
    .logout = logout,
    .use_key = use_key,
};
