/*
 * A simulator's directory: everything it makes, keeps and writes down is in there.
 *
 * Public files stand at the top; keys are in private/ (0700). A file is replaced atomically, so a
 * reader sees the old or the new one. Each failure says why in `error`.
 */
#ifndef VICAR_TOOLS_SIMULATOR_DIRECTORY_H
#define VICAR_TOOLS_SIMULATOR_DIRECTORY_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <sys/types.h>

enum { SIM_FILE_MAX = 256 * 1024 };

struct sim_directory {
	int fd;
	char *path; /* as given, for messages */
};

/* Makes the directory (0700) and private/ if they are not there. */
bool sim_directory_open(struct sim_directory *directory, const char *path,
			struct problem *error) MUST_USE;
void sim_directory_close(struct sim_directory *directory);

bool sim_directory_has(const struct sim_directory *directory, const char *name);
/* `data` is NUL-terminated beyond `len` and the caller's to OPENSSL_clear_free(data, len + 1). */
bool sim_directory_read(const struct sim_directory *directory, const char *name, char **data,
			size_t *len, struct problem *error) MUST_USE;
bool sim_directory_write(const struct sim_directory *directory, const char *name, mode_t mode,
			 struct bytes data, struct problem *error) MUST_USE;
void sim_directory_remove(const struct sim_directory *directory, const char *name);
/* A file descriptor for appending; -1 on failure. */
int sim_directory_append(const struct sim_directory *directory, const char *name, mode_t mode,
			 struct problem *error) MUST_USE;

#endif
