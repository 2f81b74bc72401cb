#include "command.h"
#include "insert.h"
#include "remove.h"
#include "tools/control.h"

#include <string.h>

/* What can be known beforehand: nobody is left without a card for a typing mistake. */
static bool
can_be_swapped(const char *out, const char *in, struct problem *error)
{
	char reply[CONTROL_REPLY_MAX];

	if (strcmp(out, in) == 0)
		return problem(error,
			       "swap: %s is to be taken out and put in; name two cards, or type "
			       "`vicar remove %s`, then `vicar insert %s`",
			       out, out, out);
	if (control_call(in, "status", reply) == CONTROL_OK)
		return problem(error, "card %s is already in; to take %s out type: vicar remove %s",
			       in, out, out);
	return control_call(out, "status", reply) == CONTROL_OK || problem(error, "%s", reply);
}

/* The old card returns when the new one could not come in its place. */
static void
put_back(const char *out)
{
	enum insert_result result = INSERT_FAILED;
	struct insertion insertion;
	char vicard[PATH_MAX];
	struct problem error;

	if (insertion_of(&insertion, out, vicard, &error))
		result = insert_card(&insertion, &error);
	if (result == INSERT_FAILED)
		say_error("card %s could not be put back: %s", out, error.text);
	else
		insert_tell(out, result);
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *out = arguments->operands[0], *in = arguments->operands[1];
	enum insert_result result;
	struct insertion insertion;
	char vicard[PATH_MAX];
	struct problem error;
	bool kept_in;

	if (!can_be_swapped(out, in, &error) || !insertion_of(&insertion, in, vicard, &error) ||
	    !remove_card(out, CONTROL_SWAP, &kept_in, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	result = insert_card(&insertion, &error);
	if (result == INSERT_FAILED) {
		say_error("%s", error.text);
		put_back(out);
		return COMMAND_FAILED;
	}
	remove_tell(out, kept_in);
	insert_tell(in, result);
	return COMMAND_OK;
}

const struct command command_swap = {
    .name = "swap",
    .operands = "NAME NAME",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "takes the first card out of the reader and puts the second into its slot",
    .text = "If the second cannot be put in, the first comes back.",
    .run = run,
};
