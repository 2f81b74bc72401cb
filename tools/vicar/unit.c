#include "unit.h"

#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 32, UNIT_MAX = 96 };

/* vicar.conf(5); the XDG base directory specification. */
static const char *const elsewhere[] = {"VICAR_CONF", "XDG_CONFIG_HOME", "XDG_DATA_HOME"};

/* pinentry(1); display servers. */
static const char *const where_to_ask[] = {"GPG_TTY", "TERM", "DISPLAY", "WAYLAND_DISPLAY",
					   "XAUTHORITY"};

enum { ELSEWHERE = sizeof(elsewhere) / sizeof(elsewhere[0]) };
enum { WHERE_TO_ASK = sizeof(where_to_ask) / sizeof(where_to_ask[0]) };

static void
unit_name(const char *name, const char *kind, char unit[UNIT_MAX])
{
	(void)snprintf(unit, UNIT_MAX, "vicard@%s.%s", name, kind);
}

static bool
is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && *value != '\0';
}

bool
unit_is_usable(const char *name)
{
	char unit[UNIT_MAX], output[WORD_MAX];
	const char *const argv[] = {"systemctl", "--user", "show", "--property=LoadState",
				    "--value",   unit,     NULL};

	for (size_t i = 0; i < ELSEWHERE; i++)
		if (is_set(elsewhere[i]))
			return false;
	unit_name(name, "service", unit);
	return program_run(argv, output, sizeof(output)) == 0 && strncmp(output, "loaded", 6) == 0;
}

static bool
import_environment(void)
{
	const char *argv[3 + WHERE_TO_ASK + 1] = {"systemctl", "--user", "import-environment"};
	char output[WORD_MAX];
	size_t count = 3;

	for (size_t i = 0; i < WHERE_TO_ASK; i++)
		if (is_set(where_to_ask[i]))
			argv[count++] = where_to_ask[i];
	return count == 3 || program_run(argv, output, sizeof(output)) == 0;
}

bool
unit_start(const char *name, struct problem *error)
{
	char unit[UNIT_MAX], output[WORD_MAX];
	const char *const argv[] = {"systemctl", "--user", "start", unit, NULL};

	unit_name(name, "service", unit);
	if (import_environment() && program_run(argv, output, sizeof(output)) == 0)
		return true;
	return problem(error, "systemd could not start %s; type: journalctl --user -u %s", unit,
		       unit);
}

bool
unit_stop_socket(const char *name)
{
	char unit[UNIT_MAX], output[WORD_MAX];
	const char *const ask[] = {"systemctl", "--user", "is-active", unit, NULL};
	const char *const stop[] = {"systemctl", "--user", "stop", unit, NULL};

	unit_name(name, "socket", unit);
	return program_run(ask, output, sizeof(output)) == 0 && strncmp(output, "active", 6) == 0 &&
	       program_run(stop, output, sizeof(output)) == 0;
}

bool
unit_forget(const char *name)
{
	char unit[UNIT_MAX], output[WORD_MAX];
	const char *const disable[] = {"systemctl", "--user", "disable", "--now", unit, NULL};

	unit_name(name, "socket", unit);
	return program_run(disable, output, sizeof(output)) == 0;
}
