/*
 * The certificates above those of the keys on the first Portuguese citizen card: iasecc.md 9.4.
 */
#ifndef VICAR_APPLETS_CC_V1_CHAIN_H
#define VICAR_APPLETS_CC_V1_CHAIN_H

#include "build.h"

/* Path of an EF EFxx in the citizen's DF, as the PKCS #15 objects have it. */
#define CC_V1_PATH(low)                                                                 \
	{                                                                               \
		PKCS15_PATH_FILE, {0x3F, 0x00, 0x5F, 0x00, 0xEF, (low)}, 6, false, 0, 0 \
	}

/* A file for each authority of the image, with `fci` for file_spec.fci, and its object at the end of
 * `content`. One of a kind: the first in the chain. */
bool cc_v1_build_chain(struct build *build, struct bytes fci, struct writer *content) MUST_USE;

#endif
