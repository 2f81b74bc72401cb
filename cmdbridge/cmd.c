#include "cmd.h"
#include "cmdenrol.h"
#include "cmdprofile.h"
#include "cmdsign.h"

static const struct service_option options[] = {
    [CMD_BIOMETRIC_VALIDATION] = {.name = "biometric-validation",
				  .kind = SERVICE_OPTION_WORD,
				  .words = "yes no"},
    [CMD_BIOMETRIC_CODE] = {.name = "biometric-code",
			    .kind = SERVICE_OPTION_WORD,
			    .words = "yes no"},
    {.name = NULL},
};

/* Manual of the service, section on return codes; cmd.md 9. */
static const struct service_status statuses[] = {
    {"200", OUTCOME_OK},
    {"801", OUTCOME_PIN_REFUSED},
    {"802", OUTCOME_CODE_WRONG},
    {"816", OUTCOME_CODE_EXPIRED},
    {"817", OUTCOME_INACTIVE},
    {"900", OUTCOME_OTHER_CODE},
    {"901", OUTCOME_ALL_PINS_MUST_CHANGE},
    {"902", OUTCOME_SIGNATURE_PIN_MUST_CHANGE},
    {"5??", OUTCOME_SERVER_ERROR}, /* "system errors" */
    {"8??", OUTCOME_BAD_REQUEST},  /* "invalid parameters" */
    {NULL, OUTCOME_OK},
};

enum {
	CMD_SECRETS = SERVICE_SECRET_APPLICATION_ID | SERVICE_SECRET_USER | SERVICE_SECRET_PASSWORD,
};

const struct service_maker cmd_maker = {
    .type = "cmd",
    .abilities = SERVICE_SIGN_PKCS1 | SERVICE_SIGNS_MANY,
    .account = SERVICE_ACCOUNT_PHONE,
    .secrets = CMD_SECRETS,
    .secrets_needed = CMD_SECRETS,
    .proves = true,
    .options = options,
    .statuses = statuses,
    .settle = cmdprofile_settle,
    .enrol = cmdenrol,
    .list = cmdenrol_list,
    .sign = cmdsign,
    .check = cmdenrol_check,
};
