/*
 * vicar(1): the command line. The subcommands stand in tools/vicar/, one file each.
 */
#include "tools/vicar/command.h"

#include <stdio.h>

int
main(int argc, char **argv)
{
	const int r = (int)command_main(argc, argv);

	if (fflush(stdout) == EOF) {
		say_error("standard output cannot be written; see where it goes");
		return COMMAND_FAILED;
	}
	return r;
}
