/*
 * FINEID organisation card: S4-2 on Idemia ID.me IDeal Citiz, on Oberthur Cosmo v7 and on Idemia
 * Cosmo X, which differ in ATR and EF.ATR. Sections named here are those of the fact sheet fineid.md.
 */
#include "fineid_org.h"
#include "fineid_card.h"

enum {
	PIN1 = 0x03, /* 5.1: none is local, so that the AID select keeps them (4.1) */
	PIN2 = 0x04,
	PUK = 0x12, /* verified before RESET RETRY COUNTER: 4.7 */
	PIN_MAX = 8,
	KEY_SIGN = 0x82, /* 6.1 */
};

/* 4.5: values are sent as typed. */
#define PUK_SPEC                                                                          \
	{                                                                                 \
		.counter = fineid_puk_counter, .reference = PUK, .is_puk = true,          \
		.digits_only = true, .length_min = FINEID_PUK_MIN, .length_max = PIN_MAX, \
		.tries = FINEID_TRIES                                                     \
	}
#define PIN_SPEC(which, byte)                                                                    \
	.counter = (which), .reference = (byte), .puk = fineid_puk_counter, .digits_only = true, \
	.length_min = FINEID_PIN1_MIN, .length_max = PIN_MAX, .tries = FINEID_TRIES
#define PIN_OBJECT(byte, min)                                                      \
	.type = PKCS15_PIN_ASCII_NUMERIC, .min_len = (min), .stored_len = PIN_MAX, \
	.has_max_len = true, .max_len = PIN_MAX, .has_reference = true, .reference = (byte)
#define KINDS                                      \
	{                                          \
		"rsa2048", "rsa3072", "p384", NULL \
	}

/* 4.9, 4.10: the hash comes inside PSO COMPUTE DIGITAL SIGNATURE. */
static const struct algorithm ALGORITHMS[FINEID_ALGORITHMS_COUNT] =
    FINEID_ALGORITHMS(SOURCE_COMMAND);

/* 5.1, 6.1 and 3.3 */
static const struct role ROLE[] = {
    {
	.key = "auth",
	.purpose = "authentication and decipherment",
	.kinds = KINDS,
	.puk = PUK_SPEC,
	.pin = {PIN_SPEC("pin1", PIN1)},
	.private_key_spec = {.name = "auth",
			     .reference = 1,
			     .pin = PIN1,
			     .algorithms = ALGORITHMS,
			     .algorithms_count = FINEID_ALGORITHMS_COUNT},
	.pin_object = {.common = {.label = "perustunnusluku",
				  .flags = FINEID_PIN_OBJECT_FLAGS,
				  .auth_id = {{3}, 1}},
		       .id = {{1}, 1},
		       .flags = PKCS15_PIN_INITIALIZED,
		       PIN_OBJECT(PIN1, FINEID_PIN1_MIN)},
	.private_key = {.common = {.label = "todentamis- ja salausavain",
				   .flags = PKCS15_OBJECT_PRIVATE,
				   .auth_id = {{1}, 1}},
			.id = {{FINEID_ID_AUTH}, 1},
			.usage = PKCS15_USAGE_SIGN | PKCS15_USAGE_DECRYPT | PKCS15_USAGE_UNWRAP |
				 PKCS15_USAGE_DERIVE,
			.access = FINEID_KEY_ACCESS,
			.has_reference = true,
			.reference = 1,
			.path = FINEID_PATH_MF},
	.certificate = {.common = {.label = "todentamis- ja salausvarmenne"},
			.id = {{FINEID_ID_AUTH}, 1},
			.path = FINEID_PATH(4, 0x43, 0x31)},
	.certificate_path = {FINEID_AUTH_CERTIFICATE},
    },
    {
	.key = "sign",
	.purpose = "signatures that bind",
	.kinds = KINDS,
	.puk = PUK_SPEC,
	.pin = {PIN_SPEC("pin2", PIN2), .one_shot = true}, /* 5.4 */
	.private_key_spec = {.name = "sign",
			     .reference = KEY_SIGN,
			     .pin = PIN2,
			     .algorithms = ALGORITHMS,
			     .algorithms_count = FINEID_SIGNATURES_COUNT},
	.pin_object = {.common = {.label = "allekirjoitustunnusluku",
				  .flags = FINEID_PIN_OBJECT_FLAGS,
				  .auth_id = {{3}, 1}},
		       .id = {{2}, 1},
		       .flags = PKCS15_PIN_INITIALIZED,
		       PIN_OBJECT(PIN2, FINEID_PIN1_MIN)},
	.private_key = {.common = {.label = "allekirjoitusavain",
				   .flags = PKCS15_OBJECT_PRIVATE,
				   .auth_id = {{2}, 1},
				   .user_consent = 1},
			.id = {{FINEID_ID_SIGN}, 1},
			.usage = PKCS15_USAGE_NON_REPUDIATION,
			.access = FINEID_KEY_ACCESS,
			.has_reference = true,
			.reference = KEY_SIGN,
			.path = FINEID_PATH(4, 0x50, 0x16)},
	.certificate = {.common = {.label = "allekirjoitusvarmenne"},
			.id = {{FINEID_ID_SIGN}, 1},
			.path = FINEID_PATH(6, 0x50, 0x16, 0x43, 0x32)},
	.certificate_path = {FINEID_ESIGN, FINEID_SIGN_CERTIFICATE},
    },
};

static const struct roles ROLES = FINEID_ROLES(ROLE);

static const struct pkcs15_pin PUK_OBJECT = {
    .common = {.label = "aktivointitunnusluku", .flags = FINEID_PIN_OBJECT_FLAGS},
    .id = {{3}, 1},
    .flags = PKCS15_PIN_INITIALIZED | PKCS15_PIN_UNBLOCKING,
    PIN_OBJECT(PUK, FINEID_PUK_MIN),
};

/* 2.1: A10, A9 with the check byte of ISO/IEC 7816-3, A11. All of them offer T=0 and T=1. */
#define HISTORICAL 0x00, 0x31, 0xB8, 0x64, 0x04, 0x29, 0xEC, 0xC1, 0x73, 0x94, 0x01, 0x80
static const uint8_t ATR_CITIZ[] = {0x3B, 0xDD, 0x96,       0x00, 0x80, 0x31,
				    0xFE, 0x45, HISTORICAL, 0x82, 0x48};
static const uint8_t ATR_COSMO_7[] = {0x3B, 0xDF,       0x96, 0x00, 0x80, 0x31, 0xFE,
				      0x45, HISTORICAL, 0x82, 0x90, 0x00, 0xDA};
static const uint8_t ATR_COSMO_X[] = {0x3B, 0xDD, 0x96,       0x00, 0x80, 0x31,
				      0xFE, 0x45, HISTORICAL, 0x83, 0x49};

/* 2.4: card service data, pre-issuing data and card capabilities of the historical bytes. */
static const uint8_t EF_ATR[] = {0x43, 0x01, 0xB8, 0x46, 0x04, 0x04, 0x29,
				 0xEC, 0xC1, 0x47, 0x03, 0x94, 0x01, 0x80};

#define VARIANT(name, atr)                                                           \
	{                                                                            \
		(name), {(atr), sizeof(atr)}, {EF_ATR, sizeof(EF_ATR)}, "DVV-FINEID" \
	}
static const struct fineid_variant VARIANTS[] = {
    VARIANT("citiz", ATR_CITIZ),
    VARIANT("cosmo-7", ATR_COSMO_7),
    VARIANT("cosmo-x", ATR_COSMO_X),
};

static const struct fineid_profile PROFILE = {
    .roles = &ROLES,
    .variants = VARIANTS,
    .variants_count = sizeof(VARIANTS) / sizeof(VARIANTS[0]),
    .label = "FINEID S4-2",
    .puk = &PUK_OBJECT,
    .issuer_certificate = FINEID_ISSUER_CERTIFICATE_ORG,
};

static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	return fineid_personalise(card, image, &PROFILE, error);
}

static const struct card_command COMMANDS[] = {
    /* 4.9: the hash comes with the signature's command. */
    {.cla = 0x00,
     .cla_mask = 0xFF,
     .ins = 0x2A,
     .p1p2 = 0x90A0,
     .p1p2_mask = 0xFFFF,
     .chaining = true,
     .sw = SW_INCORRECT_DATA},
    /* 4.13: ERASE BINARY exists, and every file is read-only. */
    {.cla = 0x00, .cla_mask = 0xFF, .ins = 0x0E, .sw = SW_SECURITY_STATUS},
};

static const char *const OPTIONS[] = {"user-consent", "variant", BUILD_PROGRAM_NAME, NULL};

const struct personality fineid_org = {
    .name = "fineid-org",
    .description = "Finnish organisation card (FINEID S4-2), RSA 2048 and 3072, EC P-384",
    .atr = {ATR_CITIZ, sizeof(ATR_CITIZ)},
    .serial_len = FINEID_SERIAL_LEN,
    .serial_form = SERIAL_DIGITS,
    .options = OPTIONS,
    .roles = &ROLES,
    .rules = {.select = SELECT_FID | SELECT_FID_ANYWHERE | SELECT_CHILD_DF | SELECT_CHILD_EF |
			SELECT_PARENT | SELECT_NAME | SELECT_PATH_MF | SELECT_PATH_DF | SELECT_FCI |
			SELECT_FCP | SELECT_NO_DATA,              /* 4.2 */
	      .name_select = PINS_LOCAL_DROPPED,                  /* 4.1 */
	      .df_change = PINS_KEPT,                             /* 5.4 */
	      .pin = VERIFY_LOGOUT | CHANGE_OLD_NEW | RESET_NEW}, /* 4.5 to 4.7 */
    .commands = COMMANDS,
    .commands_count = sizeof(COMMANDS) / sizeof(COMMANDS[0]),
    .personalise = personalise,
    .fci = fineid_fci,
};
