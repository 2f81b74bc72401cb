/*
 * Any card with a readable ISO/IEC 7816-15 application that no other driver knows. It is found by
 * one SELECT: of EF.DIR where the historical bytes announce one (ISO/IEC 7816-4 clause 8.1.1.2.3,
 * 2005), else of the application by its registered name (ISO/IEC 7816-15 clause 7.5.5). A card that
 * refuses it hears no more.
 */
#include "card_driver.h"
#include "iso7816/tlv.h"

#include <stdlib.h>
#include <string.h>

enum {
	TEMPLATE_SIGN = 0xB6,
	TEMPLATE_DECIPHER = 0xB8,
	CRDO_ALGORITHM = 0x80,
	CRDO_FILE = 0x81,
	CRDO_KEY = 0x84,
	CKM_RSA_PKCS = 0x0001,
	CKM_ECDSA = 0x1041,
	CKM_ECDH1_DERIVE = 0x1050,
	PIN_LOCAL = 0x80,
	SELECT_CHILD = 0x02,
	SELECT_FROM_DF = 0x09,
	FID_LEN = 2,
	INDICATOR = 0x00, /* of padding, ISO/IEC 7816-8 */
};

static const uint8_t AID[] = {0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5'};
/* ISO/IEC 7816-15 clause 7.5.5: the arc of the standard itself. */
static const uint8_t AID_ARC[] = {0xE8, 0x28, 0xBD, 0x08, 0x0F};
static const uint8_t MF[] = {0x3F, 0x00};

/* The application is known by its path or else by its AID. */
struct state {
	uint8_t aid[PKCS15_AID_MAX];
	size_t aid_len;
	uint8_t path[PKCS15_PATH_MAX];
	size_t path_len;
};

static bool
starts_with(struct bytes bytes, struct bytes begin)
{
	return bytes.len >= begin.len && memcmp(bytes.data, begin.data, begin.len) == 0;
}

static struct bytes
path_of(const struct state *state)
{
	return (struct bytes){state->path, state->path_len};
}

static struct bytes
aid_of(const struct state *state)
{
	return (struct bytes){state->aid, state->aid_len};
}

static enum smartcard_result
enter(struct smartcard *card)
{
	const struct state *state = card->state;
	const struct bytes path = path_of(state), aid = aid_of(state);
	enum smartcard_result r;

	if (path.len > 0)
		return place_select_df(card, path);
	r = place_select(card, SELECT_NAME, aid, false, NULL);
	if (r == SMARTCARD_OK)
		place_set(card, aid, aid.len);
	return r;
}

static enum smartcard_result
stay_in_application(struct smartcard *card)
{
	const struct state *state = card->state;

	return place_is_in(card, state->path_len > 0 ? path_of(state) : aid_of(state))
		   ? SMARTCARD_OK
		   : enter(card);
}

static enum smartcard_result
select_file(struct smartcard *card, struct bytes path, struct writer *fcp)
{
	const struct state *state = card->state;
	uint8_t data[2 * PKCS15_PATH_MAX];
	struct writer whole = writer_to(data, sizeof(data));
	enum smartcard_result r;

	if (state->path_len > 0 || starts_with(path, BYTES(MF)))
		return place_select_path(card, path_of(state), path, fcp);
	if (path.len == 0 || path.len % FID_LEN != 0)
		return SMARTCARD_PROTOCOL;
	r = stay_in_application(card);
	if (r == SMARTCARD_OK)
		r = place_select(card, path.len == FID_LEN ? SELECT_CHILD : SELECT_FROM_DF, path,
				 false, fcp);
	if (r != SMARTCARD_OK)
		return r;
	writer_put(&whole, aid_of(state));
	writer_put(&whole, path);
	card->place.known = false;
	if (writer_ok(&whole))
		place_set(card, writer_bytes(&whole), whole.len - FID_LEN);
	return SMARTCARD_OK;
}

/* Card service data, tag 3 in compact TLV: data objects in EF.DIR, and that it is read by READ BINARY.
 */
static bool
announces_dir(const struct atr *atr)
{
	enum { CATEGORY_COMPACT = 0x80, CATEGORY_STATUS = 0x00, SERVICE_DATA = 0x31 };
	enum { HAS_DIR = 0x20, BY_READ_BINARY = 0x08 };
	struct reader reader = reader_of(atr->historical);
	uint8_t category, head;
	struct bytes value;

	if (!reader_u8(&reader, &category) ||
	    (category != CATEGORY_COMPACT && category != CATEGORY_STATUS))
		return false;
	while (reader_u8(&reader, &head) && reader_take(&reader, head & 0x0F, &value))
		if (head == SERVICE_DATA)
			return (value.data[0] & HAS_DIR) != 0 &&
			       (value.data[0] & BY_READ_BINARY) != 0;
	return false;
}

static bool
is_cia(const struct pkcs15_application *application)
{
	const struct bytes aid = {application->aid, application->aid_len};

	return bytes_equal(aid, BYTES(AID)) || starts_with(aid, BYTES(AID_ARC));
}

/* The first cryptographic information application of EF.DIR. */
static enum smartcard_result
find_in_dir(struct smartcard *card, struct state *state)
{
	static const struct pkcs15_path dir = {
	    .kind = PKCS15_PATH_FILE, .file = {0x3F, 0x00, 0x2F, 0x00}, .file_len = 4};
	struct pkcs15_application application;
	struct reader reader;
	uint8_t *content;
	size_t len;
	enum smartcard_result r = content_read(card, &dir, READ_WHOLE, true, &content, &len);

	if (r != SMARTCARD_OK)
		return r;
	r = SMARTCARD_UNKNOWN;
	reader = reader_of((struct bytes){content, len});
	while (r == SMARTCARD_UNKNOWN && pkcs15_decode_application(&reader, &application)) {
		if (!is_cia(&application))
			continue;
		memcpy(state->aid, application.aid, application.aid_len);
		state->aid_len = application.aid_len;
		if (starts_with((struct bytes){application.path, application.path_len},
				BYTES(MF))) {
			memcpy(state->path, application.path, application.path_len);
			state->path_len = application.path_len;
		}
		r = SMARTCARD_OK;
	}
	free(content);
	return r == SMARTCARD_OK ? enter(card) : r;
}

static enum smartcard_result
bind(struct smartcard *card)
{
	static const uint8_t od[] = {0x50, 0x31}, cia_info[] = {0x50, 0x32};
	static const struct pkcs15_places places = {.od = {od, sizeof(od)},
						    .cia_info = {cia_info, sizeof(cia_info)}};
	struct state *state = calloc(1, sizeof(*state));
	enum smartcard_result r;
	struct atr atr;

	card->state = state;
	if (state == NULL)
		return SMARTCARD_NO_MEMORY;
	if (atr_parse(card->channel.atr, &atr) && announces_dir(&atr)) {
		place_set(card, BYTES(MF), sizeof(MF));
		r = find_in_dir(card, state);
	} else {
		memcpy(state->aid, AID, sizeof(AID));
		state->aid_len = sizeof(AID);
		r = enter(card);
	}
	return r == SMARTCARD_OK ? directory_read(card, &places) : r;
}

/* The algorithm reference of the token for a mechanism, which the key must have: a card that says
 * none is not guessed at. `operation` 0: whatever the algorithm is said to be for. */
static bool
find_algorithm(const struct smartcard *card, const struct smartcard_private_key *key,
	       uint32_t mechanism, uint32_t operation, uint8_t *reference)
{
	for (size_t i = 0; i < card->info.algorithms_count; i++) {
		const struct pkcs15_algorithm *algorithm = &card->info.algorithms[i];
		bool listed = key->object.algorithms_count == 0;

		for (size_t n = 0; n < key->object.algorithms_count; n++)
			listed = listed || key->object.algorithms[n] == algorithm->reference;
		if (!listed || algorithm->mechanism != mechanism ||
		    !algorithm->has_card_reference || algorithm->card_reference > 0xFF ||
		    (operation != 0 && (algorithm->operations & operation) == 0))
			continue;
		*reference = (uint8_t)algorithm->card_reference;
		return true;
	}
	return false;
}

static bool
find_scheme(const struct smartcard *card, const struct smartcard_private_key *key,
	    enum smartcard_scheme scheme, uint8_t *reference)
{
	switch (scheme) {
	case SMARTCARD_SIGN_PKCS1:
		return find_algorithm(card, key, CKM_RSA_PKCS, PKCS15_OPERATION_COMPUTE_SIGNATURE,
				      reference);
	case SMARTCARD_DECIPHER_PKCS1:
		return find_algorithm(card, key, CKM_RSA_PKCS, PKCS15_OPERATION_DECIPHER,
				      reference);
	case SMARTCARD_SIGN_ECDSA:
		return find_algorithm(card, key, CKM_ECDSA, PKCS15_OPERATION_COMPUTE_SIGNATURE,
				      reference);
	case SMARTCARD_DERIVE_ECDH: /* the standard has no operation for it */
		return find_algorithm(card, key, CKM_ECDH1_DERIVE, 0, reference);
	default: return false;
	}
}

static enum smartcard_result
find_abilities(struct smartcard *card, struct smartcard_private_key *key)
{
	struct smartcard_abilities can = {.pkcs1_any = false};
	uint8_t reference;

	if (key->object.kind == PKCS15_KEY_RSA) {
		can.pkcs1_any = find_scheme(card, key, SMARTCARD_SIGN_PKCS1, &reference);
		can.pkcs1 = can.pkcs1_any ? (1U << DIGEST_COUNT) - 1 : 0;
		can.decipher_pkcs1 = find_scheme(card, key, SMARTCARD_DECIPHER_PKCS1, &reference);
	} else {
		can.ecdsa = find_scheme(card, key, SMARTCARD_SIGN_ECDSA, &reference);
		can.ecdh = find_scheme(card, key, SMARTCARD_DERIVE_ECDH, &reference);
	}
	key->abilities = abilities_of_objects(card, key, &can);
	return SMARTCARD_OK;
}

static enum smartcard_result
reach_pin(struct smartcard *card, const struct smartcard_pin *pin)
{
	const struct bytes path = {pin->object.path.file, pin->object.path.file_len};

	if ((pin->reference & PIN_LOCAL) == 0)
		return SMARTCARD_OK;
	if (path.len == 0)
		return stay_in_application(card);
	if (place_is_in(card, path))
		return SMARTCARD_OK;
	return starts_with(path, BYTES(MF)) ? place_select_df(card, path)
					    : stay_in_application(card);
}

/* A hash that is longer than the field is cut, which does not change the signature (FIPS 186-5 section
 * 6.4.1): a card need not take more than it uses. */
static enum smartcard_result
sign_ecdsa(struct smartcard *card, struct bytes hash, size_t field_len, struct writer *output)
{
	if (hash.len > field_len)
		hash.len = field_len;
	return operation_sign(card, hash, 2 * field_len, output);
}

/* The other's point in the place of a cryptogram, X in that of the message. */
static enum smartcard_result
derive(struct smartcard *card, struct bytes point, size_t field_len, struct writer *output)
{
	const size_t before = output->len;
	const enum smartcard_result r =
	    operation_decipher(card, INDICATOR, point, field_len, output);

	return r == SMARTCARD_OK && output->len - before != field_len ? SMARTCARD_PROTOCOL : r;
}

static enum smartcard_result
use_key(struct smartcard *card, const struct smartcard_private_key *key,
	enum smartcard_scheme scheme, enum digest digest, struct bytes input, struct writer *output)
{
	const struct pkcs15_path *path = &key->object.path;
	const struct bytes file = {path->file, path->file_len};
	const bool confidential =
	    scheme == SMARTCARD_DECIPHER_PKCS1 || scheme == SMARTCARD_DERIVE_ECDH;
	const size_t block = operation_block(key);
	uint8_t data[16], algorithm;
	struct writer crdos = writer_to(data, sizeof(data));
	enum smartcard_result r = SMARTCARD_OK;

	(void)digest;
	if (!find_scheme(card, key, scheme, &algorithm))
		return SMARTCARD_UNSUPPORTED;
	if (file.len > FID_LEN && !place_is(card, file))
		r = select_file(card, file, NULL);
	else if (file.len <= FID_LEN)
		r = stay_in_application(card);
	tlv_put_u8(&crdos, CRDO_ALGORITHM, algorithm);
	if (file.len > FID_LEN)
		tlv_put(&crdos, CRDO_FILE, (struct bytes){file.data + file.len - FID_LEN, FID_LEN});
	if (key->object.has_reference)
		tlv_put_u8(&crdos, CRDO_KEY, key->object.reference);
	if (r == SMARTCARD_OK)
		r = operation_set(card, confidential ? TEMPLATE_DECIPHER : TEMPLATE_SIGN,
				  writer_bytes(&crdos));
	if (r != SMARTCARD_OK)
		return r;
	switch (scheme) {
	case SMARTCARD_DECIPHER_PKCS1:
		return operation_decipher(card, INDICATOR, input, block, output);
	case SMARTCARD_DERIVE_ECDH: return derive(card, input, block, output);
	case SMARTCARD_SIGN_ECDSA: return sign_ecdsa(card, input, block, output);
	default: return operation_sign(card, input, block, output);
	}
}

const struct card_driver driver_pkcs15 = {
    .name = "pkcs15",
    .bind = bind,
    .enter = enter,
    .select = select_file,
    .find_abilities = find_abilities,
    .reach_pin = reach_pin,
    .pin_state = pin_state_by_verify,
    .use_key = use_key,
};
