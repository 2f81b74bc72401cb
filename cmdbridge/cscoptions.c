#include "cscoptions.h"
#include "csc.h"

enum { POLL_MS_LEAST = 50, POLL_MS_MOST = 60000 };

const struct service_option csc_options[CSC_OPTIONS + 1] = {
    [CSC_API] = {.name = "api",
		 .kind = SERVICE_OPTION_WORD,
		 .fallback = "auto",
		 .words = "auto v1 v2"},
    [CSC_LOGIN] = {.name = "login",
		   .kind = SERVICE_OPTION_WORD,
		   .fallback = "auto",
		   .words = "auto oauth2code oauth2client password basic tls external"},
    [CSC_AUTHORIZATION] = {.name = "authorization",
			   .kind = SERVICE_OPTION_WORD,
			   .fallback = "auto",
			   .words = "auto explicit implicit oauth2code"},
    [CSC_REDIRECT_URI] = {.name = "redirect-uri",
			  .kind = SERVICE_OPTION_TEXT,
			  .fallback = "http://127.0.0.1/callback",
			  .words = "a URI that begins with http://127.0.0.1 or http://localhost"},
    [CSC_BROWSER] = {.name = "browser", .kind = SERVICE_OPTION_TEXT, .fallback = "xdg-open"},
    [CSC_LANGUAGE] = {.name = "language", .kind = SERVICE_OPTION_TEXT},
    [CSC_CLIENT_AUTHENTICATION] = {.name = "client-authentication",
				   .kind = SERVICE_OPTION_WORD,
				   .fallback = "body",
				   .words = "body header"},
    [CSC_CLIENT_CERTIFICATE] = {.name = "client-certificate", .kind = SERVICE_OPTION_PATH},
    [CSC_CLIENT_KEY] = {.name = "client-key", .kind = SERVICE_OPTION_PATH},
    [CSC_ACCOUNT_TOKEN] = {.name = "account-token",
			   .kind = SERVICE_OPTION_WORD,
			   .fallback = "no",
			   .words = "no yes"},
    [CSC_CLIENT_DATA] = {.name = "client-data", .kind = SERVICE_OPTION_TEXT},
    [CSC_PROFILE_ID] = {.name = "profile-id", .kind = SERVICE_OPTION_TEXT},
    [CSC_POLL_MS] = {.name = "poll-ms",
		     .kind = SERVICE_OPTION_NUMBER,
		     .fallback = "2000",
		     .least = POLL_MS_LEAST,
		     .most = POLL_MS_MOST},
    [CSC_DIALECT] = {.name = "dialect", .kind = SERVICE_OPTION_WORDS, .words = CSC_DIALECTS},
};

const struct service_kind csc_kind = {
    .type = "csc",
    .abilities = SERVICE_SIGN_PKCS1 | SERVICE_SIGN_PSS | SERVICE_SIGN_ECDSA | SERVICE_SIGNS_MANY,
    .account = SERVICE_ACCOUNT_USER,
    .secrets = SERVICE_SECRET_CLIENT_ID | SERVICE_SECRET_CLIENT_SECRET | SERVICE_SECRET_PASSWORD,
    .needs_endpoint = true,
    .options = csc_options,
};
