/* Where files live: XDG base directory specification 0.8. */
#include "tools/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int
clear(void **state)
{
	(void)state;
	(void)unsetenv("XDG_CONFIG_HOME");
	(void)unsetenv("XDG_DATA_HOME");
	(void)unsetenv("XDG_RUNTIME_DIR");
	return setenv("HOME", "/home/maria", 1);
}

static void
without_variables_all_is_below_home(void **state)
{
	struct problem error = {""};
	char path[PATH_MAX];

	(void)state;
	assert_true(paths_user_config(path, &error));
	assert_string_equal(path, "/home/maria/.config/vicar/vicar.conf");
	assert_true(paths_card("work", path, &error));
	assert_string_equal(path, "/home/maria/.local/share/vicar/cards/work");
}

static void
an_absolute_variable_is_followed(void **state)
{
	struct problem error = {""};
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(setenv("XDG_DATA_HOME", "/srv/data", 1), 0);
	assert_true(paths_cards(path, &error));
	assert_string_equal(path, "/srv/data/vicar/cards");
}

static void
a_relative_variable_counts_as_unset(void **state)
{
	struct problem error = {""};
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(setenv("XDG_DATA_HOME", "data", 1), 0);
	assert_true(paths_cards(path, &error));
	assert_string_equal(path, "/home/maria/.local/share/vicar/cards");
}

static void
the_runtime_directory_must_be_there(void **state)
{
	struct problem error = {""};
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/nonexistent", 1), 0);
	assert_false(paths_runtime(path, &error));
	assert_string_equal(error.text,
			    "the runtime directory /nonexistent cannot be used: No such file or "
			    "directory; log in through systemd, or set XDG_RUNTIME_DIR to a "
			    "directory that only you can read");
}

static void
a_control_socket_is_in_the_runtime_directory(void **state)
{
	char directory[] = "/tmp/vicar-paths-XXXXXX", path[PATH_MAX], expected[128];
	struct problem error = {""};

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(setenv("XDG_RUNTIME_DIR", directory, 1), 0);
	assert_true(paths_control("work", path, &error));
	(void)snprintf(expected, sizeof(expected), "%s/vicar/work.ctl", directory);
	assert_string_equal(path, expected);
	(void)rmdir(directory);
}

static void
making_a_path_makes_each_part_for_the_owner_only(void **state)
{
	char directory[] = "/tmp/vicar-paths-XXXXXX", path[128];
	struct problem error = {""};
	struct stat is;

	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/a/b", directory);
	assert_true(paths_make(path, &error));
	assert_int_equal(stat(path, &is), 0);
	assert_int_equal(is.st_mode & 0777, 0700);
	assert_true(paths_make(path, &error));
	(void)rmdir(path);
	(void)snprintf(path, sizeof(path), "%s/a", directory);
	(void)rmdir(path);
	(void)rmdir(directory);
}

static void
a_path_that_cannot_be_made_is_named_with_its_reason(void **state)
{
	struct problem error = {""};

	(void)state;
	assert_false(paths_make("/dev/null/a", &error));
	assert_non_null(strstr(error.text, "/dev/null/a cannot be created: Not a directory"));
}

static void
a_tilde_is_the_home_directory(void **state)
{
	struct problem error = {""};
	char path[PATH_MAX];

	(void)state;
	assert_true(paths_expand("~/x", path, &error));
	assert_string_equal(path, "/home/maria/x");
	assert_false(paths_expand("x", path, &error));
	assert_string_equal(error.text, "x is not an absolute path; begin it with / or ~/");
}

#define PATHS_TEST(name) cmocka_unit_test_setup(name, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PATHS_TEST(without_variables_all_is_below_home),
	    PATHS_TEST(an_absolute_variable_is_followed),
	    PATHS_TEST(a_relative_variable_counts_as_unset),
	    PATHS_TEST(the_runtime_directory_must_be_there),
	    PATHS_TEST(a_control_socket_is_in_the_runtime_directory),
	    PATHS_TEST(making_a_path_makes_each_part_for_the_owner_only),
	    PATHS_TEST(a_path_that_cannot_be_made_is_named_with_its_reason),
	    PATHS_TEST(a_tilde_is_the_home_directory),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
