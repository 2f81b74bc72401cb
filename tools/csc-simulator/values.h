/*
 * What may stand behind the keys of accounts.conf. Each is a sim_value_parser: NULL, or what is
 * allowed; the target is the member of accounts.h that the key is for.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_VALUES_H
#define VICAR_TOOLS_CSC_SIMULATOR_VALUES_H

#include "tools/simulator/settings.h"

#define RSSP_RSA_DEFAULT "rsa-sha256 rsa-sha384 rsa-sha512 rsa rsa-pss"
#define RSSP_EC_DEFAULT "ecdsa-sha256 ecdsa-sha384 ecdsa-sha512"

sim_value_parser rssp_parse_key, rssp_parse_mode, rssp_parse_presence, rssp_parse_otp,
    rssp_parse_certificate, rssp_parse_confirm, rssp_parse_browser, rssp_parse_status;
/* Several words. */
sim_value_parser rssp_parse_auth, rssp_parse_versions, rssp_parse_methods, rssp_parse_algorithms;
/* Texts. */
sim_value_parser rssp_parse_name, rssp_parse_short, rssp_parse_url, rssp_parse_pin;

#endif
