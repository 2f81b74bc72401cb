/*
 * FINEID identity card of 2021 to 2023: MultiApp 4.2, S4-1 3.1, and of 2017 to 2021: MultiApp 3.0,
 * S4-1 3.0, which differs in ATR and EF.ATR. Sections named here are those of the fact sheet
 * fineid.md.
 */
#include "fineid_v3.h"
#include "fineid_citizen.h"

enum { EF_SIGN2_CERTIFICATE = 0x4335 };

static const struct role ROLE[] = {
    FINEID_CITIZEN_AUTH("rsa2048", "rsa3072"),
    FINEID_CITIZEN_SIGN("sign", 2, FINEID_ID_SIGN, "allekirjoitusavain", "allekirjoitusvarmenne",
			FINEID_SIGN_CERTIFICATE, "rsa2048", "rsa3072"),
    FINEID_CITIZEN_SIGN("sign2", 3, FINEID_ID_SIGN2, "allekirjoitusavain 2",
			"allekirjoitusvarmenne 2", EF_SIGN2_CERTIFICATE, "p256"),
};
static const struct roles ROLES = FINEID_ROLES(ROLE);

/* 2.1, A5 and A4: T=0. 2.4 */
static const uint8_t ATR_3_1[] = {0x3B, 0x7F, 0x96, 0x00, 0x00, 0x80, 0x31, 0xB8, 0x65, 0xB0,
				  0x85, 0x04, 0x02, 0x1B, 0x12, 0x00, 0xF6, 0x82, 0x90, 0x00};
static const uint8_t ATR_3_0[] = {0x3B, 0x7F, 0x96, 0x00, 0x00, 0x80, 0x31, 0xB8, 0x65, 0xB0,
				  0x85, 0x03, 0x00, 0xEF, 0x12, 0x00, 0xF6, 0x82, 0x90, 0x00};
static const uint8_t EF_ATR_3_1[] = {0x43, 0x01, 0xB8, 0x46, 0x05, 0xB0, 0x85, 0x04, 0x02, 0x1B};
static const uint8_t EF_ATR_3_0[] = {0x43, 0x01, 0xB8, 0x46, 0x05, 0xB0, 0x85, 0x03, 0x00, 0xEF};

/* 7.1: the manufacturer of the card of 3.0 is known. */
static const struct fineid_variant VARIANTS[] = {
    {"3.1", {ATR_3_1, sizeof(ATR_3_1)}, {EF_ATR_3_1, sizeof(EF_ATR_3_1)}, "DVV-FINEID"},
    {"3.0", {ATR_3_0, sizeof(ATR_3_0)}, {EF_ATR_3_0, sizeof(EF_ATR_3_0)}, "VRK-FINEID (Gemalto)"},
};

static const struct fineid_profile PROFILE = {
    .roles = &ROLES,
    .variants = VARIANTS,
    .variants_count = sizeof(VARIANTS) / sizeof(VARIANTS[0]),
    .label = "FINEID S4-1",
    .puk = &fineid_citizen_puk,
    .issuer_certificate = FINEID_ISSUER_CERTIFICATE,
    .card_access = {fineid_card_access, FINEID_CARD_ACCESS_LEN},
};

static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	return fineid_personalise(card, image, &PROFILE, error);
}

static const char *const OPTIONS[] = {"user-consent", "variant", BUILD_PROGRAM_NAME, NULL};

const struct personality fineid_v3 = {
    .name = "fineid-v3",
    .description = "Finnish identity card of 2017 to 2023 (FINEID S4-1 3.0, 3.1), RSA 2048 and "
		   "3072, EC P-256",
    .atr = {ATR_3_1, sizeof(ATR_3_1)},
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
