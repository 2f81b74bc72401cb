/*
 * What a simulator writes down. Both files are in its directory, one line per event, columns
 * separated by tabs, the first one the time (UTC, RFC 3339 with milliseconds), `-` for what is not
 * known. A line is written before the answer leaves.
 *
 *   calls     each request; no secret is in it
 *   messages  the text messages; mode 0600
 */
#ifndef VICAR_TOOLS_SIMULATOR_RECORDS_H
#define VICAR_TOOLS_SIMULATOR_RECORDS_H

#include "directory.h"

#include <stdio.h>

struct sim_records {
	int calls, messages;
	FILE *terminal; /* borrowed; where text messages are shown; NULL: nowhere */
};

/* `program` is for the message. Fails when another simulator has the directory. */
bool sim_records_open(const struct sim_directory *directory, const char *program, FILE *terminal,
		      struct sim_records *records, struct problem *error) MUST_USE;
void sim_records_close(struct sim_records *records);

/* A line of one of the two files; NULL or "" is unknown. */
bool sim_records_line(int file, const char *const *columns, size_t count) MUST_USE;
/* The text message on the terminal, if there is one. */
void sim_records_show(const struct sim_records *records, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *sim_records_or_dash(const char *text);

/* Copies a text from the network so that it can stand in a line: control characters become `?`,
 * what does not fit is cut between UTF-8 characters. */
void sim_records_printable(const char *text, char *printable, size_t room);

#endif
