#include "command.h"
#include "nssdb.h"
#include "tools/paths.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_NSS };

static const struct command_option options[] = {
    {"nss", "DIR", "the directory of a browser's profile, or another database of NSS"},
    {NULL, NULL, NULL},
};

/* Where p11-kit looks for what modules there are, pkcs11.conf(5). */
static const char *const p11_kit_files[] = {"/etc/pkcs11/modules/vicar.module",
					    "/usr/share/p11-kit/modules/vicar.module"};

/* Where databases of NSS are, below the home directory: Chromium, Firefox, Thunderbird. */
static const char *const nss_patterns[] = {"~/.pki/nssdb/cert9.db", "~/.mozilla/firefox/*/cert9.db",
					   "~/.thunderbird/*/cert9.db"};

static void
print_p11_kit(void)
{
	for (size_t i = 0; i < sizeof(p11_kit_files) / sizeof(p11_kit_files[0]); i++) {
		if (access(p11_kit_files[i], R_OK) != 0)
			continue;
		printf("p11-kit: %s\n", p11_kit_files[i]);
		return;
	}
	printf(
	    "p11-kit: not registered; as root, type: apt install vicar-pkcs11, or make install\n");
}

static bool
print_nss(const char *directory, const char *module)
{
	char library[PATH_MAX];
	struct problem error;

	if (!nssdb_library(directory, library, &error)) {
		say_error("%s", error.text);
		return false;
	}
	if (library[0] == '\0')
		printf("nss: %s: not registered; type: vicar module install --nss %s\n", directory,
		       directory);
	else if (strcmp(library, module) != 0)
		printf("nss: %s: registered, but as %s; type: vicar module install --nss %s\n",
		       directory, library, directory);
	else
		printf("nss: %s: registered\n", directory);
	return true;
}

static bool
print_all_nss(const char *module)
{
	bool ok = true;

	for (size_t i = 0; i < sizeof(nss_patterns) / sizeof(nss_patterns[0]); i++) {
		char pattern[PATH_MAX];
		struct problem error;
		glob_t found;

		if (!paths_expand(nss_patterns[i], pattern, &error) ||
		    glob(pattern, 0, NULL, &found) != 0)
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++) {
			*strrchr(found.gl_pathv[k], '/') = '\0';
			ok = print_nss(found.gl_pathv[k], module) && ok;
		}
		globfree(&found);
	}
	return ok;
}

static bool
show(const char *directory, const char *module)
{
	printf("module: %s\n", module);
	print_p11_kit();
	return directory != NULL ? print_nss(directory, module) : print_all_nss(module);
}

static bool
install(const char *directory, const char *module)
{
	char library[PATH_MAX];
	struct problem error;

	if (nssdb_library(directory, library, &error) &&
	    (strcmp(library, module) == 0 ||
	     ((library[0] == '\0' || nssdb_remove(directory, &error)) &&
	      nssdb_add(directory, module, &error))))
		return true;
	say_error("%s", error.text);
	return false;
}

static bool
uninstall(const char *directory, const char *module)
{
	char library[PATH_MAX];
	struct problem error;

	(void)module;
	if (nssdb_library(directory, library, &error) &&
	    (library[0] == '\0' || nssdb_remove(directory, &error)))
		return true;
	say_error("%s", error.text);
	return false;
}

static const struct action {
	const char *name;
	bool needs_directory;
	bool (*run)(const char *directory, const char *module);
} actions[] = {{"show", false, show}, {"install", true, install}, {"remove", true, uninstall}};

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *name = arguments->operands_count > 0 ? arguments->operands[0] : "show";
	const char *given = arguments->options[OPTION_NSS];
	char module[PATH_MAX], directory[PATH_MAX];
	const struct action *action = NULL;
	struct problem error;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0)
			action = &actions[i];
	if (action == NULL) {
		say_error("module: there is no %s, only show, install and remove; type: vicar "
			  "module --help",
			  name);
		return COMMAND_USAGE;
	}
	if (action->needs_directory && given == NULL) {
		say_error("module: %s needs --nss DIR; type: vicar module --help", name);
		return COMMAND_USAGE;
	}
	if (!paths_module(module, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	if (given != NULL && realpath(given, directory) == NULL) {
		say_error("%s is no directory that can be read; see how it is spelled", given);
		return COMMAND_FAILED;
	}
	return action->run(given != NULL ? directory : NULL, module) ? COMMAND_OK : COMMAND_FAILED;
}

const struct command command_module = {
    .name = "module",
    .operands = "[show | install | remove]",
    .operands_max = 1,
    .summary = "tells browsers of the PKCS#11 module, or shows which know it",
    .text = "A browser that runs learns of it when it starts again.",
    .options = options,
    .run = run,
};
