/*
 * FINEID identity card since 2023: MultiApp 5.0, S1 4.0, S4-1 4.0, and since 2025 MultiApp 5.1, S4-1
 * 4.1, which differs in ATR and EF.ATR. Contact interface. Sections named here are those of the fact
 * sheet fineid.md.
 */
#include "fineid_v4.h"
#include "fineid_citizen.h"

#define KINDS "p384", "rsa2048", "rsa3072"

static const struct role ROLE[] = {
    FINEID_CITIZEN_AUTH(KINDS),
    FINEID_CITIZEN_SIGN("sign", 2, FINEID_ID_SIGN, "allekirjoitusavain", "allekirjoitusvarmenne",
			FINEID_SIGN_CERTIFICATE, KINDS),
};
static const struct roles ROLES = FINEID_ROLES(ROLE);

/* 2.1, A6 and A7: T=0. 2.4 */
static const uint8_t ATR_4_0[] = {0x3B, 0x7F, 0x96, 0x00, 0x00, 0x80, 0x31, 0xB8, 0x65, 0xB0,
				  0x85, 0x05, 0x00, 0x11, 0x12, 0x24, 0x60, 0x82, 0x90, 0x00};
static const uint8_t ATR_4_1[] = {0x3B, 0x7F, 0x96, 0x00, 0x00, 0x80, 0x31, 0xB8, 0x65, 0xB0,
				  0x85, 0x05, 0x10, 0x24, 0x12, 0x24, 0x60, 0x82, 0x90, 0x00};
static const uint8_t EF_ATR_4_0[] = {0x43, 0x01, 0xB8, 0x46, 0x05, 0xB0, 0x85, 0x05, 0x00, 0x11};
static const uint8_t EF_ATR_4_1[] = {0x43, 0x01, 0xB8, 0x46, 0x05, 0xB0, 0x85, 0x05, 0x10, 0x24};

static const struct fineid_variant VARIANTS[] = {
    {"4.0", {ATR_4_0, sizeof(ATR_4_0)}, {EF_ATR_4_0, sizeof(EF_ATR_4_0)}, "DVV-FINEID"},
    {"4.1", {ATR_4_1, sizeof(ATR_4_1)}, {EF_ATR_4_1, sizeof(EF_ATR_4_1)}, "DVV-FINEID"},
};

/* 3.1: the travel document, whose files are closed until PACE. Its DF has no known file identifier;
 * the files' and their short ones are of ICAO Doc 9303 part 10. */
enum { DF_EMRTD = 0x7F01 };
static const uint8_t EMRTD_ID[] = {0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01};
#define EMRTD_FILE(fid, short_id)                                             \
	{                                                                     \
		.path = {DF_EMRTD, (fid)}, .kind = FILE_EF, .sfi = (short_id) \
	}

static const struct file_spec FILES[] = {
    {.path = {DF_EMRTD}, .kind = FILE_DF, .name = {EMRTD_ID, sizeof(EMRTD_ID)}},
    EMRTD_FILE(0x0101, 0x01), /* DG1 */
    EMRTD_FILE(0x0102, 0x02), /* DG2 */
    EMRTD_FILE(0x011D, 0x1D), /* SOD */
    EMRTD_FILE(0x011E, 0x1E), /* COM */
};

static const struct fineid_profile PROFILE = {
    .roles = &ROLES,
    .variants = VARIANTS,
    .variants_count = sizeof(VARIANTS) / sizeof(VARIANTS[0]),
    .label = "FINEID S4-1",
    .puk = &fineid_citizen_puk,
    .issuer_certificate = FINEID_ISSUER_CERTIFICATE,
    .files = FILES,
    .files_count = sizeof(FILES) / sizeof(FILES[0]),
    .card_access = {fineid_card_access, FINEID_CARD_ACCESS_LEN},
};

static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	return fineid_personalise(card, image, &PROFILE, error);
}

static const char *const OPTIONS[] = {"user-consent", "variant", BUILD_PROGRAM_NAME, NULL};

const struct personality fineid_v4 = {
    .name = "fineid-v4",
    .description = "Finnish identity card since 2023 (FINEID S4-1 4.0, 4.1), EC P-384 or RSA",
    .atr = {ATR_4_0, sizeof(ATR_4_0)},
    .serial_len = FINEID_SERIAL_LEN,
    .serial_form = SERIAL_DIGITS,
    .options = OPTIONS,
    .roles = &ROLES,
    .rules = FINEID_CITIZEN_RULES,
    .commands = fineid_citizen_commands,
    .commands_count = FINEID_CITIZEN_COMMANDS_COUNT,
    .personalise = personalise,
    .fci = fineid_fci,
};
