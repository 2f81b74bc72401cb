/*
 * Replies, byte for byte in the platform's form (cmd.md 17, point 4): one line, no declaration,
 * `s:` for the envelope, default namespace for the service, `a:` for the structures, `i:` for nil,
 * members in the order of the schema, CR as &#xD;.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_REPLY_H
#define VICAR_TOOLS_CMD_SIMULATOR_REPLY_H

#include "operation.h"
#include "request.h"

/* dc:SignStatus; NULL is nil. All borrowed. */
struct sim_status {
	const char *code, *field, *message, *process_id;
};

struct sim_reply {
	enum sim_operation operation;
	bool nil;         /* the result itself */
	bool nil_members; /* each of its members */
	bool reordered;   /* members the other way round */
	struct sim_status status;
	const char *certificate; /* GetCertificate and ValidateOtp; NULL is nil */
	struct bytes signature;  /* ValidateOtp; empty is nil */
	/* ValidateOtp: `hash` holds the signature; NULL is nil. */
	const struct sim_document *documents;
	size_t documents_count;
};

enum sim_fault { SIM_FAULT_ACTION, SIM_FAULT_DESERIALIZATION, SIM_FAULT_INTERNAL };

/* NULL only without memory, else the caller's to free(). */
char *sim_reply_write(const struct sim_reply *reply) MUST_USE;
char *sim_reply_fault(enum sim_fault fault, const char *text) MUST_USE;
/* "DeserializationFailed" */
const char *sim_fault_name(enum sim_fault fault);

#endif
