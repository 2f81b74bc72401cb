/*
 * What the operations share: the request in hand, the reply that grows, and the checks and parts
 * that more than one of them needs. Everything that returns bool and prints nothing of its own has
 * filled the reply's status when it returns false, unless it says otherwise.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_WORK_H
#define VICAR_TOOLS_CMD_SIMULATOR_WORK_H

#include "field.h"
#include "simulator.h"
#include "tools/simulator/basic.h"

struct sim_work {
	struct simulator *simulator;
	const struct sim_request *request;
	const struct sim_account *account; /* whose request it is; NULL: nobody's */
	struct sim_process *process;       /* of ValidateOtp and ForceSMS; NULL: unknown */
	sim_troubles trouble;              /* of those that let the request be done */
	struct sim_reply reply;
	/* What the reply points to, freed with it. */
	char fresh_id[SIM_PROCESS_ID_MAX];
	char *chain;
	uint8_t signature[SIM_SIGNATURE_MAX];
	struct sim_document *documents;
	size_t documents_count;
};

/* The longer operations. False only when the machine fails (memory, keys, disk), with a line on stderr. */
bool sim_run_start(struct sim_work *work) MUST_USE;
bool sim_run_validate_otp(struct sim_work *work) MUST_USE;

/* Prints the reason; always false, so that it can be returned. */
bool sim_machine_failed(const char *reason);
/* The code and its text (cmd.md 9). */
void sim_work_set_status(struct sim_work *work, const char *code);
const char *sim_work_text(const struct sim_request *request, enum sim_field field);
bool sim_work_application_is_known(const struct sim_work *work);
/* The first mandatory member without content, NULL when each has some. */
const char *sim_work_empty_member(const struct sim_request *request);
/* The rows of cmd.md 17's table that concern the request alone. */
bool sim_work_parameters_are_right(struct sim_work *work) MUST_USE;
/* False for an unknown process, one of another account, or one whose code is too old: 816. */
bool sim_work_process_is_open(struct sim_work *work) MUST_USE;
bool sim_work_copy(const struct sim_value *from, struct sim_value *to) MUST_USE;
/* False when the machine fails. */
bool sim_work_send_code(struct sim_work *work, struct sim_process *process) MUST_USE;
bool sim_work_fill_chain(struct sim_work *work) MUST_USE;

#endif
