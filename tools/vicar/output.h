/*
 * Files that a command writes: whole or not at all, and never over another without being told to.
 */
#ifndef VICAR_TOOLS_VICAR_OUTPUT_H
#define VICAR_TOOLS_VICAR_OUTPUT_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <limits.h>

/* Nothing is at `path`, or it may be replaced, and its directory is there. */
bool output_possible(const char *path, bool force, struct problem *error) MUST_USE;
/* Two paths of one place, however they are spelt; neither need be there. */
bool output_same_place(const char *one, const char *other) MUST_USE;
/* Writing to `path` would take away this file: they are one, and not by a link of its own. */
bool output_replaces(const char *path, const char *file) MUST_USE;
/* Written beside it, fsync'ed, put in place at once. */
bool output_write(const char *path, struct bytes content, bool force,
		  struct problem *error) MUST_USE;
/* What could not be written where it should, and must not be lost: a file of its own in TMPDIR, or /tmp,
 * 0600, whose name ends like `path`. `kept` is where. */
bool output_keep(const char *path, struct bytes content, char kept[PATH_MAX]) MUST_USE;

#endif
