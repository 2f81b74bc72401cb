/*
 * Cartão de Cidadão, first generation (applet on GemSAFE, 2007 to 2024). Sections named here are
 * those of the fact sheet iasecc.md.
 */
#include "cc_v1.h"
#include "build.h"
#include "cc_card.h"
#include "cc_identity.h"
#include "cc_v1_chain.h"
#include "iso7816/tlv.h"

#include <string.h>

enum {
	EF_DIR = 0x2F00,
	EF_TRACE = 0x0003,
	DF_ISSUER = 0x4F00,
	EF_OD = 0x5031,
	EF_TOKENINFO = 0x5032,
	EF_AODF = 0x4401,
	EF_IDENTITY = 0xEF02,
	EF_ADDRESS = 0xEF05,
	EF_SOD = 0xEF06,
	EF_NOTES = 0xEF07,
	EF_SIGN_CERTIFICATE = 0xEF08,
	EF_AUTH_CERTIFICATE = 0xEF09,
	EF_CDF = 0xEF0C,
	EF_PRKDF = 0xEF0D,
	EF_PUKDF = 0xEF0E,
	EF_DODF = 0xEF1F,
	EF_FURTHER = 0xEF20, /* 9.4 has nothing there; other authorities end at EF18 */
	ID_AUTH = 0x45,
	ID_SIGN = 0x46,
	ID_FURTHER = 0x60,
	DIR_LEN = 128,
	TRACE_LEN = 16,
	ADDRESS_LEN = 1500,
	SOD_SFI = 6, /* 9.3: the middleware's cache key is read from it */
	NOTES_LEN = 1000,
};

#define NO_FILE                                       \
	{                                             \
		PKCS15_PATH_FILE, {0}, 0, false, 0, 0 \
	} /* 30 02 04 00 */

static const uint8_t APPLICATION_ID[] = {0x60, 0x46, 0x32, 0xFF, 0x00, 0x00, 0x02};
static const uint8_t ISSUER_NAME[] = {'D', 'F', ' ', 'i', 's', 's', 'u', 'e', 'r'};
static const uint8_t CITIZEN_NAME[] = {'D', 'F', ' ', 'i', 's', 's', 'u', 'e', 's'};

/*
 * The fourth ATR of 9.1. Measured with stock OpenSC 0.23 and an RSA-3072 key: all four sign, but the
 * two of T=0 need a GET RESPONSE for each SELECT (48 commands for one signature instead of 37), and
 * of the two of T=1 this one lets blocks be longest (TA3: IFSC 254, the other 128).
 */
static const uint8_t ATR[] = {0x3B, 0xFF, 0x96, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x43,
			      0x80, 0x31, 0x80, 0x65, 0xB0, 0x85, 0x04, 0x01, 0x20,
			      0x12, 0x0F, 0xFF, 0x82, 0x90, 0x00, 0xD0};

#define DST(byte, form, hash)                                                                    \
	{                                                                                        \
		.se = SE_DST, .reference = (byte), .operation = KEY_SIGN_PKCS1, .input = (form), \
		.source = SOURCE_HASH, .digest = (hash)                                          \
	}

#define PSS(byte, hash)                                                             \
	{                                                                           \
		.se = SE_DST, .reference = (byte), .operation = KEY_SIGN_PSS,       \
		.input = INPUT_DIGEST_BARE, .source = SOURCE_HASH, .digest = (hash) \
	}

/* 6.2 and 9.3, item 6. PSS is of applet v4, "PSS adds 3"; its 05 is for a hash of any length that has
 * no byte of its own. */
static const struct algorithm ALGORITHMS[] = {
    DST(0x02, INPUT_DIGESTINFO, DIGEST_SHA1),
    DST(0x12, INPUT_DIGEST, DIGEST_SHA1),
    DST(0x42, INPUT_DIGEST, DIGEST_SHA256),
    DST(0x52, INPUT_DIGEST, DIGEST_SHA384),
    DST(0x62, INPUT_DIGEST, DIGEST_SHA512),
    PSS(0x15, DIGEST_SHA1),
    PSS(0x45, DIGEST_SHA256),
    PSS(0x55, DIGEST_SHA384),
    PSS(0x65, DIGEST_SHA512),
    PSS(0x05, DIGEST_SHA224),
};
enum {
	ALGORITHMS_V3_COUNT = 5,
	ALGORITHMS_V4_COUNT = sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]),
};

#define KEY_SPEC(role, byte, pin_byte)                                                            \
	{                                                                                         \
		.name = (role), .reference = (byte), .pin = (pin_byte), .algorithms = ALGORITHMS, \
		.algorithms_count = ALGORITHMS_V3_COUNT                                           \
	}
/* 9.4: no object flags, no maximum; the reference stands in the class attributes too. */
#define PIN_OBJECT(text, auth_id, byte)                                                          \
	{                                                                                        \
		.common = {.label = (text)}, .id = {{(auth_id)}, 1}, .has_auth_reference = true, \
		.auth_reference = (byte),                                                        \
		.flags = PKCS15_PIN_CASE_SENSITIVE | PKCS15_PIN_INITIALIZED,                     \
		.type = PKCS15_PIN_ASCII_NUMERIC, .min_len = CC_PIN_MIN,                         \
		.stored_len = CC_PIN_STORED, .has_reference = true, .reference = (byte),         \
		.has_pad = true, .pad = CC_PIN_PAD                                               \
	}

/* 9.4. Which object of PuKDF has which rule is not on the sheet: each the rule of its PIN. */
static const struct role ROLE[] = {
    {
	.key = "auth",
	.purpose = "authentication",
	.kinds = {"rsa2048", "rsa3072"},
	.puk = CC_PUK("auth"),
	.pin = CC_PIN("auth", CC_PIN_AUTH),
	.private_key_spec = KEY_SPEC("auth", 2, CC_PIN_AUTH),
	.pin_object = PIN_OBJECT("PIN da Autenticação", 1, CC_PIN_AUTH),
	.private_key = {.common = {.label = "CITIZEN AUTHENTICATION KEY", .auth_id = {{1}, 1}},
			.id = {{ID_AUTH}, 1},
			.usage = PKCS15_USAGE_SIGN,
			.has_reference = true,
			.reference = 2,
			.path = NO_FILE},
	.public_key = {.common = {.label = "CITIZEN AUTHENTICATION KEY",
				  .flags = PKCS15_OBJECT_PRIVATE,
				  .rules = {{PKCS15_ACCESS_READ, {{1}, 1}}},
				  .rules_count = 1},
		       .id = {{ID_AUTH}, 1},
		       .usage = PKCS15_USAGE_VERIFY,
		       .has_reference = true,
		       .reference = 2,
		       .path = NO_FILE},
	.certificate = {.common = {.label = "CITIZEN AUTHENTICATION CERTIFICATE"},
			.id = {{ID_AUTH}, 1},
			.path = CC_V1_PATH(0x09)},
	.certificate_path = {CC_DF_CITIZEN, EF_AUTH_CERTIFICATE},
    },
    {
	.key = "sign",
	.purpose = "signatures",
	.kinds = {"rsa2048", "rsa3072"},
	.puk = CC_PUK("sign"),
	.pin = CC_PIN("sign", CC_PIN_SIGN),
	.private_key_spec = KEY_SPEC("sign", 1, CC_PIN_SIGN),
	.pin_object = PIN_OBJECT("PIN da Assinatura", 2, CC_PIN_SIGN),
	.private_key = {.common = {.label = "CITIZEN SIGNATURE KEY",
				   .auth_id = {{2}, 1},
				   .user_consent = 1},
			.id = {{ID_SIGN}, 1},
			.usage = PKCS15_USAGE_NON_REPUDIATION,
			.has_reference = true,
			.reference = 1,
			.path = NO_FILE},
	.public_key = {.common = {.label = "CITIZEN SIGNATURE KEY",
				  .flags = PKCS15_OBJECT_PRIVATE,
				  .rules = {{PKCS15_ACCESS_READ, {{2}, 1}}},
				  .rules_count = 1},
		       .id = {{ID_SIGN}, 1},
		       .usage = PKCS15_USAGE_VERIFY,
		       .has_reference = true,
		       .reference = 1,
		       .path = NO_FILE},
	.certificate = {.common = {.label = "CITIZEN SIGNATURE CERTIFICATE"},
			.id = {{ID_SIGN}, 1},
			.path = CC_V1_PATH(0x08)},
	.certificate_path = {CC_DF_CITIZEN, EF_SIGN_CERTIFICATE},
    },
};

enum { ROLES_COUNT = sizeof(ROLE) / sizeof(ROLE[0]) };

/* 9.2: rules of the FCI. AMB 1B: activate, deactivate, update, read; a DF: 06, update and create. */
static const uint8_t RULE_DF[] = {0x06, 0x00, 0x00};
static const uint8_t RULE_READ_FREE[] = {0x1B, 0xFF, 0xFF, 0xFF, 0x00};
/* 3.4: by the user, 10; the number is the PIN's of 9.4's AODF, 1 for authentication. */
static const uint8_t RULE_UPDATE_AUTH[] = {0x1B, 0xFF, 0xFF, 0x11, 0x00};
static const uint8_t RULE_UPDATE_SIGN[] = {0x1B, 0xFF, 0xFF, 0x12, 0x00};
static const uint8_t RULE_READ_NEVER[] = {0x1B, 0xFF, 0xFF, 0xFF, 0xFF};

static const size_t SERIAL_LENS[] = {CC_SERIAL_LEN, 0};
static const struct roles ROLES = {
    .role = ROLE,
    .count = ROLES_COUNT,
    .serial_lens = SERIAL_LENS,
    .certificate_fci = {RULE_READ_FREE, sizeof(RULE_READ_FREE)},
    .further_path = {CC_DF_CITIZEN, EF_FURTHER},
    .further_object = CC_V1_PATH(EF_FURTHER & 0xFF),
    .further_id = ID_FURTHER,
};

/* 9.3, item 4: the version that the card says. With "v4" the middleware asks for PSS. */
static const struct applet {
	const char *option, *version;
	size_t algorithms_count;
} APPLETS[] = {
    {"v3", "v3.0.00", ALGORITHMS_V3_COUNT},
    {"v4", "v4.0.00", ALGORITHMS_V4_COUNT},
};

/* The first when the image has no option `applet`; NULL when there is none of that name. */
static const struct applet *
applet_of(const struct image *image)
{
	char name[IMAGE_NAME_MAX];

	if (!image_option(image, "applet", name, sizeof(name)))
		return &APPLETS[0];
	for (size_t i = 0; i < sizeof(APPLETS) / sizeof(APPLETS[0]); i++) {
		if (strcmp(APPLETS[i].option, name) == 0)
			return &APPLETS[i];
	}
	return NULL;
}

/* What a service's key cannot do the version would promise. */
static void
applet_check(struct build *build)
{
	const struct image *image = build->image;
	const struct applet *applet = applet_of(image);

	if (applet == NULL)
		build_fail(
		    build,
		    "card \"%s\": there is no such applet of a cc-v1 card; write applet=v3 or "
		    "applet=v4 in card.conf",
		    image->name);
	if (applet == NULL || applet->algorithms_count == ALGORITHMS_V3_COUNT)
		return;
	for (size_t i = 0; i < image->keys_count; i++) {
		if ((image_operations(&image->keys[i]) & 1U << KEY_SIGN_PSS) == 0)
			build_fail(build,
				   "card \"%s\": with applet=v4 programs ask for PSS, which key "
				   "\"%s\" at a service cannot do; take applet=v4 out of card.conf",
				   image->name, image->keys[i].name);
	}
}

static const struct pkcs15_application APPLICATION = {
    .aid = {'D', 'F', ' ', 'i', 's', 's', 'u', 'e', 'r'},
    .aid_len = sizeof(ISSUER_NAME),
    .label = "PORTUGAL EID",
    .path = {0x4F, 0x00},
    .path_len = 2,
};

static const struct pkcs15_directory DIRECTORIES[] = {
    {PKCS15_PRIVATE_KEYS, CC_V1_PATH(0x0D)},
    {PKCS15_PUBLIC_KEYS, CC_V1_PATH(0x0E)},
    {PKCS15_CERTIFICATES, CC_V1_PATH(0x0C)},
    {PKCS15_AUTHENTICATION_OBJECTS,
     {PKCS15_PATH_FILE, {0x3F, 0x00, 0x5F, 0x00, 0x44, 0x01}, 6, false, 0, 0}},
    {PKCS15_DATA_OBJECTS, CC_V1_PATH(EF_DODF & 0xFF)},
};

static const struct pkcs15_token_info TOKEN_INFO = {
    .version = 1,
    .manufacturer = "GEMALTO",
    .label = "CARTAO DE CIDADAO",
};

#define EF(...)                                                                   \
	{                                                                         \
		.path = {__VA_ARGS__}, .kind = FILE_EF, .read = ACCESS_IS_ALWAYS, \
		.fci = { RULE_READ_FREE,                                          \
			 sizeof(RULE_READ_FREE) }                                 \
	}
#define DF(fid, bytes)                                                              \
	{                                                                           \
		.path = {(fid)}, .kind = FILE_DF, .name = {(bytes), sizeof(bytes)}, \
		.fci = { RULE_DF,                                                   \
			 sizeof(RULE_DF) }                                          \
	}

static struct file_spec
citizen_file(uint16_t fid)
{
	return (struct file_spec)EF(CC_DF_CITIZEN, fid);
}

static void
build_tree(struct build *build)
{
	static const struct file_spec mf = DF(0, APPLICATION_ID);
	static const struct file_spec issuer = DF(DF_ISSUER, ISSUER_NAME);
	static const struct file_spec citizen = DF(CC_DF_CITIZEN, CITIZEN_NAME);
	struct file_spec dir = EF(EF_DIR), trace = EF(EF_TRACE);
	static const uint8_t activated[] = {0, 0, 0, 0, 0x00, 0x01}; /* 9.3: byte 5 */
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	dir.size = DIR_LEN;
	trace.size = TRACE_LEN;
	build_file(build, &mf, BYTES_NONE);
	build_encoded(build, &dir, pkcs15_encode_application(&APPLICATION, &content), &content);
	build_file(build, &trace, BYTES(activated));
	build_file(build, &issuer, BYTES_NONE);
	build_file(build, &citizen, BYTES_NONE);
}

static void
build_cdf(struct build *build)
{
	const struct file_spec spec = citizen_file(EF_CDF);
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));
	bool encoded = build_certificates(build, &ROLES, &content) &&
		       cc_v1_build_chain(build, BYTES(RULE_READ_FREE), &content);

	build_encoded(build, &spec, encoded, &content);
}

static void
build_identity_and_sod(struct build *build)
{
	const struct image_key *key = &build->image->keys[0];
	const struct file_spec identity_file = citizen_file(EF_IDENTITY);
	struct file_spec sod_file = citizen_file(EF_SOD);
	uint8_t identity[CC_IDENTITY_LEN], sod[CC_SOD_LEN];

	sod_file.sfi = SOD_SFI;
	cc_identity((struct bytes){key->certificate, key->certificate_len}, identity);
	cc_sod(build->image, CC_CACHE_KEY_V1, sod);
	build_file(build, &identity_file, BYTES(identity));
	build_file(build, &sod_file, BYTES(sod));
}

/* The address is read with PIN 83 (9.4), which no key of ours has. The notes are empty until somebody
 * writes them, with the PIN for authentication, or with the only PIN that there is: the sheet does not
 * say which one a real card wants. Of a service's PIN only the form is known then. */
static void
build_address_and_notes(struct build *build)
{
	struct file_spec address = citizen_file(EF_ADDRESS);
	struct file_spec notes = citizen_file(EF_NOTES);
	const bool auth = image_key(build->image, "auth") != NULL;

	address.size = ADDRESS_LEN;
	address.read.rule = ACCESS_NEVER;
	address.fci = BYTES(RULE_READ_NEVER);
	notes.size = NOTES_LEN;
	notes.update = (struct access)ACCESS_IS_PIN(auth ? CC_PIN_AUTH : CC_PIN_SIGN);
	notes.fci = auth ? BYTES(RULE_UPDATE_AUTH) : BYTES(RULE_UPDATE_SIGN);
	build_file(build, &address, BYTES_NONE);
	build_file(build, &notes, BYTES_NONE);
}

static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	struct build build = {.card = card, .image = image, .error = error, .ok = true};
	static const struct file_spec od = EF(DF_ISSUER, EF_OD);
	static const struct file_spec token_info = EF(DF_ISSUER, EF_TOKENINFO);
	struct file_spec aodf = citizen_file(EF_AODF), prkdf = citizen_file(EF_PRKDF);
	struct file_spec pukdf = citizen_file(EF_PUKDF), dodf = citizen_file(EF_DODF);
	bool user_consent = build_option(&build, "user-consent", true);
	struct role role[ROLES_COUNT];
	struct roles roles = ROLES;

	build_check(&build, &ROLES);
	applet_check(&build);
	if (!build.ok)
		return false;
	memcpy(role, ROLE, sizeof(ROLE));
	roles.role = role;
	for (size_t i = 0; i < ROLES_COUNT; i++)
		role[i].private_key_spec.algorithms_count = applet_of(image)->algorithms_count;
	build_tree(&build);
	build_directories(&build, &od, DIRECTORIES, sizeof(DIRECTORIES) / sizeof(DIRECTORIES[0]));
	build_token_info(&build, &token_info, &TOKEN_INFO);
	build_pins(&build, &ROLES, &aodf);
	build_identity_and_sod(&build);
	build_address_and_notes(&build);
	build_roles(&build, &roles);
	build_cdf(&build);
	build_private_keys(&build, &ROLES, &prkdf, user_consent);
	build_public_keys(&build, &ROLES, &pukdf);
	/* 9.4 has no such file. */
	if (build_takes_program(&build))
		build_data_objects(&build, &dodf);
	return build.ok;
}

/* 9.2. An EF has 82, a DF has none: that is how OpenSC tells them apart. */
static void
fci(const struct file *file, uint8_t p2, struct writer *writer)
{
	enum { P2_FCP = 0x04, TAG_FCP = 0x62, TAG_FCI = 0x6F };
	enum { TRANSPARENT = 0x01, ACTIVATED = 0x05 };
	size_t mark = tlv_begin(writer, p2 == P2_FCP ? TAG_FCP : TAG_FCI);

	if (file->spec.kind == FILE_DF) {
		tlv_put_u16(writer, 0x83, file->fid);
		tlv_put(writer, 0x84, file->spec.name);
	} else {
		tlv_put_u16(writer, 0x81, (uint16_t)file->content.len);
		tlv_put_u8(writer, 0x82, TRANSPARENT);
		tlv_put_u16(writer, 0x83, file->fid);
		tlv_put_u8(writer, 0x8A, ACTIVATED);
	}
	tlv_put(writer, 0x8C, file->spec.fci);
	tlv_end(writer, mark);
}

static uint16_t
get_applet_version(struct card *card, const struct capdu *command, struct writer *response)
{
	const char *version = applet_of(card_image(card))->version;

	(void)command;
	tlv_put(response, 0xDF30, (struct bytes){(const uint8_t *)version, strlen(version)});
	return SW_OK;
}

static const struct card_command COMMANDS[] = {
    {.cla = 0x00,
     .ins = 0xCA,
     .cla_mask = 0xFF,
     .p1p2 = 0xDF30,
     .p1p2_mask = 0xFFFF,
     .handler = get_applet_version},
    CC_COMMANDS,
    /* 9.2: OpenSC's probe for another card, 80 CA DF 03 08 */
    {.cla = 0x80, .ins = 0xCA, .cla_mask = 0xFF, .sw = SW_INS_NOT_SUPPORTED},
};

static const char *const OPTIONS[] = {"user-consent", "applet", BUILD_PROGRAM_NAME, NULL};

const struct personality cc_v1 = {
    .name = "cc-v1",
    .description = "Portuguese citizen card, first generation (GemSAFE), RSA 2048 and 3072",
    .atr = {ATR, sizeof(ATR)},
    .serial_len = CC_SERIAL_LEN,
    .serial_form = SERIAL_BYTES,
    .options = OPTIONS,
    .roles = &ROLES,
    .rules = {.select = SELECT_FID | SELECT_CHILD_EF | SELECT_NAME | SELECT_PATH_MF | SELECT_FCI |
			SELECT_FCP | SELECT_NO_DATA, /* 9.2, 9.3 */
	      .name_select = PINS_ALL_DROPPED,
	      .df_change = PINS_KEPT,
	      .df_change_clears_se = true, /* 4.8 */
	      .pin = CC_PIN_FORMS,
	      .restores = {0x7301}, /* 4.8; the sheet has no number, this is ISO's default */
	      .hash = HASH_WHOLE,
	      .sw_scheme = SW_CONDITIONS}, /* 9.3, item 6: "6985 = algorithm not allowed" */
    .commands = COMMANDS,
    .commands_count = sizeof(COMMANDS) / sizeof(COMMANDS[0]),
    .personalise = personalise,
    .fci = fci,
};
