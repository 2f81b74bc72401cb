#include "command.h"
#include "tools/control.h"
#include "unit.h"

#include <stdio.h>

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *name = arguments->operands[0];
	const bool kept_in = unit_stop_socket(name);
	char reply[CONTROL_REPLY_MAX];
	const enum control_result r = control_call(name, "remove", reply);

	/* Behind a socket unit there may be no process yet. */
	if (r != CONTROL_OK && !(r == CONTROL_NOBODY && kept_in)) {
		say_error("%s", reply);
		return COMMAND_FAILED;
	}
	printf("card %s is out\n", name);
	if (kept_in)
		printf("It comes back when you log in again, unless you type: systemctl --user "
		       "disable vicard@%s.socket\n",
		       name);
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
