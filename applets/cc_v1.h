/* Portuguese citizen card, GemSAFE generation: for registry.c. */
#ifndef VICAR_APPLETS_CC_V1_H
#define VICAR_APPLETS_CC_V1_H

#include "emulator/personality.h"

extern const struct personality cc_v1;

#endif
