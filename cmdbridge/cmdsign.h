/*
 * Signing with a CMD account: one document by SCMDSign, up to a hundred by SCMDMultipleSign, with one
 * consent, one PIN and one code.
 */
#ifndef VICAR_CMDBRIDGE_CMDSIGN_H
#define VICAR_CMDBRIDGE_CMDSIGN_H

#include "service.h"

/* service_maker.sign */
void cmdsign(const struct service_use *use, struct service_result *result);

#endif
