/*
 * The methods of the CSC API, v1.0.4.0 and v2.0 (csc.md 4 and 5), and the OAuth endpoints (csc.md
 * 3).
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_METHOD_H
#define VICAR_TOOLS_CSC_SIMULATOR_METHOD_H

#include <stdbool.h>
#include <stddef.h>

enum rssp_method {
	RSSP_INFO,
	RSSP_LOGIN,
	RSSP_REVOKE,
	RSSP_LIST,
	RSSP_CREDENTIAL_INFO,
	RSSP_AUTHORIZE,
	RSSP_AUTHORIZE_CHECK,
	RSSP_SEND_OTP,
	RSSP_GET_CHALLENGE,
	RSSP_EXTEND_TRANSACTION,
	RSSP_SIGN_HASH,
	RSSP_SIGN_POLLING,
	RSSP_TIMESTAMP,
	RSSP_OAUTH_AUTHORIZE,
	RSSP_OAUTH_TOKEN,
	RSSP_OAUTH_PUSH,
	RSSP_OAUTH_REVOKE,
	RSSP_METHODS,
};

/* Versions of the API, as bits. */
enum { RSSP_V1 = 1u << 0, RSSP_V2 = 1u << 1 };

struct rssp_method_form {
	const char *name;
	unsigned versions;
	bool needs_token;
	bool is_oauth; /* a form instead of JSON */
};

extern const struct rssp_method_form rssp_methods[RSSP_METHODS];

/* `name` has `len` characters and need not end there; RSSP_METHODS when there is none. */
enum rssp_method rssp_method_of_name(const char *name, size_t len);

#endif
