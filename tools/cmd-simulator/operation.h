/*
 * The six operations of SCMDService and what their requests hold (cmd.md 7).
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_OPERATION_H
#define VICAR_TOOLS_CMD_SIMULATOR_OPERATION_H

#include <stdbool.h>
#include <stddef.h>

#define SIM_NS_ENVELOPE "http://schemas.xmlsoap.org/soap/envelope/"
#define SIM_NS_SERVICE "http://Ama.Authentication.Service/"
#define SIM_NS_STRUCTURES "http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature"
#define SIM_NS_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"

enum sim_operation {
	SIM_GET_CERTIFICATE,
	SIM_GET_CERTIFICATE_WITH_PIN,
	SIM_SCMD_SIGN,
	SIM_SCMD_MULTIPLE_SIGN,
	SIM_VALIDATE_OTP,
	SIM_FORCE_SMS,
	SIM_OPERATIONS,
};

enum sim_field {
	SIM_APPLICATION_ID,
	SIM_USER_ID,
	SIM_PIN,
	SIM_CODE,
	SIM_PROCESS_ID,
	SIM_DOC_NAME,
	SIM_HASH,
	SIM_BIOMETRIC,
	SIM_FIELDS,
};

enum sim_type { SIM_STRING, SIM_BASE64, SIM_BOOLEAN };

struct sim_member {
	const char *name;
	enum sim_field field;
	enum sim_type type;
	bool mandatory;
};

enum { SIM_MEMBERS_MAX = 6 };

/* Either the members stand directly in the operation element (namespace of the service), or in
 * its child `request` (namespace of the structures), followed by `documents` if there are some. */
struct sim_operation_form {
	const char *name;
	bool in_request;
	bool documents;
	size_t members_count;
	struct sim_member members[SIM_MEMBERS_MAX]; /* in the order of the schema */
};

extern const struct sim_operation_form sim_operations[SIM_OPERATIONS];

/* Value of a SOAPAction header, quoted or not; SIM_OPERATIONS when it is none of ours. */
enum sim_operation sim_operation_of_action(const char *action);
enum sim_operation sim_operation_of_name(const char *name);

#endif
