#include "reader_conf.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HANDLER "libifdvicar.so"
#define OTHERS "vpcd:" /* of DEVICENAME: a reader of our driver for cards that are not ours */
#define RESTART "then type: systemctl restart pcscd"

enum { LINE_LEN = 1024 };

/* What editors and dpkg leave behind; pcscd reads them all (reference: packaging, "Reader driver"). */
static const char *const leftovers[] = {
    "~",          ".bak",     ".orig",     ".dpkg-old", ".dpkg-new",
    ".dpkg-dist", ".ucf-old", ".ucf-dist", ".rpmsave",  ".rpmnew",
};

/* What an unquoted value may hold, pcscd's tokenparser.l. */
static bool
plain(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("=\\/-._@:", c) != NULL);
}

/* One entry while it is read: complete once it has a name, a library, and a device or a channel. */
struct draft {
	struct reader_entry entry;
	bool has_channel;
};

static bool
keep_if_complete(struct reader_conf *conf, struct draft *draft, const char *path,
		 struct problem *error)
{
	struct reader_entry *const entry = &draft->entry;
	struct stat st;

	if (*entry->name == '\0' || *entry->library == '\0' ||
	    (*entry->device == '\0' && !draft->has_channel))
		return true;
	if (stat(entry->library, &st) < 0)
		return problem(
		    error,
		    "%s: LIBPATH %s does not exist, so pcscd will not start; remove the file "
		    "or install the library, " RESTART,
		    path, entry->library);
	if (*entry->device != '\0' && strchr(entry->device, ':') == NULL &&
	    stat(entry->device, &st) < 0)
		return problem(
		    error,
		    "%s: DEVICENAME %s does not exist, so pcscd will not start; correct or "
		    "remove the file, " RESTART,
		    path, entry->device);
	if (conf->count == READER_ENTRIES_MAX)
		return problem(
		    error, "%s: pcscd takes %d readers and there are more; remove one, " RESTART,
		    path, (int)READER_ENTRIES_MAX);
	snprintf(entry->file, sizeof(entry->file), "%s", path);
	conf->entries[conf->count++] = *entry;
	*draft = (struct draft){0};
	return true;
}

/* The value after the key, quoted or not, into `value`; false when pcscd's scanner would stop. */
static bool
take_value(const char *at, char *value, size_t room)
{
	size_t len = 0;
	const bool quoted = *at == '"';

	if (quoted)
		at++;
	while (quoted ? *at != '"' && *at != '\0' : plain(*at)) {
		if (len + 1 == room)
			return false;
		value[len++] = *at++;
	}
	value[len] = '\0';
	if (quoted && *at++ != '"')
		return false;
	at += strspn(at, " \t\r\n");
	return len > 0 && (*at == '\0' || *at == '#');
}

static bool
read_line(struct reader_conf *conf, struct draft *draft, const char *path, unsigned number,
	  char *line, struct problem *error)
{
	char value[PATH_MAX];
	char *key = line + strspn(line, " \t\r\n");
	char *end = key + strcspn(key, " \t\r\n");
	struct reader_entry *const entry = &draft->entry;
	const char *at;

	if (*key == '\0' || *key == '#')
		return true;
	at = *end == '\0' ? end : end + 1 + strspn(end + 1, " \t");
	*end = '\0';
	if (!take_value(at, value, sizeof(value)))
		return problem(
		    error,
		    "%s line %u: %s has a value that pcscd cannot read, so pcscd will not start; "
		    "correct or remove the file, " RESTART,
		    path, number, key);
	if (strcmp(key, "FRIENDLYNAME") == 0) {
		if (strlen(value) >= sizeof(entry->name))
			return problem(error,
				       "%s line %u: FRIENDLYNAME is longer than %zu characters; "
				       "shorten it, " RESTART,
				       path, number, sizeof(entry->name) - 1);
		memcpy(entry->name, value, strlen(value) + 1);
	} else if (strcmp(key, "DEVICENAME") == 0) {
		memcpy(entry->device, value, sizeof(value));
	} else if (strcmp(key, "LIBPATH") == 0) {
		memcpy(entry->library, value, sizeof(value));
	} else if (strcmp(key, "CHANNELID") == 0) {
		draft->has_channel = true;
	} else {
		return problem(
		    error,
		    "%s line %u: %s is no key of reader.conf(5), so pcscd will not start; correct "
		    "or remove the file, " RESTART,
		    path, number, key);
	}
	return keep_if_complete(conf, draft, path, error);
}

static bool
read_file(struct reader_conf *conf, const char *path, struct problem *error)
{
	FILE *file = fopen(path, "re");
	struct draft draft = {0};
	char line[LINE_LEN];
	bool ok = true;

	if (file == NULL)
		return problem(error, "reader entry %s cannot be read: %s; see its permissions",
			       path, strerror(errno));
	for (unsigned number = 1; ok && fgets(line, sizeof(line), file) != NULL; number++)
		ok = read_line(conf, &draft, path, number, line, error);
	fclose(file);
	return ok;
}

static bool
is_leftover(const char *name)
{
	for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++) {
		const size_t len = strlen(name), end = strlen(leftovers[i]);

		if (len > end && strcmp(name + len - end, leftovers[i]) == 0)
			return true;
	}
	return false;
}

static bool
look_at(struct reader_conf *conf, const char *directory, const char *name, struct problem *error)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return problem(error, "%s holds a name that is too long: %s; remove it", directory,
			       name);
	if (lstat(path, &st) < 0)
		return problem(error,
			       "reader entry %s cannot be looked at: %s; see its permissions", path,
			       strerror(errno));
	if (S_ISLNK(st.st_mode))
		return problem(error,
			       "%s is a symbolic link, which pcscd passes over; put the file "
			       "itself there, " RESTART,
			       path);
	if (!S_ISREG(st.st_mode))
		return true;
	if (is_leftover(name))
		return problem(
		    error,
		    "%s is a leftover that pcscd reads like any other entry; type: rm %s; " RESTART,
		    path, path);
	return read_file(conf, path, error);
}

static int
visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

bool
reader_conf_directory(struct reader_conf *conf, const char *directory, struct problem *error)
{
	struct dirent **names = NULL;
	const int count = scandir(directory, &names, visible, alphasort);
	bool ok = true;

	conf->count = 0;
	if (count < 0)
		return problem(
		    error,
		    "directory %s of the reader entries cannot be read: %s; install pcscd, or "
		    "name another with --reader-conf",
		    directory, strerror(errno));
	for (int i = 0; i < count; i++) {
		ok = ok && look_at(conf, directory, names[i]->d_name, error);
		free(names[i]);
	}
	free(names);
	return ok;
}

const struct reader_entry *
reader_conf_ours(const struct reader_conf *conf)
{
	for (size_t i = 0; i < conf->count; i++) {
		const char *base = strrchr(conf->entries[i].library, '/');

		if (strcmp(base == NULL ? conf->entries[i].library : base + 1, HANDLER) == 0 &&
		    strncmp(conf->entries[i].device, OTHERS, strlen(OTHERS)) != 0)
			return &conf->entries[i];
	}
	return NULL;
}
