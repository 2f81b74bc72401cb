/*
 * Cartão de Cidadão, the Portuguese citizen card. Sections named here are those of the fact sheet
 * iasecc.md.
 */
#include "card_driver.h"
#include "iso7816/atr_match.h"
#include "iso7816/sw.h"
#include "iso7816/tlv.h"

#include <string.h>

enum {
	TEMPLATE_SIGN = 0xB6,
	CRDO_ALGORITHM = 0x80,
	CRDO_KEY = 0x84,
	PIN_STORED = 8, /* 9.3 */
	PIN_PAD = 0xFF,
	PUK_MIN = 4,
	TRIES = 3,
	CHALLENGE_LEN = 8,
	CHALLENGE_CLA = 0x80,
};

static const uint8_t AID_V1[] = {0x60, 0x46, 0x32, 0xFF, 0x00, 0x00, 0x02};
static const uint8_t MF[] = {0x3F, 0x00}, DF_ISSUER[] = {0x3F, 0x00, 0x4F, 0x00};

/* 9.1: the historical bytes of all generations begin alike, and the middleware tells them apart by
 * AID. */
static bool
match(const struct atr *atr)
{
	static const uint8_t begin[] = {0x80, 0x31, 0x80, 0x65, 0xB0};

	return atr->historical.len >= sizeof(begin) &&
	       memcmp(atr->historical.data, begin, sizeof(begin)) == 0;
}

/* 9.4, EF.OD: the same on every card. */
static const uint8_t OD[] = {
    0xA0, 0x0A, 0x30, 0x08, 0x04, 0x06, 0x3F, 0x00, 0x5F, 0x00, 0xEF, 0x0D, /* private keys */
    0xA1, 0x0A, 0x30, 0x08, 0x04, 0x06, 0x3F, 0x00, 0x5F, 0x00, 0xEF, 0x0E, /* public keys */
    0xA4, 0x0A, 0x30, 0x08, 0x04, 0x06, 0x3F, 0x00, 0x5F, 0x00, 0xEF, 0x0C, /* certificates */
    0xA8, 0x0A, 0x30, 0x08, 0x04, 0x06, 0x3F, 0x00, 0x5F, 0x00, 0x44, 0x01, /* PINs */
};

/* 9.1: the cards of the first generation, with and without the status at the end. */
static bool
is_known(const struct atr *atr)
{
	static const struct atr_pattern patterns[] = {
	    {ATR_HISTORICAL, "80318065B08311C0A98300", NULL},
	    {ATR_HISTORICAL, "80318065B08311C0A983009000", NULL},
	    {ATR_HISTORICAL, "80318065B0831100C88300", NULL},
	    {ATR_HISTORICAL, "80318065B0831100C883009000", NULL},
	    {ATR_HISTORICAL, "80318065B0850300EF120FFF829000", NULL},
	    {ATR_HISTORICAL, "80318065B085040120120FFF829000", NULL},
	};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (atr_matches(atr, &patterns[i]))
			return true;
	return false;
}

static enum smartcard_result
enter(struct smartcard *card)
{
	enum smartcard_result r = place_select(card, SELECT_NAME, BYTES(AID_V1), false, NULL);

	if (r == SMARTCARD_OK)
		place_set(card, BYTES(MF), sizeof(MF));
	return r;
}

static enum smartcard_result
bind(struct smartcard *card)
{
	static const uint8_t token_info[] = {0x50, 0x32}, od[] = {0x50, 0x31};
	static const struct pkcs15_places places = {
	    .cia_info = {token_info, sizeof(token_info)},
	    .od = {od, sizeof(od)},
	    .od_content = {OD, sizeof(OD)},
	};
	enum smartcard_result r = SMARTCARD_OK;
	struct atr atr;

	/* Selecting the application by name drops the PINs that others have verified. A card that
	 * only looks like one is asked for it all the same. */
	if (!atr_parse(card->channel.atr, &atr) || !is_known(&atr))
		r = enter(card);
	return r == SMARTCARD_OK ? directory_read(card, &places) : r;
}

/* 9.2 */
static enum smartcard_result
select_file(struct smartcard *card, struct bytes path, struct writer *fcp)
{
	return place_select_path(card, BYTES(DF_ISSUER), path, fcp);
}

/* 9.3, item 5: padded, so that none is longer, and unblocked by a PUK that is no object of the card. */
static void
adapt_pin(struct smartcard *card, struct smartcard_pin *pin)
{
	(void)card;
	pin->stored = PIN_STORED;
	pin->pad = PIN_PAD;
	pin->digits_only = true;
	pin->tries_max = TRIES;
	pin->can_unblock = true;
	pin->puk_min = PUK_MIN;
	pin->puk_max = PIN_STORED;
}

/* 9.3, items 4 and 6: from applet version 4 on there are the longer hashes and PSS. */
static enum smartcard_result
has_applet_v4(struct smartcard *card, bool *yes)
{
	enum { INS_GET_DATA = 0xCA, P1 = 0xDF, P2 = 0x30, ANSWER_MAX = 256, TAG_VERSION = 0xDF30 };
	const struct capdu get = {
	    .ins = INS_GET_DATA, .p1 = P1, .p2 = P2, .has_le = true, .ne = ANSWER_MAX};
	uint8_t data[ANSWER_MAX];
	struct writer answer = writer_to(data, sizeof(data));
	enum smartcard_result r = transport_send(card, &get, &answer);
	struct tlv version;

	*yes = r == SMARTCARD_OK && card->sw == SW_OK &&
	       tlv_find(writer_bytes(&answer), TAG_VERSION, &version) && version.value.len >= 2 &&
	       memcmp(version.value.data, "v4", 2) == 0;
	return r;
}

static enum smartcard_result
find_abilities(struct smartcard *card, struct smartcard_private_key *key)
{
	enum {
		SHORT_DIGESTS = SMARTCARD_DIGEST(DIGEST_SHA1) | SMARTCARD_DIGEST(DIGEST_SHA256),
		DIGESTS = SHORT_DIGESTS | SMARTCARD_DIGEST(DIGEST_SHA384) |
			  SMARTCARD_DIGEST(DIGEST_SHA512)
	};
	static const struct smartcard_abilities v3 = {.pkcs1 = SHORT_DIGESTS};
	static const struct smartcard_abilities v4 = {.pkcs1 = DIGESTS, .pss = DIGESTS};
	enum smartcard_result r;
	bool is_v4;

	if (key->object.kind != PKCS15_KEY_RSA)
		return SMARTCARD_OK;
	r = has_applet_v4(card, &is_v4);
	if (r == SMARTCARD_OK)
		key->abilities = abilities_of_objects(card, key, is_v4 ? &v4 : &v3);
	return r;
}

/* Every AID selection drops the PINs. */
static enum smartcard_result
logout(struct smartcard *card)
{
	return enter(card);
}

/* 9.3, item 6 */
static enum smartcard_result
sign_hash(struct smartcard *card, const struct smartcard_private_key *key, uint8_t algorithm,
	  struct bytes hash, struct writer *output)
{
	const uint8_t crdos[] = {CRDO_ALGORITHM, 1, algorithm, CRDO_KEY, 1, key->object.reference};
	enum smartcard_result r = operation_set(card, TEMPLATE_SIGN, BYTES(crdos));

	if (r == SMARTCARD_OK)
		r = operation_load_hash(card, hash);
	return r == SMARTCARD_OK ? operation_sign(card, BYTES_NONE, operation_block(key), output)
				 : r;
}

static enum smartcard_result
use_key(struct smartcard *card, const struct smartcard_private_key *key,
	enum smartcard_scheme scheme, enum digest digest, struct bytes input, struct writer *output)
{
	enum { SCHEME_PKCS1 = 0x02, SCHEME_PSS = 0x05 }; /* 6.2 */
	struct bytes hash;

	if (scheme == SMARTCARD_SIGN_PSS)
		return sign_hash(card, key, algorithm_nibble(digest) | SCHEME_PSS, input, output);
	if (scheme != SMARTCARD_SIGN_PKCS1)
		return SMARTCARD_UNSUPPORTED;
	if (!digestinfo_parse(input, &digest, &hash))
		return SMARTCARD_BAD_INPUT;
	return sign_hash(card, key, algorithm_nibble(digest) | SCHEME_PKCS1, hash, output);
}

const struct card_driver driver_cc = {
    .name = "cc",
    .match = match,
    .bind = bind,
    .enter = enter,
    .select = select_file,
    .adapt_pin = adapt_pin,
    .find_abilities = find_abilities,
    .pin_state = pin_state_by_verify,
    .logout = logout,
    .use_key = use_key,
    .challenge_cla = CHALLENGE_CLA,
    .challenge_len = CHALLENGE_LEN,
};
