/* Finnish identity card of 2017 to 2023, with RSA keys and one on P-256: for registry.c. */
#ifndef VICAR_APPLETS_FINEID_V3_H
#define VICAR_APPLETS_FINEID_V3_H

#include "emulator/personality.h"

extern const struct personality fineid_v3;

#endif
