/*
 * pcscd's reader entries, reader.conf(5), read as pcscd 1.9.9 reads them: one entry it cannot take
 * keeps it from starting at all, and with it every reader of the machine.
 */
#ifndef VICAR_TOOLS_VICAR_READER_CONF_H
#define VICAR_TOOLS_VICAR_READER_CONF_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <limits.h>

enum { READER_ENTRIES_MAX = 16, READER_NAME_MAX = 128 }; /* pcscd's own limits */

struct reader_entry {
	char name[READER_NAME_MAX]; /* FRIENDLYNAME */
	char device[PATH_MAX];      /* DEVICENAME */
	char library[PATH_MAX];     /* LIBPATH */
	char file[PATH_MAX];        /* where it stands */
};

struct reader_conf {
	struct reader_entry entries[READER_ENTRIES_MAX];
	size_t count;
};

/* Every file that pcscd would read, and those it would pass over although they look like entries.
 * Fails on what would keep pcscd from starting. */
bool reader_conf_directory(struct reader_conf *conf, const char *directory,
			   struct problem *error) MUST_USE;
/* The entry whose library is libifdvicar.so and that is for our cards; NULL when there is none. */
const struct reader_entry *reader_conf_ours(const struct reader_conf *conf);

#endif
