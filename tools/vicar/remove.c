#include "remove.h"

#include "command.h"
#include "tools/control.h"
#include "unit.h"

#include <stdio.h>

bool
remove_card(const char *name, const char *request, bool *kept_in, struct problem *error)
{
	char reply[CONTROL_REPLY_MAX];
	enum control_result r;

	*kept_in = unit_stop_socket(name);
	r = control_call(name, request, reply);
	/* Behind a socket unit there may be no process yet. */
	return r == CONTROL_OK || (r == CONTROL_NOBODY && *kept_in) || problem(error, "%s", reply);
}

void
remove_tell(const char *name, bool kept_in)
{
	printf("card %s is out\n", name);
	if (kept_in)
		printf("It comes back when you log in again, unless you type: systemctl --user "
		       "disable vicard@%s.socket\n",
		       name);
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *name = arguments->operands[0];
	struct problem error;
	bool kept_in;

	if (!remove_card(name, CONTROL_REMOVE, &kept_in, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	remove_tell(name, kept_in);
	return COMMAND_OK;
}

const struct command command_remove = {
    .name = "remove",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "takes card NAME out of the reader",
    .text = "What the card is doing for a program ends with an error there; nothing more is sent.",
    .run = run,
};
