/*
 * FINEID identity card of 2011 to 2016: applet EID2048, S1 2.1 with application note 1, S4-1 2.x.
 * Sections named here are those of the fact sheet fineid.md, whose bytes the files have.
 */
#include "fineid_v2.h"
#include "build.h"
#include "iso7816/tlv.h"

#include <openssl/objects.h>
#include <string.h>

enum {
	SERIAL_LEN = 10, /* 7.1: 20 decimal digits, BCD */
	DF_EID = 0x5015,
	EF_DIR = 0x2F00,
	EF_ATR = 0x2F01,
	EF_OD = 0x5031,
	EF_CIAINFO = 0x5032,
	EF_AOD = 0x4401,
	EF_PRKD = 0x4402,
	EF_CD = 0x4403,
	EF_CD_USEFUL = 0x4404,
	EF_CD_TRUSTED = 0x4405,
	EF_DOD = 0x4406,
	EF_AUTH_CERTIFICATE = 0x4331,
	EF_SIGN_CERTIFICATE = 0x4332,
	EF_CA_CERTIFICATE = 0x4333, /* more of the chain follow: 4334, 4335, ... */
	EF_FURTHER = 0x4341,        /* the sheet has nothing there; the chain ends at 4338 */
	EF_AUTH_KEY = 0x4B01,
	EF_SIGN_KEY = 0x4B02,
	ID_AUTH = 0x45, /* 7.1 */
	ID_SIGN = 0x46,
	ID_CA = 0x47,
	ID_FURTHER = 0x60,
	PIN1 = 0x01, /* 5.1: global */
	PIN2 = 0x82, /* local */
	PIN_STORED = 8,
	PIN_MIN = 4,
	PUK_LEN = 8,
	TRIES = 5,
	EMPTY_DIRECTORY_LEN = 128, /* CD #2, trusted CD and DOD may be all zeros: 7.2 */
};

#define AID 0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5'
#define CKM_RSA_PKCS 1
#define OID_RSA_ENCRYPTION 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01
#define OID_FINEID 0x2A, 0x81, 0x76, 0x84, 0x05, 0x04, 0x01, 0x01 /* 1.2.246.517.4.1.1 */
#define PATH_EID 0x3F, 0x00, 0x50, 0x15

static const char OPTION_VERSION[] = "applet-version";
static const uint8_t APPLICATION_ID[] = {AID};

/* 2.1, A3: T=0. */
static const uint8_t ATR[] = {0x3B, 0x7B, 0x94, 0x00, 0x00, 0x80, 0x62, 0x12,
			      0x51, 'V',  'F',  'i',  'n',  'E',  'I',  'D'};

/* 2.4 */
static const uint8_t EF_ATR_CONTENT[] = {0x43, 0x01, 0xB8, 0x46, 0x02, 0x12, 0x51};

/* 6.2, the row of v2, and 4.11; the key for signatures has the first three. */
enum { SIGNATURE_ALGORITHMS = 3, ALL_ALGORITHMS = 6 };
static const struct algorithm ALGORITHMS[ALL_ALGORITHMS] = {
    {.se = SE_DST, .reference = 0x02, .operation = KEY_SIGN_PKCS1, .input = INPUT_DIGESTINFO},
    {.se = SE_DST,
     .reference = 0x12,
     .operation = KEY_SIGN_PKCS1,
     .input = INPUT_DIGEST,
     .digest = DIGEST_SHA1},
    {.se = SE_DST, .reference = 0x00, .operation = KEY_SIGN_RAW, .input = INPUT_BLOCK},
    {.se = SE_CT, .reference = 0x02, .operation = KEY_DECIPHER_PKCS1, .input = INPUT_CRYPTOGRAM},
    {.se = SE_CT, .reference = 0x1A, .operation = KEY_DECIPHER_PKCS1, .input = INPUT_CRYPTOGRAM},
    {.se = SE_CT, .reference = 0x00, .operation = KEY_DECIPHER_RAW, .input = INPUT_CRYPTOGRAM},
};

/* 5.1: inside RESET RETRY COUNTER only; one for both PINs */
#define PUK                                                                        \
	{                                                                          \
		.counter = "puk", .reference = PIN_NO_REFERENCE, .is_puk = true,   \
		.digits_only = true, .length_min = PUK_LEN, .length_max = PUK_LEN, \
		.length_stored = PIN_STORED, .pad = 0x00, .tries = TRIES           \
	}

enum {
	KEY_ACCESS = PKCS15_KEY_SENSITIVE | PKCS15_KEY_ALWAYS_SENSITIVE |
		     PKCS15_KEY_NEVER_EXTRACTABLE | PKCS15_KEY_LOCAL,
	PIN_FLAGS = PKCS15_PIN_INITIALIZED | PKCS15_PIN_NEEDS_PADDING,
};

/* 5.1, 6.1 and 7.2 */
static const struct role ROLE[] = {
    {
	.key = "auth",
	.purpose = "authentication and decipherment",
	.kinds = {"rsa2048"},
	.puk = PUK,
	.pin = {.counter = "pin1",
		.reference = PIN1,
		.key = "auth",
		.puk = "puk",
		.digits_only = true,
		.length_min = PIN_MIN,
		.length_max = PIN_STORED,
		.length_stored = PIN_STORED,
		.pad = 0x00,
		.tries = TRIES},
	.private_key_spec = {.name = "auth",
			     .reference = 1,
			     .fid = EF_AUTH_KEY,
			     .pin = PIN1,
			     .algorithms = ALGORITHMS,
			     .algorithms_count = ALL_ALGORITHMS},
	.pin_object = {.common = {.label = "perustunnusluku",
				  .flags = PKCS15_OBJECT_PRIVATE | PKCS15_OBJECT_MODIFIABLE},
		       .id = {{1}, 1},
		       .flags = PIN_FLAGS,
		       .type = PKCS15_PIN_ASCII_NUMERIC,
		       .min_len = PIN_MIN,
		       .stored_len = PIN_STORED,
		       .has_reference = true,
		       .reference = PIN1,
		       .has_pad = true,
		       .pad = 0x00,
		       .path = {PKCS15_PATH_FILE, {0x3F, 0x00}, 2, false, 0, 0}},
	.private_key = {.common = {.label = "todentamis- ja salausavain",
				   .flags = PKCS15_OBJECT_PRIVATE,
				   .auth_id = {{1}, 1}},
			.id = {{ID_AUTH}, 1},
			.usage = PKCS15_USAGE_DECRYPT | PKCS15_USAGE_SIGN | PKCS15_USAGE_UNWRAP,
			.access = KEY_ACCESS,
			.has_reference = true,
			.reference = 1,
			.path = {PKCS15_PATH_FILE, {PATH_EID, 0x4B, 0x01}, 6, false, 0, 0}},
	.certificate = {.common = {.label = "todentamis- ja salausvarmenne"},
			.id = {{ID_AUTH}, 1},
			.path = {PKCS15_PATH_FILE, {PATH_EID, 0x43, 0x31}, 6, false, 0, 0}},
	.certificate_path = {DF_EID, EF_AUTH_CERTIFICATE},
    },
    {
	.key = "sign",
	.purpose = "signatures",
	.kinds = {"rsa2048"},
	.puk = PUK,
	.pin = {.counter = "pin2",
		.reference = PIN2,
		.key = "sign",
		.puk = "puk",
		.local = true,
		.one_shot = true, /* 5.4 */
		.digits_only = true,
		.length_min = PIN_MIN,
		.length_max = PIN_STORED,
		.length_stored = PIN_STORED,
		.pad = 0x00,
		.tries = TRIES},
	.private_key_spec = {.name = "sign",
			     .reference = 2,
			     .fid = EF_SIGN_KEY,
			     .pin = PIN2,
			     .algorithms = ALGORITHMS,
			     .algorithms_count = SIGNATURE_ALGORITHMS},
	.pin_object = {.common = {.label = "allekirjoitustunnusluku",
				  .flags = PKCS15_OBJECT_PRIVATE | PKCS15_OBJECT_MODIFIABLE},
		       .id = {{2}, 1},
		       .flags = PIN_FLAGS | PKCS15_PIN_LOCAL,
		       .type = PKCS15_PIN_ASCII_NUMERIC,
		       .min_len = PIN_MIN,
		       .stored_len = PIN_STORED,
		       .has_reference = true,
		       .reference = PIN2,
		       .has_pad = true,
		       .pad = 0x00,
		       .path = {PKCS15_PATH_FILE, {PATH_EID}, 4, false, 0, 0}},
	.private_key = {.common = {.label = "allekirjoitusavain",
				   .flags = PKCS15_OBJECT_PRIVATE,
				   .auth_id = {{2}, 1},
				   .user_consent = 1},
			.id = {{ID_SIGN}, 1},
			.usage = PKCS15_USAGE_NON_REPUDIATION,
			.access = KEY_ACCESS,
			.has_reference = true,
			.reference = 2,
			.path = {PKCS15_PATH_FILE, {PATH_EID, 0x4B, 0x02}, 6, false, 0, 0}},
	.certificate = {.common = {.label = "allekirjoitusvarmenne"},
			.id = {{ID_SIGN}, 1},
			.path = {PKCS15_PATH_FILE, {PATH_EID, 0x43, 0x32}, 6, false, 0, 0}},
	.certificate_path = {DF_EID, EF_SIGN_CERTIFICATE},
    },
};

static const size_t SERIAL_LENS[] = {SERIAL_LEN, 0};
static const struct roles ROLES = {
    .role = ROLE,
    .count = sizeof(ROLE) / sizeof(ROLE[0]),
    .serial_lens = SERIAL_LENS,
    .further_path = {DF_EID, EF_FURTHER},
    .further_object = {PKCS15_PATH_FILE, {PATH_EID, 0x43, 0x41}, 6, false, 0, 0},
    .further_id = ID_FURTHER,
};

static const struct pkcs15_application APPLICATION = {
    .aid = {AID},
    .aid_len = sizeof(APPLICATION_ID),
    .label = "FINEID S4-1",
    .path = {PATH_EID},
    .path_len = 4,
    .provider = {{OID_FINEID}, 8},
};

static const struct pkcs15_directory DIRECTORIES[] = {
    {PKCS15_AUTHENTICATION_OBJECTS, {PKCS15_PATH_FILE, {PATH_EID, 0x44, 0x01}, 6, false, 0, 0}},
    {PKCS15_PRIVATE_KEYS, {PKCS15_PATH_FILE, {PATH_EID, 0x44, 0x02}, 6, false, 0, 0}},
    {PKCS15_CERTIFICATES, {PKCS15_PATH_FILE, {PATH_EID, 0x44, 0x03}, 6, false, 0, 0}},
    {PKCS15_CERTIFICATES, {PKCS15_PATH_FILE, {PATH_EID, 0x44, 0x04}, 6, false, 0, 0}},
    {PKCS15_TRUSTED_CERTIFICATES, {PKCS15_PATH_FILE, {PATH_EID, 0x44, 0x05}, 6, false, 0, 0}},
    {PKCS15_DATA_OBJECTS, {PKCS15_PATH_FILE, {PATH_EID, 0x44, 0x06}, 6, false, 0, 0}},
};

static const struct pkcs15_token_info TOKEN_INFO = {
    .version = 1,
    .manufacturer = "VRK-FINEID",
    .label = "HENKILOKORTTI",
    .flags = PKCS15_CARD_AUTH_REQUIRED,
    .algorithms = {{.reference = 1,
		    .mechanism = CKM_RSA_PKCS,
		    .operations = PKCS15_OPERATION_COMPUTE_SIGNATURE | PKCS15_OPERATION_DECIPHER,
		    .oid = {{OID_RSA_ENCRYPTION}, 9},
		    .has_card_reference = true,
		    .card_reference = 0x02}},
    .algorithms_count = 1,
    .language = "fi",
};

#define EF(...)                                                                  \
	{                                                                        \
		.path = {__VA_ARGS__}, .kind = FILE_EF, .read = ACCESS_IS_ALWAYS \
	}

/* An EF of the PKCS #15 application. */
static struct file_spec
eid_file(uint16_t fid)
{
	return (struct file_spec)EF(DF_EID, fid);
}

static void
build_application_tree(struct build *build)
{
	static const struct file_spec dir = EF(EF_DIR), atr = EF(EF_ATR);
	static const struct file_spec eid = {
	    .path = {DF_EID}, .kind = FILE_DF, .name = {APPLICATION_ID, sizeof(APPLICATION_ID)}};
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	build_encoded(build, &dir, pkcs15_encode_application(&APPLICATION, &content), &content);
	build_file(build, &atr, BYTES(EF_ATR_CONTENT));
	build_file(build, &eid, BYTES_NONE);
}

static void
build_end_entity_certificates(struct build *build)
{
	const struct file_spec spec = eid_file(EF_CD);
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	build_encoded(build, &spec, build_certificates(build, &ROLES, &content), &content);
}

/* The chain, issuer of the leaf first: files from 4333 on, and the trusted CD that names them. */
static void
build_authorities(struct build *build)
{
	const struct image *image = build->image;
	struct file_spec spec = eid_file(EF_CD_TRUSTED);
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = true;

	for (size_t i = 0; i < image->authorities_count; i++) {
		const struct image_authority *authority = &image->authorities[i];
		struct bytes der = {authority->certificate, authority->certificate_len};
		const uint16_t fid = (uint16_t)(EF_CA_CERTIFICATE + i);
		const struct file_spec file = eid_file(fid);
		struct pkcs15_certificate object = {
		    .id = {{(uint8_t)(ID_CA + i)}, 1},
		    .authority = true,
		    .path = {PKCS15_PATH_FILE,
			     {PATH_EID, (uint8_t)(fid >> 8), (uint8_t)fid},
			     6,
			     false,
			     0,
			     0}};

		build_subject(der, NID_commonName, object.common.label,
			      sizeof(object.common.label));
		encoded = encoded && pkcs15_encode_certificate(&object, &content);
		build_file(build, &file, der);
	}
	spec.size = content.len == 0 ? EMPTY_DIRECTORY_LEN : 0;
	build_encoded(build, &spec, encoded, &content);
}

/* 7.2; the algorithm signs and deciphers when a key does. */
static void
build_cia_info(struct build *build)
{
	const struct file_spec spec = eid_file(EF_CIAINFO);
	struct pkcs15_token_info info = TOKEN_INFO;
	uint32_t operations = 0;

	for (size_t i = 0; i < ROLES.count; i++) {
		const struct image_key *key = image_key(build->image, ROLE[i].key);

		if (key != NULL && build_has(key, KEY_SIGN_PKCS1) && build_signs(&ROLE[i], key))
			operations |= PKCS15_OPERATION_COMPUTE_SIGNATURE;
		if (key != NULL && build_has(key, KEY_DECIPHER_PKCS1) &&
		    build_deciphers(&ROLE[i], key))
			operations |= PKCS15_OPERATION_DECIPHER;
	}
	info.algorithms[0].operations &= operations;
	build_token_info(build, &spec, &info);
}

/* The private keys as files: what PSO names by tag 81 can be selected (8.1.4), never read. */
static void
build_key_files(struct build *build)
{
	for (size_t i = 0; i < ROLES.count; i++) {
		const struct file_spec spec = {.path = {DF_EID, ROLE[i].private_key_spec.fid},
					       .kind = FILE_KEY};

		if (image_key(build->image, ROLE[i].key) != NULL)
			build_file(build, &spec, BYTES_NONE);
	}
}

static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	struct build build = {.card = card, .image = image, .error = error, .ok = true};
	const struct file_spec od = eid_file(EF_OD);
	struct file_spec aod = eid_file(EF_AOD), prkd = eid_file(EF_PRKD);
	struct file_spec useful = eid_file(EF_CD_USEFUL), dod = eid_file(EF_DOD);
	bool user_consent = build_option(&build, "user-consent", true);

	useful.size = EMPTY_DIRECTORY_LEN;
	dod.size = EMPTY_DIRECTORY_LEN;
	/* get_data() reads it; an unknown value is refused here. */
	(void)build_option(&build, OPTION_VERSION, false);
	build_check(&build, &ROLES);
	build_application_tree(&build);
	build_directories(&build, &od, DIRECTORIES, sizeof(DIRECTORIES) / sizeof(DIRECTORIES[0]));
	build_cia_info(&build);
	build_pins(&build, &ROLES, &aod);
	build_private_keys(&build, &ROLES, &prkd, user_consent);
	build_end_entity_certificates(&build);
	build_file(&build, &useful, BYTES_NONE);
	build_authorities(&build);
	build_data_objects(&build, &dod);
	build_roles(&build, &ROLES);
	build_key_files(&build);
	return build.ok;
}

/* 3.5: the order of the objects is that of the examples in 3.5 and 4.2. */
static void
fci(const struct file *file, uint8_t p2, struct writer *writer)
{
	enum { P2_FCP = 0x04, TAG_FCP = 0x62, TAG_FCI = 0x6F };
	enum { TRANSPARENT = 0x01, INTERNAL = 0x11, DF = 0x38, ACTIVATED = 0x05 };
	static const uint8_t descriptors[] = {
	    [FILE_DF] = DF, [FILE_EF] = TRANSPARENT, [FILE_KEY] = INTERNAL};
	size_t mark = tlv_begin(writer, p2 == P2_FCP ? TAG_FCP : TAG_FCI);

	if (file->spec.kind == FILE_EF)
		tlv_put_u16(writer, 0x81, (uint16_t)file->content.len);
	tlv_put_u8(writer, 0x82, descriptors[file->spec.kind]);
	tlv_put_u16(writer, 0x83, file->fid);
	if (file->spec.name.len != 0)
		tlv_put(writer, 0x84, file->spec.name);
	tlv_put_u8(writer, 0x8A, ACTIVATED);
	tlv_end(writer, mark);
}

/* 1.4: any text that begins like this makes OpenSC 0.27, which does not know the ATR, take the card as
 * EID_V2_1. Without the option the card has no GET DATA, as the sheet says in 4.12. */
static uint16_t
get_data(struct card *card, const struct capdu *command, struct writer *response)
{
	enum { APPLET_VERSION = 0xDF30 };
	char value[IMAGE_NAME_MAX];

	if (!image_option(card_image(card), OPTION_VERSION, value, sizeof(value)) ||
	    strcmp(value, "no") == 0)
		return SW_INS_NOT_SUPPORTED;
	if ((command->p1 << 8 | command->p2) != APPLET_VERSION)
		return SW_REFERENCE_NOT_FOUND;
	writer_put(response, BYTES_TEXT("v2.1x"));
	return SW_OK;
}

static const struct card_command COMMANDS[] = {
    {.cla = 0x00, .ins = 0xCA, .cla_mask = 0xFF, .handler = get_data},
    /* 4.13: ERASE BINARY exists, and every file is read-only. */
    {.cla = 0x00, .ins = 0x0E, .cla_mask = 0xFF, .sw = SW_SECURITY_STATUS},
};

static const char *const OPTIONS[] = {"user-consent", OPTION_VERSION, BUILD_PROGRAM_NAME, NULL};

const struct personality fineid_v2 = {
    .name = "fineid-v2",
    .description = "Finnish identity card of 2011 to 2016 (FINEID, applet EID2048), RSA 2048",
    .atr = {ATR, sizeof(ATR)},
    .serial_len = SERIAL_LEN,
    .serial_form = SERIAL_BCD,
    .options = OPTIONS,
    .roles = &ROLES,
    .rules = {.select = SELECT_FID | SELECT_FID_ANYWHERE | SELECT_CHILD_DF | SELECT_CHILD_EF |
			SELECT_PARENT | SELECT_NAME | SELECT_PATH_MF | SELECT_PATH_DF | SELECT_FCI |
			SELECT_FCP | SELECT_NO_DATA, /* 4.2 */
	      .name_select = PINS_ALL_DROPPED,       /* 4.1 */
	      .df_change = PINS_KEPT,                /* 5.4 */
	      .pin = CHANGE_OLD_NEW | RESET_PUK_NEW, /* 4.6, 4.7 */
	      .restores = {0xF300}},                 /* 4.8 */
    .commands = COMMANDS,
    .commands_count = sizeof(COMMANDS) / sizeof(COMMANDS[0]),
    .personalise = personalise,
    .fci = fci,
};
