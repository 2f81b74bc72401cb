/*
 * IAS-ECC v1.0.1, the European Citizen Card: one applet for the cards of five makers. Sections named
 * here are those of the fact sheet iasecc.md.
 */
#include "iasecc.h"
#include "cplc.h"
#include "iasecc_card.h"
#include "iso7816/tlv.h"

#include <stdio.h>
#include <string.h>

#define RSA_SIGNATURE(template, byte, form, from, hash)                             \
	{                                                                           \
		.se = (template), .reference = (byte), .operation = KEY_SIGN_PKCS1, \
		.input = (form), .source = (from), .digest = (hash)                 \
	}
#define DST(byte, hash) RSA_SIGNATURE(SE_DST, byte, INPUT_DIGEST, SOURCE_HASH, hash)
#define PSS(byte, hash)                                                             \
	{                                                                           \
		.se = SE_DST, .reference = (byte), .operation = KEY_SIGN_PSS,       \
		.input = INPUT_DIGEST_BARE, .source = SOURCE_HASH, .digest = (hash) \
	}
#define DECIPHER(byte)                                                             \
	{                                                                          \
		.se = SE_CT, .reference = (byte), .operation = KEY_DECIPHER_PKCS1, \
		.input = INPUT_CRYPTOGRAM                                          \
	}

/*
 * 6.2. The key for signatures has all but the deciphering. 05 names no hash: the template for
 * hashing does, or the length of a hash that comes whole; else it is SHA-256. ISO/IEC 9796-2 (01)
 * is not here. The sheet has no reference for OAEP and none for the raw operation.
 */
static const struct algorithm ALGORITHMS[] = {
    RSA_SIGNATURE(SE_AT, 0x02, INPUT_DIGESTINFO, SOURCE_COMMAND, DIGEST_SHA1),
    /* Peruvian cards: the DigestInfo comes with PSO COMPUTE DIGITAL SIGNATURE, 4.10. */
    RSA_SIGNATURE(SE_DST, 0x8A, INPUT_DIGESTINFO, SOURCE_COMMAND, DIGEST_SHA1),
    DST(0x12, DIGEST_SHA1),
    DST(0x32, DIGEST_SHA224),
    DST(0x42, DIGEST_SHA256),
    DST(0x52, DIGEST_SHA384),
    DST(0x62, DIGEST_SHA512),
    PSS(0x15, DIGEST_SHA1),
    PSS(0x35, DIGEST_SHA224),
    PSS(0x45, DIGEST_SHA256),
    PSS(0x55, DIGEST_SHA384),
    PSS(0x65, DIGEST_SHA512),
    PSS(0x05, DIGEST_SHA256),
    PSS(0x05, DIGEST_SHA1),
    PSS(0x05, DIGEST_SHA224),
    PSS(0x05, DIGEST_SHA384),
    PSS(0x05, DIGEST_SHA512),
    DECIPHER(0x1A),
    DECIPHER(0x0A),
};
enum {
	DECIPHERINGS_COUNT = 2,
	ALGORITHMS_COUNT = sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]),
	SIGNATURES_COUNT = ALGORITHMS_COUNT - DECIPHERINGS_COUNT,
	/* Of TokenInfo, 7.3: with OpenSSL 3 OpenSC can use no other (6.3). */
	TOKEN_ALGORITHM_SHA1_SIGN = 3, /* of a key that does not authenticate */
	TOKEN_ALGORITHM_SHA256_SIGN = 4,
	TOKEN_ALGORITHM_SIGN = 5,
	TOKEN_ALGORITHM_DECIPHER = 6,
};

/* One for both PINs, in the root: 3.5. Its key is set by adapt(). */
#define PUK                                                                                      \
	{                                                                                        \
		.counter = "puk", .reference = IASECC_PIN_PUK, .is_puk = true,                   \
		.digits_only = true, .length_min = IASECC_PUK_LEN, .length_max = IASECC_PUK_LEN, \
		.tries = IASECC_TRIES                                                            \
	}
#define PIN_SPEC(role, name, byte, is_local)                                            \
	{                                                                               \
		.counter = (name), .reference = (byte), .key = (role), .puk = "puk",    \
		.local = (is_local), .digits_only = true, .length_min = IASECC_PIN_MIN, \
		.length_max = IASECC_PIN_MAX, .tries = IASECC_TRIES                     \
	}
/* 7.4 */
#define PIN_OBJECT(text, number, byte, more_flags)                                            \
	{                                                                                     \
		.common = {.label = (text),                                                   \
			   .flags = PKCS15_OBJECT_PRIVATE | PKCS15_OBJECT_MODIFIABLE,         \
			   .auth_id = {{IASECC_PIN_PUK}, 1}},                                 \
		.id = {{(number)}, 1},                                                        \
		.flags = PKCS15_PIN_CASE_SENSITIVE | PKCS15_PIN_INITIALIZED | (more_flags),   \
		.type = PKCS15_PIN_ASCII_NUMERIC, .min_len = IASECC_PIN_MIN,                  \
		.stored_len = IASECC_PIN_MAX, .has_max_len = true, .max_len = IASECC_PIN_MAX, \
		.has_reference = true, .reference = (byte), .has_pad = true, .pad = 0xFF      \
	}
#define NO_FILE                                       \
	{                                             \
		PKCS15_PATH_FILE, {0}, 0, false, 0, 0 \
	} /* 30 02 04 00: in this ADF */

enum {
	ID_AUTH = 0x45, /* 7.5 */
	ID_SIGN = 0x46,
	ID_FURTHER = 0x60,
	AUTH_ID_USER = 1, /* 7.4 */
	AUTH_ID_SIGN = 3,
	PRIVATE_ACCESS = PKCS15_KEY_SENSITIVE | PKCS15_KEY_ALWAYS_SENSITIVE |
			 PKCS15_KEY_NEVER_EXTRACTABLE | PKCS15_KEY_LOCAL,
	PUBLIC_ACCESS = PKCS15_KEY_EXTRACTABLE | PKCS15_KEY_LOCAL,
};

static const struct role ROLE[] = {
    {
	.key = "auth",
	.purpose = "authentication and decipherment",
	.kinds = {"rsa2048", "rsa3072"},
	.puk = PUK,
	.pin = PIN_SPEC("auth", "pin1", IASECC_PIN_USER, false),
	.private_key_spec = {.name = "auth",
			     .reference = IASECC_LOCAL | IASECC_KEY_AUTH,
			     .pin = IASECC_PIN_USER,
			     .algorithms = ALGORITHMS,
			     .algorithms_count = ALGORITHMS_COUNT},
	.pin_object = PIN_OBJECT("User PIN", AUTH_ID_USER, IASECC_PIN_USER, 0),
	.private_key = {.common = {.label = "Auth key",
				   .flags = PKCS15_OBJECT_PRIVATE,
				   .auth_id = {{AUTH_ID_USER}, 1}},
			.id = {{ID_AUTH}, 1},
			.usage = PKCS15_USAGE_DECRYPT | PKCS15_USAGE_SIGN | PKCS15_USAGE_UNWRAP,
			.access = PRIVATE_ACCESS,
			.has_reference = true,
			.reference = IASECC_KEY_AUTH,
			.path = NO_FILE},
	.public_key = {.common = {.label = "Auth key"},
		       .id = {{ID_AUTH}, 1},
		       .usage = PKCS15_USAGE_ENCRYPT | PKCS15_USAGE_WRAP | PKCS15_USAGE_VERIFY,
		       .access = PUBLIC_ACCESS,
		       .has_reference = true,
		       .reference = IASECC_KEY_AUTH,
		       .path = IASECC_PATH(IASECC_AUTH_PUBLIC_KEY)},
	.certificate = {.common = {.label = "Auth certificate"},
			.id = {{ID_AUTH}, 1},
			.path = IASECC_PATH(IASECC_AUTH_CERTIFICATE)},
	.certificate_path = {IASECC_ADF, IASECC_AUTH_CERTIFICATE},
    },
    {
	.key = "sign",
	.purpose = "signatures",
	.kinds = {"rsa2048", "rsa3072"},
	.puk = PUK,
	.pin = PIN_SPEC("sign", "pin2", IASECC_PIN_SIGN, true),
	.private_key_spec = {.name = "sign",
			     .reference = IASECC_LOCAL | IASECC_KEY_SIGN,
			     .pin = IASECC_PIN_SIGN,
			     .algorithms = ALGORITHMS,
			     .algorithms_count = SIGNATURES_COUNT},
	.pin_object = PIN_OBJECT("Sign PIN", AUTH_ID_SIGN, IASECC_PIN_SIGN, PKCS15_PIN_LOCAL),
	/* Without userConsent, which OpenSC's driver cannot satisfy: 8.7, item 5. */
	.private_key = {.common = {.label = "Sign key",
				   .flags = PKCS15_OBJECT_PRIVATE,
				   .auth_id = {{AUTH_ID_SIGN}, 1}},
			.id = {{ID_SIGN}, 1},
			.usage = PKCS15_USAGE_SIGN | PKCS15_USAGE_NON_REPUDIATION,
			.access = PRIVATE_ACCESS,
			.has_reference = true,
			.reference = IASECC_KEY_SIGN,
			.path = NO_FILE},
	.public_key = {.common = {.label = "Sign key"},
		       .id = {{ID_SIGN}, 1},
		       .usage = PKCS15_USAGE_VERIFY,
		       .access = PUBLIC_ACCESS,
		       .has_reference = true,
		       .reference = IASECC_KEY_SIGN,
		       .path = IASECC_PATH(IASECC_SIGN_PUBLIC_KEY)},
	.certificate = {.common = {.label = "Sign certificate"},
			.id = {{ID_SIGN}, 1},
			.path = IASECC_PATH(IASECC_SIGN_CERTIFICATE)},
	.certificate_path = {IASECC_ADF, IASECC_SIGN_CERTIFICATE},
    },
};
enum { ROLES_COUNT = sizeof(ROLE) / sizeof(ROLE[0]) };

static const size_t SERIAL_LENS[] = {IASECC_SERIAL_LEN, 0};
static const struct roles ROLES = {
    .role = ROLE,
    .count = ROLES_COUNT,
    .serial_lens = SERIAL_LENS,
    .further_path = {IASECC_ADF, IASECC_FURTHER},
    .further_object = IASECC_PATH(IASECC_FURTHER),
    .further_id = ID_FURTHER,
};

static void
name_algorithm(struct pkcs15_key *object, uint32_t reference)
{
	object->algorithms[object->algorithms_count++] = reference;
}

/* Those of TokenInfo that MSE SET takes of the key: 5 is for INTERNAL AUTHENTICATE (6.3). */
static void
name_algorithms(struct role *role, const struct image_key *key)
{
	struct pkcs15_key *object = &role->private_key;

	object->algorithms_count = 0;
	if (!build_has(key, KEY_SIGN_PKCS1)) {
		/* TokenInfo lists no other signatures. */
	} else if (key->usage == 0 || (key->usage & IMAGE_USAGE_SIGN) != 0) {
		name_algorithm(object, TOKEN_ALGORITHM_SIGN);
	} else if (build_signs(role, key)) {
		name_algorithm(object, TOKEN_ALGORITHM_SHA1_SIGN);
		name_algorithm(object, TOKEN_ALGORITHM_SHA256_SIGN);
	}
	if (build_deciphers(role, key))
		name_algorithm(object, TOKEN_ALGORITHM_DECIPHER);
}

/* What the image makes of the roles: a key names the algorithms that it has, and no PUK unblocks the PIN
 * of a service's key. */
static void
adapt(struct role roles[ROLES_COUNT], const struct image *image)
{
	const char *puk_key = build_key_of_puk(image, &ROLES);

	memcpy(roles, ROLE, sizeof(ROLE));
	for (size_t i = 0; i < ROLES_COUNT; i++) {
		const struct image_key *key = image_key(image, ROLE[i].key);

		roles[i].puk.key = puk_key;
		if (puk_key == NULL)
			roles[i].puk.reference = PIN_NO_REFERENCE;
		if (key == NULL)
			continue;
		name_algorithms(&roles[i], key);
		if (build_is_remote(key))
			roles[i].pin_object.common.auth_id.len = 0;
	}
}

static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	struct build build = {.card = card, .image = image, .error = error, .ok = true};
	const struct iasecc_variant *variant = iasecc_variant_of(image);
	struct role role[ROLES_COUNT];
	struct roles roles = ROLES;

	if (variant == NULL) {
		snprintf(error->text, sizeof(error->text),
			 "card \"%s\": there is no such variant of an iasecc card; write "
			 "variant=amos, gemalto, oberthur, sagem or mi in card.conf",
			 image->name);
		return false;
	}
	adapt(role, image);
	roles.role = role;
	build_check(&build, &roles);
	if (!build.ok || !card_set_atr(card, variant->atr, error))
		return false;
	iasecc_build_files(&build, &roles, variant);
	build_roles(&build, &roles);
	return build.ok;
}

/* 3.3 and 3.4. Nothing is changed on this card: every rule but that for reading says never. */
static void
fci(const struct file *file, uint8_t p2, struct writer *writer)
{
	enum { P2_FCP = 0x04, TAG_FCP = 0x62, TAG_FCI = 0x6F };
	enum { DF = 0x38, TRANSPARENT = 0x01, ACTIVATED = 0x05, SFI_SHIFT = 3 };
	static const uint8_t rule_df[] = {0x01, 0x00};
	static const uint8_t rule_ef[] = {0x7B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00};
	const uint8_t sfi = (uint8_t)(file->spec.sfi << SFI_SHIFT);
	const bool df = file->spec.kind == FILE_DF;
	size_t mark = tlv_begin(writer, p2 == P2_FCP ? TAG_FCP : TAG_FCI), rule;

	if (!df)
		tlv_put_u16(writer, 0x80, (uint16_t)file->content.len);
	tlv_put_u8(writer, 0x82, df ? DF : TRANSPARENT);
	tlv_put_u16(writer, 0x83, file->fid);
	if (df)
		tlv_put(writer, 0x84, file->spec.name);
	else
		tlv_put(writer, 0x88, sfi != 0 ? (struct bytes){&sfi, 1} : BYTES_NONE);
	rule = tlv_begin(writer, 0xA1);
	tlv_put(writer, 0x8C, df ? BYTES(rule_df) : BYTES(rule_ef));
	tlv_end(writer, rule);
	tlv_put_u8(writer, 0x8A, ACTIVATED);
	tlv_end(writer, mark);
}

/* READ BINARY B1, 4.2: offset data object 54 in, discretionary data 53 out; at most `ne` bytes with tag and length. */
static uint16_t
read_odd(struct card *card, const struct capdu *command, struct writer *response)
{
	enum { TAG_OFFSET = 0x54, TAG_DATA = 0x53, OFFSET_LEN_MAX = 4 };
	const struct file *ef = card_current_ef(card);
	const size_t header = command->ne > 0x104 ? 4 : command->ne > 0x81 ? 3 : 2;
	struct reader reader = reader_of(command->data);
	size_t offset = 0, len;
	struct tlv tlv;

	if (!command->has_le || command->ne <= header)
		return SW_WRONG_LENGTH;
	if (!tlv_read(&reader, &tlv) || tlv.tag != TAG_OFFSET || tlv.value.len == 0 ||
	    tlv.value.len > OFFSET_LEN_MAX || reader.left != 0)
		return SW_INCORRECT_DATA;
	if (ef == NULL || ef->spec.kind != FILE_EF)
		return SW_NO_CURRENT_EF;
	if (!card_may(card, &ef->spec.read))
		return SW_SECURITY_STATUS;
	for (size_t i = 0; i < tlv.value.len; i++)
		offset = offset << 8 | tlv.value.data[i];
	if (offset >= ef->content.len)
		return SW_WRONG_OFFSET;
	len = ef->content.len - offset;
	if (len > command->ne - header)
		len = command->ne - header;
	tlv_put(response, TAG_DATA, (struct bytes){ef->content.data + offset, len});
	return SW_OK;
}

/* 6.2 */
static const struct hash_algorithm HASHES[] = {
    {0x10, 0xFF, DIGEST_SHA1},   {0x30, 0xFF, DIGEST_SHA224}, {0x40, 0xFF, DIGEST_SHA256},
    {0x50, 0xFF, DIGEST_SHA384}, {0x60, 0xFF, DIGEST_SHA512},
};

#define ROW(instruction, parameters)                                               \
	.cla = 0x00, .cla_mask = 0xFF, .ins = (instruction), .p1p2 = (parameters), \
	.p1p2_mask = 0xFFFF

static const struct card_command COMMANDS[] = {
    /* Real cards refuse SELECT with P1 and P2 both 00: 4.1. */
    {ROW(0xA4, 0x0000), .sw = SW_INCORRECT_P1P2},
    {ROW(0xB1, 0x0000), .handler = read_odd},
    {ROW(0xCB, 0x3FFF), .handler = iasecc_get_sdo},
    /* 2.3: production data, with either class */
    {ROW(0xCA, 0x9F7F), .handler = cplc_get},
    {.cla = 0x80,
     .cla_mask = 0xFF,
     .ins = 0xCA,
     .p1p2 = 0x9F7F,
     .p1p2_mask = 0xFFFF,
     .handler = cplc_get},
    {.cla = 0x00, .cla_mask = 0x7F, .ins = 0xCA, .sw = SW_REFERENCE_NOT_FOUND},
    {ROW(0x88, 0x0000), .chaining = true, .handler = card_internal_authenticate},
    /* The commands that would change keys or files (4.13): nobody is allowed to. */
    {ROW(0xDB, 0x3FFF), .chaining = true, .sw = SW_SECURITY_STATUS},
    {ROW(0x47, 0x0000), .sw = SW_SECURITY_STATUS},
    {ROW(0xE0, 0x0000), .sw = SW_SECURITY_STATUS},
    {ROW(0xE4, 0x0000), .sw = SW_SECURITY_STATUS},
};

static const char *const OPTIONS[] = {"variant", BUILD_PROGRAM_NAME, NULL};

const struct personality iasecc = {
    .name = "iasecc",
    .description = "IAS-ECC v1.0.1, European Citizen Card, RSA 2048 and 3072",
    .atr = {iasecc_atr, IASECC_ATR_LEN},
    .serial_len = IASECC_SERIAL_LEN,
    .serial_form = SERIAL_BCD,
    .options = OPTIONS,
    .roles = &ROLES,
    .rules = {.select = SELECT_FID | SELECT_CHILD_DF | SELECT_CHILD_ANY | SELECT_CHILD_EF |
			SELECT_PARENT | SELECT_NAME | SELECT_PATH_MF | SELECT_PATH_DF |
			SELECT_PATH_3F00 | SELECT_FCI | SELECT_FCP | SELECT_NO_DATA, /* 4.1 */
	      .name_select = PINS_KEPT, /* 8.7, items 4 and 9 */
	      .df_change = PINS_KEPT,
	      .df_change_clears_se = true, /* 4.8 */
	      .pin = CHANGE_OLD_NEW | CHANGE_NEW | RESET_PUK_NEW | RESET_PUK | RESET_NEW |
		     RESET_COUNTER,
	      .restores = {0xF300 | IASECC_SE_PUK, 0xF300 | IASECC_SE_USER,
			   0xF300 | IASECC_SE_SIGN},
	      .hash = HASH_WHOLE | HASH_CONTINUED, /* 4.9 */
	      .hash_algorithms = HASHES,
	      .hash_algorithms_count = sizeof(HASHES) / sizeof(HASHES[0])},
    .commands = COMMANDS,
    .commands_count = sizeof(COMMANDS) / sizeof(COMMANDS[0]),
    .personalise = personalise,
    .fci = fci,
};
