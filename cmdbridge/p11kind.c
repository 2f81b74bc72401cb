#include "p11maker.h"
#include "p11.h"

static const struct service_option options[] = {
    [P11_OPTION_MODULE] = {.name = "module", .kind = SERVICE_OPTION_PATH, .required = true},
    [P11_OPTION_TOKEN] = {.name = "token",
			  .kind = SERVICE_OPTION_TEXT,
			  .words = "the token's label, or a PKCS#11 URI"},
    [P11_OPTION_CONFIRM] = {.name = "confirm",
			    .kind = SERVICE_OPTION_WORD,
			    .fallback = "always",
			    .words = "always never"},
    [P11_OPTION_LOGIN] = {.name = "login",
			  .kind = SERVICE_OPTION_WORD,
			  .fallback = "card-pin",
			  .words = "card-pin pin-pad none"},
    {.name = NULL},
};

const struct service_kind p11_kind = {
    .type = "pkcs11",
    .abilities = SERVICE_SIGN_PKCS1 | SERVICE_SIGN_PSS | SERVICE_SIGN_ECDSA |
		 SERVICE_DECIPHER_PKCS1 | SERVICE_DECIPHER_RAW | SERVICE_DECIPHER_OAEP |
		 SERVICE_DERIVE_ECDH | SERVICE_SIGNS_MANY,
    .account = SERVICE_ACCOUNT_NONE,
    .options = options,
};
