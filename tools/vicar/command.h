/*
 * A subcommand of vicar(1): one table row that says what it takes, and the function that does it.
 * Usage errors, --help and --version are handled here, the same for all.
 */
#ifndef VICAR_TOOLS_VICAR_COMMAND_H
#define VICAR_TOOLS_VICAR_COMMAND_H

#include "iso7816/bytes.h"

/* So many operands as can be signed at once; an ATR, `vicar atr 3B 7B ...`, has fewer bytes. */
enum { COMMAND_OPTIONS_MAX = 18, COMMAND_OPERANDS_MAX = 100 };

/* Exit status, vicar(1). */
enum command_exit {
	COMMAND_OK = 0,
	COMMAND_FAILED = 1,
	COMMAND_USAGE = 2,
	COMMAND_NOT_TRUSTED = 3, /* `vicar verify`: sound, but whose it is, is not known */
};

struct command_option {
	const char *name;     /* without the dashes */
	const char *argument; /* what stands for it in the help; NULL: it takes none */
	const char *help;
};

/* What was given. `options` stands in the order of the command's table: the option's argument, ""
 * for one that takes none, NULL when it was not given. All point into argv. */
struct command_arguments {
	const char *options[COMMAND_OPTIONS_MAX];
	const char *operands[COMMAND_OPERANDS_MAX];
	size_t operands_count;
};

struct command {
	const char *name;
	const char *operands; /* as in the help: "NAME", "[NAME]" */
	size_t operands_min, operands_max;
	const char *summary;                  /* half a line */
	const char *text;                     /* what else --help says; may be NULL */
	const struct command_option *options; /* ends with a name that is NULL; may be NULL */
	enum command_exit (*run)(const struct command_arguments *arguments);
};

/* The subcommands, in the order of the help; ends with NULL. */
extern const struct command *const commands[];

/* vicar(1): `argv[0]` is the program. */
enum command_exit command_main(int argc, char **argv);

/* `argv[0]` is the subcommand's name. COMMAND_USAGE has been explained on standard error. When
 * *done is set there is nothing to run: --help or --version was answered. */
enum command_exit command_parse(const struct command *command, int argc, char **argv,
				struct command_arguments *arguments, bool *done) MUST_USE;

/* "vicar: TEXT" on standard error. Every text names the thing, the reason and the next step. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

extern const struct command command_enrol, command_create, command_import, command_insert,
    command_remove, command_swap, command_list, command_status, command_pin, command_log,
    command_prompt, command_forget, command_doctor, command_cert, command_renew, command_service,
    command_atr, command_module, command_sign, command_verify, command_trace;

#endif
