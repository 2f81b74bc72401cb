/* Finnish organisation card: for registry.c. */
#ifndef VICAR_APPLETS_FINEID_ORG_H
#define VICAR_APPLETS_FINEID_ORG_H

#include "emulator/personality.h"

extern const struct personality fineid_org;

#endif
