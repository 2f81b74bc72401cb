/* Finnish identity card of 2011 to 2016, OpenSC's last one: for registry.c. */
#ifndef VICAR_APPLETS_FINEID_V2_H
#define VICAR_APPLETS_FINEID_V2_H

#include "emulator/personality.h"

extern const struct personality fineid_v2;

#endif
