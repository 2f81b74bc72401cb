/* The calls that start a process: GetCertificateWithPin, SCMDSign, SCMDMultipleSign. */
#include "operations.h"
#include "work.h"

#include <string.h>

#include <openssl/crypto.h>

/* Where wrong PINs of the account are counted; NULL without an account. */
static struct sim_tries *
tries_of(struct simulator *simulator, const struct sim_account *account)
{
	struct sim_tries *tries = NULL;

	for (size_t i = 0; i < simulator->tries_count && tries == NULL; i++)
		if (strcmp(simulator->tries[i].account, account->name) == 0)
			tries = &simulator->tries[i];
	if (tries == NULL)
		/* Accounts come and go with accounts.conf: the last place is used again. */
		tries = &simulator->tries[simulator->tries_count < SIM_ACCOUNTS_MAX
					      ? simulator->tries_count++
					      : SIM_ACCOUNTS_MAX - 1];
	if (strcmp(tries->account, account->name) != 0 || strcmp(tries->pin, account->pin) != 0) {
		*tries = (struct sim_tries){.wrong = 0};
		memcpy(tries->account, account->name, sizeof(tries->account));
		memcpy(tries->pin, account->pin, sizeof(tries->pin));
	}
	return tries;
}

static bool
pin_is_right(const struct sim_work *work)
{
	char pin[SIM_PLAIN_MAX];
	bool right;

	sim_field_decrypt(work->simulator->hierarchy.cifra.key, work->request->fields[SIM_PIN].data,
			  pin);
	right = work->account != NULL && sim_texts_are_equal(pin, work->account->pin);
	OPENSSL_cleanse(pin, sizeof(pin));
	return right;
}

/* What the account answers to a start call: PIN, state, tries. */
static bool
account_agrees(struct sim_work *work)
{
	const struct sim_account *account = work->account;
	bool right = pin_is_right(work);
	struct sim_tries *tries;

	if (account == NULL) {
		sim_work_set_status(work, "801");
		return false;
	}
	tries = tries_of(work->simulator, account);
	if (account->state == SIM_NO_SIGNATURE) {
		sim_work_set_status(work, "900");
		work->reply.status.message = "User does not have signature active";
	} else if (account->state == SIM_INACTIVE || account->state == SIM_BLOCKED ||
		   tries->wrong >= account->pin_tries) {
		sim_work_set_status(work, "817");
	} else if (!right) {
		sim_work_set_status(work, "801");
		if (++tries->wrong == account->pin_tries &&
		    !sim_records_blocked(&work->simulator->records, account->name))
			(void)sim_machine_failed("cannot write the file messages; is there space?");
	} else {
		tries->wrong = 0;
		if (account->state == SIM_CHANGE_PIN)
			sim_work_set_status(work, "901");
		else if (account->state == SIM_CHANGE_SIGNATURE_PIN)
			sim_work_set_status(work, "902");
	}
	return work->reply.status.code == NULL;
}

static bool
keep_documents(const struct sim_request *request, struct sim_process *process)
{
	struct sim_document single = {.hash = request->fields[SIM_HASH]};
	const struct sim_document *from = request->documents;
	size_t count = request->documents_count;

	if (request->operation == SIM_SCMD_SIGN) {
		from = &single;
		count = 1;
	}
	process->documents = OPENSSL_zalloc((count + 1) * sizeof(*from));
	if (process->documents == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct sim_document *to = &process->documents[process->documents_count++];

		if (!sim_work_copy(&from[i].hash, &to->hash) ||
		    !sim_work_copy(&from[i].name, &to->name) ||
		    !sim_work_copy(&from[i].id, &to->id))
			return false;
	}
	return true;
}

bool
sim_run_start(struct sim_work *work)
{
	struct simulator *simulator = work->simulator;
	struct sim_process *process;

	/* Errors too have a ProcessId, as in the service's answers (cmd-examples, 05). */
	if (!sim_random_guid(work->fresh_id))
		return sim_machine_failed("OpenSSL has no random bytes");
	work->reply.status.process_id = work->fresh_id;
	if (!sim_work_parameters_are_right(work) || !account_agrees(work))
		return true;
	process = sim_processes_add(&simulator->processes);
	if (process == NULL)
		return sim_machine_failed("out of memory for a process");
	process->kind = work->request->operation;
	memcpy(process->account, work->account->name, sizeof(process->account));
	sim_operations_doc_name(simulator, work->request, process->doc_name);
	memcpy(work->fresh_id, process->id, sizeof(work->fresh_id));
	if (!keep_documents(work->request, process) || !sim_work_send_code(work, process)) {
		sim_processes_remove(&simulator->processes, process);
		return sim_machine_failed("cannot start a process");
	}
	sim_work_set_status(work, "200");
	return true;
}
