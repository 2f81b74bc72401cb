/*
 * Questions to the person at the terminal. They go to the terminal itself, so that neither pipes nor
 * redirection can answer or keep a secret.
 */
#ifndef VICAR_TOOLS_VICAR_TERMINAL_H
#define VICAR_TOOLS_VICAR_TERMINAL_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

struct terminal {
	int fd;
};

/* False when the process has none. */
bool terminal_open(struct terminal *terminal) MUST_USE;
void terminal_close(struct terminal *terminal);

/* One line without its end into `line`, which the caller wipes when it is secret. Without echo
 * nothing that is typed can be seen. False: cancelled (^C, ^D), or longer than `room` - 1. */
bool terminal_ask(const struct terminal *terminal, const char *prompt, bool echo, char *line,
		  size_t room, struct problem *error) MUST_USE;
/* True only after "yes" or "y". */
bool terminal_confirm(const struct terminal *terminal, const char *question) MUST_USE;

#endif
