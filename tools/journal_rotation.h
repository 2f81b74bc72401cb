/*
 * The journal's older files: journal.1 is the one before, a higher number is older.
 */
#ifndef VICAR_TOOLS_JOURNAL_ROTATION_H
#define VICAR_TOOLS_JOURNAL_ROTATION_H

#include "tools/journal.h"

/* False: the path is too long. */
bool journal_old_path(const char *path, unsigned number, char old[PATH_MAX]) MUST_USE;
/* Puts the file aside when it is as long as it may be and no use is open in it. When that fails the
 * file goes on. */
void journal_rotate(struct journal *journal);
/* A new file's name must be on disk too. */
bool journal_sync_directory(const char *directory) MUST_USE;

#endif
