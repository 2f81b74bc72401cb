/*
 * What a service makes up: ids, tokens, codes. False: OpenSSL has no random bytes.
 */
#ifndef VICAR_TOOLS_SIMULATOR_RANDOM_H
#define VICAR_TOOLS_SIMULATOR_RANDOM_H

#include "iso7816/bytes.h"

enum {
	SIM_GUID_MAX = 37,
	SIM_CODE_MAX = 7,        /* six digits */
	SIM_TOKEN_BYTES_MAX = 32 /* hexadecimal, two digits each */
};

/* Version 4 (RFC 4122 section 4.4), lower case. */
bool sim_random_guid(char guid[SIM_GUID_MAX]) MUST_USE;
/* Six digits, each number equally likely. */
bool sim_random_code(char code[SIM_CODE_MAX]) MUST_USE;
/* `text` has room for 2 * bytes + 1 characters; at most SIM_TOKEN_BYTES_MAX bytes. */
bool sim_random_token(size_t bytes, char *text) MUST_USE;

#endif
