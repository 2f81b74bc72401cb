#include "command.h"
#include "tools/control.h"

#include <stdio.h>

static enum command_exit
run(const struct command_arguments *arguments)
{
	char reply[CONTROL_REPLY_MAX];

	if (control_call(arguments->operands[0], "remove", reply) != CONTROL_OK) {
		say_error("%s", reply);
		return COMMAND_FAILED;
	}
	printf("card %s is out\n", arguments->operands[0]);
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
