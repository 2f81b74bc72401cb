/* ValidateOtp: the code, and what it was asked for. */
#include "iso7816/digestinfo.h"
#include "work.h"

#include <string.h>

#include <openssl/crypto.h>

/* A wrong signature has the right length and padding: it is of another hash, or of another key. */
static bool
sign(struct sim_work *work, EVP_PKEY *key, const struct sim_value *hash,
     uint8_t signature[SIM_SIGNATURE_MAX], size_t *len)
{
	uint8_t input[DIGESTINFO_LEN_MAX];

	if (hash->len == 0 || hash->len > sizeof(input))
		return sim_machine_failed("a process holds a hash that is none");
	memcpy(input, hash->data, hash->len);
	if (sim_has(work->trouble, SIM_WRONG_SIGNATURE))
		input[hash->len - 1] ^= 1;
	if (sim_has(work->trouble, SIM_FOREIGN_SIGNATURE))
		key = work->simulator->hierarchy.cifra.key;
	if (!sim_field_sign(key, (struct bytes){input, hash->len}, signature, len))
		return sim_machine_failed("OpenSSL cannot sign");
	if (sim_has(work->trouble, SIM_SHORT_SIGNATURE))
		--*len;
	return true;
}

static bool
fill_list(struct sim_work *work, EVP_PKEY *key, const struct sim_process *process)
{
	work->documents = OPENSSL_zalloc((process->documents_count + 1) * sizeof(*work->documents));
	if (work->documents == NULL)
		return sim_machine_failed("out of memory for signatures");
	work->reply.documents = work->documents;
	for (size_t i = 0; i < process->documents_count; i++) {
		size_t place = sim_has(work->trouble, SIM_REVERSED_LIST)
				   ? process->documents_count - 1 - i
				   : i;
		const struct sim_document *from = &process->documents[place];
		struct sim_document *to = &work->documents[work->documents_count++];
		size_t len = 0;

		if (!sign(work, key, &from->hash, work->signature, &len))
			return false;
		if (!sim_work_copy(&(struct sim_value){(char *)work->signature, len}, &to->hash) ||
		    !sim_work_copy(&from->name, &to->name) ||
		    !sim_work_copy(sim_has(work->trouble, SIM_DOUBLE_ID) ? &process->documents[0].id
									 : &from->id,
				   &to->id))
			return sim_machine_failed("out of memory for signatures");
	}
	work->reply.documents_count = work->documents_count;
	return true;
}

static bool
fill_signatures(struct sim_work *work, const struct sim_process *process)
{
	struct sim_identity leaf;
	struct problem error = {""};
	size_t len = 0;
	bool ok;

	if (!sim_hierarchy_leaf(&work->simulator->directory, &work->simulator->hierarchy,
				work->account, &leaf, &error))
		return sim_machine_failed(error.text);
	if (process->kind == SIM_SCMD_MULTIPLE_SIGN) {
		ok = fill_list(work, leaf.key, process);
	} else {
		ok = sign(work, leaf.key, &process->documents[0].hash, work->signature, &len);
		work->reply.signature = (struct bytes){work->signature, len};
	}
	sim_identity_free(&leaf);
	return ok;
}

static bool
code_is_right(const struct sim_work *work)
{
	char code[SIM_PLAIN_MAX];
	bool right;

	sim_field_decrypt(work->simulator->hierarchy.cifra.key,
			  work->request->fields[SIM_CODE].data, code);
	right = work->process != NULL && sim_texts_are_equal(code, work->process->code);
	OPENSSL_cleanse(code, sizeof(code));
	return right;
}

bool
sim_run_validate_otp(struct sim_work *work)
{
	struct sim_processes *processes = &work->simulator->processes;
	struct sim_process *process = work->process;
	bool right = code_is_right(work), ok = true;

	work->reply.status.process_id = work->request->fields[SIM_PROCESS_ID].data;
	if (!sim_work_parameters_are_right(work) || !sim_work_process_is_open(work))
		return true;
	if (!right) {
		sim_work_set_status(work, "802");
		if (++process->tries >= work->account->code_tries)
			sim_processes_remove(processes, process);
		return true;
	}
	sim_work_set_status(work, "200");
	if (!sim_has(work->trouble, SIM_NIL_VALUE))
		ok = process->kind == SIM_GET_CERTIFICATE_WITH_PIN ? sim_work_fill_chain(work)
								   : fill_signatures(work, process);
	sim_processes_remove(processes, process);
	return ok;
}
