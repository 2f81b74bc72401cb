/*
 * The service type `pkcs11`: the key is in a token of another PKCS#11 module (an HSM, a TPM, a key
 * service in a cloud, SoftHSM), chosen by `module` and `token` of vicar.conf. The card's PIN is that of
 * the token, which judges it. The credential is the key's PKCS#11 URI.
 */
#ifndef VICAR_CMDBRIDGE_P11MAKER_H
#define VICAR_CMDBRIDGE_P11MAKER_H

#include "service.h"

extern const struct service_kind p11_kind;
extern const struct service_maker p11_maker;

/* Of the maker's table, in p11enrol.c. */
void p11_enrol(const struct service_use *use, struct service_result *result);
void p11_list(const struct service_use *use, struct service_result *result);
void p11_check(const struct service_use *use, struct service_result *result);

#endif
