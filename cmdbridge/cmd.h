/*
 * The maker `cmd`: Chave Móvel Digital, the Portuguese signature service (SCMDService). The key signs
 * a DigestInfo, PKCS#1 v1.5 only; a text message with a code comes with every start call.
 */
#ifndef VICAR_CMDBRIDGE_CMD_H
#define VICAR_CMDBRIDGE_CMD_H

#include "service.h"

/* Keys of vicar.conf that only this type has; the optional members of newer servers (cmd.md 15). */
enum cmd_option { CMD_BIOMETRIC_VALIDATION, CMD_BIOMETRIC_CODE };

extern const struct service_kind cmd_kind;
extern const struct service_maker cmd_maker;

#endif
