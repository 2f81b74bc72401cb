/*
 * What [service NAME] of type csc may say besides what every service may (vicar.conf(5)); the places of
 * service_config's `options`.
 */
#ifndef VICAR_CMDBRIDGE_CSCOPTIONS_H
#define VICAR_CMDBRIDGE_CSCOPTIONS_H

#include "service.h"

enum csc_option {
	CSC_API,                   /* auto v1 v2 */
	CSC_LOGIN,                 /* auto, or a word of csclogin.c */
	CSC_AUTHORIZATION,         /* auto explicit implicit oauth2code */
	CSC_REDIRECT_URI,          /* http on 127.0.0.1 or localhost */
	CSC_BROWSER,               /* program */
	CSC_LANGUAGE,              /* RFC 5646 */
	CSC_CLIENT_AUTHENTICATION, /* body header */
	CSC_CLIENT_CERTIFICATE,    /* PEM */
	CSC_CLIENT_KEY,            /* PEM */
	CSC_ACCOUNT_TOKEN,         /* no yes */
	CSC_CLIENT_DATA,           /* of credentials/list */
	CSC_PROFILE_ID,            /* of auth/login with members */
	CSC_POLL_MS,
	CSC_DIALECT, /* see csc_speaks() */
	CSC_OPTIONS,
};

extern const struct service_option csc_options[];

/* Words of `dialect`: what a service wants otherwise than the standard has it (csc.md part B). */
#define CSC_AUTHORISE "authorise"               /* credentials/authorise */
#define CSC_GET "get"                           /* GET for info and auth/login */
#define CSC_STRINGS "strings"                   /* numbers as strings */
#define CSC_JSON_TOKEN "json-token"             /* oauth2/token takes JSON */
#define CSC_PADDED_HASHES "padded-hashes"       /* base64url of a query keeps its padding */
#define CSC_PADDED_TOKEN "padded-account-token" /* account_token in plain base64 */
#define CSC_NO_SIGN_ALGO "no-sign-algo"         /* signHash without signAlgo and hashAlgo */
#define CSC_ONE_BY_ONE "one-by-one"             /* a signHash for each hash */
#define CSC_ASYNCHRONOUS "asynchronous"         /* signHash, then signPolling (v2) */
#define CSC_LOGIN_MEMBERS "login-members"       /* auth/login by members instead of Basic */
#define CSC_DIALECTS                                                                       \
	CSC_AUTHORISE " " CSC_GET " " CSC_STRINGS " " CSC_JSON_TOKEN " " CSC_PADDED_HASHES \
		      " " CSC_PADDED_TOKEN " " CSC_NO_SIGN_ALGO " " CSC_ONE_BY_ONE         \
		      " " CSC_ASYNCHRONOUS " " CSC_LOGIN_MEMBERS

static inline bool
csc_speaks(const struct service_config *config, const char *word)
{
	return service_says(config, CSC_DIALECT, word);
}

#endif
