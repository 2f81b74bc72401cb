#include "simulator.h"

#include "fill.h"
#include "operations.h"
#include "wsdl.h"

#include <string.h>

#include <openssl/crypto.h>

/* So that the first call does not wait for a key. */
static bool
prepare_leaves(struct simulator *simulator, struct problem *error)
{
	for (size_t i = 0; i < simulator->accounts.count; i++) {
		struct sim_identity leaf;

		if (!sim_hierarchy_leaf(&simulator->directory, &simulator->hierarchy,
					&simulator->accounts.list[i], &leaf, error))
			return false;
		sim_identity_free(&leaf);
	}
	return true;
}

bool
simulator_credentials(const struct sim_directory *directory, struct sim_credentials *credentials,
		      struct problem *error)
{
#define CREDENTIAL(member) offsetof(struct sim_credentials, member)
	static const struct sim_credential keys[] = {
	    {"application-id", SIM_CREDENTIAL_GUID, NULL, CREDENTIAL(application_id)},
	    {"user", SIM_CREDENTIAL_FIXED, "simulated-user", CREDENTIAL(user)},
	    {"password", SIM_CREDENTIAL_PASSWORD, NULL, CREDENTIAL(password)},
	};

	return sim_credentials_open(directory, keys, sizeof(keys) / sizeof(keys[0]), credentials,
				    error);
}

bool
simulator_open(struct simulator *simulator, const char *directory,
	       const struct sim_options *options, struct problem *error)
{
	struct simulator *s = simulator;

	*simulator = (struct simulator){
	    .options = *options, .directory = {.fd = -1}, .records = {.calls = -1, .messages = -1}};
	if (!sim_directory_open(&s->directory, directory, error))
		return false;
	if (sim_records_open(&s->directory, "cmd-simulator", options->terminal, &s->records,
			     error) &&
	    sim_accounts_prepare(&s->directory, error) &&
	    sim_accounts_load(&s->directory, &s->accounts, error) &&
	    simulator_credentials(&s->directory, &s->credentials, error) &&
	    sim_hierarchy_open(&s->directory, &s->hierarchy, error) && prepare_leaves(s, error) &&
	    (!options->validate || (s->schema = sim_wsdl_schema(&s->directory, error)) != NULL))
		return true;
	simulator_close(simulator);
	return false;
}

void
simulator_close(struct simulator *simulator)
{
	xmlSchemaFree(simulator->schema);
	sim_processes_clear(&simulator->processes);
	sim_hierarchy_close(&simulator->hierarchy);
	sim_records_close(&simulator->records);
	sim_directory_close(&simulator->directory);
	OPENSSL_cleanse(simulator, sizeof(*simulator));
	simulator->directory.fd = simulator->records.calls = simulator->records.messages = -1;
}

static void
write_down(struct simulator *simulator, const struct sim_call *call)
{
	if (!sim_records_call(&simulator->records, call))
		fprintf(stderr, "cmd-simulator: cannot write %s/calls; is there space?\n",
			simulator->directory.path);
}

void
simulator_answer_http(struct simulator *simulator, unsigned status, struct sim_answer *answer)
{
	char result[16];

	sim_fill_http(status, answer);
	(void)snprintf(result, sizeof(result), "http-%u", status);
	write_down(simulator, &(struct sim_call){.result = result});
}

/* Reads accounts.conf again; false, with the reason on the terminal, when it is not right. */
static bool
reload(struct simulator *simulator)
{
	struct sim_accounts fresh;
	struct problem error = {""};
	bool ok = sim_accounts_load(&simulator->directory, &fresh, &error);

	if (ok)
		simulator->accounts = fresh;
	else
		fprintf(stderr, "cmd-simulator: %s\n", error.text);
	OPENSSL_cleanse(&fresh, sizeof(fresh));
	return ok;
}

bool
simulator_refuses(struct simulator *simulator, struct sim_answer *answer)
{
	const struct sim_accounts *accounts = &simulator->accounts;

	*answer = (struct sim_answer){0};
	if (!reload(simulator)) {
		simulator_answer_http(simulator, 500, answer);
		return true;
	}
	answer->latency_ms = accounts->latency_ms;
	if (!sim_trouble_instead(accounts->trouble, answer))
		return false;
	write_down(simulator, &(struct sim_call){.result = sim_trouble_name(accounts->trouble)});
	return true;
}

static enum sim_validity
validity(const struct simulator *simulator, const struct sim_request *request)
{
	if (simulator->schema == NULL)
		return SIM_NOT_CHECKED;
	return request->payload != NULL && sim_wsdl_valid(simulator->schema, request->payload)
		   ? SIM_VALID
		   : SIM_INVALID;
}

/* A request that does not get as far as an operation. */
static void
refuse(struct simulator *simulator, enum sim_parsed parsed, const struct sim_request *request,
       const struct problem *error, struct sim_answer *answer)
{
	enum sim_fault fault =
	    parsed == SIM_UNKNOWN_ACTION ? SIM_FAULT_ACTION : SIM_FAULT_DESERIALIZATION;
	char result[64];

	if (parsed == SIM_NOT_SOAP) {
		simulator_answer_http(simulator, 400, answer);
		return;
	}
	sim_fill_soap(500, sim_reply_fault(fault, error->text), answer);
	(void)snprintf(result, sizeof(result), "fault-%s", sim_fault_name(fault));
	write_down(simulator, &(struct sim_call){
				  .operation = request->operation < SIM_OPERATIONS
						   ? sim_operations[request->operation].name
						   : NULL,
				  .result = result,
				  .validity = validity(simulator, request),
			      });
}

static void
serve(struct simulator *simulator, const struct sim_request *request, struct sim_answer *answer)
{
	struct sim_outcome outcome = {0};
	struct sim_call call = {.operation = sim_operations[request->operation].name,
				.validity = validity(simulator, request)};
	const struct sim_account *account = sim_operations_account(simulator, request);
	char account_name[SIM_ACCOUNT_NAME_MAX] = "", result[64];
	sim_troubles trouble = 0;

	if (account != NULL) {
		(void)snprintf(account_name, sizeof(account_name), "%s", account->name);
		if ((account->operations & 1u << request->operation) != 0) {
			answer->latency_ms += account->latency_ms;
			trouble = account->trouble;
		}
	}
	call.account = account_name;
	sim_operations_doc_name(simulator, request, outcome.doc_name);
	call.doc_name = outcome.doc_name;
	if (sim_trouble_instead(trouble, answer)) {
		call.result = sim_trouble_name(trouble);
		write_down(simulator, &call);
		return;
	}
	if (!sim_operations_run(simulator, request, account, trouble, &outcome)) {
		sim_fill_soap(500,
			      sim_reply_fault(SIM_FAULT_INTERNAL, "The server was unable to "
								  "process the request."),
			      answer);
		(void)snprintf(outcome.result, sizeof(outcome.result), "fault-%s",
			       sim_fault_name(SIM_FAULT_INTERNAL));
	} else {
		sim_fill_soap(200, outcome.reply, answer);
	}
	sim_trouble_spoil(trouble, answer);
	(void)snprintf(result, sizeof(result), "%s%s%s", outcome.result, trouble != 0 ? "," : "",
		       sim_trouble_name(trouble));
	call.result = result;
	write_down(simulator, &call);
}

void
simulator_answer(struct simulator *simulator, struct bytes body, const char *action,
		 struct sim_answer *answer)
{
	struct sim_request request;
	struct problem error = {""};
	enum sim_parsed parsed;

	if (!reload(simulator)) {
		simulator_answer_http(simulator, 500, answer);
		return;
	}
	parsed = sim_request_parse(body, action, !simulator->options.lenient, &request, &error);
	if (parsed == SIM_PARSED)
		serve(simulator, &request, answer);
	else
		refuse(simulator, parsed, &request, &error, answer);
	sim_request_free(&request);
}
