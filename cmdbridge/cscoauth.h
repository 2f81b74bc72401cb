/*
 * OAuth 2.0 as the CSC API has it (csc.md 3): authorisation code with PKCE (RFC 7636) through the owner's
 * browser, which comes back to this machine (RFC 8252); pushed requests (RFC 9126); the other grants at
 * the token endpoint.
 */
#ifndef VICAR_CMDBRIDGE_CSCOAUTH_H
#define VICAR_CMDBRIDGE_CSCOAUTH_H

#include "csccall.h"

enum { OAUTH_URL_MAX = 1024 };

/* Empty: not offered. */
struct oauth_endpoints {
	char authorize[OAUTH_URL_MAX];
	char token[OAUTH_URL_MAX];
	char push[OAUTH_URL_MAX];
};

/* What the owner is asked to agree to; the strings are borrowed. Of the scope `service` nothing but that
 * counts. */
struct oauth_scope {
	bool credential;
	const char *credential_id;
	size_t signatures;
	const char *hashes;   /* as the query has them */
	const char *hash_oid; /* v2 */
	const char *description;
};

/* In the locked heap; to be freed in any case. */
struct oauth_grant {
	char *access_token;
	char *refresh_token; /* NULL: none */
};

/* From `info`, or what it points to. */
enum outcome oauth_find(struct csc *csc, struct oauth_endpoints *endpoints) MUST_USE;

/* The owner agrees in a browser, which takes as long as code-lifetime-s lets it. */
enum outcome oauth_by_code(struct csc *csc, const struct oauth_endpoints *endpoints,
			   const struct oauth_scope *scope, struct oauth_grant *grant) MUST_USE;
enum outcome oauth_by_client(struct csc *csc, const struct oauth_endpoints *endpoints,
			     struct oauth_grant *grant) MUST_USE;
enum outcome oauth_by_password(struct csc *csc, const struct oauth_endpoints *endpoints,
			       const char *password, struct oauth_grant *grant) MUST_USE;
enum outcome oauth_by_refresh(struct csc *csc, const struct oauth_endpoints *endpoints,
			      const char *refresh_token, struct oauth_grant *grant) MUST_USE;
void oauth_grant_free(struct oauth_grant *grant);

#endif
