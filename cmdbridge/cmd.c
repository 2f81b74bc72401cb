#include "cmd.h"
#include "cmdenrol.h"
#include "cmdprofile.h"
#include "cmdsign.h"

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

const struct service_maker cmd_maker = {
    .kind = &cmd_kind,
    .statuses = statuses,
    .settle = cmdprofile_settle,
    .enrol = cmdenrol,
    .list = cmdenrol_list,
    .sign = cmdsign,
    .check = cmdenrol_check,
};
