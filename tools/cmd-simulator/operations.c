#include "operations.h"

#include "work.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

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
	process = sim_processes_find(&simulator->processes, sim_work_text(request, SIM_PROCESS_ID));
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
		process = sim_processes_find(&simulator->processes,
					     sim_work_text(request, SIM_PROCESS_ID));
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
		sim_records_printable(sim_work_text(request, SIM_DOC_NAME), doc_name,
				      SIM_DOC_NAME_MAX);
	}
}

static bool
run_get_certificate(struct sim_work *work)
{
	if (sim_work_empty_member(work->request) != NULL || !sim_work_application_is_known(work) ||
	    work->account == NULL || work->account->state == SIM_NO_SIGNATURE)
		return true;
	return sim_work_fill_chain(work);
}

static bool
run_force_sms(struct sim_work *work)
{
	work->reply.status.process_id = work->request->fields[SIM_PROCESS_ID].data;
	if (!sim_work_parameters_are_right(work) || !sim_work_process_is_open(work))
		return true;
	sim_work_set_status(work, "200");
	return sim_work_send_code(work, work->process);
}

static void
describe(const struct sim_reply *reply, char *result, size_t room)
{
	bool is_string = reply->operation == SIM_GET_CERTIFICATE;
	bool nil = reply->nil || (is_string && reply->certificate == NULL);

	(void)snprintf(result, room, "%s", nil ? "nil" : is_string ? "200" : reply->status.code);
}

/* What the members are to say, whatever was done. */
static void
make_trouble(struct sim_reply *reply, sim_troubles trouble)
{
	static const struct {
		enum sim_trouble trouble;
		const char *code;
	} codes[] = {{SIM_CODE_ZERO, "0"}, {SIM_CODE_EMPTY, ""}, {SIM_CODE_TEXT, "abc"}};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (sim_has(trouble, codes[i].trouble))
			reply->status.code = codes[i].code;
	reply->nil = sim_has(trouble, SIM_NIL_RESULT);
	reply->nil_members = sim_has(trouble, SIM_NIL_EVERYWHERE);
	reply->reordered = sim_has(trouble, SIM_REORDERED);
	if (sim_has(trouble, SIM_NIL_PROCESS))
		reply->status.process_id = NULL;
	if (sim_has(trouble, SIM_WRONG_PROCESS))
		reply->status.process_id = "00000000-0000-4000-8000-000000000000";
}

bool
sim_operations_run(struct simulator *simulator, const struct sim_request *request,
		   const struct sim_account *account, sim_troubles trouble,
		   struct sim_outcome *outcome)
{
	static bool (*const runs[SIM_OPERATIONS])(struct sim_work *) = {
	    [SIM_GET_CERTIFICATE] = run_get_certificate,
	    [SIM_GET_CERTIFICATE_WITH_PIN] = sim_run_start,
	    [SIM_SCMD_SIGN] = sim_run_start,
	    [SIM_SCMD_MULTIPLE_SIGN] = sim_run_start,
	    [SIM_VALIDATE_OTP] = sim_run_validate_otp,
	    [SIM_FORCE_SMS] = run_force_sms,
	};
	struct sim_work work = {.simulator = simulator,
				.request = request,
				.account = account,
				.trouble = trouble,
				.reply = {.operation = request->operation}};
	struct sim_request signatures;
	bool ok;

	if (request->operation == SIM_VALIDATE_OTP || request->operation == SIM_FORCE_SMS)
		work.process = sim_processes_find(&simulator->processes,
						  sim_work_text(request, SIM_PROCESS_ID));
	ok = runs[request->operation](&work);
	if (ok) {
		make_trouble(&work.reply, trouble);
		describe(&work.reply, outcome->result, sizeof(outcome->result));
		outcome->reply = sim_reply_write(&work.reply);
	}
	free(work.chain);
	signatures = (struct sim_request){.documents = work.documents,
					  .documents_count = work.documents_count};
	sim_request_free(&signatures);
	return ok && outcome->reply != NULL;
}
