/*
 * What both generations of the Portuguese citizen card have: PINs, and commands of the Portuguese
 * middleware. Sections named here are those of the fact sheet iasecc.md.
 */
#ifndef VICAR_APPLETS_CC_CARD_H
#define VICAR_APPLETS_CC_CARD_H

#include "cplc.h"

enum {
	CC_SERIAL_LEN = 8,      /* 9.3, 9.4 */
	CC_DF_CITIZEN = 0x5F00, /* 9.4, 9.5 */
	CC_PIN_AUTH = 0x81,     /* 5.1 */
	CC_PIN_SIGN = 0x82,
	CC_PIN_MIN = 4, /* 9.4, AODF */
	CC_PIN_STORED = 8,
	CC_PIN_PAD = 0xFF,
	CC_TRIES = 3,                                              /* 9.3 */
	CC_PIN_FORMS = CHANGE_OLD_NEW | RESET_PUK_NEW | RESET_PUK, /* 9.2, 9.3 */
};

#define CC_PIN(role, byte)                                                                      \
	{                                                                                       \
		.counter = role "-pin", .reference = (byte), .key = (role), .puk = role "-puk", \
		.local = true, .digits_only = true, .length_min = CC_PIN_MIN,                   \
		.length_max = CC_PIN_STORED, .length_stored = CC_PIN_STORED, .pad = CC_PIN_PAD, \
		.tries = CC_TRIES                                                               \
	}
#define CC_PUK(role)                                                                        \
	{                                                                                   \
		.counter = role "-puk", .reference = PIN_NO_REFERENCE, .is_puk = true,      \
		.digits_only = true, .length_min = CC_PIN_MIN, .length_max = CC_PIN_STORED, \
		.length_stored = CC_PIN_STORED, .pad = CC_PIN_PAD, .tries = CC_TRIES        \
	}

/* Rows of a personality's commands: 9.3, items 2 and 8. There is neither a CVC root key nor are there
 * Diffie-Hellman parameters; random bytes come with class 80 too. */
#define CC_COMMANDS                                                                       \
	{.cla = 0x00,                                                                     \
	 .ins = 0xCA,                                                                     \
	 .cla_mask = 0xFF,                                                                \
	 .p1p2 = 0x9F7F,                                                                  \
	 .p1p2_mask = 0xFFFF,                                                             \
	 .handler = cplc_get},                                                            \
	    {.cla = 0x00, .ins = 0xCA, .cla_mask = 0xFF, .sw = SW_REFERENCE_NOT_FOUND},   \
	    {.cla = 0x00,                                                                 \
	     .ins = 0xCB,                                                                 \
	     .cla_mask = 0xFF,                                                            \
	     .p1p2 = 0x00FF,                                                              \
	     .p1p2_mask = 0xFFFF,                                                         \
	     .sw = SW_REFERENCE_NOT_FOUND},                                               \
	{                                                                                 \
		.cla = 0x80, .ins = 0x84, .cla_mask = 0xFF, .handler = card_get_challenge \
	}

#endif
