/*
 * What the six operations do (cmd.md 7, 9 and 17).
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_OPERATIONS_H
#define VICAR_TOOLS_CMD_SIMULATOR_OPERATIONS_H

#include "simulator.h"

struct sim_outcome {
	char *reply;     /* the envelope; the caller's to free() */
	char result[24]; /* for the record: the code, or `nil` */
	char doc_name[SIM_DOC_NAME_MAX];
};

/* Whose request it is: by phone, else by process; NULL when it is nobody's. */
const struct sim_account *sim_operations_account(struct simulator *simulator,
						 const struct sim_request *request);
/* The document's name, printable, from the request or the process that it continues. */
void sim_operations_doc_name(struct simulator *simulator, const struct sim_request *request,
			     char doc_name[SIM_DOC_NAME_MAX]);
/* Fails only when the machine does (memory, keys, disk); says why on stderr. `trouble`: of those
 * that let it be done. */
bool sim_operations_run(struct simulator *simulator, const struct sim_request *request,
			const struct sim_account *account, sim_troubles trouble,
			struct sim_outcome *outcome) MUST_USE;

#endif
