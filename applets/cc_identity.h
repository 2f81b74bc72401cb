/*
 * Contents of files of the Portuguese citizen card, iasecc.md 9.3 to 9.5.
 */
#ifndef VICAR_APPLETS_CC_IDENTITY_H
#define VICAR_APPLETS_CC_IDENTITY_H

#include "emulator/image.h"

enum {
	CC_IDENTITY_LEN = 15500, /* 9.2 */
	CC_SOD_LEN = 4000,       /* 9.4 */
	CC_CACHE_KEY_V1 = 0xD4,  /* 9.3, item 3: where it is in the SOD */
	CC_CACHE_KEY_V2 = 0xD2,  /* 9.5 */
};

/* What the subject of the certificate says about its owner; every other field stays empty, and so
 * does the photograph. */
void cc_identity(struct bytes certificate, uint8_t identity[CC_IDENTITY_LEN]);

/*
 * There is nobody who would sign our SOD: it is empty but for the 16 bytes by which the Portuguese
 * middleware tells cards apart in its cache (9.3). They come from serial number and certificates,
 * so that an old card's files are never shown for a new one. They are at `offset`.
 */
void cc_sod(const struct image *image, size_t offset, uint8_t sod[CC_SOD_LEN]);

#endif
