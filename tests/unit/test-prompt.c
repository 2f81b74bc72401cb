/* Prompts through real pinentry programs on a pseudo terminal, and through ones that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/asker.h"
#include "cmdbridge/pinentry.h"
#include "cmdbridge/prompt.h"
#include "test-terminal.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>

#define TTY "pinentry-tty"
#define CURSES "pinentry-curses"

static const struct peer nobody = {-1};
static char error[PROMPT_ERROR_MAX];
static char secret[PROMPT_SECRET_SIZE];
static struct terminal terminal;
static char script[] = "/tmp/vicar-pinentry-XXXXXX";

static int
ignore_sigpipe(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static void
type(const char *words, const char *keys)
{
	const struct keystroke keystroke = {words, keys, 0};

	terminal = terminal_open();
	terminal_start(&terminal, &keystroke, 1);
}

/* A pinentry of our own; /bin/sh reads `commands` after the hello. */
static const char *
a_pinentry_that(const char *commands)
{
	FILE *stream;

	strcpy(script, "/tmp/vicar-pinentry-XXXXXX");
	stream = fdopen(mkstemp(script), "w");
	fprintf(stream, "#!/bin/sh\n%s\n", commands);
	fclose(stream);
	assert_int_equal(chmod(script, 0700), 0);
	return script;
}

#define POLITE "echo OK hello; while read -r c rest; do case $c in GETPIN|CONFIRM|MESSAGE) "
#define REST ";; *) echo OK;; esac; done"

static enum prompt_result
ask_secret(const char *pinentry, const struct peer *peer, unsigned timeout_s)
{
	const struct prompt_config config = {.pinentry = pinentry, .timeout_s = timeout_s};
	const struct prompt prompt = {
	    .title = "Vicar", .description = "two\nlines, 100 % ção", .prompt = "Code:"};

	return prompt_secret(&config, peer, &prompt, secret, error);
}

static enum prompt_result
ask_confirm(const char *pinentry, unsigned timeout_s)
{
	const struct prompt_config config = {.pinentry = pinentry, .timeout_s = timeout_s};
	const struct prompt prompt = {
	    .description = "Sign this?", .ok = "_Sign", .cancel = "_Cancel"};

	return prompt_confirm(&config, &nobody, &prompt, error);
}

static void
a_code_is_typed_at_the_terminal(void **state)
{
	(void)state;
	type("Code:", "123456\n");
	assert_int_equal(ask_secret(TTY, &nobody, 10), PROMPT_OK);
	assert_string_equal(secret, "123456");
	assert_true(terminal_close(&terminal));
}

static void
a_code_is_typed_on_a_full_screen(void **state)
{
	(void)state;
	type("Code:", "123456\r");
	assert_int_equal(ask_secret(CURSES, &nobody, 10), PROMPT_OK);
	assert_string_equal(secret, "123456");
	assert_true(terminal_close(&terminal));
}

static void
percent_and_line_feed_arrive_as_they_are(void **state)
{
	(void)state;
	type("two\r\nlines, 100 % ção", "1\n");
	assert_int_equal(ask_secret(TTY, &nobody, 10), PROMPT_OK);
	assert_true(terminal_close(&terminal));
}

static void
a_percent_sign_in_the_answer_is_one(void **state)
{
	(void)state;
	type("Code:", "1%4\n");
	assert_int_equal(ask_secret(TTY, &nobody, 10), PROMPT_OK);
	assert_string_equal(secret, "1%4");
	assert_true(terminal_close(&terminal));
}

static void
an_empty_answer_is_an_answer(void **state)
{
	(void)state;
	type("Code:", "\n");
	assert_int_equal(ask_secret(TTY, &nobody, 10), PROMPT_OK);
	assert_string_equal(secret, "");
	assert_true(terminal_close(&terminal));
}

static void
the_end_of_input_cancels(void **state)
{
	(void)state;
	type("Code:", "\004");
	assert_int_equal(ask_secret(TTY, &nobody, 10), PROMPT_CANCELLED);
	assert_true(terminal_close(&terminal));
}

static void
what_was_wrong_is_shown(void **state)
{
	const struct prompt_config config = {.pinentry = TTY, .timeout_s = 10};
	const struct prompt prompt = {.prompt = "Code:", .error = "The code was wrong."};

	(void)state;
	type("The code was wrong.", "123456\n");
	assert_int_equal(prompt_secret(&config, &nobody, &prompt, secret, error), PROMPT_OK);
	assert_true(terminal_close(&terminal));
}

/* pinentry-tty takes the underlined letters; the marks around them are its own. */
static void
s_signs(void **state)
{
	(void)state;
	type("[sc]?", "s");
	assert_int_equal(ask_confirm(TTY, 10), PROMPT_OK);
	assert_true(terminal_close(&terminal));
}

static void
c_cancels(void **state)
{
	(void)state;
	type("[sc]?", "c");
	assert_int_equal(ask_confirm(TTY, 10), PROMPT_CANCELLED);
	assert_true(terminal_close(&terminal));
}

static void
the_full_screen_confirms(void **state)
{
	(void)state;
	type("Cancel", "\r");
	assert_int_equal(ask_confirm(CURSES, 10), PROMPT_OK);
	assert_true(terminal_close(&terminal));
}

static void
the_full_screen_cancels(void **state)
{
	(void)state;
	type("Cancel", "\t\r");
	assert_int_equal(ask_confirm(CURSES, 10), PROMPT_CANCELLED);
	assert_true(terminal_close(&terminal));
}

static void
a_message_ends_with_a_key(void **state)
{
	const struct prompt_config config = {.pinentry = TTY, .timeout_s = 10};
	const struct prompt prompt = {.description = "Change your PIN.", .ok = "_OK"};

	(void)state;
	type("Press any key", "x");
	assert_int_equal(prompt_message(&config, &nobody, &prompt, error), PROMPT_OK);
	assert_true(terminal_close(&terminal));
}

static void
nobody_answers_in_time(void **state)
{
	(void)state;
	type("Code:", "");
	assert_int_equal(ask_secret(TTY, &nobody, 1), PROMPT_TIMED_OUT);
	assert_true(terminal_close(&terminal));
	type("Cancel", "");
	assert_int_equal(ask_confirm(CURSES, 1), PROMPT_TIMED_OUT);
	assert_true(terminal_close(&terminal));
}

static void
without_a_terminal_there_is_no_prompt(void **state)
{
	(void)state;
	unsetenv("GPG_TTY");
	unsetenv("DISPLAY");
	assert_int_equal(ask_secret(CURSES, &nobody, 5), PROMPT_IMPOSSIBLE);
	assert_non_null(strstr(error, "pinentry"));
	assert_int_equal(ask_confirm(TTY, 5), PROMPT_IMPOSSIBLE);
	assert_non_null(strstr(error, "needs a terminal"));
}

static void
a_terminal_that_went_away_is_none(void **state)
{
	(void)state;
	setenv("GPG_TTY", "/dev/pts/99999", 1);
	assert_int_equal(ask_confirm(TTY, 5), PROMPT_IMPOSSIBLE);
}

static void
without_a_program_there_is_no_prompt(void **state)
{
	(void)state;
	assert_int_equal(ask_secret("/nonexistent/pinentry", &nobody, 5), PROMPT_IMPOSSIBLE);
	assert_string_equal(error, "/nonexistent/pinentry cannot be started");
}

static void
a_program_that_is_no_pinentry_is_none(void **state)
{
	(void)state;
	assert_int_equal(ask_secret(a_pinentry_that("echo hello"), &nobody, 5), PROMPT_IMPOSSIBLE);
	unlink(script);
}

static void
a_pinentry_that_begins_with_a_comment_is_not_waited_for(void **state)
{
	(void)state;
	assert_int_equal(ask_secret(a_pinentry_that("echo '# hello'; exec sleep 60"), &nobody, 5),
			 PROMPT_IMPOSSIBLE);
	assert_non_null(strstr(error, "is no pinentry program"));
	unlink(script);
}

static void
a_pinentry_that_dies_within_a_line_is_not_waited_for(void **state)
{
	(void)state;
	assert_int_equal(
	    ask_secret(a_pinentry_that(POLITE "printf 'D 12'; exit 1" REST), &nobody, 60),
	    PROMPT_IMPOSSIBLE);
	assert_string_equal(secret, "");
	unlink(script);
}

static void
a_pinentry_that_dies_gives_no_answer(void **state)
{
	(void)state;
	assert_int_equal(ask_secret(a_pinentry_that(POLITE "exit 1" REST), &nobody, 5),
			 PROMPT_IMPOSSIBLE);
	unlink(script);
}

static void
an_error_without_a_number_is_no_consent(void **state)
{
	(void)state;
	assert_int_equal(ask_confirm(a_pinentry_that(POLITE "echo ERR 0 fine" REST), 5),
			 PROMPT_IMPOSSIBLE);
	unlink(script);
}

/* The answer to the last label would be taken for the owner's. */
static void
an_ok_too_many_is_no_consent(void **state)
{
	(void)state;
	assert_int_equal(ask_confirm(a_pinentry_that("echo OK; " POLITE "sleep 10" REST), 2),
			 PROMPT_IMPOSSIBLE);
	assert_non_null(strstr(error, "answers before it was asked"));
	unlink(script);
}

static void
an_answer_in_pieces_is_put_together(void **state)
{
	(void)state;
	assert_int_equal(
	    ask_secret(a_pinentry_that(POLITE "printf 'S X\\nD 12'; sleep 0.2; "
					      "printf '3%%35\\nD 6\\n'; sleep 0.1; echo OK" REST),
		       &nobody, 5),
	    PROMPT_OK);
	assert_string_equal(secret, "12356");
	unlink(script);
}

static void
an_answer_that_is_too_long_is_none(void **state)
{
	(void)state;
	assert_int_equal(
	    ask_secret(a_pinentry_that(POLITE "printf 'D %064d\\nOK\\n' 1" REST), &nobody, 5),
	    PROMPT_IMPOSSIBLE);
	assert_string_equal(secret, "");
	unlink(script);
}

/* The script writes its process id beside itself. */
static bool
is_running(void)
{
	char path[64];
	FILE *stream;
	int pid = 0;

	snprintf(path, sizeof(path), "%s.pid", script);
	stream = fopen(path, "r");
	assert_non_null(stream);
	assert_int_equal(fscanf(stream, "%d", &pid), 1); /* NOLINT(cert-err34-c): our own file */
	fclose(stream);
	unlink(path);
	return kill(pid, 0) == 0;
}

static void
a_line_without_an_end_is_no_answer(void **state)
{
	(void)state;
	assert_int_equal(
	    ask_secret(a_pinentry_that(POLITE "printf 'D 12'; exec sleep 60" REST), &nobody, 1),
	    PROMPT_TIMED_OUT);
	unlink(script);
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
a_pinentry_that_hangs_is_ended(void **state)
{
	(void)state;
	assert_int_equal(ask_secret(a_pinentry_that("trap '' TERM; echo $$ > $0.pid; " POLITE
						    "exec sleep 60" REST),
				    &nobody, 1),
			 PROMPT_TIMED_OUT);
	assert_false(is_running());
	unlink(script);
}

static void
a_parent_that_hangs_up_ends_the_prompt_at_once(void **state)
{
	const struct keystroke nothing = {"Code:", "", 0};
	double start = seconds();
	struct termios modes;
	struct peer peer;
	int ends[2];
	pid_t hand;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	peer.fd = ends[0];
	hand = fork();
	if (hand == 0) {
		close(ends[0]);
		usleep(700 * 1000);
		_exit(0);
	}
	close(ends[1]);
	terminal = terminal_open();
	terminal_start(&terminal, &nothing, 1);
	assert_int_equal(ask_secret(TTY, &peer, 20), PROMPT_GONE);
	assert_true(seconds() - start < 3);
	/* The terminal echoes again: who sits there goes on with something else. */
	assert_int_equal(tcgetattr(terminal.slave, &modes), 0);
	assert_true(modes.c_lflag & ECHO);
	assert_true(terminal_close(&terminal));
	close(ends[0]);
	waitpid(hand, NULL, 0);
}

/* What stands for a character must be two digits, and never the end of a text. */
static void
data_that_cannot_be_read_is_no_answer(void **state)
{
	static const char *const data[] = {"1%4", "%zz", "12%", "1%00"};

	(void)state;
	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
		char commands[256];

		snprintf(commands, sizeof(commands), POLITE "echo 'D %s'; echo OK" REST, data[i]);
		assert_int_equal(ask_secret(a_pinentry_that(commands), &nobody, 10),
				 PROMPT_IMPOSSIBLE);
		assert_string_equal(secret, "");
		unlink(script);
	}
}

static void
what_a_pinentry_asks_for_is_not_given(void **state)
{
	(void)state;
	assert_int_equal(
	    ask_secret(a_pinentry_that(POLITE "echo INQUIRE QUALITY 123; read -r c; "
					      "[ \"$c\" = CAN ] && echo D 7; echo OK" REST),
		       &nobody, 10),
	    PROMPT_OK);
	assert_string_equal(secret, "7");
	unlink(script);
}

static void
answers_before_the_question_are_none(void **state)
{
	(void)state;
	assert_int_equal(ask_secret(a_pinentry_that("echo OK hello; while read -r c rest; do "
						    "printf 'OK\\nD 7\\nOK\\n'; done"),
				    &nobody, 10),
			 PROMPT_IMPOSSIBLE);
	assert_non_null(strstr(error, "answers before it was asked"));
	assert_string_equal(secret, "");
	unlink(script);
}

/* Two letters of a greeting, and no more. */
static void
half_a_greeting_is_none(void **state)
{
	(void)state;
	assert_int_equal(ask_secret(a_pinentry_that("printf OK"), &nobody, 10), PROMPT_IMPOSSIBLE);
	assert_non_null(strstr(error, "is no pinentry program"));
	unlink(script);
}

/* The description is longer than a line of Assuan, which ends between two characters. */
static void
a_line_that_is_too_long_ends_with_a_whole_character(void **state)
{
	const struct prompt_config config = {
	    .timeout_s = 10,
	    .pinentry = a_pinentry_that("echo OK hello; while read -r c rest; do case $c in "
					"SETDESC) printf %s \"$rest\" > $0.rest;; esac; "
					"echo OK; done")};
	char description[2001] = "", path[64], seen[2048];
	FILE *stream;
	size_t len;

	(void)state;
	for (size_t odd = 0; odd < 2; odd++) {
		const struct prompt prompt = {.description = description};

		snprintf(description, sizeof(description), "%s", odd ? "x" : "");
		for (len = odd; len + 2 < sizeof(description); len += 2)
			snprintf(description + len, sizeof(description) - len, "\xC3\xA7");
		assert_int_equal(prompt_confirm(&config, &nobody, &prompt, error), PROMPT_OK);
		snprintf(path, sizeof(path), "%s.rest", script);
		stream = fopen(path, "r");
		assert_non_null(stream);
		len = fread(seen, 1, sizeof(seen), stream);
		fclose(stream);
		unlink(path);
		assert_true(len > 900 && len < 1000);
		assert_int_equal(len % 2, odd);
		assert_memory_equal(seen, description, len);
	}
	unlink(script);
}

/* At each step before the question. */
static void
a_pinentry_that_stops_before_the_question_is_not_waited_for(void **state)
{
	static const char *const silent[] = {
	    "exec sleep 60",
	    "echo OK hello; exec sleep 60",
	    "echo OK hello; while read -r c rest; do case $c in OPTION) exec sleep 60;; *) echo "
	    "OK;; "
	    "esac; done",
	};

	(void)state;
	unsetenv("GPG_TTY");
	setenv("LANG", "C.UTF-8", 1);
	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
		const struct prompt_config config = {.pinentry = a_pinentry_that(silent[i])};
		struct pinentry pinentry;

		assert_int_equal(pinentry_open(&pinentry, &config, &nobody, 1, error),
				 PROMPT_TIMED_OUT);
		pinentry_close(&pinentry);
		unlink(script);
	}
}

static void
without_a_language_a_pinentry_is_told_none(void **state)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LANG"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	assert_int_equal(
	    ask_secret(
		a_pinentry_that("echo OK hello; while read -r c rest; do case \"$c $rest\" in "
				"*lc-*) asked=1;; GETPIN*) echo D n$asked;; esac; "
				"echo OK; done"),
		&nobody, 10),
	    PROMPT_OK);
	assert_string_equal(secret, "n");
	unlink(script);
}

static void
without_room_for_files_there_is_no_prompt(void **state)
{
	/* None at all for the parent, or none for the child, which wants some above 10. */
	static const rlim_t limits[] = {3, 10};
	struct rlimit before, limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const char *pinentry = a_pinentry_that(POLITE "echo D 7; echo OK" REST);
		enum prompt_result result;

		limit = before;
		limit.rlim_cur = limits[i];
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		result = ask_secret(pinentry, &nobody, 10);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		unlink(script);
		assert_int_equal(result, PROMPT_IMPOSSIBLE);
		assert_non_null(strstr(error, "cannot be started"));
	}
}

/* Asking on a terminal that was lent, it would ask on the desktop instead. */
static void
a_program_with_a_lent_terminal_does_not_see_the_desktop(void **state)
{
	static const char *const names[] = {"DISPLAY", "WAYLAND_DISPLAY",
					    "DBUS_SESSION_BUS_ADDRESS"};
	static char shell[] = "sh", option[] = "-c",
		    sees[] = "[ -n \"$PATH\" ] || exit 9; [ -z \"$DISPLAY$WAYLAND_DISPLAY"
			     "$DBUS_SESSION_BUS_ADDRESS\" ] || exit 1";
	char *const argv[] = {shell, option, sees, NULL};
	const struct prompt_terminal lent = {.lease = STDIN_FILENO};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(names) / sizeof(names[0]); i++) {
		const struct prompt_config config = {.terminal = i % 2 == 0 ? &lent : NULL};
		struct asker asker;
		int status = 0;

		setenv(names[i / 2], "here", 1);
		asker_init(&asker, &config, &nobody, 10);
		assert_true(asker_start(&asker, argv, NULL, 0));
		assert_int_equal(waitpid(asker.pid, &status, 0), asker.pid);
		close(asker.pidfd);
		unsetenv(names[i / 2]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), i % 2);
	}
}

static void
a_program_does_not_run_with_a_file_that_is_not_there(void **state)
{
	static char program[] = "true";
	char *const argv[] = {program, NULL};
	const struct prompt_config config = {.timeout_s = 10};
	const struct asker_fd fds[] = {{-1, STDOUT_FILENO}};
	struct asker asker;
	int status = 0;

	(void)state;
	asker_init(&asker, &config, &nobody, 10);
	assert_true(asker_start(&asker, argv, fds, 1));
	(void)asker_end(&asker, true, &status);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ASKER_NOT_STARTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_code_is_typed_at_the_terminal),
	    cmocka_unit_test(a_code_is_typed_on_a_full_screen),
	    cmocka_unit_test(percent_and_line_feed_arrive_as_they_are),
	    cmocka_unit_test(a_percent_sign_in_the_answer_is_one),
	    cmocka_unit_test(an_empty_answer_is_an_answer),
	    cmocka_unit_test(the_end_of_input_cancels),
	    cmocka_unit_test(what_was_wrong_is_shown),
	    cmocka_unit_test(s_signs),
	    cmocka_unit_test(c_cancels),
	    cmocka_unit_test(the_full_screen_confirms),
	    cmocka_unit_test(the_full_screen_cancels),
	    cmocka_unit_test(a_message_ends_with_a_key),
	    cmocka_unit_test(nobody_answers_in_time),
	    cmocka_unit_test(without_a_terminal_there_is_no_prompt),
	    cmocka_unit_test(a_terminal_that_went_away_is_none),
	    cmocka_unit_test(without_a_program_there_is_no_prompt),
	    cmocka_unit_test(a_program_that_is_no_pinentry_is_none),
	    cmocka_unit_test(a_pinentry_that_begins_with_a_comment_is_not_waited_for),
	    cmocka_unit_test(a_pinentry_that_dies_within_a_line_is_not_waited_for),
	    cmocka_unit_test(a_pinentry_that_dies_gives_no_answer),
	    cmocka_unit_test(an_error_without_a_number_is_no_consent),
	    cmocka_unit_test(an_ok_too_many_is_no_consent),
	    cmocka_unit_test(an_answer_in_pieces_is_put_together),
	    cmocka_unit_test(an_answer_that_is_too_long_is_none),
	    cmocka_unit_test(data_that_cannot_be_read_is_no_answer),
	    cmocka_unit_test(what_a_pinentry_asks_for_is_not_given),
	    cmocka_unit_test(answers_before_the_question_are_none),
	    cmocka_unit_test(half_a_greeting_is_none),
	    cmocka_unit_test(a_line_that_is_too_long_ends_with_a_whole_character),
	    cmocka_unit_test(a_pinentry_that_stops_before_the_question_is_not_waited_for),
	    cmocka_unit_test(without_a_language_a_pinentry_is_told_none),
	    cmocka_unit_test(without_room_for_files_there_is_no_prompt),
	    cmocka_unit_test(a_program_with_a_lent_terminal_does_not_see_the_desktop),
	    cmocka_unit_test(a_program_does_not_run_with_a_file_that_is_not_there),
	    cmocka_unit_test(a_pinentry_that_hangs_is_ended),
	    cmocka_unit_test(a_line_without_an_end_is_no_answer),
	    cmocka_unit_test(a_parent_that_hangs_up_ends_the_prompt_at_once),
	};

	return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
