#include "process.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

enum { ID_BYTES = 16, CODES = 1000000 };

bool
sim_process_make_id(char id[SIM_PROCESS_ID_MAX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t random[ID_BYTES];
	size_t at = 0;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	random[6] = (uint8_t)((random[6] & 0x0F) | 0x40);
	random[8] = (uint8_t)((random[8] & 0x3F) | 0x80);
	for (size_t i = 0; i < sizeof(random); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			id[at++] = '-';
		id[at++] = digits[random[i] >> 4];
		id[at++] = digits[random[i] & 0x0F];
	}
	id[at] = '\0';
	return true;
}

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

	if (process == NULL || !sim_process_make_id(process->id)) {
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
	uint32_t random;

	process->code_made_ms = now_ms;
	if (account->code[0] != '\0') {
		memcpy(process->code, account->code, sizeof(process->code));
		return true;
	}
	/* Numbers of the last, incomplete million are thrown again: each code is equally likely. */
	do {
		if (RAND_bytes((unsigned char *)&random, sizeof(random)) != 1)
			return false;
	} while (random >= UINT32_MAX / CODES * CODES);
	(void)snprintf(process->code, sizeof(process->code), "%06u", (unsigned)(random % CODES));
	return true;
}
