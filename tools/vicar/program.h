/*
 * Vicar's other programs, and systemctl: run and started.
 */
#ifndef VICAR_TOOLS_VICAR_PROGRAM_H
#define VICAR_TOOLS_VICAR_PROGRAM_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <limits.h>
#include <sys/types.h>

/* Runs it to its end, found by PATH, with standard input and error closed to it. What it prints goes
 * to `output`, cut at `room` - 1. Returns its exit status, -1 when it could not be run or was ended by
 * a signal. */
int program_run(const char *const argv[], char *output, size_t room) MUST_USE;

/* Starts it in a session of its own; what it says goes to the file `log`, which is new. The caller
 * may wait for *pid, and need not. */
bool program_start(const char *path, const char *const argv[], const char *log, pid_t *pid,
		   struct problem *error) MUST_USE;

#endif
