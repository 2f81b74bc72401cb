/*
 * What a card said, as the CK_RV of PKCS#11: design.md, "Remote trouble", and pkcs11.md section 4.
 */
#ifndef VICAR_PKCS11_RV_H
#define VICAR_PKCS11_RV_H

#include "pkcs11/cryptoki.h"
#include "pkcs11/smartcard.h"

/* `sw` counts with SMARTCARD_REFUSED. */
CK_RV rv_of_card(enum smartcard_result result, uint16_t sw);

#endif
