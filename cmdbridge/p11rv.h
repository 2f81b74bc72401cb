/*
 * What a return value of Cryptoki (PKCS#11 2.40 section 5.1) means for the use of a key.
 */
#ifndef VICAR_CMDBRIDGE_P11RV_H
#define VICAR_CMDBRIDGE_P11RV_H

#include "outcome.h"

#include <p11-kit/pkcs11.h>

enum { P11RV_NAME_SIZE = 48 };

enum outcome p11rv_outcome(CK_RV rv);
/* "CKR_PIN_INCORRECT"; in hexadecimal when it has no row. */
const char *p11rv_name(CK_RV rv, char text[P11RV_NAME_SIZE]);

#endif
