#include "program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool
program_find(const char *name, char path[PATH_MAX], struct problem *error)
{
	char own[PATH_MAX];
	const ssize_t len = readlink("/proc/self/exe", own, sizeof(own));
	const char *slash = len > 0 ? memrchr(own, '/', (size_t)len) : NULL;

	if (slash != NULL &&
	    snprintf(path, PATH_MAX, "%.*s/%s", (int)(slash - own), own, name) < PATH_MAX &&
	    access(path, X_OK) == 0)
		return true;
	if (snprintf(path, PATH_MAX, "%s/%s", VICAR_LIBEXECDIR, name) < PATH_MAX &&
	    access(path, X_OK) == 0)
		return true;
	return problem(error, "program %s is neither beside vicar nor in %s; install Vicar again",
		       name, VICAR_LIBEXECDIR);
}
