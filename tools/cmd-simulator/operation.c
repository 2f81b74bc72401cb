#include "operation.h"

#include <string.h>

#define ACTION "http://Ama.Authentication.Service/SCMDService/"

/* IsBiometricValidationEnable and isBiometric: members of newer servers (cmd.md 15). */
const struct sim_operation_form sim_operations[SIM_OPERATIONS] = {
    [SIM_GET_CERTIFICATE] = {.name = "GetCertificate",
			     .members_count = 2,
			     .members = {{"applicationId", SIM_APPLICATION_ID, SIM_BASE64, true},
					 {"userId", SIM_USER_ID, SIM_STRING, true}}},
    [SIM_GET_CERTIFICATE_WITH_PIN] = {.name = "GetCertificateWithPin",
				      .members_count = 3,
				      .members = {{"applicationId", SIM_APPLICATION_ID, SIM_BASE64,
						   true},
						  {"userId", SIM_USER_ID, SIM_STRING, true},
						  {"pin", SIM_PIN, SIM_STRING, true}}},
    [SIM_SCMD_SIGN] = {.name = "SCMDSign",
		       .in_request = true,
		       .members_count = 6,
		       .members = {{"ApplicationId", SIM_APPLICATION_ID, SIM_BASE64, true},
				   {"DocName", SIM_DOC_NAME, SIM_STRING, false},
				   {"Hash", SIM_HASH, SIM_BASE64, true},
				   {"IsBiometricValidationEnable", SIM_BIOMETRIC, SIM_BOOLEAN,
				    false},
				   {"Pin", SIM_PIN, SIM_STRING, true},
				   {"UserId", SIM_USER_ID, SIM_STRING, true}}},
    [SIM_SCMD_MULTIPLE_SIGN] = {.name = "SCMDMultipleSign",
				.in_request = true,
				.documents = true,
				.members_count = 4,
				.members = {{"ApplicationId", SIM_APPLICATION_ID, SIM_BASE64, true},
					    {"IsBiometricValidationEnable", SIM_BIOMETRIC,
					     SIM_BOOLEAN, false},
					    {"Pin", SIM_PIN, SIM_STRING, true},
					    {"UserId", SIM_USER_ID, SIM_STRING, true}}},
    [SIM_VALIDATE_OTP] = {.name = "ValidateOtp",
			  .members_count = 4,
			  .members = {{"code", SIM_CODE, SIM_STRING, true},
				      {"processId", SIM_PROCESS_ID, SIM_STRING, true},
				      {"applicationId", SIM_APPLICATION_ID, SIM_BASE64, true},
				      {"isBiometric", SIM_BIOMETRIC, SIM_BOOLEAN, false}}},
    [SIM_FORCE_SMS] = {.name = "ForceSMS",
		       .members_count = 3,
		       .members = {{"processId", SIM_PROCESS_ID, SIM_STRING, true},
				   {"citizenId", SIM_USER_ID, SIM_STRING, true},
				   {"applicationId", SIM_APPLICATION_ID, SIM_BASE64, true}}},
};

static enum sim_operation
find(const char *name, size_t len)
{
	for (size_t i = 0; i < SIM_OPERATIONS; i++)
		if (strlen(sim_operations[i].name) == len &&
		    memcmp(sim_operations[i].name, name, len) == 0)
			return (enum sim_operation)i;
	return SIM_OPERATIONS;
}

enum sim_operation
sim_operation_of_name(const char *name)
{
	return find(name, strlen(name));
}

enum sim_operation
sim_operation_of_action(const char *action)
{
	size_t len = strlen(action);

	if (len >= 2 && action[0] == '"' && action[len - 1] == '"') {
		action++;
		len -= 2;
	}
	if (len < strlen(ACTION) || strncmp(action, ACTION, strlen(ACTION)) != 0)
		return SIM_OPERATIONS;
	return find(action + strlen(ACTION), len - strlen(ACTION));
}
