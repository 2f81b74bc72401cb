#include <stdio.h>
#include <string.h>

#include "ifdhandler/devicename.h"
#include "ifdhandler/link.h"

/* Decimal digits and nothing else, from 1 to `max`. */
static bool
parse_number(const char *text, unsigned max, unsigned *number)
{
	unsigned value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned)(*text - '0');
		if (value > max)
			return false;
	}
	*number = value;
	return value > 0;
}

static const char *
parse_word(struct devicename *name, const char *word)
{
	static const char silence[] = "silence=";

	if (name->port == 0 && strcmp(word, "pinpad") == 0) {
		name->pinpad = true;
		return NULL;
	}
	if (name->port != 0 && strcmp(word, "cleartext-network") == 0) {
		name->cleartext_network = true;
		return NULL;
	}
	if (strncmp(word, silence, sizeof silence - 1) == 0) {
		if (!parse_number(word + sizeof silence - 1, DEVICENAME_SILENCE_MAX_MS,
				  &name->silence_ms))
			return "silence is in milliseconds, 1 to 3600000";
		return NULL;
	}
	return name->port == 0
		   ? "the words after SLOTS are pinpad and silence=MILLISECONDS"
		   : "the words after SLOTS are cleartext-network and silence=MILLISECONDS";
}

static const char *
parse_directory(struct devicename *name, const char *directory)
{
	if (directory == NULL || directory[0] != '/')
		return "DIRECTORY must be absolute, as in vicar:/run/vicar";
	if (strlen(directory) > DEVICENAME_DIRECTORY_MAX)
		return "DIRECTORY is too long for a socket's address, 100 characters at most";
	snprintf(name->directory, sizeof name->directory, "%s", directory);
	return NULL;
}

static bool
has_scheme(const char *text, const char *scheme)
{
	return strncmp(text, scheme, strlen(scheme)) == 0;
}

static const char *
parse_place(struct devicename *name, char **rest)
{
	if (has_scheme(*rest, DEVICENAME_SCHEME)) {
		*rest += strlen(DEVICENAME_SCHEME);
		name->silence_ms = LINK_SILENCE_MS;
		return parse_directory(name, strsep(rest, ":"));
	}
	if (!has_scheme(*rest, DEVICENAME_PORT_SCHEME))
		return "it must begin with vicar: or vpcd: and have no quotes";
	*rest += strlen(DEVICENAME_PORT_SCHEME);
	name->silence_ms = DEVICENAME_PORT_SILENCE_MS;
	if (!parse_number(strsep(rest, ":"), DEVICENAME_PORT_MAX, &name->port))
		return "PORT must be 1 to 65535, as in vpcd:35963";
	return NULL;
}

const char *
devicename_parse(struct devicename *name, const char *text)
{
	char fields[DEVICENAME_MAX + 1], *rest = fields;
	const char *reason, *slots, *word;

	memset(name, 0, sizeof *name);
	name->slots = 1;
	if (strlen(text) > DEVICENAME_MAX)
		return "it is too long, 200 characters at most";
	snprintf(name->text, sizeof name->text, "%s", text);
	snprintf(fields, sizeof fields, "%s", text);
	reason = parse_place(name, &rest);
	if (reason != NULL)
		return reason;
	slots = strsep(&rest, ":");
	if (slots != NULL && !parse_number(slots, DEVICENAME_SLOTS_MAX, &name->slots))
		return "SLOTS must be 1 to 16";
	if (name->port + name->slots - 1 > DEVICENAME_PORT_MAX)
		return "its last slot would have a port beyond 65535";
	while ((word = strsep(&rest, ":")) != NULL) {
		reason = parse_word(name, word);
		if (reason != NULL)
			return reason;
	}
	return NULL;
}
