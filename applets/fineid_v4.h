/* Finnish identity card since 2023, with keys on P-384 or RSA: for registry.c. */
#ifndef VICAR_APPLETS_FINEID_V4_H
#define VICAR_APPLETS_FINEID_V4_H

#include "emulator/personality.h"

extern const struct personality fineid_v4;

#endif
