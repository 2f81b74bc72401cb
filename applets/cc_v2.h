/* Portuguese citizen card since 2024: for registry.c. */
#ifndef VICAR_APPLETS_CC_V2_H
#define VICAR_APPLETS_CC_V2_H

#include "emulator/personality.h"

extern const struct personality cc_v2;

#endif
