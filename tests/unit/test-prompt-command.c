/* prompt = command: programs that answer in the person's place, good ones and others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/prompt.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct peer nobody = {-1};
static char error[PROMPT_ERROR_MAX], secret[PROMPT_SECRET_SIZE];
static char directory[] = "/tmp/vicar-answer-XXXXXX";
static char program[64], command[128];

/* /bin/sh reads `commands`; the program's own arguments are --for "a card". */
static const char *
a_program_that(const char *commands)
{
	FILE *stream = fopen(program, "w");

	assert_non_null(stream);
	fprintf(stream, "#!/bin/sh\n%s\n", commands);
	fclose(stream);
	assert_int_equal(chmod(program, 0700), 0);
	snprintf(command, sizeof(command), "%s --for  card", program);
	return command;
}

static struct prompt_config
config_of(const char *asked, unsigned timeout_s)
{
	return (struct prompt_config){
	    .pinentry = "/nonexistent/pinentry", .command = asked, .timeout_s = timeout_s};
}

static const struct prompt prompt = {.name = "code",
				     .title = "Vicar: code",
				     .description = "A code was sent.\nTwo lines.",
				     .prompt = "Code:",
				     .error = "The code was wrong.",
				     .ok = "_OK"};

static enum prompt_result
confirm(const char *commands)
{
	const struct prompt_config config = config_of(a_program_that(commands), 10);

	return prompt_confirm(&config, &nobody, &prompt, error);
}

static enum prompt_result
ask_secret(const char *commands)
{
	const struct prompt_config config = config_of(a_program_that(commands), 10);

	strcpy(secret, "of before");
	return prompt_secret(&config, &nobody, &prompt, secret, error);
}

static void
yes_and_a_good_end_are_a_yes(void **state)
{
	(void)state;
	assert_int_equal(confirm("echo yes >&3"), PROMPT_OK);
	assert_int_equal(confirm("printf yes >&3"), PROMPT_OK);
}

static void
everything_else_is_a_cancel(void **state)
{
	static const char *const others[] = {
	    "exit 0",
	    "echo no >&3",
	    "echo YES >&3",
	    "echo yes",
	    "echo yes >&3; exit 1",
	    "printf 'yes\\n\\n' >&3",
	    "echo yes >&3; kill $$",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (confirm(others[i]) != PROMPT_CANCELLED)
			fail_msg("%s", others[i]);
}

static void
a_secret_has_a_descriptor_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(ask_secret("echo 123456 >&4"), PROMPT_OK);
	assert_string_equal(secret, "123456");
	assert_int_equal(ask_secret("echo 123456 >&3"), PROMPT_CANCELLED);
	assert_int_equal(ask_secret("echo 123456 >&4; exit 3"), PROMPT_CANCELLED);
	assert_string_equal(secret, "");
}

static void
an_empty_secret_is_an_answer(void **state)
{
	(void)state;
	assert_int_equal(ask_secret("exit 0"), PROMPT_OK);
	assert_string_equal(secret, "");
}

static void
what_is_no_secret_is_none(void **state)
{
	(void)state;
	assert_int_equal(ask_secret("printf '%064d' 1 >&4"), PROMPT_IMPOSSIBLE);
	assert_int_equal(ask_secret("printf '%0200d' 1 >&4"), PROMPT_IMPOSSIBLE);
	assert_int_equal(ask_secret("printf '12\\0003' >&4"), PROMPT_IMPOSSIBLE);
	assert_int_equal(ask_secret("printf '%063d' 1 >&4"), PROMPT_OK);
	assert_int_equal(strlen(secret), 63);
}

/* The whole of what is said, the arguments, and that nothing of ours is open but what is promised. */
static void
the_question_is_on_standard_input_and_nothing_else_is_open(void **state)
{
	static const char expected[] = "question: code\nanswer: secret\ntimeout-s: 10\n"
				       "title: Vicar: code\nerror: The code was wrong.\n\n"
				       "A code was sent.\nTwo lines.\n"
				       "arguments: --for card\n"
				       "descriptors: 4\n";
	char path[80], text[1024];
	FILE *stream;

	(void)state;
	assert_int_equal(
	    ask_secret(
		"{ cat; echo \"arguments: $*\"; printf descriptors:; "
		"for fd in 3 4 5 6 7 8 9; do { true >&$fd; } 2> /dev/null && printf ' %s' $fd; "
		"done; echo; } > $0.seen"),
	    PROMPT_OK);
	snprintf(path, sizeof(path), "%s.seen", program);
	stream = fopen(path, "r");
	assert_non_null(stream);
	text[fread(text, 1, sizeof(text) - 1, stream)] = '\0';
	fclose(stream);
	unlink(path);
	assert_string_equal(text, expected);
}

static void
nothing_of_the_command_is_read_by_a_shell(void **state)
{
	const struct prompt_config config =
	    config_of("/bin/test 1 -eq 1 && /bin/echo yes >&3 ; true $(true)", 10);

	(void)state;
	assert_int_equal(prompt_confirm(&config, &nobody, &prompt, error), PROMPT_CANCELLED);
}

static void
a_notice_needs_no_answer(void **state)
{
	struct prompt_config config = config_of(a_program_that("exit 0"), 10);

	(void)state;
	assert_int_equal(prompt_message(&config, &nobody, &prompt, error), PROMPT_OK);
	config = config_of(a_program_that("exit 1"), 10);
	assert_int_equal(prompt_message(&config, &nobody, &prompt, error), PROMPT_CANCELLED);
}

static void
a_program_that_is_not_there_is_named(void **state)
{
	const struct prompt_config config = config_of("/nonexistent/answer --all", 10);

	(void)state;
	assert_int_equal(prompt_confirm(&config, &nobody, &prompt, error), PROMPT_IMPOSSIBLE);
	assert_string_equal(error, "/nonexistent/answer cannot be started");
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool
has_ended(void)
{
	char path[80];
	FILE *stream;
	int pid = 0;

	snprintf(path, sizeof(path), "%s.pid", program);
	stream = fopen(path, "r");
	assert_non_null(stream);
	assert_int_equal(fscanf(stream, "%d", &pid), 1); /* NOLINT(cert-err34-c): our own file */
	fclose(stream);
	unlink(path);
	return kill(pid, 0) != 0 && errno == ESRCH;
}

static void
a_program_that_takes_too_long_is_ended(void **state)
{
	static const char *const slow[] = {
	    "echo $$ > $0.pid; exec sleep 60",
	    "echo $$ > $0.pid; echo yes >&3; exec 3>&-; exec sleep 60",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct prompt_config config = config_of(a_program_that(slow[i]), 1);

		assert_int_equal(prompt_confirm(&config, &nobody, &prompt, error),
				 PROMPT_TIMED_OUT);
		assert_true(has_ended());
	}
}

/* A parent at the other end of a socket, which says something, or nothing, once the program runs. */
static enum prompt_result
with_a_parent_that(bool cancels)
{
	const struct prompt_config config =
	    config_of(a_program_that("echo $$ > $0.pid; exec sleep 60"), 30);
	const uint8_t cancel = BRIDGE_CANCEL;
	enum prompt_result result;
	struct peer peer;
	char path[80];
	int ends[2];
	pid_t parent;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	snprintf(path, sizeof(path), "%s.pid", program);
	parent = fork();
	if (parent == 0) {
		close(ends[0]);
		while (access(path, F_OK) != 0 && getppid() != 1)
			usleep(10 * 1000);
		if (cancels)
			(void)!write(ends[1], &cancel, 1);
		while (cancels && getppid() != 1)
			usleep(10 * 1000);
		_exit(0);
	}
	close(ends[1]);
	peer.fd = ends[0];
	result = prompt_confirm(&config, &peer, &prompt, error);
	if (result == PROMPT_CANCELLED) {
		assert_int_equal(peer_state(&peer), PEER_CANCELS);
		assert_false(peer_gone(&peer));
	}
	close(ends[0]);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	return result;
}

static void
a_parent_that_cancels_or_goes_ends_it_at_once(void **state)
{
	const double start = seconds();

	(void)state;
	assert_int_equal(with_a_parent_that(true), PROMPT_CANCELLED);
	assert_true(has_ended());
	assert_int_equal(with_a_parent_that(false), PROMPT_GONE);
	assert_true(has_ended());
	assert_true(seconds() - start < 15);
}

static int
begin(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(directory));
	snprintf(program, sizeof(program), "%s/answer", directory);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	unlink(program);
	return rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(yes_and_a_good_end_are_a_yes),
	    cmocka_unit_test(everything_else_is_a_cancel),
	    cmocka_unit_test(a_secret_has_a_descriptor_of_its_own),
	    cmocka_unit_test(an_empty_secret_is_an_answer),
	    cmocka_unit_test(what_is_no_secret_is_none),
	    cmocka_unit_test(the_question_is_on_standard_input_and_nothing_else_is_open),
	    cmocka_unit_test(nothing_of_the_command_is_read_by_a_shell),
	    cmocka_unit_test(a_notice_needs_no_answer),
	    cmocka_unit_test(a_program_that_is_not_there_is_named),
	    cmocka_unit_test(a_program_that_takes_too_long_is_ended),
	    cmocka_unit_test(a_parent_that_cancels_or_goes_ends_it_at_once),
	};

	return cmocka_run_group_tests_name("prompt-command", tests, begin, end);
}
