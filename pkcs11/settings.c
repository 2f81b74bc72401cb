/*
 * Section [pkcs11], pkcs11/settings.h.
 */
#include "pkcs11/settings.h"

#include <errno.h>
#include <fnmatch.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_FILE "/etc/vicar/vicar.conf"
#define SECTION "pkcs11"

enum kind { KIND_LIST, KIND_SWITCH, KIND_SECONDS };
enum { SECONDS_MAX = 86400 };

/* Programs that do TLS or SSH by themselves (pkcs11.md section 2, advice 3). */
#define BY_THEMSELVES                                                                             \
	"firefox*, *chrom*, brave*, vivaldi*, opera*, msedge*, epiphany*, WebKitNetwork*, ssh*, " \
	"curl, wget*, git-remote-http*, gnutls-*, tstclnt"

#define AT(member) offsetof(struct settings, member)

static const struct {
	const char *name;
	size_t at;
	const char *list; /* the default of a list */
	enum kind kind;
	unsigned number; /* the default of the others */
} keys[] = {
    {"exclude-readers", AT(exclude_readers), "", KIND_LIST, 0},
    {"accept-labels", AT(accept_labels), "*", KIND_LIST, 0},
    {"no-slots-for", AT(no_slots_for), "", KIND_LIST, 0},
    {"no-signature-slot-for", AT(no_signature_slot_for), BY_THEMSELVES, KIND_LIST, 0},
    {"no-always-authenticate-for", AT(no_always_authenticate_for), "", KIND_LIST, 0},
    {"pin-cache", AT(pin_cache), NULL, KIND_SWITCH, 1},
    {"pin-cache-lifetime-s", AT(pin_cache_lifetime_s), NULL, KIND_SECONDS, 0},
    {"drop-authentication", AT(drop_authentication), NULL, KIND_SWITCH, 0},
    {"file-cache", AT(file_cache), NULL, KIND_SWITCH, 1},
};

enum { KEYS_COUNT = sizeof(keys) / sizeof(keys[0]) };
_Static_assert((int)KEYS_COUNT <= (int)SETTINGS_KEYS, "a key that was seen is one bit");

static const char *const allowed_of[] = {
    [KIND_LIST] = "names with * and ?, separated by commas",
    [KIND_SWITCH] = "yes or no",
    [KIND_SECONDS] = "seconds, from 0 to 86400",
};

static void
put_list(struct settings *settings, size_t key, const char *list)
{
	(void)snprintf((char *)settings + keys[key].at, SETTINGS_TEXT_MAX, "%s", list);
}

void
settings_default(struct settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	for (size_t i = 0; i < KEYS_COUNT; i++) {
		void *at = (char *)settings + keys[i].at;

		switch (keys[i].kind) {
		case KIND_LIST: put_list(settings, i, keys[i].list); break;
		case KIND_SWITCH: *(bool *)at = keys[i].number != 0; break;
		case KIND_SECONDS: *(unsigned *)at = keys[i].number; break;
		}
	}
}

static bool
take_seconds(const char *value, unsigned *seconds)
{
	size_t digits = strspn(value, "0123456789");
	unsigned long number;

	if (digits == 0 || digits > 6 || value[digits] != '\0')
		return false;
	number = strtoul(value, NULL, 10);
	*seconds = (unsigned)number;
	return number <= SECONDS_MAX;
}

static bool
take_switch(const char *value, bool *on)
{
	*on = strcmp(value, "yes") == 0;
	return *on || strcmp(value, "no") == 0;
}

int
settings_key(const char *name)
{
	for (size_t i = 0; i < KEYS_COUNT; i++) {
		if (strcmp(keys[i].name, name) == 0)
			return (int)i;
	}
	return SETTINGS_NO_KEY;
}

bool
settings_put(struct settings *settings, const char *name, const char *value, const char **allowed)
{
	int key = settings_key(name);
	void *at;

	*allowed = NULL;
	if (key == SETTINGS_NO_KEY)
		return false;
	at = (char *)settings + keys[key].at;
	*allowed = allowed_of[keys[key].kind];
	switch (keys[key].kind) {
	case KIND_LIST:
		if (strlen(value) >= SETTINGS_TEXT_MAX)
			return false;
		put_list(settings, (size_t)key, value);
		return true;
	case KIND_SWITCH: return take_switch(value, at);
	case KIND_SECONDS: break;
	}
	return take_seconds(value, at);
}

void
settings_keys(char *text, size_t room)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < KEYS_COUNT && len < room; i++)
		len += (size_t)snprintf(text + len, room - len, "%s%s", i > 0 ? ", " : "",
					keys[i].name);
}

bool
settings_match(const char *globs, const char *text)
{
	char glob[SETTINGS_TEXT_MAX];

	for (const char *at = globs; *at != '\0';) {
		size_t len = strcspn(at, ",");
		size_t begin = strspn(at, " \t"), end = len;

		while (end > begin && (at[end - 1] == ' ' || at[end - 1] == '\t'))
			end--;
		if (end > begin && end - begin < sizeof(glob)) {
			memcpy(glob, at + begin, end - begin);
			glob[end - begin] = '\0';
			if (fnmatch(glob, text, FNM_CASEFOLD) == 0)
				return true;
		}
		at += len + (at[len] == ',');
	}
	return false;
}

struct loader {
	struct settings *settings;
	char *error; /* of SETTINGS_ERROR_MAX */
	const char *path;
	FILE *file;
	int line;
	unsigned seen; /* bit of each key that this file has */
	bool failed;
};

__attribute__((format(printf, 2, 3))) static int
fail(struct loader *loader, const char *format, ...)
{
	size_t len;
	va_list list;

	loader->failed = true;
	len = (size_t)snprintf(loader->error, SETTINGS_ERROR_MAX, "%s:%d: ", loader->path,
			       loader->line);
	if (len >= SETTINGS_ERROR_MAX)
		return 0;
	va_start(list, format);
	(void)vsnprintf(loader->error + len, SETTINGS_ERROR_MAX - len, format, list);
	va_end(list);
	return 0;
}

/* libinih's handler: 0 is an error. */
static int
take_key(void *context, const char *section, const char *name, const char *value)
{
	struct loader *loader = context;
	const char *allowed;
	char known[SETTINGS_ERROR_MAX / 2];
	int key = settings_key(name);

	if (strcmp(section, SECTION) != 0)
		return 1;
	if (key != SETTINGS_NO_KEY && (loader->seen & 1U << key) != 0)
		return fail(loader, "%s stands twice in [" SECTION "]; keep one of them", name);
	if (key != SETTINGS_NO_KEY)
		loader->seen |= 1U << key;
	if (settings_put(loader->settings, name, value, &allowed))
		return 1;
	if (allowed != NULL)
		return fail(loader, "%s = %s: allowed is %s", name, value, allowed);
	settings_keys(known, sizeof(known));
	return fail(loader, "%s is no key of [" SECTION "]; there are %s", name, known);
}

/* libinih's reader, as fgets(); libinih 55 cuts a line that is too long in two. */
static char *
take_line(char *line, int room, void *context)
{
	struct loader *loader = context;

	if (loader->failed || fgets(line, room, loader->file) == NULL)
		return NULL;
	loader->line++;
	if (strchr(line, '\n') == NULL && !feof(loader->file)) {
		(void)fail(loader, "the line is too long; at most %d characters are allowed",
			   room - 3);
		return NULL;
	}
	return line;
}

static bool
load_file(struct loader *loader, const char *path, bool required)
{
	int bad;

	loader->path = path;
	loader->line = 0;
	loader->seen = 0;
	loader->file = fopen(path, "re");
	if (loader->file == NULL)
		return (errno == ENOENT && !required) ||
		       fail(loader, "cannot be read: %s", strerror(errno)) != 0;
	bad = ini_parse_stream(take_line, loader, take_key, loader);
	if (bad > 0 && !loader->failed) {
		loader->line = bad;
		(void)fail(loader, "allowed is [section], key = value, or a comment after ;");
	}
	(void)fclose(loader->file);
	return !loader->failed;
}

/* $XDG_CONFIG_HOME, else ~/.config; false when there is neither. */
static bool
user_file(char path[PATH_MAX])
{
	const char *config = secure_getenv("XDG_CONFIG_HOME");
	const char *home = secure_getenv("HOME");
	int len = -1;

	if (config != NULL && config[0] == '/')
		len = snprintf(path, PATH_MAX, "%s/vicar/vicar.conf", config);
	else if (home != NULL && home[0] == '/')
		len = snprintf(path, PATH_MAX, "%s/.config/vicar/vicar.conf", home);
	return len > 0 && len < PATH_MAX;
}

bool
settings_load(struct settings *settings, char error[SETTINGS_ERROR_MAX])
{
	const char *only = secure_getenv("VICAR_CONF");
	struct loader loader = {.settings = settings, .error = error};
	char path[PATH_MAX];

	error[0] = '\0';
	settings_default(settings);
	if (only != NULL && only[0] != '\0')
		return load_file(&loader, only, true);
	return load_file(&loader, SYSTEM_FILE, false) &&
	       (!user_file(path) || load_file(&loader, path, false));
}
