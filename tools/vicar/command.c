#include "command.h"

#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_HELP = 'h', OPTION_VERSION = 'V', OPTION_FIRST = 256 };

const struct command *const commands[] = {
    &command_enrol,   &command_create,
    &command_import,  &command_insert,
    &command_remove,  &command_swap,
    &command_list,    &command_status,
    &command_pin,     &command_sign,
    &command_verify,  &command_log,
    &command_trace,   &command_prompt,
    &command_forget,  &command_doctor,
    &command_cert,    &command_renew,
    &command_service, &command_module,
    &command_atr,     NULL,
};

static void
say(const char *kind, const char *format, va_list arguments)
{
	fprintf(stderr, "vicar: %s", kind);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void
say_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("", format, arguments);
	va_end(arguments);
}

void
say_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("warning: ", format, arguments);
	va_end(arguments);
}

static void
print_version(void)
{
	printf("vicar " VICAR_VERSION "\n");
}

static size_t
options_count(const struct command *command)
{
	size_t count = 0;

	while (command->options != NULL && command->options[count].name != NULL)
		count++;
	return count;
}

static void
print_option(const char *name, const char *argument, const char *help)
{
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", name, argument == NULL ? "" : " ",
		 argument == NULL ? "" : argument);
	printf("  %-28s %s\n", left, help);
}

static void
print_help(const struct command *command)
{
	printf("Usage: vicar %s%s%s%s\n%c%s.\n", command->name,
	       options_count(command) > 0 ? " [OPTION]..." : "",
	       *command->operands == '\0' ? "" : " ", command->operands,
	       toupper((unsigned char)*command->summary), command->summary + 1);
	if (command->text != NULL)
		printf("\n%s\n", command->text);
	printf("\nOptions:\n");
	for (size_t i = 0; i < options_count(command); i++)
		print_option(command->options[i].name, command->options[i].argument,
			     command->options[i].help);
	print_option("help", NULL, "this text");
	print_option("version", NULL, "the version");
	printf("\nExit status: 0 done, 1 failed, 2 wrong usage. More in vicar(1).\n");
}

static void
print_commands(void)
{
	printf("Usage: vicar COMMAND [ARGUMENT]...\n"
	       "Puts a smart card on this desktop whose chip is somewhere else.\n\nCommands:\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	printf("\nOptions:\n");
	print_option("help", NULL, "this text; `vicar COMMAND --help` says more");
	print_option("version", NULL, "the version");
	printf("\nExit status: 0 done, 1 failed, 2 wrong usage. More in vicar(1) and vicar(7).\n");
}

static enum command_exit
usage(const struct command *command, const char *reason, const char *thing)
{
	say_error("%s: %s%s%s; type: vicar %s --help", command->name, reason,
		  *thing == '\0' ? "" : " ", thing, command->name);
	return COMMAND_USAGE;
}

static enum command_exit
take_operands(const struct command *command, int argc, char **argv,
	      struct command_arguments *arguments)
{
	for (; *argv != NULL && argc > 0; argv++, argc--) {
		if (arguments->operands_count == command->operands_max)
			return usage(command, "one argument too many:", *argv);
		arguments->operands[arguments->operands_count++] = *argv;
	}
	if (arguments->operands_count < command->operands_min)
		return usage(command, "an argument is missing, it takes", command->operands);
	return COMMAND_OK;
}

enum command_exit
command_parse(const struct command *command, int argc, char **argv,
	      struct command_arguments *arguments, bool *done)
{
	struct option table[COMMAND_OPTIONS_MAX + 3] = {
	    {"help", no_argument, NULL, OPTION_HELP},
	    {"version", no_argument, NULL, OPTION_VERSION},
	};
	const size_t count = options_count(command);
	int letter;

	*arguments = (struct command_arguments){0};
	*done = false;
	for (size_t i = 0; i < count; i++)
		table[i + 2] = (struct option){
		    command->options[i].name,
		    command->options[i].argument == NULL ? no_argument : required_argument, NULL,
		    OPTION_FIRST + (int)i};

	optind = 0;
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":hV", table, NULL)) != -1) {
		switch (letter) {
		case OPTION_HELP:
			print_help(command);
			*done = true;
			return COMMAND_OK;
		case OPTION_VERSION:
			print_version();
			*done = true;
			return COMMAND_OK;
		case ':': return usage(command, "an argument is missing after", argv[optind - 1]);
		case '?': return usage(command, "there is no option", argv[optind - 1]);
		default: arguments->options[letter - OPTION_FIRST] = optarg == NULL ? "" : optarg;
		}
	}
	return take_operands(command, argc - optind, argv + optind, arguments);
}

static const struct command *
command_find(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

enum command_exit
command_main(int argc, char **argv)
{
	struct command_arguments arguments;
	const struct command *command;
	enum command_exit r;
	bool done;

	if (argc < 2) {
		say_error("a command is missing; type: vicar --help");
		return COMMAND_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_commands();
		return COMMAND_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		print_version();
		return COMMAND_OK;
	}
	if ((command = command_find(argv[1])) == NULL) {
		say_error("there is no command %s; type: vicar --help", argv[1]);
		return COMMAND_USAGE;
	}
	r = command_parse(command, argc - 1, argv + 1, &arguments, &done);
	return r != COMMAND_OK || done ? r : command->run(&arguments);
}
