/* The account of a remote service: asked for at a pseudo terminal, and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/vicar/account.h"

#include "test-terminal.h"

#include <sys/ioctl.h>
#include <sys/stat.h>

enum { TOLD_MAX = 512 };

/* In a process of its own, whose terminal is `terminal` or that has none: the account or the error. */
static const char *
ask(enum service_account_kind kind, const struct terminal *terminal)
{
	static char told[TOLD_MAX];
	int ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct service_account account = {.phone = ""};
		struct problem error = {""};
		bool ok = setsid() >= 0 &&
			  (terminal == NULL || ioctl(terminal->slave, TIOCSCTTY, 0) == 0) &&
			  account_ask(kind, &account, &error);

		dprintf(ends[1], "%s%s%s", ok ? account.phone : "", ok ? account.user : "",
			ok ? "" : error.text);
		_exit(ok ? 0 : 1);
	}
	close(ends[1]);
	n = read(ends[0], told, sizeof(told) - 1);
	told[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return told;
}

static const char *
ask_at(enum service_account_kind kind, const struct keystroke *keys, size_t count)
{
	struct terminal terminal = terminal_open();
	const char *told;

	terminal_start(&terminal, keys, count);
	told = ask(kind, &terminal);
	assert_true(terminal_close(&terminal));
	return told;
}

static void
a_phone_number_is_asked_for_until_it_is_one(void **state)
{
	const struct keystroke keys[] = {{"Phone number", "maria\n", 0},
					 {"That is no phone number", "\n", 0},
					 {"That is no phone number", "+351 912 345 678\n", 0}};

	(void)state;
	assert_string_equal(ask_at(SERVICE_ACCOUNT_PHONE, keys, 3), "+351 912345678");
}

static void
a_user_name_is_asked_for_until_it_is_one(void **state)
{
	const struct keystroke keys[] = {{"User name", "\n", 0},
					 {"That is no user name", "maria silva\n", 0},
					 {"That is no user name", "maria\n", 0}};

	(void)state;
	assert_string_equal(ask_at(SERVICE_ACCOUNT_USER, keys, 3), "maria");
}

static void
without_a_terminal_a_file_is_recommended(void **state)
{
	(void)state;
	assert_string_equal(ask(SERVICE_ACCOUNT_USER, NULL),
			    "the user name cannot be asked for: no terminal; put it in a file, "
			    "mode 0600, and name that with --account");
}

static void
assert_text(int fd, const char *wanted)
{
	char text[128] = "";

	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, wanted);
}

static void
an_account_is_a_file_of_its_owner_that_replaces_none(void **state)
{
	static const struct service_account maria = {.phone = "+351 912345678"};
	static const struct service_account other = {.user = "other"};
	char directory[] = "/tmp/vicar-account-XXXXXX", path[64];
	struct problem error = {""};
	struct stat is;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/account", directory);
	assert_true(account_write(path, &maria, &error));
	assert_false(account_write(path, &other, &error));
	assert_non_null(strstr(error.text, "cannot be created: File exists"));
	fd = open(path, O_RDONLY);
	assert_int_equal(fstat(fd, &is), 0);
	assert_int_equal(is.st_mode & 07777, 0600);
	assert_text(fd, "[account]\nphone = +351 912345678\n");
	close(fd);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
}

static void
an_account_that_cannot_be_written_leaves_no_file(void **state)
{
	static const struct service_account maria = {.user = "maria"};
	struct problem error = {""};

	(void)state;
	assert_false(account_write("/nowhere/account", &maria, &error));
	assert_non_null(strstr(error.text, "see who may write there"));
}

static void
an_account_in_memory_is_its_owners_alone(void **state)
{
	static const struct service_account maria = {.user = "maria"};
	struct problem error = {""};
	struct stat is;
	int fd = account_in_memory(&maria, &error);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &is), 0);
	assert_int_equal(is.st_mode & 0777, 0600);
	assert_int_equal(is.st_nlink, 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_text(fd, "[account]\nuser = maria\n");
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_phone_number_is_asked_for_until_it_is_one),
	    cmocka_unit_test(a_user_name_is_asked_for_until_it_is_one),
	    cmocka_unit_test(without_a_terminal_a_file_is_recommended),
	    cmocka_unit_test(an_account_is_a_file_of_its_owner_that_replaces_none),
	    cmocka_unit_test(an_account_that_cannot_be_written_leaves_no_file),
	    cmocka_unit_test(an_account_in_memory_is_its_owners_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
