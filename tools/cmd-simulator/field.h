/*
 * What fields hold, in base64: text under the service's RSA key (RSAES-PKCS1-v1_5, cmd.md 5),
 * signatures (RSASSA-PKCS1-v1_5 over a DigestInfo, cmd.md 6).
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_FIELD_H
#define VICAR_TOOLS_CMD_SIMULATOR_FIELD_H

#include "iso7816/bytes.h"

#include <openssl/evp.h>

enum { SIM_PLAIN_MAX = 64, SIM_SIGNATURE_MAX = 512 };

/* The text in `plain`; "" when there is none, it does not decrypt, or holds other than printable
 * ASCII. One RSA operation in each case, so that the time does not tell which. */
void sim_field_decrypt(EVP_PKEY *key, const char *base64, char plain[SIM_PLAIN_MAX]);

/* Signs the DigestInfo as it is. */
bool sim_field_sign(EVP_PKEY *key, struct bytes digestinfo, uint8_t signature[SIM_SIGNATURE_MAX],
		    size_t *len) MUST_USE;

#endif
