/*
 * The XDG base directories, tools/paths.h.
 */
#include "tools/paths.h"

#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULE "vicar-pkcs11.so"

__attribute__((format(printf, 3, 4))) static bool
join(char path[PATH_MAX], struct problem *error, const char *format, ...)
{
	va_list list;
	int len;

	va_start(list, format);
	len = vsnprintf(path, PATH_MAX, format, list);
	va_end(list);
	if (len < 0 || len >= PATH_MAX)
		return problem(error, "the path %.100s... is too long; use a shorter directory",
			       path);
	return true;
}

/* NULL when it is unset, empty or relative. */
static const char *
absolute(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] == '/' ? value : NULL;
}

static const char *
home(void)
{
	const char *value = absolute("HOME");
	const struct passwd *entry;

	if (value != NULL)
		return value;
	entry = getpwuid(geteuid());
	return entry != NULL && entry->pw_dir[0] == '/' ? entry->pw_dir : NULL;
}

/* $VARIABLE/vicar, or ~/fallback/vicar; `tail` comes after either. */
static bool
base(const char *variable, const char *fallback, const char *tail, char path[PATH_MAX],
     struct problem *error)
{
	const char *directory = absolute(variable);

	if (directory != NULL)
		return join(path, error, "%s/vicar%s", directory, tail);
	directory = home();
	if (directory == NULL)
		return problem(error,
			       "there is no home directory: neither %s nor HOME holds an absolute "
			       "path; set one of them",
			       variable);
	return join(path, error, "%s/%s/vicar%s", directory, fallback, tail);
}

bool
paths_user_config(char path[PATH_MAX], struct problem *error)
{
	return base("XDG_CONFIG_HOME", ".config", "/vicar.conf", path, error);
}

bool
paths_cards(char path[PATH_MAX], struct problem *error)
{
	return base("XDG_DATA_HOME", ".local/share", "/cards", path, error);
}

bool
paths_card(const char *name, char path[PATH_MAX], struct problem *error)
{
	char cards[PATH_MAX];

	return paths_cards(cards, error) && join(path, error, "%s/%s", cards, name);
}

bool
paths_runtime(char path[PATH_MAX], struct problem *error)
{
	const char *directory = absolute("XDG_RUNTIME_DIR");
	char fallback[64];
	struct stat is;

	if (directory == NULL) {
		(void)snprintf(fallback, sizeof(fallback), "/run/user/%lu",
			       (unsigned long)geteuid());
		directory = fallback;
	}
	if (stat(directory, &is) != 0)
		return problem(
		    error,
		    "the runtime directory %s cannot be used: %s; log in through systemd, or "
		    "set XDG_RUNTIME_DIR to a directory that only you can read",
		    directory, strerror(errno));
	if (!S_ISDIR(is.st_mode) || is.st_uid != geteuid())
		return problem(error,
			       "the runtime directory %s is not a directory of yours; set "
			       "XDG_RUNTIME_DIR to a directory that only you can read",
			       directory);
	return join(path, error, "%s/vicar", directory);
}

bool
paths_control(const char *name, char path[PATH_MAX], struct problem *error)
{
	char runtime[PATH_MAX];

	return paths_runtime(runtime, error) && join(path, error, "%s/%s.ctl", runtime, name);
}

bool
paths_expand(const char *text, char path[PATH_MAX], struct problem *error)
{
	const char *directory;

	if (text[0] == '/')
		return join(path, error, "%s", text);
	if (strncmp(text, "~/", 2) != 0)
		return problem(error, "%s is not an absolute path; begin it with / or ~/", text);
	directory = home();
	if (directory == NULL)
		return problem(error, "%s has no home directory to begin in; set HOME", text);
	return join(path, error, "%s/%s", directory, text + 2);
}

/* Where our own executable is. */
static bool
own_directory(char directory[PATH_MAX], struct problem *error)
{
	const ssize_t len = readlink("/proc/self/exe", directory, PATH_MAX);
	char *slash = len > 0 ? memrchr(directory, '/', (size_t)len) : NULL;

	if (slash == NULL)
		return problem(error, "/proc/self/exe cannot be read; mount /proc");
	*slash = '\0';
	return true;
}

bool
paths_program(const char *name, char path[PATH_MAX], struct problem *error)
{
	char own[PATH_MAX];

	if (!own_directory(own, error))
		return false;
	if (join(path, error, "%s/%s", own, name) && access(path, X_OK) == 0)
		return true;
	if (join(path, error, "%s/" PATHS_PROGRAMS "/%s", own, name) && access(path, X_OK) == 0)
		return true;
	return problem(error,
		       "program %s is neither in %s nor in " PATHS_PROGRAMS
		       " seen from there; install Vicar again",
		       name, own);
}

bool
paths_module(char path[PATH_MAX], struct problem *error)
{
	static const char *const places[] = {".", PATHS_MODULES};
	char own[PATH_MAX], pattern[PATH_MAX];
	bool found = false;
	glob_t matched;

	if (!own_directory(own, error))
		return false;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !found; i++) {
		if (!join(pattern, error, "%s/%s/" MODULE, own, places[i]))
			return false;
		if (glob(pattern, GLOB_NOSORT, NULL, &matched) != 0)
			continue;
		found = realpath(matched.gl_pathv[0], path) != NULL;
		globfree(&matched);
	}
	return found ||
	       problem(error,
		       "the module " MODULE " is neither in %s nor in ../lib/pkcs11 seen from "
		       "there; install Vicar again",
		       own);
}

bool
paths_locale(char path[PATH_MAX])
{
	static const char *const places[] = {"locale", PATHS_LOCALES};
	struct problem unused;
	char own[PATH_MAX];

	if (!own_directory(own, &unused))
		return false;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (join(path, &unused, "%s/%s", own, places[i]) && access(path, X_OK) == 0)
			return true;
	return false;
}

bool
paths_share(char path[PATH_MAX])
{
	static const char *const places[] = {PATHS_SHARE};
	char own[PATH_MAX], place[PATH_MAX];
	struct problem unused = {""};
	bool found = false;

	if (!own_directory(own, &unused))
		return false;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !found; i++)
		found =
		    join(place, &unused, "%s/%s", own, places[i]) && realpath(place, path) != NULL;
	return found;
}

bool
paths_make(const char *path, struct problem *error)
{
	char part[PATH_MAX];

	for (size_t i = 1; i < PATH_MAX; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		if (!join(part, error, "%.*s", (int)i, path))
			return false;
		if (mkdir(part, S_IRWXU) != 0 && errno != EEXIST)
			return problem(
			    error,
			    "the directory %s cannot be created: %s; create it, or see who "
			    "may write above it",
			    part, strerror(errno));
		if (path[i] == '\0')
			return true;
	}
	return problem(error, "the path %.100s... is too long; use a shorter directory", path);
}
