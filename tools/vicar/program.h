/*
 * Vicar's other programs.
 */
#ifndef VICAR_TOOLS_VICAR_PROGRAM_H
#define VICAR_TOOLS_VICAR_PROGRAM_H

#include "problem.h"
#include "iso7816/bytes.h"

#include <limits.h>

/* The path of one of them: beside this executable, as in a build tree, or in the directory for
 * programs that nobody starts by hand. */
bool program_find(const char *name, char path[PATH_MAX], struct problem *error) MUST_USE;

#endif
