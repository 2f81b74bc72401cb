/* Files that a command writes: whole or not at all, and never over another without being told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/vicar/output.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/vicar-output-XXXXXX";

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/vicar-output-XXXXXX");
	if (mkdtemp(directory) == NULL || chdir(directory) != 0)
		return -1;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return chdir("/") | nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
assert_content(const char *path, const char *wanted)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	(void)!fread(text, 1, sizeof(text) - 1, file);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, wanted);
}

/* Entries of the test's directory but . and .., hidden ones too. */
static unsigned
entries(void)
{
	DIR *listed = opendir(".");
	unsigned count = 0;

	assert_non_null(listed);
	while (readdir(listed) != NULL)
		count++;
	assert_int_equal(closedir(listed), 0);
	return count - 2;
}

static void
assert_impossible(const char *path, bool force, const char *reason)
{
	struct problem error = {""};

	assert_false(output_possible(path, force, &error));
	if (strstr(error.text, reason) == NULL)
		fail_msg("%s", error.text);
}

static void
a_new_file_in_a_directory_that_is_there_is_possible(void **state)
{
	struct problem error;
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/new", directory);
	assert_true(output_possible("new", false, &error));
	assert_true(output_possible(path, false, &error));
}

static void
a_place_without_a_directory_is_told_before_the_work(void **state)
{
	(void)state;
	write_file("file", "");
	assert_impossible("missing/new", true, "No such file or directory");
	assert_impossible("file/new", true, "Not a directory");
}

static void
a_directory_is_no_place_even_with_force(void **state)
{
	(void)state;
	assert_int_equal(mkdir("there", 0700), 0);
	assert_impossible("there", true, "there is a directory");
}

static void
a_file_that_is_there_is_replaced_with_force_only(void **state)
{
	struct problem error;

	(void)state;
	write_file("old", "old");
	assert_impossible("old", false, "--force");
	assert_true(output_possible("old", true, &error));
	assert_false(output_write("old", BYTES_TEXT("new"), false, &error));
	assert_non_null(strstr(error.text, "old cannot be written: File exists"));
	assert_content("old", "old");
	assert_int_equal(entries(), 1); /* nothing is left beside it */
	assert_true(output_write("old", BYTES_TEXT("new"), true, &error));
	assert_content("old", "new");
	assert_int_equal(entries(), 1);
}

/* A link that leads nowhere is something that is there. */
static void
a_dangling_link_is_not_followed(void **state)
{
	struct problem error;

	(void)state;
	assert_int_equal(symlink("nowhere", "link"), 0);
	assert_impossible("link", false, "is there already");
	assert_false(output_write("link", BYTES_TEXT("new"), false, &error));
	assert_int_equal(access("nowhere", F_OK), -1);
	assert_true(output_write("link", BYTES_TEXT("new"), true, &error));
	assert_int_equal(access("nowhere", F_OK), -1);
	assert_content("link", "new");
}

static void
a_file_has_the_mode_that_others_have(void **state)
{
	const mode_t mask = umask(0027);
	struct problem error;
	struct stat is;

	(void)state;
	assert_true(output_write("new", BYTES_TEXT("new"), false, &error));
	assert_int_equal(umask(mask), 0027);
	assert_int_equal(stat("new", &is), 0);
	assert_int_equal(is.st_mode & 07777, 0640);
}

static void
a_path_that_is_too_long_is_told(void **state)
{
	struct problem error;
	char path[PATH_MAX + 8];

	(void)state;
	memset(path, '/', sizeof(path));
	memcpy(path + PATH_MAX - 4, "new", 4);
	assert_false(output_write(path, BYTES_TEXT("new"), false, &error));
	assert_non_null(strstr(error.text, "too long"));
	assert_int_equal(entries(), 0);
}

static void
what_cannot_be_put_in_place_leaves_nothing(void **state)
{
	struct problem error;

	(void)state;
	assert_int_equal(mkdir("there", 0700), 0);
	write_file("there/kept", "");
	assert_false(output_write("there", BYTES_TEXT("new"), true, &error));
	assert_false(output_write("missing/new", BYTES_TEXT("new"), true, &error));
	assert_int_equal(entries(), 1);
	assert_int_equal(access("there/kept", F_OK), 0);
}

static void
one_place_is_known_however_it_is_spelt(void **state)
{
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/out", directory);
	assert_true(output_same_place("out", "out"));
	assert_true(output_same_place("out", "./out"));
	assert_true(output_same_place(path, "out"));
	assert_false(output_same_place("out", "other"));
	assert_int_equal(mkdir("there", 0700), 0);
	assert_false(output_same_place("out", "there/out"));
	assert_false(output_same_place("out", "missing/out"));
	assert_int_equal(symlink(".", "same"), 0);
	assert_true(output_same_place("out", "same/out"));
}

/* A link in the place of the output is replaced, and the file that it leads to stays. */
static void
a_file_is_replaced_under_its_own_name_and_not_by_a_symbolic_link(void **state)
{
	(void)state;
	write_file("file", "text");
	assert_int_equal(symlink("file", "symbolic"), 0);
	assert_int_equal(link("file", "hard"), 0);
	assert_true(output_replaces("file", "./file"));
	assert_true(output_replaces("hard", "file"));
	assert_false(output_replaces("symbolic", "file"));
	assert_true(output_replaces("file", "symbolic"));
	assert_false(output_replaces("missing", "file"));
	assert_false(output_replaces("file", "missing"));
}

static void
what_must_not_be_lost_is_kept_where_temporary_files_are(void **state)
{
	char kept[PATH_MAX];
	struct stat is;

	(void)state;
	assert_int_equal(setenv("TMPDIR", directory, 1), 0);
	assert_true(output_keep("/nowhere/contract.pdf.p7s", BYTES_TEXT("signature"), kept));
	assert_memory_equal(kept, directory, strlen(directory));
	assert_string_equal(kept + strlen(kept) - strlen("-contract.pdf.p7s"), "-contract.pdf.p7s");
	assert_content(kept, "signature");
	assert_int_equal(stat(kept, &is), 0);
	assert_int_equal(is.st_mode & 07777, 0600);
	assert_int_equal(setenv("TMPDIR", "relative", 1), 0);
	assert_true(output_keep("contract", BYTES_TEXT("signature"), kept));
	assert_memory_equal(kept, "/tmp/vicar-", 11);
	assert_int_equal(unlink(kept), 0);
	assert_int_equal(setenv("TMPDIR", "/nowhere", 1), 0);
	assert_false(output_keep("contract", BYTES_TEXT("signature"), kept));
	assert_int_equal(unsetenv("TMPDIR"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_file_in_a_directory_that_is_there_is_possible),
	    TEST(a_place_without_a_directory_is_told_before_the_work),
	    TEST(a_directory_is_no_place_even_with_force),
	    TEST(a_file_that_is_there_is_replaced_with_force_only),
	    TEST(a_dangling_link_is_not_followed),
	    TEST(a_file_has_the_mode_that_others_have),
	    TEST(a_path_that_is_too_long_is_told),
	    TEST(what_cannot_be_put_in_place_leaves_nothing),
	    TEST(one_place_is_known_however_it_is_spelt),
	    TEST(a_file_is_replaced_under_its_own_name_and_not_by_a_symbolic_link),
	    TEST(what_must_not_be_lost_is_kept_where_temporary_files_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
