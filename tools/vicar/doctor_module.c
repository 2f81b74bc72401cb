/*
 * The PKCS#11 modules that p11-kit gives to programs, pkcs11.conf(5): whether ours is among them, and
 * whether another one shows the same cards.
 */
#include "doctor.h"

#include "tools/paths.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUR_FILE "vicar.module"

enum { FILES_MAX = 64, NAME_LEN = 64 };

/* A file of a name that stands in an earlier place replaces that in a later one. */
static const char *const places[] = {"/etc/pkcs11/modules", "/usr/share/p11-kit/modules"};

/* Those that drive cards of PC/SC. */
static const char *const drivers_of_cards[] = {"opensc-pkcs11.so", "onepin-opensc-pkcs11.so",
					       "libpteidpkcs11.so", "libcryptoki.so",
					       "cryptoki-distribution.so"};

struct module_file {
	char name[NAME_LEN], path[PATH_MAX], module[PATH_MAX]; /* module "": switched off */
};

struct module_files {
	struct module_file files[FILES_MAX];
	size_t count;
};

static bool
is_module_file(const char *name)
{
	static const char end[] = ".module";
	const size_t len = strlen(name);

	return len >= sizeof(end) && len < NAME_LEN && strcmp(name + len - strlen(end), end) == 0;
}

static void
read_module(struct module_file *file)
{
	static const char key[] = "module:";
	char line[PATH_MAX];
	FILE *in = fopen(file->path, "re");

	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		const char *value = line + strlen(key);

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		value += strspn(value, " \t");
		snprintf(file->module, sizeof(file->module), "%.*s", (int)strcspn(value, " \t\r\n"),
			 value);
	}
	if (in != NULL)
		fclose(in);
}

static void
read_place(struct module_files *files, const char *place)
{
	DIR *directory = opendir(place);
	const struct dirent *entry;

	while (directory != NULL && files->count < FILES_MAX &&
	       (entry = readdir(directory)) != NULL) {
		struct module_file *file = &files->files[files->count];
		bool known = !is_module_file(entry->d_name);

		for (size_t i = 0; i < files->count && !known; i++)
			known = strcmp(files->files[i].name, entry->d_name) == 0;
		if (known)
			continue;
		memset(file, 0, sizeof(*file));
		snprintf(file->name, sizeof(file->name), "%.63s", entry->d_name);
		if (snprintf(file->path, sizeof(file->path), "%s/%.63s", place, entry->d_name) >=
		    (int)sizeof(file->path))
			continue;
		read_module(file);
		files->count++;
	}
	if (directory != NULL)
		closedir(directory);
}

/* NULL: no memory. Freed by the caller. */
static struct module_files *
read_all(void)
{
	struct module_files *files = calloc(1, sizeof(*files));
	const char *config = getenv("XDG_CONFIG_HOME");
	struct problem error;
	char place[PATH_MAX];

	if (files == NULL)
		return NULL;
	if (config != NULL && *config == '/')
		snprintf(place, sizeof(place), "%s/pkcs11/modules", config);
	if ((config != NULL && *config == '/') ||
	    paths_expand("~/.config/pkcs11/modules", place, &error))
		read_place(files, place);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		read_place(files, places[i]);
	return files;
}

static const struct module_file *
ours(const struct module_files *files)
{
	for (size_t i = 0; files != NULL && i < files->count; i++)
		if (strcmp(files->files[i].name, OUR_FILE) == 0 &&
		    files->files[i].module[0] != '\0')
			return &files->files[i];
	return NULL;
}

enum finding
check_module(struct doctor *doctor, struct problem *text)
{
	struct module_files *files = read_all();
	const struct module_file *file = ours(files);
	enum finding finding = FINDING_OK;

	(void)doctor;
	if (file != NULL) {
		problem(text, "p11-kit has it from %s", file->path);
	} else {
		problem(text,
			"p11-kit does not know vicar-pkcs11.so, so that programs which ask it "
			"do not find the card; type: sudo apt install vicar-pkcs11");
		finding = FINDING_WARNING;
	}
	free(files);
	return finding;
}

static bool
drives_cards(const char *module)
{
	const char *slash = strrchr(module, '/');

	for (size_t i = 0; i < sizeof(drivers_of_cards) / sizeof(drivers_of_cards[0]); i++)
		if (strcmp(slash == NULL ? module : slash + 1, drivers_of_cards[i]) == 0)
			return true;
	return false;
}

enum finding
check_other_modules(struct doctor *doctor, struct problem *text)
{
	struct module_files *files = read_all();
	const bool registered = ours(files) != NULL;
	enum finding finding = FINDING_OK;

	(void)doctor;
	problem(text, "p11-kit shows each card once");
	for (size_t i = 0; registered && i < files->count; i++) {
		const struct module_file *file = &files->files[i];

		if (!drives_cards(file->module))
			continue;
		problem(text,
			"p11-kit has %s too, by %s, so that programs see each card twice; to keep "
			"ours alone, type: echo 'module:' | sudo tee /etc/pkcs11/modules/%s",
			file->module, file->path, file->name);
		finding = FINDING_WARNING;
		break;
	}
	free(files);
	return finding;
}
