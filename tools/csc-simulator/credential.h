/*
 * What is told of a credential: credentials/info, and credentials/list in v2.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_CREDENTIAL_H
#define VICAR_TOOLS_CSC_SIMULATOR_CREDENTIAL_H

#include "call.h"

struct rssp_details {
	enum {
		RSSP_CERTIFICATES_SINGLE,
		RSSP_CERTIFICATES_NONE,
		RSSP_CERTIFICATES_CHAIN
	} certificates;
	bool cert_info, auth_info;
};

/* The members certificates, certInfo and authInfo of the request. */
bool rssp_need_details(struct rssp_call *call, struct rssp_details *details) MUST_USE;
/* The object of the reply, the caller's to json_decref(). */
json_t *rssp_describe(struct rssp_call *call, const struct rssp_credential *credential,
		      const struct rssp_details *details) MUST_USE;

/* Names of the authentication objects of v2, in the order in which they are told. */
#define RSSP_PIN_ID "PIN"
#define RSSP_OTP_ID "OTP"
#define RSSP_APP_ID "APP"

/* Puts the members of v1 (authMode, PIN, OTP) or of v2 (auth) into `object`. `details` false: only
 * the mode. */
void rssp_describe_auth(const struct rssp_call *call, const struct rssp_credential *credential,
			bool details, json_t *object);

#endif
