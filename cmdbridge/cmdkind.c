#include "cmd.h"

static const struct service_option options[] = {
    [CMD_BIOMETRIC_VALIDATION] = {.name = "biometric-validation",
				  .kind = SERVICE_OPTION_WORD,
				  .words = "yes no"},
    [CMD_BIOMETRIC_CODE] = {.name = "biometric-code",
			    .kind = SERVICE_OPTION_WORD,
			    .words = "yes no"},
    {.name = NULL},
};

enum {
	CMD_SECRETS = SERVICE_SECRET_APPLICATION_ID | SERVICE_SECRET_USER | SERVICE_SECRET_PASSWORD,
};

const struct service_kind cmd_kind = {
    .type = "cmd",
    .abilities = SERVICE_SIGN_PKCS1 | SERVICE_SIGNS_MANY,
    .account = SERVICE_ACCOUNT_PHONE,
    .secrets = CMD_SECRETS,
    .secrets_needed = CMD_SECRETS,
    .proves = true,
    .needs_endpoint = true,
    .options = options,
};
