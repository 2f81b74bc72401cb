/* IAS-ECC v1.0.1, the European Citizen Card: for registry.c. */
#ifndef VICAR_APPLETS_IASECC_H
#define VICAR_APPLETS_IASECC_H

#include "emulator/personality.h"

extern const struct personality iasecc;

#endif
