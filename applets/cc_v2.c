/*
 * Cartão de Cidadão, second generation (2024), as the Portuguese middleware uses it through its
 * contacts: no PKCS #15 files, keys and files by numbers that the middleware knows. Sections named here
 * are those of the fact sheet iasecc.md.
 */
#include "cc_v2.h"
#include "build.h"
#include "cc_card.h"
#include "cc_identity.h"
#include "iso7816/tlv.h"

#include <string.h>

enum {
	/* 9.5; which certificate is whose follows from the order of the keys there. */
	EF_AUTH_CERTIFICATE = 0xEF02,
	EF_SIGN_CERTIFICATE = 0xEF04,
	KEY_AUTH = 6,
	KEY_SIGN = 8,
	/* The applications are selected by name. Their identifiers are ours. */
	DF_NATIONAL = 0xDF05,
	DF_MULTIPASS = 0xDF06,
	EF_MRZ = 0x0101, /* 9.5 */
	EF_PHOTO = 0x0102,
	EF_IDENTITY = 0x010D,
	EF_SECURITY = 0x010E,
	EF_ACTIVE_AUTH_KEY = 0x010F,
	EF_SOD = 0x011D,
	SOD_SFI = 0x1D,
};

#define AID(last)                                        \
	{                                                \
		0x60, 0x46, 0x32, 0xFF, 0x00, 0x00, last \
	}
static const uint8_t EID_NAME[] = AID(0x04);
static const uint8_t NATIONAL_NAME[] = AID(0x05);
static const uint8_t MULTIPASS_NAME[] = AID(0x06);
static const uint8_t CITIZEN_NAME[] = {'D', 'F', ' ', 'i', 's', 's', 'u', 'e', 's'}; /* 9.2 */

/*
 * 9.1 has the ATR that a reader without contacts makes, and for contacts "any", since the middleware
 * looks for the application. These are its historical bytes in the frame of the last cards of the
 * generation before: T=1, blocks of 254 bytes.
 */
static const uint8_t ATR[] = {0x3B, 0xFF, 0x96, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x43,
			      0x80, 0x31, 0x80, 0x65, 0xB0, 0x85, 0x05, 0x00, 0x11,
			      0x12, 0x0F, 0xFF, 0x82, 0x90, 0x00, 0xE1};

#define ECDSA(byte, hash)                                                           \
	{                                                                           \
		.se = SE_DST, .reference = (byte), .operation = KEY_SIGN_ECDSA,     \
		.input = INPUT_DIGEST_BARE, .source = SOURCE_HASH, .digest = (hash) \
	}

/* 9.5, 6.2; 04 is for a hash of a length that has no byte of its own, as 02 is in 9.3, item 6. */
static const struct algorithm ALGORITHMS[] = {
    ECDSA(0x14, DIGEST_SHA1),   ECDSA(0x44, DIGEST_SHA256), ECDSA(0x54, DIGEST_SHA384),
    ECDSA(0x64, DIGEST_SHA512), ECDSA(0x04, DIGEST_SHA224),
};

#define KEY(role, byte, pin_byte)                                                                 \
	{                                                                                         \
		.name = (role), .reference = (byte), .pin = (pin_byte), .algorithms = ALGORITHMS, \
		.algorithms_count = sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0])                    \
	}

static const struct role ROLE[] = {
    {
	.key = "auth",
	.purpose = "authentication",
	.kinds = {"p256", "p384"},
	.puk = CC_PUK("auth"),
	.pin = CC_PIN("auth", CC_PIN_AUTH),
	.private_key_spec = KEY("auth", KEY_AUTH, CC_PIN_AUTH),
	.private_key = {.usage = PKCS15_USAGE_SIGN}, /* for card.conf's `usage`: in no file */
	.certificate_path = {CC_DF_CITIZEN, EF_AUTH_CERTIFICATE},
    },
    {
	.key = "sign",
	.purpose = "signatures",
	.kinds = {"p256", "p384"},
	.puk = CC_PUK("sign"),
	.pin = CC_PIN("sign", CC_PIN_SIGN),
	.private_key_spec = KEY("sign", KEY_SIGN, CC_PIN_SIGN),
	.private_key = {.usage = PKCS15_USAGE_NON_REPUDIATION},
	.certificate_path = {CC_DF_CITIZEN, EF_SIGN_CERTIFICATE},
    },
};

static const size_t SERIAL_LENS[] = {CC_SERIAL_LEN, 0};
static const struct roles ROLES = {
    .role = ROLE, .count = sizeof(ROLE) / sizeof(ROLE[0]), .serial_lens = SERIAL_LENS};

#define DF(fid, bytes)                                                             \
	{                                                                          \
		.path = {(fid)}, .kind = FILE_DF, .name = { bytes, sizeof(bytes) } \
	}

/* The sheet has the size of 010E (9.2, the FCI of a CC2) and no other; the rest are those of the same
 * fields of the generation before (9.4). What is in them is read over PACE only, and there is none
 * with contacts. */
static const struct national_file {
	uint16_t fid;
	size_t size;
} NATIONAL_FILES[] = {
    {EF_MRZ, 90},          {EF_PHOTO, 14128},          {EF_IDENTITY, 1372},
    {EF_SECURITY, 0x021D}, {EF_ACTIVE_AUTH_KEY, 1372},
};

static void
build_national_data(struct build *build)
{
	static const struct file_spec national = DF(DF_NATIONAL, NATIONAL_NAME);
	/* Without it nobody could ask for the cache key, and nothing personal is in it. */
	static const struct file_spec sod_file = {.path = {DF_NATIONAL, EF_SOD},
						  .kind = FILE_EF,
						  .sfi = SOD_SFI,
						  .read = ACCESS_IS_ALWAYS};
	uint8_t sod[CC_SOD_LEN];

	build_file(build, &national, BYTES_NONE);
	for (size_t i = 0; i < sizeof(NATIONAL_FILES) / sizeof(NATIONAL_FILES[0]); i++) {
		const struct file_spec spec = {.path = {DF_NATIONAL, NATIONAL_FILES[i].fid},
					       .kind = FILE_EF,
					       .size = NATIONAL_FILES[i].size,
					       .read = ACCESS_IS_NEVER};

		build_file(build, &spec, BYTES_NONE);
	}
	cc_sod(build->image, CC_CACHE_KEY_V2, sod);
	build_file(build, &sod_file, BYTES(sod));
}

/* The sheet has no file for the authorities of the certificates. */
static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	struct build build = {.card = card, .image = image, .error = error, .ok = true};
	static const struct file_spec mf = DF(0, EID_NAME);
	static const struct file_spec citizen = DF(CC_DF_CITIZEN, CITIZEN_NAME);
	static const struct file_spec multipass = DF(DF_MULTIPASS, MULTIPASS_NAME);

	build_check(&build, &ROLES);
	build_file(&build, &mf, BYTES_NONE);
	build_file(&build, &citizen, BYTES_NONE);
	build_roles(&build, &ROLES);
	build_national_data(&build);
	build_file(&build, &multipass, BYTES_NONE);
	return build.ok;
}

/* 9.2, which has an EF's. A DF's is that of the generation before. */
static void
fci(const struct file *file, uint8_t p2, struct writer *writer)
{
	enum { P2_FCP = 0x04, TAG_FCP = 0x62, TAG_FCI = 0x6F, TRANSPARENT = 0x01 };
	static const uint8_t rule_df[] = {0x06, 0x00, 0x00}, rule_ef[] = {0x40, 0x01, 0xFF};
	const size_t mark = tlv_begin(writer, p2 == P2_FCP ? TAG_FCP : TAG_FCI);
	size_t size;

	if (file->spec.kind == FILE_DF) {
		tlv_put_u16(writer, 0x83, file->fid);
		tlv_put(writer, 0x84, file->spec.name);
		tlv_put(writer, 0x8C, BYTES(rule_df));
	} else {
		size = tlv_begin(writer, 0x80);
		writer_u8(writer, (uint8_t)(file->content.len >> 16));
		writer_u16(writer, (uint16_t)file->content.len);
		tlv_end(writer, size);
		tlv_put_u8(writer, 0x82, TRANSPARENT);
		tlv_put_u16(writer, 0x83, file->fid);
		tlv_put(writer, 0x86, BYTES(rule_ef));
	}
	tlv_end(writer, mark);
}

static const struct card_command COMMANDS[] = {CC_COMMANDS};

const struct personality cc_v2 = {
    .name = "cc-v2",
    .description = "Portuguese citizen card since 2024, P-256 and P-384",
    .atr = {ATR, sizeof(ATR)},
    .serial_len = CC_SERIAL_LEN,
    .serial_form = SERIAL_BYTES,
    .roles = &ROLES,
    /* Every PIN command follows a SELECT of the application, the one that drops a PIN too: so the
     * SELECT itself does not (9.5). */
    .rules = {.select = SELECT_FID | SELECT_CHILD_EF | SELECT_NAME | SELECT_PATH_MF | SELECT_FCI |
			SELECT_FCP | SELECT_NO_DATA, /* 9.3, 9.5 */
	      .name_select = PINS_KEPT,
	      .df_change = PINS_KEPT,
	      .df_change_clears_se = true,         /* 4.8 */
	      .pin = VERIFY_LOGOUT | CC_PIN_FORMS, /* 9.5, 5.1 */
	      .hash = HASH_WHOLE,
	      .sw_scheme = SW_CONDITIONS}, /* 9.3, item 6: "6985 = algorithm not allowed" */
    .commands = COMMANDS,
    .commands_count = sizeof(COMMANDS) / sizeof(COMMANDS[0]),
    .personalise = personalise,
    .fci = fci,
};
