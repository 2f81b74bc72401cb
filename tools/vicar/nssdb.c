#include "nssdb.h"

#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "sql:"

enum { OUTPUT_MAX = 1024 };

static bool
in_directory(const char *directory, const char *name, char path[PATH_MAX], struct problem *error)
{
	const int len = snprintf(path, PATH_MAX, "%s/%s", directory, name);

	return (len > 0 && len < PATH_MAX) ||
	       problem(error, "the path %.100s... is too long; use a shorter directory", path);
}

bool
nssdb_check(const char *directory, struct problem *error)
{
	char path[PATH_MAX];

	if (!in_directory(directory, "cert9.db", path, error))
		return false;
	if (access(path, F_OK) == 0)
		return true;
	if (errno == ENOENT)
		return problem(error,
			       "%s holds no database of NSS (cert9.db is missing); name the "
			       "profile's directory, as about:profiles shows it, ~/.pki/nssdb for "
			       "Chromium, or make one: certutil -N -d sql:%s",
			       directory, directory);
	return problem(error, "%s cannot be looked at: %s; see who may read it", path,
		       strerror(errno));
}

/* The text after KEY= in a line, without its end. */
static const char *
value_of(char *line, const char *key)
{
	const size_t len = strlen(key);

	line[strcspn(line, "\r\n")] = '\0';
	return strncmp(line, key, len) == 0 && line[len] == '=' ? line + len + 1 : NULL;
}

/* Blocks of lines KEY=VALUE, with an empty line between them. */
static bool
find_library(FILE *file, char library[PATH_MAX])
{
	char *line = NULL, current[PATH_MAX] = "";
	bool found = false;
	const char *value;
	size_t room = 0;

	while (!found && getline(&line, &room, file) >= 0) {
		if ((value = value_of(line, "library")) != NULL && strlen(value) < PATH_MAX)
			memcpy(current, value, strlen(value) + 1);
		else if ((value = value_of(line, "name")) != NULL)
			found = strcmp(value, NSSDB_NAME) == 0;
		else if (line[0] == '\0')
			current[0] = '\0';
	}
	free(line);
	if (found)
		memcpy(library, current, strlen(current) + 1);
	return found;
}

bool
nssdb_library(const char *directory, char library[PATH_MAX], struct problem *error)
{
	char path[PATH_MAX];
	FILE *file;

	library[0] = '\0';
	if (!nssdb_check(directory, error) || !in_directory(directory, "pkcs11.txt", path, error))
		return false;
	file = fopen(path, "re");
	if (file == NULL && errno == ENOENT)
		return true;
	if (file == NULL)
		return problem(error, "%s cannot be read: %s; see who may read it", path,
			       strerror(errno));
	(void)find_library(file, library);
	(void)fclose(file);
	return true;
}

/* `-force` asks nothing: modutil would want to hear that no browser runs. */
static bool
run_modutil(const char *directory, const char *action, const char *library, struct problem *error)
{
	char database[PATH_MAX + sizeof(PREFIX)], output[OUTPUT_MAX];
	const char *const argv[] = {"modutil",
				    "-dbdir",
				    database,
				    "-force",
				    action,
				    NSSDB_NAME,
				    library != NULL ? "-libfile" : NULL,
				    library,
				    NULL};
	const char *const version[] = {"modutil", "-H", NULL};

	(void)snprintf(database, sizeof(database), PREFIX "%s", directory);
	if (program_run(argv, output, sizeof(output)) == 0)
		return true;
	if (program_run(version, output, sizeof(output)) < 0)
		return problem(error, "modutil of NSS is not there; as root, type: apt-get install "
				      "libnss3-tools");
	return problem(error,
		       "modutil could not change the database in %s; end the program that uses it, "
		       "then type this to see why: modutil -dbdir %s %s " NSSDB_NAME "%s%s",
		       directory, database, action, library != NULL ? " -libfile " : "",
		       library != NULL ? library : "");
}

bool
nssdb_add(const char *directory, const char *library, struct problem *error)
{
	return run_modutil(directory, "-add", library, error);
}

bool
nssdb_remove(const char *directory, struct problem *error)
{
	return run_modutil(directory, "-delete", NULL, error);
}
