#include "process.h"

#include <string.h>

#include <openssl/crypto.h>

static void
process_free(struct sim_process *process)
{
	struct sim_request documents = {.documents = process->documents,
					.documents_count = process->documents_count};

	sim_request_free(&documents);
	OPENSSL_clear_free(process, sizeof(*process));
}

struct sim_process *
sim_processes_add(struct sim_processes *processes)
{
	struct sim_process *process = OPENSSL_zalloc(sizeof(*process));

	if (process == NULL || !sim_random_guid(process->id)) {
		OPENSSL_free(process);
		return NULL;
	}
	if (processes->count == SIM_PROCESSES_MAX)
		sim_processes_remove(processes, processes->list[0]);
	processes->list[processes->count++] = process;
	return process;
}

struct sim_process *
sim_processes_find(struct sim_processes *processes, const char *id)
{
	for (size_t i = 0; i < processes->count; i++)
		if (strcasecmp(processes->list[i]->id, id) == 0)
			return processes->list[i];
	return NULL;
}

void
sim_processes_remove(struct sim_processes *processes, struct sim_process *process)
{
	size_t i = 0;

	while (i < processes->count && processes->list[i] != process)
		i++;
	if (i == processes->count)
		return;
	process_free(process);
	processes->count--;
	for (; i < processes->count; i++)
		processes->list[i] = processes->list[i + 1];
}

void
sim_processes_clear(struct sim_processes *processes)
{
	while (processes->count > 0)
		process_free(processes->list[--processes->count]);
}

bool
sim_process_new_code(struct sim_process *process, const struct sim_account *account,
		     uint64_t now_ms)
{
	process->code_made_ms = now_ms;
	if (account->code[0] == '\0')
		return sim_random_code(process->code);
	memcpy(process->code, account->code, sizeof(process->code));
	return true;
}
