/*
 * What the simulator writes down. Both files are in its directory, one line per event, columns
 * separated by tabs, written before the answer leaves:
 *
 *   calls     time, operation, account, result, valid, DocName
 *   messages  time, account, DocName, code: the text messages; mode 0600
 *
 * Time is UTC, RFC 3339 with milliseconds; an unknown column is `-`. No PIN, code or phone number is
 * in `calls`.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_RECORDS_H
#define VICAR_TOOLS_CMD_SIMULATOR_RECORDS_H

#include "directory.h"

#include <stdio.h>

enum sim_validity { SIM_NOT_CHECKED, SIM_VALID, SIM_INVALID };

struct sim_records {
	int calls, messages;
	FILE *terminal; /* borrowed; where text messages are shown; NULL: nowhere */
};

struct sim_call {
	const char *operation, *account, *result, *doc_name; /* NULL or "": unknown */
	enum sim_validity validity;
};

/* Fails when another simulator has the directory. */
bool sim_records_open(const struct sim_directory *directory, FILE *terminal,
		      struct sim_records *records, struct problem *error) MUST_USE;
void sim_records_close(struct sim_records *records);
bool sim_records_call(const struct sim_records *records, const struct sim_call *call) MUST_USE;
bool sim_records_code(const struct sim_records *records, const char *account, const char *doc_name,
		      const char *code) MUST_USE;
/* The message that tells of too many wrong PINs; its code column is `-`. */
bool sim_records_blocked(const struct sim_records *records, const char *account) MUST_USE;

/* Copies a text from the network so that it can stand in a line: control characters become `?`,
 * what does not fit is cut between UTF-8 characters. */
void sim_records_printable(const char *text, char *printable, size_t room);

#endif
