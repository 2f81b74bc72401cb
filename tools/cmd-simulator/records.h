/*
 * The lines of the simulator's records; after the time:
 *
 *   calls     operation, account, result, valid, DocName
 *   messages  account, DocName, code
 *
 * No PIN, code or phone number is in `calls`.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_RECORDS_H
#define VICAR_TOOLS_CMD_SIMULATOR_RECORDS_H

#include "tools/simulator/records.h"

enum sim_validity { SIM_NOT_CHECKED, SIM_VALID, SIM_INVALID };

struct sim_call {
	const char *operation, *account, *result, *doc_name; /* NULL or "": unknown */
	enum sim_validity validity;
};

bool sim_records_call(const struct sim_records *records, const struct sim_call *call) MUST_USE;
bool sim_records_code(const struct sim_records *records, const char *account, const char *doc_name,
		      const char *code) MUST_USE;
/* The message that tells of too many wrong PINs; its code column is `-`. */
bool sim_records_blocked(const struct sim_records *records, const char *account) MUST_USE;

#endif
