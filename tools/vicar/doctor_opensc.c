/*
 * OpenSC's module beside ours: it shows a remote key to every program that loads it, also to those
 * that do TLS or SSH by themselves, and each of their connections would be a text message. The lines
 * are those of docs/consumers.md, which tests/consumers/test_kept_away.py tries.
 */
#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPENSC_CONF \
	"/etc/opensc/opensc.conf" /* opensc.conf(5); the variable OPENSC_CONF replaces it */
#define OUR_READER "Vicar"        /* FRIENDLYNAME of packaging/reader.conf.in */

static bool
has_remote_key(const struct image *image)
{
	for (size_t i = 0; i < image->keys_count; i++) {
		if (strcmp(image->keys[i].service, IMAGE_SERVICE_FILE) != 0)
			return true;
	}
	return false;
}

/* Whether a line that is no comment ignores our reader. */
static bool
ignores_our_reader(FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (!found && getline(&line, &room, file) >= 0) {
		const char *key;

		line[strcspn(line, "#")] = '\0';
		key = strstr(line, "ignored_readers");
		found = key != NULL && strstr(key, OUR_READER) != NULL;
	}
	free(line);
	return found;
}

enum finding
check_opensc(struct doctor *doctor, struct problem *text)
{
	const char *variable = getenv("OPENSC_CONF");
	const char *path = variable != NULL ? variable : OPENSC_CONF;
	FILE *file;
	bool ignored;

	if (!doctor->loaded) {
		problem(text, "not looked at: the card cannot be read");
		return FINDING_SKIPPED;
	}
	if (!has_remote_key(&doctor->image)) {
		problem(text,
			"the card has no remote key; OpenSC's module may show it to any program");
		return FINDING_OK;
	}
	file = fopen(path, "re");
	if (file == NULL && errno == ENOENT) {
		problem(text, "%s is not there, nor is OpenSC's module then", path);
		return FINDING_OK;
	}
	if (file == NULL)
		return finding_of(problem(text, "%s: %s; make it readable", path, strerror(errno)));
	ignored = ignores_our_reader(file);
	(void)fclose(file);
	if (ignored) {
		problem(text, "its module leaves the reader " OUR_READER " alone, as %s says",
			path);
		return FINDING_OK;
	}
	problem(text,
		"its module shows the remote key to browsers and ssh too, where they load it, "
		"and each of their connections would be a message; to keep it from them, put this "
		"line into %s: app opensc-pkcs11 { ignored_readers = \"" OUR_READER "\"; }, or "
		"type: echo 'app opensc-pkcs11 { ignored_readers = \"" OUR_READER "\"; }' | "
		"sudo tee -a %s",
		path, path);
	return FINDING_WARNING;
}
