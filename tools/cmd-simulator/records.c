#include "records.h"

#include <string.h>

bool
sim_records_call(const struct sim_records *records, const struct sim_call *call)
{
	static const char *const validities[] = {
	    [SIM_NOT_CHECKED] = "-", [SIM_VALID] = "yes", [SIM_INVALID] = "no"};
	const char *const columns[] = {call->operation, call->account, call->result,
				       validities[call->validity], call->doc_name};

	return sim_records_line(records->calls, columns, sizeof(columns) / sizeof(columns[0]));
}

bool
sim_records_code(const struct sim_records *records, const char *account, const char *doc_name,
		 const char *code)
{
	const char *const columns[] = {account, doc_name, code};

	if (!sim_records_line(records->messages, columns, sizeof(columns) / sizeof(columns[0])))
		return false;
	sim_records_show(records, "text message to %s: the code for %s is %s\n", account,
			 sim_records_or_dash(doc_name), code);
	return true;
}

bool
sim_records_blocked(const struct sim_records *records, const char *account)
{
	const char *const columns[] = {account, "account blocked", NULL};

	if (!sim_records_line(records->messages, columns, sizeof(columns) / sizeof(columns[0])))
		return false;
	sim_records_show(
	    records, "text message to %s: too many wrong PINs, the account is blocked\n", account);
	return true;
}
