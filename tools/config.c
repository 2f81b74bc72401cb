/*
 * vicar.conf, tools/config.h. What may stand in it is in tools/config_table.c.
 */
#include "tools/config.h"

#include "pkcs11/settings.h"
#include "tools/config_key.h"
#include "tools/config_options.h"
#include "tools/paths.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libinih 55: a section's name with its NUL. */
enum { SECTION_ROOM = 50, SERVICE_NAME_MAX = SECTION_ROOM - 9 };

struct loader {
	struct config *config;
	struct problem *error;
	const char *path;
	FILE *file;
	int line;
	bool failed;
	uint64_t seen;                              /* keys of [card] and [prompt], this file */
	uint64_t pkcs11_seen;                       /* keys of [pkcs11], this file */
	uint64_t service_seen[CONFIG_SERVICES_MAX]; /* keys of each service, this file */
	struct config_options options;              /* of the services' types */
	unsigned file_number;
};

__attribute__((format(printf, 2, 3))) static bool
fail(struct loader *loader, const char *format, ...)
{
	char text[PROBLEM_MAX / 2];
	va_list list;

	if (loader->failed)
		return false;
	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (loader->line == 0)
		(void)problem(loader->error, "%s: %s", loader->path, text);
	else
		(void)problem(loader->error, "%s:%d: %s", loader->path, loader->line, text);
	loader->failed = true;
	return false;
}

static void *
place(struct config *config, const struct key *key, size_t service)
{
	char *of =
	    key->section == SECTION_SERVICE ? (char *)&config->services[service] : (char *)config;

	return of + key->at;
}

static bool
put_text(struct loader *loader, char **to, const char *value)
{
	return key_put_text(to, value) || fail(loader, "no memory is left; end other programs");
}

/* The keys of these sections at their defaults. */
static bool
put_defaults(struct loader *loader, bool services, size_t service)
{
	for (size_t i = 0; i < config_keys_count; i++) {
		void *to = place(loader->config, &config_keys[i], service);

		if ((config_keys[i].section == SECTION_SERVICE) != services)
			continue;
		if (key_is_number(&config_keys[i]))
			*(unsigned *)to = config_keys[i].number;
		else if (config_keys[i].text != NULL && !put_text(loader, to, config_keys[i].text))
			return false;
	}
	return true;
}

static bool
service_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > SERVICE_NAME_MAX || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			return false;
	}
	return true;
}

/* The service of this name, made if it is new. */
static bool
service_select(struct loader *loader, const char *name, size_t *service)
{
	struct config *config = loader->config;
	char place[PATH_MAX];

	if (!service_name_valid(name))
		return fail(
		    loader,
		    "[service %s]: a service's name is at most %d letters, digits, - and _, "
		    "and begins with a letter or digit",
		    name, SERVICE_NAME_MAX);
	if (strcmp(name, "file") == 0)
		return fail(loader, "[service file]: keys in files need no section; choose another "
				    "name for this service");
	for (*service = 0; *service < config->services_count; (*service)++) {
		if (strcmp(config->services[*service].name, name) == 0)
			return true;
	}
	if (config->services_count == CONFIG_SERVICES_MAX)
		return fail(loader, "[service %s]: there are more than %d services; remove some",
			    name, CONFIG_SERVICES_MAX);
	if (!put_text(loader, &config->services[*service].name, name))
		return false;
	config->services_count++;
	(void)snprintf(place, sizeof(place), "%s:%d", loader->path, loader->line);
	if (!put_text(loader, &config->services[*service].place, place))
		return false;
	return put_defaults(loader, true, *service);
}

static bool
section_select(struct loader *loader, const char *name, enum section_kind *section, size_t *service)
{
	*service = 0;
	if (strcmp(name, "card") == 0) {
		*section = SECTION_CARD;
		return true;
	}
	if (strcmp(name, "prompt") == 0) {
		*section = SECTION_PROMPT;
		return true;
	}
	if (strcmp(name, "pkcs11") == 0) {
		*section = SECTION_PKCS11;
		return true;
	}
	if (strncmp(name, "service ", 8) == 0) {
		*section = SECTION_SERVICE;
		return service_select(loader, name + 8, service);
	}
	if (name[0] == '\0')
		return fail(loader, "a key stands before the first section; put it below [card], "
				    "[prompt], [pkcs11] or [service NAME]");
	return fail(loader,
		    "[%s] is no section; there are [card], [prompt], [pkcs11] and [service NAME]",
		    name);
}

static const struct key *
key_find(enum section_kind section, const char *name)
{
	for (size_t i = 0; i < config_keys_count; i++) {
		if (config_keys[i].section == section && strcmp(config_keys[i].name, name) == 0)
			return &config_keys[i];
	}
	return NULL;
}

enum { KNOWN_ROOM = 400 };

static void
list_known(enum section_kind section, char known[KNOWN_ROOM])
{
	size_t len = 0;

	known[0] = '\0';
	for (size_t i = 0; i < config_keys_count; i++) {
		if (config_keys[i].section == section && len < KNOWN_ROOM)
			len += (size_t)snprintf(known + len, KNOWN_ROOM - len, "%s%s",
						len > 0 ? ", " : "", config_keys[i].name);
	}
}

static bool
fail_unknown(struct loader *loader, enum section_kind section, const char *where, const char *name)
{
	char known[KNOWN_ROOM];

	list_known(section, known);
	return fail(loader, "%s is no key of [%s]; there are %s", name, where, known);
}

/* A key that may be one of the service's type. */
static int
keep_option(struct loader *loader, size_t service, const char *where, const char *name,
	    const char *value)
{
	char place[PATH_MAX];
	const struct config_option option = {
	    .service = service,
	    .place = place,
	    .name = (char *)name,
	    .value = (char *)value,
	    .file = loader->file_number,
	};

	(void)snprintf(place, sizeof(place), "%s:%d", loader->path, loader->line);
	switch (config_options_keep(&loader->options, &option)) {
	case CONFIG_OPTIONS_OK: return 1;
	case CONFIG_OPTIONS_TWICE:
		return fail(loader, "%s stands twice in [%s]; keep one of them", name, where);
	case CONFIG_OPTIONS_NO_MEMORY: break;
	}
	return fail(loader, "no memory is left; end other programs");
}

/* The module reads these by itself; here they are only found right or wrong. */
static int
judge_pkcs11(struct loader *loader, const char *name, const char *value)
{
	struct settings unused;
	const char *allowed;
	char known[256];
	int key = settings_key(name);

	if (key == SETTINGS_NO_KEY) {
		settings_keys(known, sizeof(known));
		return fail(loader, "%s is no key of [pkcs11]; there are %s", name, known);
	}
	if ((loader->pkcs11_seen & (uint64_t)1 << key) != 0)
		return fail(loader, "%s stands twice in [pkcs11]; keep one of them", name);
	loader->pkcs11_seen |= (uint64_t)1 << key;
	if (!settings_put(&unused, name, value, &allowed))
		return fail(loader, "%s = %s: allowed is %s", name, value, allowed);
	return 1;
}

/* libinih's handler: 0 is an error. */
static int
take_key(void *context, const char *where, const char *name, const char *value)
{
	struct loader *loader = context;
	enum section_kind section = SECTION_CARD;
	const struct key *key;
	uint64_t *seen, bit;
	size_t service;
	enum key_result put;

	if (loader->failed || !section_select(loader, where, &section, &service))
		return 0;
	if (section == SECTION_PKCS11)
		return judge_pkcs11(loader, name, value);
	key = key_find(section, name);
	if (key == NULL && section == SECTION_SERVICE)
		return keep_option(loader, service, where, name, value);
	if (key == NULL)
		return fail_unknown(loader, section, where, name);
	seen = section == SECTION_SERVICE ? &loader->service_seen[service] : &loader->seen;
	bit = (uint64_t)1 << (key - config_keys);
	if ((*seen & bit) != 0)
		return fail(loader, "%s stands twice in [%s]; keep one of them", name, where);
	*seen |= bit;
	put = key_put(key, place(loader->config, key, service), value);
	if (put == KEY_NOT_ALLOWED)
		return fail(loader, "%s = %s: allowed is %s", name, value, key->allowed);
	return put == KEY_OK || fail(loader, "no memory is left; end other programs");
}

/* A heading that no key follows is not given to the handler, and a long name is cut. */
static void
check_heading(struct loader *loader, const char *line)
{
	const char *end = strchr(line, ']');
	char name[SECTION_ROOM];
	enum section_kind section;
	size_t service;
	int len;

	if (end == NULL)
		return;
	len = (int)(end - line - 1);
	if (len >= SECTION_ROOM) {
		(void)fail(loader, "%.20s...]: a section's name has at most %d characters", line,
			   SECTION_ROOM - 1);
		return;
	}
	(void)snprintf(name, sizeof(name), "%.*s", len, line + 1);
	(void)section_select(loader, name, &section, &service);
}

/*
 * libinih's reader, as fgets(). What libinih would take in another sense than its author meant is
 * refused here: a line that does not fit is cut in two, one that begins with white space continues
 * the value above, one with a NUL ends there.
 */
static char *
take_line(char *line, int room, void *context)
{
	struct loader *loader = context;
	const char *text;
	long before, after;

	if (loader->failed)
		return NULL;
	before = ftell(loader->file);
	if (fgets(line, room, loader->file) == NULL)
		return NULL;
	after = ftell(loader->file);
	loader->line++;
	if (before >= 0 && after >= 0 && (size_t)(after - before) != strlen(line))
		(void)fail(loader, "the line holds a NUL byte; write plain text");
	else if (strchr(line, '\n') == NULL && !feof(loader->file))
		(void)fail(loader, "the line is too long; at most %d characters are allowed",
			   room - 3);
	text = line + strspn(line, " \t\r\n");
	if (text != line && *text != '\0' && *text != ';' && *text != '#')
		(void)fail(loader, "the line begins with white space; move it to the left margin");
	if (line[0] == '[')
		check_heading(loader, line);
	return loader->failed ? NULL : line;
}

static bool
load_file(struct loader *loader, const char *path, bool required)
{
	int bad;

	loader->path = path;
	loader->line = 0;
	loader->file_number++;
	loader->seen = loader->pkcs11_seen = 0;
	memset(loader->service_seen, 0, sizeof(loader->service_seen));
	loader->file = fopen(path, "re");
	if (loader->file == NULL) {
		if (errno == ENOENT && !required)
			return true;
		return fail(loader, "cannot be read: %s; see that it is there and is yours",
			    strerror(errno));
	}
	bad = ini_parse_stream(take_line, loader, take_key, loader);
	if (ferror(loader->file) != 0)
		(void)fail(loader, "cannot be read: %s; see that it is a file", strerror(errno));
	if (bad > 0 && (!loader->failed || bad < loader->line)) {
		loader->line = bad;
		loader->failed = false;
		(void)fail(loader, "allowed is [section], key = value, or a comment after ;");
	}
	(void)fclose(loader->file);
	return !loader->failed;
}

static bool
check_prompt(struct loader *loader)
{
	const struct config *config = loader->config;

	return config->prompt_by != CONFIG_PROMPT_COMMAND || config->prompt_command != NULL ||
	       problem(loader->error,
		       "%s: [prompt] has prompt = command but no command; add the program that "
		       "answers",
		       loader->path);
}

static bool
has_type(const struct service_config *service, struct problem *error)
{
	return service->type != NULL ||
	       problem(error, "%s: [service %s] lacks type (allowed is %s); add it", service->place,
		       service->name, service_types);
}

static bool
check_services(struct loader *loader)
{
	struct config *config = loader->config;
	char known[KNOWN_ROOM];

	list_known(SECTION_SERVICE, known);
	for (size_t i = 0; i < config->services_count; i++)
		if (!config_options_settle(&loader->options, i, &config->services[i], known,
					   loader->error) ||
		    !has_type(&config->services[i], loader->error))
			return false;
	return true;
}

bool
config_load(struct config *config, struct problem *error)
{
	const char *only = getenv("VICAR_CONF");
	struct loader *loader = calloc(1, sizeof(*loader));
	char user[PATH_MAX];
	bool ok = false;

	memset(config, 0, sizeof(*config));
	if (loader == NULL) {
		return problem(error,
			       "no memory is left for the configuration; end other programs");
	}
	loader->config = config;
	loader->error = error;
	loader->path = "defaults";
	if (!put_defaults(loader, false, 0))
		goto out;
	if (only != NULL && only[0] != '\0') {
		ok =
		    load_file(loader, only, true) && check_prompt(loader) && check_services(loader);
		goto out;
	}
	ok = paths_user_config(user, error) && load_file(loader, PATHS_SYSTEM_CONFIG, false) &&
	     load_file(loader, user, false) && check_prompt(loader) && check_services(loader);
out:
	if (!ok)
		config_free(config);
	config_options_free(&loader->options);
	free(loader);
	return ok;
}

const struct service_config *
config_service(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->services_count; i++) {
		if (strcmp(config->services[i].name, name) == 0)
			return &config->services[i];
	}
	return NULL;
}

void
config_free(struct config *config)
{
	for (size_t i = 0; i < config_keys_count; i++) {
		if (key_is_number(&config_keys[i]))
			continue;
		if (config_keys[i].section != SECTION_SERVICE)
			free(*(char **)place(config, &config_keys[i], 0));
		for (size_t s = 0;
		     config_keys[i].section == SECTION_SERVICE && s < CONFIG_SERVICES_MAX; s++)
			free(*(char **)place(config, &config_keys[i], s));
	}
	for (size_t s = 0; s < CONFIG_SERVICES_MAX; s++) {
		free(config->services[s].name);
		free(config->services[s].place);
		for (size_t i = 0; i < SERVICE_OPTIONS_MAX; i++)
			free(config->services[s].options[i]);
	}
	memset(config, 0, sizeof(*config));
}
