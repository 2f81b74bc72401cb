#include "tools/cmd-simulator/operations.h"

#include "iso7816/digestinfo.h"
#include "tools/cmd-simulator/field.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

/* Everything that one operation works with. */
struct work {
	struct simulator *simulator;
	const struct sim_request *request;
	const struct sim_account *account;
	struct sim_process *process; /* of ValidateOtp and ForceSMS; NULL when unknown */
	unsigned trouble;
	struct sim_reply reply;
	/* What the reply points to, freed with it. */
	char fresh_id[SIM_PROCESS_ID_MAX];
	char *chain;
	uint8_t signature[SIM_SIGNATURE_MAX];
	struct sim_document *documents;
	size_t documents_count;
};

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

static void
set_status(struct work *work, const char *code)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strcmp(statuses[i].code, code) == 0) {
			work->reply.status.code = statuses[i].code;
			work->reply.status.message = statuses[i].message;
		}
}

static bool
machine_failed(const char *reason)
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

static const char *
field_text(const struct sim_request *request, enum sim_field field)
{
	return request->fields[field].data != NULL ? request->fields[field].data : "";
}

static bool
is_start(enum sim_operation operation)
{
	return operation == SIM_SCMD_SIGN || operation == SIM_SCMD_MULTIPLE_SIGN ||
	       operation == SIM_GET_CERTIFICATE_WITH_PIN;
}

static const struct sim_account *
account_of_phone(const struct simulator *simulator, const struct sim_request *request)
{
	char phone[SIM_PLAIN_MAX];
	const struct sim_account *account;

	sim_field_decrypt(simulator->hierarchy.cifra.key, request->fields[SIM_USER_ID].data, phone);
	account = sim_accounts_by_phone(&simulator->accounts, phone);
	OPENSSL_cleanse(phone, sizeof(phone));
	return account;
}

const struct sim_account *
sim_operations_account(struct simulator *simulator, const struct sim_request *request)
{
	const struct sim_process *process;

	if (request->operation != SIM_VALIDATE_OTP)
		return account_of_phone(simulator, request);
	process = sim_processes_find(&simulator->processes, field_text(request, SIM_PROCESS_ID));
	return process != NULL ? sim_accounts_by_name(&simulator->accounts, process->account)
			       : NULL;
}

void
sim_operations_doc_name(struct simulator *simulator, const struct sim_request *request,
			char doc_name[SIM_DOC_NAME_MAX])
{
	const struct sim_process *process = NULL;
	char name[SIM_DOC_NAME_MAX];

	doc_name[0] = '\0';
	switch (request->operation) {
	case SIM_VALIDATE_OTP:
	case SIM_FORCE_SMS:
		process =
		    sim_processes_find(&simulator->processes, field_text(request, SIM_PROCESS_ID));
		if (process != NULL)
			memcpy(doc_name, process->doc_name, SIM_DOC_NAME_MAX);
		break;
	case SIM_SCMD_MULTIPLE_SIGN:
		if (request->documents_count == 0 || request->documents[0].name.data == NULL)
			break;
		sim_records_printable(request->documents[0].name.data, name, sizeof(name) - 16);
		(void)snprintf(doc_name, SIM_DOC_NAME_MAX, "%s", name);
		if (request->documents_count > 1)
			(void)snprintf(doc_name + strlen(doc_name),
				       SIM_DOC_NAME_MAX - strlen(doc_name), " +%zu",
				       request->documents_count - 1);
		break;
	default:
		sim_records_printable(field_text(request, SIM_DOC_NAME), doc_name,
				      SIM_DOC_NAME_MAX);
	}
}

static bool
application_is_known(const struct work *work)
{
	return strcasecmp(field_text(work->request, SIM_APPLICATION_ID),
			  work->simulator->credentials.application_id) == 0;
}

/* The first mandatory member without content, NULL when each has some. */
static const char *
empty_member(const struct sim_request *request)
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
static bool
parameters_are_right(struct work *work)
{
	const char *empty = empty_member(work->request);

	if (empty != NULL) {
		set_status(work, "800");
		work->reply.status.field = empty;
	} else if (!application_is_known(work)) {
		set_status(work, is_start(work->request->operation) ? "900" : "816");
	} else if (work->request->documents_count > SIM_DOCUMENTS_MAX) {
		set_status(work, "900");
		work->reply.status.message = "Too many documents.";
	} else if (!hashes_are_digestinfos(work->request) &&
		   (work->request->operation == SIM_SCMD_SIGN ||
		    work->request->operation == SIM_SCMD_MULTIPLE_SIGN)) {
		set_status(work, "800");
		work->reply.status.field = "Hash";
	}
	return work->reply.status.code == NULL;
}

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
texts_are_equal(const char *a, const char *b)
{
	size_t len = strlen(a);

	return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

static bool
pin_is_right(const struct work *work)
{
	char pin[SIM_PLAIN_MAX];
	bool right;

	sim_field_decrypt(work->simulator->hierarchy.cifra.key, work->request->fields[SIM_PIN].data,
			  pin);
	right = work->account != NULL && texts_are_equal(pin, work->account->pin);
	OPENSSL_cleanse(pin, sizeof(pin));
	return right;
}

/* What the account answers to a start call: PIN, state, tries. */
static bool
account_agrees(struct work *work)
{
	const struct sim_account *account = work->account;
	bool right = pin_is_right(work);
	struct sim_tries *tries;

	if (account == NULL) {
		set_status(work, "801");
		return false;
	}
	tries = tries_of(work->simulator, account);
	if (account->state == SIM_NO_SIGNATURE) {
		set_status(work, "900");
		work->reply.status.message = "User does not have signature active";
	} else if (account->state == SIM_INACTIVE || account->state == SIM_BLOCKED ||
		   tries->wrong >= account->pin_tries) {
		set_status(work, "817");
	} else if (!right) {
		set_status(work, "801");
		if (++tries->wrong == account->pin_tries &&
		    !sim_records_blocked(&work->simulator->records, account->name))
			(void)machine_failed("cannot write the file messages; is there space?");
	} else {
		tries->wrong = 0;
		if (account->state == SIM_CHANGE_PIN)
			set_status(work, "901");
		else if (account->state == SIM_CHANGE_SIGNATURE_PIN)
			set_status(work, "902");
	}
	return work->reply.status.code == NULL;
}

static bool
copy_value(const struct sim_value *from, struct sim_value *to)
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

		if (!copy_value(&from[i].hash, &to->hash) ||
		    !copy_value(&from[i].name, &to->name) || !copy_value(&from[i].id, &to->id))
			return false;
	}
	return true;
}

static bool
send_code(struct work *work, struct sim_process *process)
{
	return (sim_process_new_code(process, work->account, now_ms(work->simulator)) &&
		sim_records_code(&work->simulator->records, work->account->name, process->doc_name,
				 process->code)) ||
	       machine_failed("cannot send a code: no random bytes, or no space for messages");
}

static bool
run_start(struct work *work)
{
	struct simulator *simulator = work->simulator;
	struct sim_process *process;

	/* Errors too have a ProcessId, as in the service's answers (cmd-examples, 05). */
	if (!sim_process_make_id(work->fresh_id))
		return machine_failed("OpenSSL has no random bytes");
	work->reply.status.process_id = work->fresh_id;
	if (!parameters_are_right(work) || !account_agrees(work))
		return true;
	process = sim_processes_add(&simulator->processes);
	if (process == NULL)
		return machine_failed("out of memory for a process");
	process->kind = work->request->operation;
	memcpy(process->account, work->account->name, sizeof(process->account));
	sim_operations_doc_name(simulator, work->request, process->doc_name);
	memcpy(work->fresh_id, process->id, sizeof(work->fresh_id));
	if (!keep_documents(work->request, process) || !send_code(work, process)) {
		sim_processes_remove(&simulator->processes, process);
		return machine_failed("cannot start a process");
	}
	set_status(work, "200");
	return true;
}

static bool
fill_chain(struct work *work)
{
	struct sim_identity leaf;
	struct sim_error error;

	if (!sim_hierarchy_leaf(&work->simulator->directory, &work->simulator->hierarchy,
				work->account, &leaf, &error))
		return machine_failed(error.text);
	work->chain = sim_hierarchy_chain(&work->simulator->hierarchy, leaf.certificate,
					  (work->trouble & SIM_REVERSED_CHAIN) != 0);
	work->reply.certificate = work->chain;
	sim_identity_free(&leaf);
	return work->chain != NULL || machine_failed("out of memory for a certificate chain");
}

static bool
run_get_certificate(struct work *work)
{
	if (empty_member(work->request) != NULL || !application_is_known(work) ||
	    work->account == NULL || work->account->state == SIM_NO_SIGNATURE)
		return true;
	return fill_chain(work);
}

/* The wrong signature is one of another hash: right length, right padding, does not verify. */
static bool
sign(struct work *work, EVP_PKEY *key, const struct sim_value *hash,
     uint8_t signature[SIM_SIGNATURE_MAX], size_t *len)
{
	uint8_t input[DIGESTINFO_LEN_MAX];

	if (hash->len == 0 || hash->len > sizeof(input))
		return machine_failed("a process holds a hash that is none");
	memcpy(input, hash->data, hash->len);
	if ((work->trouble & SIM_WRONG_SIGNATURE) != 0)
		input[hash->len - 1] ^= 1;
	return sim_field_sign(key, (struct bytes){input, hash->len}, signature, len) ||
	       machine_failed("OpenSSL cannot sign");
}

static bool
fill_list(struct work *work, EVP_PKEY *key, const struct sim_process *process)
{
	work->documents = OPENSSL_zalloc((process->documents_count + 1) * sizeof(*work->documents));
	if (work->documents == NULL)
		return machine_failed("out of memory for signatures");
	work->reply.documents = work->documents;
	for (size_t i = 0; i < process->documents_count; i++) {
		size_t place =
		    (work->trouble & SIM_REVERSED_LIST) != 0 ? process->documents_count - 1 - i : i;
		const struct sim_document *from = &process->documents[place];
		struct sim_document *to = &work->documents[work->documents_count++];
		size_t len = 0;

		if (!sign(work, key, &from->hash, work->signature, &len))
			return false;
		if (!copy_value(&(struct sim_value){(char *)work->signature, len}, &to->hash) ||
		    !copy_value(&from->name, &to->name) || !copy_value(&from->id, &to->id))
			return machine_failed("out of memory for signatures");
	}
	work->reply.documents_count = work->documents_count;
	return true;
}

static bool
fill_signatures(struct work *work, const struct sim_process *process)
{
	struct sim_identity leaf;
	struct sim_error error;
	size_t len = 0;
	bool ok;

	if (!sim_hierarchy_leaf(&work->simulator->directory, &work->simulator->hierarchy,
				work->account, &leaf, &error))
		return machine_failed(error.text);
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
code_is_right(const struct work *work)
{
	char code[SIM_PLAIN_MAX];
	bool right;

	sim_field_decrypt(work->simulator->hierarchy.cifra.key,
			  work->request->fields[SIM_CODE].data, code);
	right = work->process != NULL && texts_are_equal(code, work->process->code);
	OPENSSL_cleanse(code, sizeof(code));
	return right;
}

/* An unknown process, one of an account that is gone, or one whose code is too old: 816. */
static bool
process_is_open(struct work *work)
{
	struct simulator *simulator = work->simulator;

	if (work->process != NULL && work->account != NULL &&
	    strcmp(work->process->account, work->account->name) == 0) {
		if (now_ms(simulator) - work->process->code_made_ms <=
		    work->account->code_lifetime_s * UINT64_C(1000))
			return true;
		sim_processes_remove(&simulator->processes, work->process);
		work->process = NULL;
	}
	set_status(work, "816");
	return false;
}

static bool
run_validate_otp(struct work *work)
{
	struct sim_processes *processes = &work->simulator->processes;
	struct sim_process *process = work->process;
	bool right = code_is_right(work), ok = true;

	work->reply.status.process_id = work->request->fields[SIM_PROCESS_ID].data;
	if (!parameters_are_right(work) || !process_is_open(work))
		return true;
	if (!right) {
		set_status(work, "802");
		if (++process->tries >= work->account->code_tries)
			sim_processes_remove(processes, process);
		return true;
	}
	set_status(work, "200");
	if ((work->trouble & SIM_NIL_VALUE) == 0)
		ok = process->kind == SIM_GET_CERTIFICATE_WITH_PIN ? fill_chain(work)
								   : fill_signatures(work, process);
	sim_processes_remove(processes, process);
	return ok;
}

static bool
run_force_sms(struct work *work)
{
	work->reply.status.process_id = work->request->fields[SIM_PROCESS_ID].data;
	if (!parameters_are_right(work) || !process_is_open(work))
		return true;
	set_status(work, "200");
	return send_code(work, work->process);
}

static void
describe(const struct sim_reply *reply, char *result, size_t room)
{
	bool is_string = reply->operation == SIM_GET_CERTIFICATE;
	bool nil = reply->nil || (is_string && reply->certificate == NULL);

	(void)snprintf(result, room, "%s", nil ? "nil" : is_string ? "200" : reply->status.code);
}

bool
sim_operations_run(struct simulator *simulator, const struct sim_request *request,
		   const struct sim_account *account, unsigned trouble, struct sim_outcome *outcome)
{
	static bool (*const runs[SIM_OPERATIONS])(struct work *) = {
	    [SIM_GET_CERTIFICATE] = run_get_certificate,
	    [SIM_GET_CERTIFICATE_WITH_PIN] = run_start,
	    [SIM_SCMD_SIGN] = run_start,
	    [SIM_SCMD_MULTIPLE_SIGN] = run_start,
	    [SIM_VALIDATE_OTP] = run_validate_otp,
	    [SIM_FORCE_SMS] = run_force_sms,
	};
	struct work work = {.simulator = simulator,
			    .request = request,
			    .account = account,
			    .trouble = trouble,
			    .reply = {.operation = request->operation}};
	struct sim_request signatures;
	bool ok;

	if (request->operation == SIM_VALIDATE_OTP || request->operation == SIM_FORCE_SMS)
		work.process =
		    sim_processes_find(&simulator->processes, field_text(request, SIM_PROCESS_ID));
	ok = runs[request->operation](&work);
	if (ok) {
		work.reply.nil = (trouble & SIM_NIL_RESULT) != 0;
		if ((trouble & SIM_NIL_PROCESS) != 0)
			work.reply.status.process_id = NULL;
		describe(&work.reply, outcome->result, sizeof(outcome->result));
		outcome->reply = sim_reply_write(&work.reply);
	}
	free(work.chain);
	signatures = (struct sim_request){.documents = work.documents,
					  .documents_count = work.documents_count};
	sim_request_free(&signatures);
	return ok && outcome->reply != NULL;
}
