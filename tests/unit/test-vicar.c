/*
 * vicar's arguments, its questions at a terminal, and the journal as it is shown.
 */
#include "test-vicar.h"

#include "tools/vicar/command.h"
#include "tools/vicar/log.h"
#include "tools/paths.h"
#include "tools/vicar/program.h"
#include "tools/vicar/self_signed.h"
#include "tools/vicar/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>

/* ---- arguments ---- */

enum { OPTION_COLOUR, OPTION_LOUD };

static const struct command_option options[] = {
    {"colour", "COLOUR", "which"},
    {"loud", NULL, "how"},
    {NULL, NULL, NULL},
};

static enum command_exit
run_nothing(const struct command_arguments *arguments)
{
	(void)arguments;
	return COMMAND_OK;
}

static const struct command paint = {
    .name = "paint",
    .operands = "NAME [WALL]",
    .operands_min = 1,
    .operands_max = 2,
    .summary = "paints",
    .options = options,
    .run = run_nothing,
};

static enum command_exit
parse(char **argv, struct command_arguments *arguments, bool *done)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	return command_parse(&paint, argc, argv, arguments, done);
}

#define ARGV(...) ((char *[]){(char[]){"paint"}, __VA_ARGS__, NULL})

static void
operands_and_options_may_stand_in_any_order(void **state)
{
	struct command_arguments arguments;
	bool done;

	(void)state;
	assert_int_equal(parse(ARGV((char[]){"me"}, (char[]){"--colour"}, (char[]){"red"},
				    (char[]){"wall"}, (char[]){"--loud"}),
			       &arguments, &done),
			 COMMAND_OK);
	assert_false(done);
	assert_int_equal(arguments.operands_count, 2);
	assert_string_equal(arguments.operands[1], "wall");
	assert_string_equal(arguments.options[OPTION_COLOUR], "red");
	assert_string_equal(arguments.options[OPTION_LOUD], "");
}

static void
an_option_that_was_not_given_is_null(void **state)
{
	struct command_arguments arguments;
	bool done;

	(void)state;
	assert_int_equal(parse(ARGV((char[]){"me"}), &arguments, &done), COMMAND_OK);
	assert_null(arguments.options[OPTION_COLOUR]);
	assert_null(arguments.options[OPTION_LOUD]);
}

static void
an_argument_may_follow_an_equals_sign(void **state)
{
	struct command_arguments arguments;
	bool done;

	(void)state;
	assert_int_equal(parse(ARGV((char[]){"me"}, (char[]){"--colour=red"}), &arguments, &done),
			 COMMAND_OK);
	assert_string_equal(arguments.options[OPTION_COLOUR], "red");
}

static void
what_follows_two_dashes_is_no_option(void **state)
{
	struct command_arguments arguments;
	bool done;

	(void)state;
	assert_int_equal(parse(ARGV((char[]){"--"}, (char[]){"--loud"}), &arguments, &done),
			 COMMAND_OK);
	assert_string_equal(arguments.operands[0], "--loud");
}

static void
assert_usage(char **argv)
{
	struct command_arguments arguments;
	bool done;

	assert_int_equal(parse(argv, &arguments, &done), COMMAND_USAGE);
}

static void
an_unknown_option_is_wrong_usage(void **state)
{
	(void)state;
	assert_usage(ARGV((char[]){"me"}, (char[]){"--taste"}));
}

static void
an_option_without_its_argument_is_wrong_usage(void **state)
{
	(void)state;
	assert_usage(ARGV((char[]){"me"}, (char[]){"--colour"}));
}

static void
an_argument_to_an_option_that_takes_none_is_wrong_usage(void **state)
{
	(void)state;
	assert_usage(ARGV((char[]){"me"}, (char[]){"--loud=very"}));
}

static void
one_operand_too_few_is_wrong_usage(void **state)
{
	(void)state;
	assert_usage(ARGV((char[]){"--loud"}));
}

static void
one_operand_too_many_is_wrong_usage(void **state)
{
	(void)state;
	assert_usage(ARGV((char[]){"me"}, (char[]){"wall"}, (char[]){"ceiling"}));
}

static void
help_needs_no_operand_and_runs_nothing(void **state)
{
	struct command_arguments arguments;
	bool done;

	(void)state;
	assert_int_equal(parse(ARGV((char[]){"--help"}), &arguments, &done), COMMAND_OK);
	assert_true(done);
}

static enum command_exit
vicar(const char *first, const char *second)
{
	char *argv[] = {(char[]){"vicar"}, (char *)(uintptr_t)first, (char *)(uintptr_t)second,
			NULL};

	return command_main(first == NULL ? 1 : second == NULL ? 2 : 3, argv);
}

static void
no_command_is_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(vicar(NULL, NULL), COMMAND_USAGE);
}

static void
an_unknown_command_is_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(vicar("frobnicate", NULL), COMMAND_USAGE);
}

static void
every_command_has_help_and_version(void **state)
{
	(void)state;
	for (size_t i = 0; commands[i] != NULL; i++) {
		assert_int_equal(vicar(commands[i]->name, "--help"), COMMAND_OK);
		assert_int_equal(vicar(commands[i]->name, "--version"), COMMAND_OK);
	}
}

static void
enrolment_without_a_service_is_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(vicar("enrol", "cc"), COMMAND_USAGE);
}

static void
creation_without_a_card_is_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(vicar("create", "me"), COMMAND_USAGE);
}

/* ---- the terminal ---- */

struct pty {
	struct terminal terminal; /* the end that vicar has */
	int keyboard;
};

static int
pty_set_up(void **state)
{
	static struct pty pty;

	pty.keyboard = posix_openpt(O_RDWR | O_NOCTTY);
	if (pty.keyboard < 0 || grantpt(pty.keyboard) < 0 || unlockpt(pty.keyboard) < 0)
		return -1;
	pty.terminal.fd = open(ptsname(pty.keyboard), O_RDWR | O_NOCTTY);
	*state = &pty;
	return pty.terminal.fd < 0 ? -1 : 0;
}

static int
pty_tear_down(void **state)
{
	struct pty *pty = *state;

	terminal_close(&pty->terminal);
	return close(pty->keyboard);
}

/* Types once the question, which ends with a blank, is on the screen: what was typed before is not an
 * answer to it, and the echo of an earlier answer is no question. What the screen shows then goes to
 * `screen`. */
struct typist {
	pid_t pid;
	int screen;
};

static struct typist
type(const struct pty *pty, const char *keys)
{
	struct pollfd echo = {.fd = pty->keyboard, .events = POLLIN};
	struct typist typist;
	char shown[256];
	int ends[2];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	typist.screen = ends[0];
	typist.pid = fork();
	if (typist.pid == 0) {
		do
			n = read(pty->keyboard, shown, sizeof(shown));
		while (n > 0 && shown[n - 1] != ' ');
		if (n <= 0 || write(pty->keyboard, keys, strlen(keys)) < 0)
			_exit(1);
		usleep(100 * 1000);
		/* No O_NONBLOCK: the next typist has the same open file, and would not wait. */
		n = poll(&echo, 1, 0) > 0 ? read(pty->keyboard, shown, sizeof(shown)) : 0;
		_exit(write(ends[1], shown, n > 0 ? (size_t)n : 0) < 0);
	}
	close(ends[1]);
	return typist;
}

static void
seen_after(const struct typist *typist, char *screen, size_t room)
{
	const ssize_t n = read(typist->screen, screen, room - 1);

	screen[n > 0 ? n : 0] = '\0';
	close(typist->screen);
}

static void
a_line_is_read_without_its_end(void **state)
{
	const struct pty *pty = *state;
	const struct typist typist = type(pty, "hello\n");
	char line[16], screen[64];
	struct problem error = {""};

	assert_true(terminal_ask(&pty->terminal, "? ", true, line, sizeof(line), &error));
	assert_string_equal(line, "hello");
	seen_after(&typist, screen, sizeof(screen));
}

static void
a_secret_is_not_shown(void **state)
{
	const struct pty *pty = *state;
	const struct typist typist = type(pty, "1234\n");
	char line[16], screen[64];
	struct problem error = {""};

	assert_true(terminal_ask(&pty->terminal, "PIN: ", false, line, sizeof(line), &error));
	assert_string_equal(line, "1234");
	seen_after(&typist, screen, sizeof(screen));
	assert_null(strstr(screen, "1234"));
}

static void
echo_is_back_after_a_secret(void **state)
{
	const struct pty *pty = *state;
	const struct typist typist = type(pty, "1234\n");
	struct termios termios;
	char line[16], screen[64];
	struct problem error = {""};

	assert_true(terminal_ask(&pty->terminal, "PIN: ", false, line, sizeof(line), &error));
	seen_after(&typist, screen, sizeof(screen));
	assert_int_equal(tcgetattr(pty->terminal.fd, &termios), 0);
	assert_int_equal(termios.c_lflag & (ECHO | ISIG), ECHO | ISIG);
}

static void
control_c_cancels_a_secret_at_once(void **state)
{
	const struct pty *pty = *state;
	const struct typist typist = type(pty, "12\003");
	char line[16], screen[64];
	struct problem error = {""};

	assert_false(terminal_ask(&pty->terminal, "PIN: ", false, line, sizeof(line), &error));
	assert_non_null(strstr(error.text, "cancelled"));
	seen_after(&typist, screen, sizeof(screen));
}

static void
a_line_that_is_too_long_is_refused_and_wiped(void **state)
{
	const struct pty *pty = *state;
	const struct typist typist = type(pty, "123456789\n");
	static const char wiped[5];
	char line[5], screen[64];
	struct problem error = {""};

	assert_false(terminal_ask(&pty->terminal, "PIN: ", false, line, sizeof(line), &error));
	assert_non_null(strstr(error.text, "more than 4 characters"));
	assert_memory_equal(line, wiped, sizeof(wiped));
	seen_after(&typist, screen, sizeof(screen));
}

static void
a_line_that_just_fits_is_taken(void **state)
{
	const struct pty *pty = *state;
	const struct typist typist = type(pty, "1234\n");
	char line[5], screen[64];
	struct problem error = {""};

	assert_true(terminal_ask(&pty->terminal, "PIN: ", false, line, sizeof(line), &error));
	assert_string_equal(line, "1234");
	seen_after(&typist, screen, sizeof(screen));
}

static void
only_yes_confirms(void **state)
{
	const struct pty *pty = *state;
	struct typist typist = type(pty, "yes\n");
	char screen[64];

	assert_true(terminal_confirm(&pty->terminal, "Sure? "));
	seen_after(&typist, screen, sizeof(screen));
	typist = type(pty, "sure\n");
	assert_false(terminal_confirm(&pty->terminal, "Sure? "));
	seen_after(&typist, screen, sizeof(screen));
}

/* ---- the journal ---- */

static void
assert_shown(const char *record, const char *expected)
{
	char line[512], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	snprintf(line, sizeof(line), "%s", record);
	log_line(out, line);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

/* The records' forms: tools/journal.h. */
static void
an_open_record_is_shown_with_what_was_signed(void **state)
{
	(void)state;
	assert_shown("2026-11-21T03:22:05Z open 7 key=sign operation=sign-pkcs1 hash=5f1c03aa "
		     "program=\"pkcs11-tool\" document=\"contract.pdf\"",
		     "2026-11-21 03:22:05  #7 sign-pkcs1 with key sign, hash 5f1c03aa, document "
		     "\"contract.pdf\", program \"pkcs11-tool\"\n");
}

static void
a_step_is_shown_with_its_process(void **state)
{
	(void)state;
	assert_shown(
	    "2026-11-21T03:22:06Z step 7 process=\"7f4d2a10\" text=\"waiting for the code\"",
	    "2026-11-21 03:22:06  #7   waiting for the code (process 7f4d2a10)\n");
}

static void
a_done_record_is_shown_with_its_status_word(void **state)
{
	(void)state;
	assert_shown("2026-11-21T03:22:30Z done 7 6401 text=\"the owner said no\"",
		     "2026-11-21 03:22:30  #7   the owner said no (6401)\n");
}

static void
a_use_without_a_call_says_so(void **state)
{
	(void)state;
	assert_shown(
	    "2026-11-21T03:22:30Z none 6F18 key=sign operation=sign-pkcs1 hash=5f1c03aa "
	    "text=\"the certificate expired\"",
	    "2026-11-21 03:22:30  sign-pkcs1 with key sign, hash 5f1c03aa, no call was made: the "
	    "certificate expired (6F18)\n");
}

static void
a_note_is_its_text(void **state)
{
	(void)state;
	assert_shown("2026-11-21T03:22:30Z note text=\"unblocked by the owner\"",
		     "2026-11-21 03:22:30  unblocked by the owner\n");
}

static void
a_field_inside_quotes_is_no_field(void **state)
{
	(void)state;
	assert_shown(
	    "2026-11-21T03:22:05Z open 7 key=sign operation=sign-pkcs1 program=\"x hash=00 y\"",
	    "2026-11-21 03:22:05  #7 sign-pkcs1 with key sign, program \"x hash=00 y\"\n");
}

static void
an_unknown_record_is_shown_as_it_is(void **state)
{
	(void)state;
	assert_shown("2026-11-21T03:2", "2026-11-21T03:2\n");
}

static void
a_record_cannot_send_commands_to_the_terminal(void **state)
{
	(void)state;
	assert_shown("2026-11-21T03:22:30Z note text=\"\302\2332Jgone\"",
		     "2026-11-21 03:22:30  ?2Jgone\n");
}

/* ---- programs ---- */

static void
what_a_program_prints_is_collected(void **state)
{
	const char *const argv[] = {"echo", "loaded", NULL};
	char output[5];

	(void)state;
	assert_int_equal(program_run(argv, output, sizeof(output)), 0);
	assert_string_equal(output, "load");
}

static void
a_program_that_is_not_there_cannot_be_run(void **state)
{
	const char *const argv[] = {"vicar-no-such-program", NULL};
	char output[8];

	(void)state;
	assert_int_not_equal(program_run(argv, output, sizeof(output)), 0);
}

static void
a_program_in_neither_place_is_named(void **state)
{
	char path[PATH_MAX];
	struct problem error = {""};

	(void)state;
	assert_false(paths_program("vicar-no-such-program", path, &error));
	assert_non_null(strstr(error.text, "vicar-no-such-program"));
}

/* ---- subjects ---- */

static void
assert_subject(const char *subject, const char *expected)
{
	char name[128] = "";
	struct problem error = {""};
	X509 *certificate = self_signed(test_key(2048), key_use_of("sign"), subject, &error);

	if (certificate == NULL)
		fail_msg("%s", error.text);
	X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof(name));
	assert_string_equal(name, expected);
	X509_free(certificate);
}

static void
a_subject_is_made_of_its_attributes_in_order(void **state)
{
	(void)state;
	assert_subject("/C=FI/O=Testi/CN=Matti", "/C=FI/O=Testi/CN=Matti");
}

static void
a_plain_subject_is_the_common_name(void **state)
{
	(void)state;
	assert_subject("Matti", "/CN=Matti");
}

static void
a_slash_may_be_part_of_a_value(void **state)
{
	char name[CHAIN_NAME_MAX];
	struct problem error = {""};
	X509 *certificate =
	    self_signed(test_key(2048), key_use_of("sign"), "/C=FI/CN=A\\/S", &error);

	(void)state;
	assert_non_null(certificate);
	chain_subject(certificate, name);
	assert_string_equal(name, "A/S");
	X509_free(certificate);
}

#define PTY_TEST(function) cmocka_unit_test_setup_teardown(function, pty_set_up, pty_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(operands_and_options_may_stand_in_any_order),
	    cmocka_unit_test(an_option_that_was_not_given_is_null),
	    cmocka_unit_test(an_argument_may_follow_an_equals_sign),
	    cmocka_unit_test(what_follows_two_dashes_is_no_option),
	    cmocka_unit_test(an_unknown_option_is_wrong_usage),
	    cmocka_unit_test(an_option_without_its_argument_is_wrong_usage),
	    cmocka_unit_test(an_argument_to_an_option_that_takes_none_is_wrong_usage),
	    cmocka_unit_test(one_operand_too_few_is_wrong_usage),
	    cmocka_unit_test(one_operand_too_many_is_wrong_usage),
	    cmocka_unit_test(help_needs_no_operand_and_runs_nothing),
	    cmocka_unit_test(no_command_is_wrong_usage),
	    cmocka_unit_test(an_unknown_command_is_wrong_usage),
	    cmocka_unit_test(every_command_has_help_and_version),
	    cmocka_unit_test(enrolment_without_a_service_is_wrong_usage),
	    cmocka_unit_test(creation_without_a_card_is_wrong_usage),
	    PTY_TEST(a_line_is_read_without_its_end),
	    PTY_TEST(a_secret_is_not_shown),
	    PTY_TEST(echo_is_back_after_a_secret),
	    PTY_TEST(control_c_cancels_a_secret_at_once),
	    PTY_TEST(a_line_that_is_too_long_is_refused_and_wiped),
	    PTY_TEST(a_line_that_just_fits_is_taken),
	    PTY_TEST(only_yes_confirms),
	    cmocka_unit_test(an_open_record_is_shown_with_what_was_signed),
	    cmocka_unit_test(a_step_is_shown_with_its_process),
	    cmocka_unit_test(a_done_record_is_shown_with_its_status_word),
	    cmocka_unit_test(a_use_without_a_call_says_so),
	    cmocka_unit_test(a_note_is_its_text),
	    cmocka_unit_test(a_field_inside_quotes_is_no_field),
	    cmocka_unit_test(an_unknown_record_is_shown_as_it_is),
	    cmocka_unit_test(a_record_cannot_send_commands_to_the_terminal),
	    cmocka_unit_test(what_a_program_prints_is_collected),
	    cmocka_unit_test(a_program_that_is_not_there_cannot_be_run),
	    cmocka_unit_test(a_program_in_neither_place_is_named),
	    cmocka_unit_test(a_subject_is_made_of_its_attributes_in_order),
	    cmocka_unit_test(a_plain_subject_is_the_common_name),
	    cmocka_unit_test(a_slash_may_be_part_of_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
