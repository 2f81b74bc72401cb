#include "command.h"

#include "tools/control.h"
#include "tools/problem.h"

#include <stdio.h>
#include <string.h>

enum { TRIES_MAX = 256, COUNTER_MAX = 32 };

/* "puk", "sign-puk": a PUK's counter is not unblocked. */
static bool
is_puk(const char *counter)
{
	const size_t len = strlen(counter);

	return len >= 3 && strcmp(counter + len - 3, "puk") == 0;
}

/* The only PIN of `sign-pin=2 sign-puk=3`. */
static bool
only_pin(const char *name, char *tries, char counter[COUNTER_MAX], struct problem *error)
{
	char *at = tries, *word;

	counter[0] = '\0';
	while ((word = strsep(&at, " ")) != NULL) {
		word[strcspn(word, "=")] = '\0';
		if (*word == '\0' || is_puk(word))
			continue;
		if (counter[0] != '\0')
			return problem(
			    error, "card %s has more than one PIN, %s and %s; say which with --pin",
			    name, counter, word);
		snprintf(counter, COUNTER_MAX, "%s", word);
	}
	if (counter[0] == '\0')
		return problem(error, "card %s counts no PIN; there is nothing to unblock", name);
	return true;
}

static bool
choose(const char *name, const char *given, char counter[COUNTER_MAX], struct problem *error)
{
	char reply[CONTROL_REPLY_MAX], tries[TRIES_MAX] = "";

	if (control_call(name, "status", reply) != CONTROL_OK)
		return problem(error, "%s", reply);
	if (given == NULL) {
		control_value(reply, "tries", tries, sizeof(tries));
		return only_pin(name, tries, counter, error);
	}
	snprintf(counter, COUNTER_MAX, "%s", given);
	return true;
}

enum { OPTION_PIN };

static const struct command_option options[] = {
    {"pin", "COUNTER", "which, as `vicar status` names it; needed when there are several"},
    {NULL, NULL, NULL},
};

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *name = arguments->operands[1];
	char counter[COUNTER_MAX], request[CONTROL_REQUEST_MAX], reply[CONTROL_REPLY_MAX];
	struct problem error;

	if (strcmp(arguments->operands[0], "unblock") != 0) {
		say_error("pin: there is no %s, only unblock; type: vicar pin --help",
			  arguments->operands[0]);
		return COMMAND_USAGE;
	}
	if (!choose(name, arguments->options[OPTION_PIN], counter, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	snprintf(request, sizeof(request), "pin-unblock %s", counter);
	if (control_call(name, request, reply) != CONTROL_OK) {
		say_error("%s", reply);
		return COMMAND_FAILED;
	}
	printf("%s of card %s may be tried again\n", counter, name);
	return COMMAND_OK;
}

const struct command command_pin = {
    .name = "pin",
    .operands = "unblock NAME",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "lets the PIN of a remote key be tried again after it blocked itself",
    .text = "The card blocks itself before the service blocks the account. Be sure of the PIN "
	    "first. A PIN\n"
	    "of a local key is unblocked with its PUK, through the program that uses the card.",
    .options = options,
    .run = run,
};
