#include "work.h"

#include "iso7816/digestinfo.h"

#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

/* Codes and texts of cmd.md 9; those of 901 and 902 are the ones that must be shown. */
static const struct {
	const char *code, *message;
} statuses[] = {
    {"200", "OK"},
    {"800", "Parâmetro inválido."},
    {"801", "O PIN de assinatura está errado."},
    {"802", "O código de segurança está errado."},
    {"816", "O pedido não foi encontrado ou o seu tempo de validação terminou."},
    {"817", "O serviço de assinatura desta conta está inativo."},
    {"900", "Erro genérico."},
    {"901", "Para continuar a usar a assinatura da CMD, tem de alterar o seu PIN de assinatura. "
	    "Para o alterar, basta iniciar sessão com CMD em www.autenticacao.gov.pt."},
    {"902", "Para continuar a usar a assinatura da CMD, tem de alterar o seu PIN de assinatura em "
	    "www.autenticacao.gov.pt. Inicie sessão e aceda a \"Área Reservada -> A Minha Chave "
	    "Móvel Digital\" e escolha editar em “Assinatura Digital."},
};

void
sim_work_set_status(struct sim_work *work, const char *code)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strcmp(statuses[i].code, code) == 0) {
			work->reply.status.code = statuses[i].code;
			work->reply.status.message = statuses[i].message;
		}
}

bool
sim_machine_failed(const char *reason)
{
	fprintf(stderr, "cmd-simulator: %s\n", reason);
	return false;
}

static uint64_t
now_ms(const struct simulator *simulator)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec + simulator->accounts.clock_s) * 1000 +
	       (uint64_t)now.tv_nsec / 1000000;
}

const char *
sim_work_text(const struct sim_request *request, enum sim_field field)
{
	return request->fields[field].data != NULL ? request->fields[field].data : "";
}

static bool
is_start(enum sim_operation operation)
{
	return operation == SIM_SCMD_SIGN || operation == SIM_SCMD_MULTIPLE_SIGN ||
	       operation == SIM_GET_CERTIFICATE_WITH_PIN;
}

bool
sim_work_application_is_known(const struct sim_work *work)
{
	return strcasecmp(sim_work_text(work->request, SIM_APPLICATION_ID),
			  work->simulator->credentials.application_id) == 0;
}

/* The first mandatory member without content, NULL when each has some. */
const char *
sim_work_empty_member(const struct sim_request *request)
{
	const struct sim_operation_form *form = &sim_operations[request->operation];

	for (size_t i = 0; i < form->members_count; i++)
		if (form->members[i].mandatory && request->fields[form->members[i].field].len == 0)
			return form->members[i].name;
	if (form->documents && request->documents_count == 0)
		return "documents";
	return NULL;
}

static bool
is_digestinfo(const struct sim_value *hash)
{
	enum digest digest;
	struct bytes value;

	return hash->data != NULL &&
	       digestinfo_parse((struct bytes){(const uint8_t *)hash->data, hash->len}, &digest,
				&value);
}

static bool
hashes_are_digestinfos(const struct sim_request *request)
{
	if (request->operation == SIM_SCMD_SIGN)
		return is_digestinfo(&request->fields[SIM_HASH]);
	for (size_t i = 0; i < request->documents_count; i++)
		if (!is_digestinfo(&request->documents[i].hash))
			return false;
	return true;
}

/* The table of cmd.md 17, up to what concerns the request alone. */
bool
sim_work_parameters_are_right(struct sim_work *work)
{
	const char *empty = sim_work_empty_member(work->request);

	if (empty != NULL) {
		sim_work_set_status(work, "800");
		work->reply.status.field = empty;
	} else if (!sim_work_application_is_known(work)) {
		sim_work_set_status(work, is_start(work->request->operation) ? "900" : "816");
	} else if (work->request->documents_count > SIM_DOCUMENTS_MAX) {
		sim_work_set_status(work, "900");
		work->reply.status.message = "Too many documents.";
	} else if (!hashes_are_digestinfos(work->request)) {
		sim_work_set_status(work, "800");
		work->reply.status.field = "Hash";
	}
	return work->reply.status.code == NULL;
}

/* An unknown process, one of an account that is gone, or one whose code is too old: 816. */
bool
sim_work_process_is_open(struct sim_work *work)
{
	struct simulator *simulator = work->simulator;
	uint64_t now = now_ms(simulator);

	if (work->process != NULL && work->account != NULL &&
	    strcmp(work->process->account, work->account->name) == 0) {
		/* The clock of accounts.conf may have gone back. */
		if (now < work->process->code_made_ms ||
		    now - work->process->code_made_ms <=
			work->account->code_lifetime_s * UINT64_C(1000))
			return true;
		sim_processes_remove(&simulator->processes, work->process);
		work->process = NULL;
	}
	sim_work_set_status(work, "816");
	return false;
}

bool
sim_work_copy(const struct sim_value *from, struct sim_value *to)
{
	*to = (struct sim_value){NULL, 0};
	if (from->data == NULL)
		return true;
	to->data = OPENSSL_zalloc(from->len + 1);
	if (to->data == NULL)
		return false;
	memcpy(to->data, from->data, from->len);
	to->len = from->len;
	return true;
}

bool
sim_work_send_code(struct sim_work *work, struct sim_process *process)
{
	return (sim_process_new_code(process, work->account, now_ms(work->simulator)) &&
		sim_records_code(&work->simulator->records, work->account->name, process->doc_name,
				 process->code)) ||
	       sim_machine_failed("cannot send a code: no random bytes, or no space for messages");
}

bool
sim_work_fill_chain(struct sim_work *work)
{
	struct sim_identity leaf;
	struct problem error = {""};

	if (!sim_hierarchy_leaf(&work->simulator->directory, &work->simulator->hierarchy,
				work->account, &leaf, &error))
		return sim_machine_failed(error.text);
	work->chain =
	    sim_hierarchy_chain(&work->simulator->hierarchy, leaf.certificate, work->trouble);
	work->reply.certificate = work->chain;
	sim_identity_free(&leaf);
	return work->chain != NULL || sim_machine_failed("out of memory for a certificate chain");
}
