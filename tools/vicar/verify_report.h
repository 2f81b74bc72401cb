/*
 * What `vicar verify` tells.
 */
#ifndef VICAR_TOOLS_VICAR_VERIFY_REPORT_H
#define VICAR_TOOLS_VICAR_VERIFY_REPORT_H

#include "command.h"
#include "verdict.h"

#include <limits.h>
#include <stdio.h>

struct verification {
	const char *file, *signature; /* `signature` NULL: it is in the file */
	char beside[PATH_MAX];        /* where `signature` was found without being named */
	const char *format;           /* "cms", "raw", "pades" */
	struct verdicts verdicts;
	bool whole;             /* the signature is about all of the file */
	size_t earlier;         /* signatures of a PDF before the one that was judged */
	struct problem problem; /* there is no verdict, and why */
};

/* COMMAND_OK: sound and trusted; COMMAND_NOT_TRUSTED: sound; COMMAND_FAILED: neither. */
enum command_exit verify_report_exit(const struct verification *verification);
void verify_report_text(FILE *out, const struct verification *verification);
/* False: no memory. */
bool verify_report_json(FILE *out, const struct verification *verification);

#endif
