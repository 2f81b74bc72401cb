/*
 * OAuth 2.0 as the CSC uses it (csc.md 3): clients, and what they ask of oauth2/authorize.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_OAUTH_H
#define VICAR_TOOLS_CSC_SIMULATOR_OAUTH_H

#include "call.h"

#define RSSP_REQUEST_URI "urn:ietf:params:oauth:request_uri:"

enum { RSSP_PUSHED_LIFETIME_S = 90, RSSP_PAGE_LIFETIME_S = 600 };

/* A parameter of the request; NULL when it is missing or empty. */
const char *rssp_parameter(const struct rssp_call *call, const char *name);

/* client_id and client_secret, or Basic, are those of the client. */
bool rssp_need_client(struct rssp_call *call) MUST_USE;
/* The user whom an account_token names (csc.md 3.2); NULL in `user` when there is none and none is
 * needed. */
bool rssp_take_account(struct rssp_call *call, const struct rssp_user **user) MUST_USE;

/* What is to be authorised. The texts are borrowed from the call. */
struct rssp_authorization {
	char redirect_uri[RSSP_URL_MAX];
	const char *state, *challenge, *challenge_method;
	const struct rssp_user *user; /* of an account_token; NULL: whoever logs in */
	bool of_credential;           /* scope credential: call->credential */
	bool chosen;                  /* by the service, for a signatureQualifier */
	unsigned signatures;
	struct rssp_hashes hashes;
};

/* client_id and redirect_uri: while they are not right there is nowhere to redirect to. */
bool rssp_need_redirect(struct rssp_call *call, struct rssp_authorization *wanted) MUST_USE;
/* All the rest. */
bool rssp_need_authorization(struct rssp_call *call, struct rssp_authorization *wanted) MUST_USE;

/* The page of oauth2/authorize: a form that comes back with `request_uri`. `told`: what was wrong
 * with the last one; NULL: nothing. */
bool rssp_give_page(struct rssp_call *call, const struct rssp_authorization *wanted,
		    const char *request_uri, const char *told) MUST_USE;

/* RFC 8414: what stands behind oauth2Issuer. True when the request is for it and `answer` is it. */
bool rssp_metadata(const struct rssp_call *call);

#endif
