/*
 * The pseudo terminal that stands for the reader's serial line, and what pcscd has to be told of it.
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_PTY_H
#define VICAR_TOOLS_CCID_SIMULATOR_PTY_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <limits.h>
#include <stdio.h>

struct pty {
	int fd;    /* ours, not blocking */
	int other; /* the driver's end, kept open: else its closing would end the line */
	char name[64];
	char link[PATH_MAX];        /* "": none */
	char reader_conf[PATH_MAX]; /* "": none */
};

/* `link` and `reader_conf` are absolute paths, or NULL: a symbolic link to the terminal, a file with the
 * entry of reader.conf(5). Both are taken away by pty_close(); a link that is there is replaced, a
 * file is not. */
bool pty_open(struct pty *pty, const char *model, const char *link, const char *reader_conf,
	      struct problem *error) MUST_USE;
void pty_close(struct pty *pty);

/* The entry of reader.conf(5). */
void pty_print(const struct pty *pty, const char *model, FILE *file);
/* False: it is not installed. */
bool pty_driver_there(void);

#define PTY_DRIVER "/usr/lib/pcsc/drivers/serial/libccidtwin.so"

#endif
