/*
 * What the FINEID cards since 2017 share: citizen cards of S4-1 3.0 to 4.1 (fineid_citizen.h) and
 * organisation cards of S4-2. Sections named in these files are those of the fact sheet fineid.md.
 */
#ifndef VICAR_APPLETS_FINEID_CARD_H
#define VICAR_APPLETS_FINEID_CARD_H

#include "build.h"

enum {
	FINEID_ESIGN = 0x5016,
	FINEID_AUTH_CERTIFICATE = 0x4331, /* 3.3 */
	FINEID_SIGN_CERTIFICATE = 0x4332,
	FINEID_ISSUER_CERTIFICATE_ORG = 0x4333,
	FINEID_ISSUER_CERTIFICATE = 0x4336,
	FINEID_FURTHER = 0x4341, /* the sheet has nothing there; the chain ends at 433B */
	FINEID_ID_AUTH = 0x45,   /* 7.1 */
	FINEID_ID_SIGN = 0x46,
	FINEID_ID_ROOT = 0x47,
	FINEID_ID_ISSUER = 0x48, /* more of the chain follow */
	FINEID_ID_SIGN2 = FINEID_ID_ISSUER + IMAGE_AUTHORITIES_MAX,
	FINEID_ID_FURTHER = 0x60,
	FINEID_SERIAL_LEN = 12,      /* 7.3 */
	FINEID_SERIAL_LEN_LONG = 17, /* 7.1: newer chips */
	FINEID_TRIES = 5,            /* 5.1 */
	FINEID_PIN1_MIN = 4,
	FINEID_PUK_MIN = 8,
	FINEID_ROLES_MAX = 3,
	FINEID_KEY_ACCESS = PKCS15_KEY_SENSITIVE | PKCS15_KEY_ALWAYS_SENSITIVE |
			    PKCS15_KEY_NEVER_EXTRACTABLE | PKCS15_KEY_LOCAL,
	FINEID_PIN_OBJECT_FLAGS = PKCS15_OBJECT_PRIVATE | PKCS15_OBJECT_MODIFIABLE,
};

#define FINEID_MF 0x3F, 0x00
/* A path below the MF in a PKCS #15 object. */
#define FINEID_PATH(len, ...)                                                  \
	{                                                                      \
		PKCS15_PATH_FILE, {FINEID_MF, __VA_ARGS__}, (len), false, 0, 0 \
	}
#define FINEID_PATH_MF                                        \
	{                                                     \
		PKCS15_PATH_FILE, {FINEID_MF}, 2, false, 0, 0 \
	}

extern const char fineid_puk_counter[];
extern const size_t fineid_serial_lens[];

#define FINEID_ROLES(table)                                                                    \
	{                                                                                      \
		.role = (table), .count = sizeof(table) / sizeof((table)[0]),                  \
		.serial_lens = fineid_serial_lens, .further_path = {FINEID_FURTHER},           \
		.further_object = FINEID_PATH(4, 0x43, 0x41), .further_id = FINEID_ID_FURTHER, \
	}

/*
 * 6.2, 6.3 and 4.11: signatures first, which are all that a signature key does. Keys of the one kind
 * have none of the other's.
 */
#define FINEID_SIGNATURE(byte, how, form, from, hash)                                   \
	{                                                                               \
		.se = SE_DST, .reference = (byte), .operation = (how), .input = (form), \
		.source = (from), .digest = (hash)                                      \
	}
#define FINEID_SIGNATURES_WITH(nibble, from, hash)                                       \
	FINEID_SIGNATURE((nibble) | 2, KEY_SIGN_PKCS1, INPUT_DIGEST, from, hash),        \
	    FINEID_SIGNATURE((nibble) | 5, KEY_SIGN_PSS, INPUT_DIGEST_BARE, from, hash), \
	    FINEID_SIGNATURE((nibble) | 4, KEY_SIGN_ECDSA, INPUT_DIGEST_BARE, from, hash)
#define FINEID_OAEP(byte, hash)                                                   \
	{                                                                         \
		.se = SE_CT, .reference = (byte), .operation = KEY_DECIPHER_OAEP, \
		.input = INPUT_CRYPTOGRAM, .digest = (hash)                       \
	}
#define FINEID_ALGORITHMS(from)                                                         \
	{                                                                               \
		FINEID_SIGNATURES_WITH(0x10, from, DIGEST_SHA1),                        \
		    FINEID_SIGNATURES_WITH(0x30, from, DIGEST_SHA224),                  \
		    FINEID_SIGNATURES_WITH(0x40, from, DIGEST_SHA256),                  \
		    FINEID_SIGNATURES_WITH(0x50, from, DIGEST_SHA384),                  \
		    FINEID_SIGNATURES_WITH(0x60, from, DIGEST_SHA512),                  \
		    {.se = SE_CT,                                                       \
		     .reference = 0x1A,                                                 \
		     .operation = KEY_DECIPHER_PKCS1,                                   \
		     .input = INPUT_CRYPTOGRAM},                                        \
		    FINEID_OAEP(0x1D, DIGEST_SHA1), FINEID_OAEP(0x3D, DIGEST_SHA224),   \
		    FINEID_OAEP(0x4D, DIGEST_SHA256), FINEID_OAEP(0x5D, DIGEST_SHA384), \
		    FINEID_OAEP(0x6D, DIGEST_SHA512),                                   \
		    {.se = SE_CT,                                                       \
		     .unnamed = true,                                                   \
		     .operation = KEY_DERIVE_ECDH,                                      \
		     .input = INPUT_CRYPTOGRAM},                                        \
	}
enum { FINEID_SIGNATURES_COUNT = 15, FINEID_ALGORITHMS_COUNT = 22 };

/* A card of the same applet with another ATR: 2.1, 2.4. */
struct fineid_variant {
	const char *name; /* value of the image's option `variant` */
	struct bytes atr, ef_atr;
	const char *manufacturer; /* in EF.CIAInfo */
};

struct fineid_profile {
	const struct roles *roles;             /* FINEID_ROLES_MAX at most */
	const struct fineid_variant *variants; /* the usual one first */
	size_t variants_count;
	const char *label;             /* of the application in EF.DIR */
	const struct pkcs15_pin *puk;  /* its object */
	uint16_t issuer_certificate;   /* the chain's files from here on; a root is in 4334 */
	struct bytes card_access;      /* EF.CardAccess; empty: there is none */
	const struct file_spec *files; /* more that this card has, without content */
	size_t files_count;
};

/* The whole card. */
bool fineid_personalise(struct card *card, const struct image *image,
			const struct fineid_profile *profile, struct image_error *error) MUST_USE;
/* 3.5 */
void fineid_fci(const struct file *file, uint8_t p2, struct writer *writer);

/* The roles as the keys of the image make them: no PUK unblocks the PIN of a service's key; an RSA key
 * names its algorithms. */
void fineid_adapt(struct role roles[FINEID_ROLES_MAX], const struct fineid_profile *profile,
		  const struct image *image);
/* The algorithms of EF.CIAInfo: what one of these roles does. */
void fineid_list_algorithms(struct pkcs15_token_info *info, const struct roles *roles,
			    const struct image *image);

#endif
