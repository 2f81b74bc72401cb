/*
 * FINEID identity card since 2023: MultiApp 5.0, S1 4.0, S4-1 4.0, and since 2025 MultiApp 5.1, S4-1
 * 4.1, which differs in ATR and EF.ATR. Contact interface; local keys only, since no remote service
 * signs with ECDSA. Sections named here are those of the fact sheet fineid.md.
 */
#include "fineid_v4.h"
#include "build.h"
#include "emulator/card.h"
#include "emulator/failure.h"
#include "iso7816/tlv.h"

#include <openssl/objects.h>
#include <string.h>

enum {
	SERIAL_LEN = 12, /* 7.3 */
	DF_ESIGN = 0x5016,
	EF_DIR = 0x2F00,
	EF_ATR = 0x2F01,
	EF_OD = 0x5031,
	EF_CIAINFO = 0x5032,
	EF_AOD = 0x4401,
	EF_PRKD = 0x4402,
	EF_CD = 0x4403,
	EF_CD_TRUSTED = 0x4405,
	EF_AUTH_CERTIFICATE = 0x4331,
	EF_SIGN_CERTIFICATE = 0x4332,
	EF_ROOT_CERTIFICATE = 0x4334,
	EF_ISSUER_CERTIFICATE = 0x4336, /* more of the chain follow: 4337, ... */
	ID_AUTH = 0x45,
	ID_SIGN = 0x46,
	ID_ROOT = 0x47,
	ID_ISSUER = 0x48,
	PIN1 = 0x11, /* 5.1: global */
	PIN2 = 0x82, /* local */
	PUK = 0x83,
	PIN_STORED = 12,
	PIN1_MIN = 4,
	PIN2_MIN = 6,
	PUK_MIN = 8,
	TRIES = 5,
};

#define AID 0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5'
#define OID_ECDSA_SHA2 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03 /* 1.2.840.10045.4.3 */
#define MF_PATH 0x3F, 0x00

static const char PUK_COUNTER[] = "puk";
static const uint8_t APPLICATION_ID[] = {AID};
static const uint8_t ESIGN_NAME[] = {'E', '.', 'S', 'I', 'G', 'N'}; /* 3.1, 3.5 */

/* 2.1, A6 and A7: T=0. 2.4 */
static const uint8_t ATR_4_0[] = {0x3B, 0x7F, 0x96, 0x00, 0x00, 0x80, 0x31, 0xB8, 0x65, 0xB0,
				  0x85, 0x05, 0x00, 0x11, 0x12, 0x24, 0x60, 0x82, 0x90, 0x00};
static const uint8_t ATR_4_1[] = {0x3B, 0x7F, 0x96, 0x00, 0x00, 0x80, 0x31, 0xB8, 0x65, 0xB0,
				  0x85, 0x05, 0x10, 0x24, 0x12, 0x24, 0x60, 0x82, 0x90, 0x00};
static const uint8_t EF_ATR_4_0[] = {0x43, 0x01, 0xB8, 0x46, 0x05, 0xB0, 0x85, 0x05, 0x00, 0x11};
static const uint8_t EF_ATR_4_1[] = {0x43, 0x01, 0xB8, 0x46, 0x05, 0xB0, 0x85, 0x05, 0x10, 0x24};

static const struct variant {
	const char *name;
	struct bytes atr, ef_atr;
} VARIANTS[] = {
    {"4.0", {ATR_4_0, sizeof(ATR_4_0)}, {EF_ATR_4_0, sizeof(EF_ATR_4_0)}},
    {"4.1", {ATR_4_1, sizeof(ATR_4_1)}, {EF_ATR_4_1, sizeof(EF_ATR_4_1)}},
};

#define ECDSA(byte, hash)                                                           \
	{                                                                           \
		.se = SE_DST, .reference = (byte), .operation = KEY_SIGN_ECDSA,     \
		.input = INPUT_DIGEST_BARE, .source = SOURCE_HASH, .digest = (hash) \
	}

/* 6.2 and 4.11; the key for signatures has all but the last. */
enum { SIGNATURE_ALGORITHMS = 5, ALL_ALGORITHMS = 6 };
static const struct algorithm ALGORITHMS[ALL_ALGORITHMS] = {
    ECDSA(0x14, DIGEST_SHA1),
    ECDSA(0x34, DIGEST_SHA224),
    ECDSA(0x44, DIGEST_SHA256),
    ECDSA(0x54, DIGEST_SHA384),
    ECDSA(0x64, DIGEST_SHA512),
    {.se = SE_CT, .unnamed = true, .operation = KEY_DERIVE_ECDH, .input = INPUT_CRYPTOGRAM},
};

/* 5.1: VERIFY does not know the PUK (4.5); GET DATA does. */
#define PUK_SPEC                                                                       \
	{                                                                              \
		.counter = PUK_COUNTER, .reference = PIN_NO_REFERENCE, .is_puk = true, \
		.digits_only = true, .length_min = PUK_MIN, .length_max = PIN_STORED,  \
		.length_stored = PIN_STORED, .pad = 0x00, .tries = TRIES               \
	}

#define PIN_SPEC(which, byte, of_key, min)                                            \
	.counter = (which), .reference = (byte), .key = (of_key), .puk = PUK_COUNTER, \
	.digits_only = true, .length_min = (min), .length_max = PIN_STORED,           \
	.length_stored = PIN_STORED, .pad = 0x00, .tries = TRIES

#define PIN_OBJECT(byte, min)                                                                   \
	.type = PKCS15_PIN_ASCII_NUMERIC, .min_len = (min), .stored_len = PIN_STORED,           \
	.has_max_len = true, .max_len = PIN_STORED, .has_reference = true, .reference = (byte), \
	.has_pad = true, .pad = 0x00

enum {
	KEY_ACCESS = PKCS15_KEY_SENSITIVE | PKCS15_KEY_ALWAYS_SENSITIVE |
		     PKCS15_KEY_NEVER_EXTRACTABLE | PKCS15_KEY_LOCAL,
	PIN_FLAGS = PKCS15_PIN_INITIALIZED | PKCS15_PIN_NEEDS_PADDING,
	OBJECT_FLAGS = PKCS15_OBJECT_PRIVATE | PKCS15_OBJECT_MODIFIABLE,
};

/* 5.1, 6.1 and 7.3 */
static const struct role ROLE[] = {
    {
	.key = "auth",
	.purpose = "authentication and key agreement",
	.kinds = {"p384"},
	.puk = PUK_SPEC,
	.pin = {PIN_SPEC("pin1", PIN1, "auth", PIN1_MIN)},
	.private_key_spec = {.name = "auth",
			     .reference = 1,
			     .pin = PIN1,
			     .algorithms = ALGORITHMS,
			     .algorithms_count = ALL_ALGORITHMS},
	.pin_object = {.common = {.label = "perustunnusluku",
				  .flags = OBJECT_FLAGS,
				  .auth_id = {{3}, 1}},
		       .id = {{1}, 1},
		       .flags = PIN_FLAGS,
		       PIN_OBJECT(PIN1, PIN1_MIN)},
	.private_key = {.common = {.label = "todentamis- ja salausavain",
				   .flags = PKCS15_OBJECT_PRIVATE,
				   .auth_id = {{1}, 1}},
			.id = {{ID_AUTH}, 1},
			.usage = PKCS15_USAGE_SIGN | PKCS15_USAGE_DERIVE,
			.access = KEY_ACCESS,
			.has_reference = true,
			.reference = 1,
			.path = {PKCS15_PATH_FILE, {MF_PATH}, 2, false, 0, 0}},
	.certificate = {.common = {.label = "todentamis- ja salausvarmenne"},
			.id = {{ID_AUTH}, 1},
			.path = {PKCS15_PATH_FILE, {MF_PATH, 0x43, 0x31}, 4, false, 0, 0}},
	.certificate_path = {EF_AUTH_CERTIFICATE},
    },
    {
	.key = "sign",
	.purpose = "signatures",
	.kinds = {"p384"},
	.puk = PUK_SPEC,
	.pin = {PIN_SPEC("pin2", PIN2, "sign", PIN2_MIN), .local = true,
		.one_shot = true}, /* 5.4 */
	.private_key_spec = {.name = "sign",
			     .reference = 2,
			     .pin = PIN2,
			     .algorithms = ALGORITHMS,
			     .algorithms_count = SIGNATURE_ALGORITHMS},
	.pin_object = {.common = {.label = "allekirjoitustunnusluku",
				  .flags = OBJECT_FLAGS,
				  .auth_id = {{3}, 1}},
		       .id = {{2}, 1},
		       .flags = PIN_FLAGS | PKCS15_PIN_LOCAL,
		       PIN_OBJECT(PIN2, PIN2_MIN)},
	.private_key = {.common = {.label = "allekirjoitusavain",
				   .flags = PKCS15_OBJECT_PRIVATE,
				   .auth_id = {{2}, 1},
				   .user_consent = 1},
			.id = {{ID_SIGN}, 1},
			.usage = PKCS15_USAGE_NON_REPUDIATION,
			.access = KEY_ACCESS,
			.has_reference = true,
			.reference = 2,
			.path = {PKCS15_PATH_FILE, {MF_PATH}, 2, false, 0, 0}},
	.certificate =
	    {.common = {.label = "allekirjoitusvarmenne"},
	     .id = {{ID_SIGN}, 1},
	     .path = {PKCS15_PATH_FILE, {MF_PATH, 0x50, 0x16, 0x43, 0x32}, 6, false, 0, 0}},
	.certificate_path = {DF_ESIGN, EF_SIGN_CERTIFICATE},
    },
};

static const size_t SERIAL_LENS[] = {SERIAL_LEN, 0};
static const struct roles ROLES = {ROLE, sizeof(ROLE) / sizeof(ROLE[0]), SERIAL_LENS};

static const struct pkcs15_pin PUK_OBJECT = {
    .common = {.label = "aktivointitunnusluku", .flags = OBJECT_FLAGS},
    .id = {{3}, 1},
    .flags = PIN_FLAGS | PKCS15_PIN_LOCAL | PKCS15_PIN_UNBLOCKING,
    PIN_OBJECT(PUK, PUK_MIN),
};

/* 7.3: without a path, so that OpenSC's driver of this card stays in charge. */
static const struct pkcs15_application APPLICATION = {
    .aid = {AID}, .aid_len = sizeof(APPLICATION_ID), .label = "FINEID S4-1"};

static const struct pkcs15_directory DIRECTORIES[] = {
    {PKCS15_AUTHENTICATION_OBJECTS, {PKCS15_PATH_FILE, {MF_PATH, 0x44, 0x01}, 4, false, 0, 0}},
    {PKCS15_PRIVATE_KEYS, {PKCS15_PATH_FILE, {MF_PATH, 0x44, 0x02}, 4, false, 0, 0}},
    {PKCS15_CERTIFICATES, {PKCS15_PATH_FILE, {MF_PATH, 0x44, 0x03}, 4, false, 0, 0}},
    {PKCS15_TRUSTED_CERTIFICATES, {PKCS15_PATH_FILE, {MF_PATH, 0x44, 0x05}, 4, false, 0, 0}},
};

/* PKCS #11: CKM_ECDSA_SHA256 1044, _SHA384 1045, _SHA512 1046; RFC 5758 section 3.2. */
#define ALGORITHM_INFO(number, ckm, arc, byte)                                   \
	{                                                                        \
		.reference = (number), .mechanism = (ckm),                       \
		.operations = PKCS15_OPERATION_COMPUTE_SIGNATURE,                \
		.oid = {{OID_ECDSA_SHA2, (arc)}, 8}, .has_card_reference = true, \
		.card_reference = (byte)                                         \
	}

static const struct pkcs15_token_info TOKEN_INFO = {
    .version = 1,
    .manufacturer = "DVV-FINEID",
    .label = "HENKILOKORTTI",
    .flags = PKCS15_CARD_AUTH_REQUIRED,
    .algorithms = {ALGORITHM_INFO(1, 0x1044, 2, 0x44), ALGORITHM_INFO(2, 0x1045, 3, 0x54),
		   ALGORITHM_INFO(3, 0x1046, 4, 0x64)},
    .algorithms_count = 3,
    .language = "fi",
};

#define EF(...)                                                                  \
	{                                                                        \
		.path = {__VA_ARGS__}, .kind = FILE_EF, .read = ACCESS_IS_ALWAYS \
	}

static const struct variant *
variant_of(const struct image *image)
{
	char name[IMAGE_NAME_MAX];

	if (!image_option(image, "variant", name, sizeof(name)))
		return &VARIANTS[0];
	for (size_t i = 0; i < sizeof(VARIANTS) / sizeof(VARIANTS[0]); i++) {
		if (strcmp(VARIANTS[i].name, name) == 0)
			return &VARIANTS[i];
	}
	return NULL;
}

static void
build_tree(struct build *build, const struct variant *variant)
{
	static const struct file_spec mf = {.kind = FILE_DF,
					    .name = {APPLICATION_ID, sizeof(APPLICATION_ID)}};
	static const struct file_spec esign = {
	    .path = {DF_ESIGN}, .kind = FILE_DF, .name = {ESIGN_NAME, sizeof(ESIGN_NAME)}};
	static const struct file_spec dir = EF(EF_DIR), atr = EF(EF_ATR);
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	build_file(build, &mf, BYTES_NONE);
	build_encoded(build, &dir, pkcs15_encode_application(&APPLICATION, &content), &content);
	build_file(build, &atr, variant->ef_atr);
	build_file(build, &esign, BYTES_NONE);
}

/* 7.3: the serial is ASCII, and the header has four bytes. */
static void
build_cia_info(struct build *build)
{
	static const struct file_spec spec = EF(EF_CIAINFO);
	struct pkcs15_token_info info = TOKEN_INFO;
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	info.serial.len = build->image->serial_len;
	memcpy(info.serial.data, build->image->serial, info.serial.len);
	build_encoded(build, &spec, pkcs15_encode_token_info(&info, true, &content), &content);
}

static void
build_authentication_objects(struct build *build)
{
	static const struct file_spec spec = EF(EF_AOD);
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = build_pin_objects(build, &ROLES, &content);

	encoded = encoded && pkcs15_encode_pin(&PUK_OBJECT, &content);
	build_encoded(build, &spec, encoded, &content);
}

static void
build_end_entity_certificates(struct build *build)
{
	static const struct file_spec spec = EF(EF_CD);
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	build_encoded(build, &spec, build_certificates(build, &ROLES, &content), &content);
}

/* The chain, issuer of the leaf first: files from 4336 on, a root in 4334 (3.3). */
static void
build_authorities(struct build *build)
{
	static const struct file_spec spec = EF(EF_CD_TRUSTED);
	const struct image *image = build->image;
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = true;

	for (size_t i = 0; i < image->authorities_count; i++) {
		const struct image_authority *authority = &image->authorities[i];
		struct bytes der = {authority->certificate, authority->certificate_len};
		bool root = i + 1 == image->authorities_count &&
			    build_issued(der.data, der.len, der.data, der.len);
		const uint16_t fid =
		    root ? EF_ROOT_CERTIFICATE : (uint16_t)(EF_ISSUER_CERTIFICATE + i);
		const struct file_spec file = EF(fid);
		struct pkcs15_certificate object = {
		    .id = {{root ? ID_ROOT : (uint8_t)(ID_ISSUER + i)}, 1},
		    .authority = true,
		    .path = {PKCS15_PATH_FILE,
			     {MF_PATH, (uint8_t)(fid >> 8), (uint8_t)fid},
			     4,
			     false,
			     0,
			     0}};

		build_subject(der, NID_commonName, object.common.label,
			      sizeof(object.common.label));
		encoded = encoded && pkcs15_encode_certificate(&object, &content);
		build_file(build, &file, der);
	}
	build_encoded(build, &spec, encoded, &content);
}

static bool
serial_fits(const struct image *image)
{
	for (size_t i = 0; i < image->serial_len; i++) {
		const uint8_t c = image->serial[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z'))
			return false;
	}
	return true;
}

static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	static const struct file_spec od = EF(EF_OD), prkd = EF(EF_PRKD);
	struct build build = {.card = card, .image = image, .error = error, .ok = true};
	const struct variant *variant = variant_of(image);
	bool user_consent = build_option(&build, "user-consent", true);

	build_check(&build, &ROLES);
	if (!build.ok)
		return false;
	if (variant == NULL)
		return failure(error,
			       "card \"%s\": the option variant is not known; write variant=4.0 or "
			       "variant=4.1 in card.conf",
			       image->name);
	if (!serial_fits(image))
		return failure(error,
			       "card \"%s\": the serial number of a %s card is letters and digits "
			       "in ASCII; correct `serial` in card.conf",
			       image->name, image->personality);
	if (!card_set_atr(card, variant->atr, error))
		return false;
	build_tree(&build, variant);
	build_directories(&build, &od, DIRECTORIES, sizeof(DIRECTORIES) / sizeof(DIRECTORIES[0]));
	build_cia_info(&build);
	build_authentication_objects(&build);
	build_private_keys(&build, &ROLES, &prkd, user_consent);
	build_end_entity_certificates(&build);
	build_authorities(&build);
	build_roles(&build, &ROLES);
	return build.ok;
}

/* 3.5: the order of the objects is that of its examples. */
static void
fci(const struct file *file, uint8_t p2, struct writer *writer)
{
	enum { P2_FCP = 0x04, TAG_FCP = 0x62, TAG_FCI = 0x6F };
	enum { TRANSPARENT = 0x01, DF = 0x38, ACTIVATED = 0x05 };
	static const uint8_t always_read[] = {0x03, 0xFF, 0x00};
	bool ef = file->spec.kind == FILE_EF;
	size_t mark = tlv_begin(writer, p2 == P2_FCP ? TAG_FCP : TAG_FCI);

	if (ef)
		tlv_put_u16(writer, 0x81, (uint16_t)file->content.len);
	tlv_put_u8(writer, 0x82, ef ? TRANSPARENT : DF);
	tlv_put_u16(writer, 0x83, file->fid);
	if (file->spec.name.len != 0)
		tlv_put(writer, 0x84, file->spec.name);
	tlv_put_u8(writer, 0x8A, ACTIVATED);
	if (ef && p2 != P2_FCP) {
		tlv_put(writer, 0x8C, BYTES(always_read));
		tlv_put(writer, 0x9C, BYTES(always_read));
	}
	tlv_end(writer, mark);
}

static bool
tries_of(const struct card *card, uint8_t reference, unsigned *tries)
{
	struct image_counter counters[IMAGE_COUNTERS_MAX];
	size_t count = card_counters(card, counters, IMAGE_COUNTERS_MAX);
	bool verified;

	if (reference != PUK)
		return card_pin_state(card, reference, &verified, tries);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(counters[i].name, PUK_COUNTER) != 0)
			continue;
		*tries = counters[i].tries_left;
		return true;
	}
	return false;
}

/* 4.12: usage and unblocking unlimited, unblocked by the PUK; its value was changed since manufacture
 * (5.3). */
static uint16_t
get_pin_container(struct card *card, const struct capdu *command, struct writer *response)
{
	enum { TAG_CONTAINER = 0xA0, TAG_REFERENCE = 0x83, UNLIMITED = 0xFF };
	enum { UNBLOCKING_UNLIMITED = 0xA5, BY_PUK = 0x03, CHANGED = 0x01 };
	static const uint8_t rule[] = {0xF0, 0x00, 0x00, 0x00};
	struct reader reader = reader_of(command->data), inner;
	struct tlv container, reference;
	unsigned tries;
	size_t mark;

	if (!tlv_read(&reader, &container) || container.tag != TAG_CONTAINER || reader.left != 0)
		return SW_INCORRECT_DATA;
	inner = reader_of(container.value);
	if (!tlv_read(&inner, &reference) || reference.tag != TAG_REFERENCE ||
	    reference.value.len != 1 || inner.left != 0)
		return SW_INCORRECT_DATA;
	if (!tries_of(card, reference.value.data[0], &tries))
		return SW_REFERENCE_NOT_FOUND;
	mark = tlv_begin(response, TAG_CONTAINER);
	tlv_put_u8(response, TAG_REFERENCE, reference.value.data[0]);
	tlv_put(response, 0x8C, BYTES(rule));
	tlv_put(response, 0x9C, BYTES(rule));
	tlv_put(response, 0xDF21,
		BYTES(((uint8_t[]){(uint8_t)tries, UNLIMITED, UNBLOCKING_UNLIMITED, BY_PUK})));
	tlv_put_u16(response, 0xDF27, 0xFFFF);
	tlv_put_u8(response, 0xDF28, PIN_STORED);
	tlv_put_u8(response, 0xDF2F, CHANGED);
	tlv_end(response, mark);
	return SW_OK;
}

static const struct card_command COMMANDS[] = {
    {.cla = 0x00,
     .ins = 0xCB,
     .cla_mask = 0xFF,
     .p1p2 = 0x00FF,
     .p1p2_mask = 0xFFFF,
     .handler = get_pin_container},
    {.cla = 0x00, .ins = 0xCB, .cla_mask = 0xFF, .sw = SW_INCORRECT_P1P2},
    /* 4.13: ERASE BINARY exists, and every file is read-only. */
    {.cla = 0x00, .ins = 0x0E, .cla_mask = 0xFF, .sw = SW_SECURITY_STATUS},
};

/* 6.4: the nibble of 6.2, whatever the other one is. */
static const struct hash_algorithm HASHES[] = {
    {0x10, 0xF0, DIGEST_SHA1},   {0x30, 0xF0, DIGEST_SHA224}, {0x40, 0xF0, DIGEST_SHA256},
    {0x50, 0xF0, DIGEST_SHA384}, {0x60, 0xF0, DIGEST_SHA512},
};

static const char *const OPTIONS[] = {"user-consent", "variant", NULL};

const struct personality fineid_v4 = {
    .name = "fineid-v4",
    .description = "Finnish identity card since 2023 (FINEID S4-1 4.0, 4.1), EC P-384",
    .atr = {ATR_4_0, sizeof(ATR_4_0)},
    .serial_len = SERIAL_LEN,
    .serial_form = SERIAL_DIGITS,
    .options = OPTIONS,
    .roles = &ROLES,
    .rules = {.select = SELECT_FID | SELECT_FID_ANYWHERE | SELECT_CHILD_DF | SELECT_CHILD_EF |
			SELECT_PARENT | SELECT_NAME | SELECT_PATH_MF | SELECT_PATH_DF | SELECT_FCI |
			SELECT_FCP | SELECT_NO_DATA,                 /* 4.2 */
	      .name_select = PINS_ALL_DROPPED,                       /* 4.1 */
	      .df_change = PINS_KEPT,                                /* 5.4 */
	      .pin = VERIFY_LOGOUT | CHANGE_OLD_NEW | RESET_PUK_NEW, /* 4.5 to 4.7 */
	      .hash = HASH_WHOLE | HASH_CONTINUED | HASH_BLOCKS,     /* 4.9 */
	      .hash_algorithms = HASHES,
	      .hash_algorithms_count = sizeof(HASHES) / sizeof(HASHES[0])},
    .commands = COMMANDS,
    .commands_count = sizeof(COMMANDS) / sizeof(COMMANDS[0]),
    .personalise = personalise,
    .fci = fci,
};
