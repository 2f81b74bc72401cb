/*
 * Processes that wait for a code, the state machine of cmd.md 17. One that is done, closed or
 * replaced is forgotten, so asking for it is asking for an unknown one. Times are in milliseconds.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_PROCESS_H
#define VICAR_TOOLS_CMD_SIMULATOR_PROCESS_H

#include "accounts.h"
#include "request.h"

enum { SIM_PROCESS_ID_MAX = SIM_GUID_MAX, SIM_PROCESSES_MAX = 64, SIM_DOC_NAME_MAX = 128 };

struct sim_process {
	char id[SIM_PROCESS_ID_MAX]; /* GUID, lower case */
	enum sim_operation kind;     /* the start call */
	char account[SIM_ACCOUNT_NAME_MAX];
	char doc_name[SIM_DOC_NAME_MAX]; /* printable */
	/* SCMDSign: one, nameless; SCMDMultipleSign: as sent; else none. Owned. */
	struct sim_document *documents;
	size_t documents_count;
	char code[SIM_CODE_MAX];
	uint64_t code_made_ms;
	unsigned tries; /* wrong codes so far */
};

struct sim_processes {
	struct sim_process *list[SIM_PROCESSES_MAX]; /* oldest first */
	size_t count;
};

/* A new process with a new id; the oldest one makes room. NULL on failure. */
struct sim_process *sim_processes_add(struct sim_processes *processes) MUST_USE;
struct sim_process *sim_processes_find(struct sim_processes *processes, const char *id);
void sim_processes_remove(struct sim_processes *processes, struct sim_process *process);
void sim_processes_clear(struct sim_processes *processes);
/* A new code: the account's fixed one, or six random digits. */
bool sim_process_new_code(struct sim_process *process, const struct sim_account *account,
			  uint64_t now_ms) MUST_USE;

#endif
