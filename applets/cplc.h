/*
 * Card production life cycle data, GlobalPlatform Card Specification 2.1.1 appendix H.
 */
#ifndef VICAR_APPLETS_CPLC_H
#define VICAR_APPLETS_CPLC_H

#include "emulator/personality.h"

/* GET DATA 9F7F. Nothing is known of a chip that is not there; where the chip's date, serial number
 * and batch are, bytes 13 to 20 of the answer, is the card's serial number of 8 bytes: iasecc.md 9.3,
 * item 2. */
command_handler cplc_get;

#endif
