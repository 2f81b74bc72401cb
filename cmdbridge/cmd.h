/*
 * The maker `cmd`: Chave Móvel Digital, the Portuguese signature service (SCMDService). The key signs
 * a DigestInfo, PKCS#1 v1.5 only; a text message with a code comes with every start call.
 */
#ifndef VICAR_CMDBRIDGE_CMD_H
#define VICAR_CMDBRIDGE_CMD_H

#include "service.h"

extern const struct service_maker cmd_maker;

#endif
