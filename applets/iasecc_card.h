/*
 * What the files of the IAS-ECC card share: its references, and the commands that only it has.
 * Sections named in them are those of the fact sheet iasecc.md.
 */
#ifndef VICAR_APPLETS_IASECC_CARD_H
#define VICAR_APPLETS_IASECC_CARD_H

#include "build.h"

enum {
	IASECC_ATR_LEN = 25,
	IASECC_SERIAL_LEN = 8, /* 2.3 */
	IASECC_LOCAL = 0x80,   /* 5.1, 6.1: this bit of a reference says local to the ADF */
	IASECC_PIN_USER = 0x01,
	IASECC_PIN_PUK = 0x02,
	IASECC_PIN_SIGN = IASECC_LOCAL | 0x05,
	IASECC_PIN_MIN = 4,
	IASECC_PIN_MAX = 8,
	IASECC_PUK_LEN = 8,
	IASECC_TRIES = 3,
	IASECC_KEY_AUTH = 1, /* number of the security data object; MSE adds IASECC_LOCAL */
	IASECC_KEY_SIGN = 2,
	/* Numbers of the security environments, in which a rule's PIN is named: 3.4. */
	IASECC_SE_PUK = 2,
	IASECC_SE_USER = 3,
	IASECC_SE_SIGN = 4,
};

enum {
	IASECC_ADF = 0x0001,
	IASECC_AUTH_CERTIFICATE = 0xB001,
	IASECC_SIGN_CERTIFICATE = 0xB002,
	IASECC_AUTH_PUBLIC_KEY = 0xB201,
	IASECC_SIGN_PUBLIC_KEY = 0xB202,
	IASECC_FURTHER = 0xB011, /* the sheet has nothing there; the chain ends at B008 */
};

/* Path of an EF in the ADF, as the PKCS #15 objects have it: 7.2. */
#define IASECC_PATH(fid)                                                                  \
	{                                                                                 \
		PKCS15_PATH_FILE, {(uint8_t)((fid) >> 8), (uint8_t)(fid)}, 2, false, 0, 0 \
	}

/* A maker's card of the same applet: 1.2, 1.5. */
struct iasecc_variant {
	const char *name; /* value of the image's option `variant` */
	struct bytes atr;
	struct bytes root;        /* AID of the root */
	struct bytes pre_issuing; /* 2.1: as in the historical bytes */
};

extern const uint8_t iasecc_atr[IASECC_ATR_LEN]; /* AMOS */

/* "amos" when the image has no option `variant`; NULL when there is none of that name. */
const struct iasecc_variant *iasecc_variant_of(const struct image *image);

/* A key's public half as the certificate has it. */
struct iasecc_public {
	uint8_t modulus[512], exponent[8];
	size_t modulus_len, exponent_len;
};

/* It is local, and card.conf allows it. */
bool iasecc_deciphers(const struct image_key *key);
bool iasecc_public_of(const struct image_key *key, struct iasecc_public *public) MUST_USE;

/* The tree of 3.5 with the PKCS #15 objects of section 7. */
void iasecc_build_files(struct build *build, const struct roles *roles,
			const struct iasecc_variant *variant);

command_handler iasecc_get_sdo; /* GET DATA CB 3F FF: 4.4 */

#endif
