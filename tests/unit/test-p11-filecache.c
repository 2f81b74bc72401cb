/*
 * pkcs11/filecache.c in a home of its own: what is kept, what is not believed, and a card of ours that
 * is read from there.
 */
#include "broken-io.h"
#include "test-p11-card.h"

#include "pkcs11/filecache.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char home[64];

static const uint8_t KEY[SMARTCARD_CACHE_KEY_LEN] = {0x01, 0x02};
static const uint8_t PATH[] = {0x3F, 0x00, 0x50, 0x31};
static const struct smartcard_file FILE_1 = {"1234/56", {KEY, sizeof(KEY)}, {PATH, sizeof(PATH)}};

static int
setup(void **state)
{
	(void)state;
	snprintf(home, sizeof(home), "/tmp/vicar-filecache-XXXXXX");
	assert_non_null(mkdtemp(home));
	setenv("HOME", home, 1);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("XDG_DATA_HOME");
	return 0;
}

static int
remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

static int
teardown(void **state)
{
	(void)state;
	return nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
put_text(const struct smartcard_file *file, const char *text)
{
	const struct smartcard_cache cache = filecache(NULL);

	cache.put(cache.context, file, PIN(text));
}

static bool
has_text(const struct smartcard_file *file, const char *text)
{
	const struct smartcard_cache cache = filecache(NULL);
	uint8_t data[SMARTCARD_FILE_MAX];
	struct writer content = writer_to(data, sizeof(data));

	return cache.get(cache.context, file, &content) &&
	       bytes_equal(writer_bytes(&content), PIN(text));
}

/* The only file of the cache. */
static const char *
the_file(void)
{
	static char path[512];
	char directory[128];
	struct dirent *entry;
	DIR *open_directory;

	snprintf(directory, sizeof(directory), "%s/.cache/vicar", home);
	open_directory = opendir(directory);
	assert_non_null(open_directory);
	path[0] = '\0';
	while ((entry = readdir(open_directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		assert_string_equal(path, "");
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
	}
	closedir(open_directory);
	assert_string_not_equal(path, "");
	return path;
}

static const char *
the_key(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/.local/share/vicar/cache.key", home);
	return path;
}

static void
a_file_is_kept(void **state)
{
	(void)state;
	assert_false(has_text(&FILE_1, "content"));
	put_text(&FILE_1, "content");
	assert_true(has_text(&FILE_1, "content"));
	put_text(&FILE_1, "other content");
	assert_true(has_text(&FILE_1, "other content"));
}

static void
what_is_kept_is_the_users_alone(void **state)
{
	struct stat status;

	(void)state;
	umask(0);
	put_text(&FILE_1, "content");
	assert_int_equal(stat(the_file(), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(stat(the_key(), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(status.st_size, 32);
}

/* In a process of its own, when the others are ready too: `start` ends. */
static void
put_when_it_starts(int start, const struct smartcard_file *file)
{
	const struct smartcard_cache cache = filecache(NULL);
	char byte;

	if (read(start, &byte, 1) == 0)
		cache.put(cache.context, file, PIN(file->serial));
	_exit(0);
}

/* Each with a file, which only one key is right for. */
static void
processes_that_make_the_key_at_once_end_with_one(void **state)
{
	enum { PROCESSES = 8, ROUNDS = 10 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct smartcard_file files[PROCESSES];
		char serials[PROCESSES][16];
		pid_t pids[PROCESSES];
		struct stat status;
		int start[2];

		assert_int_equal(pipe(start), 0);
		for (int i = 0; i < PROCESSES; i++) {
			snprintf(serials[i], sizeof(serials[i]), "%d", i);
			files[i] = FILE_1;
			files[i].serial = serials[i];
			pids[i] = fork();
			assert_true(pids[i] >= 0);
			if (pids[i] == 0) {
				close(start[1]);
				put_when_it_starts(start[0], &files[i]);
			}
		}
		close(start[0]);
		close(start[1]);
		for (int i = 0; i < PROCESSES; i++)
			assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
		for (int i = 0; i < PROCESSES; i++)
			assert_true(has_text(&files[i], serials[i]));
		assert_int_equal(stat(the_key(), &status), 0);
		assert_int_equal(status.st_size, 32);
		assert_int_equal(status.st_nlink, 1);
		assert_int_equal(unlink(the_key()), 0);
	}
}

static void
another_path_or_state_has_other_files(void **state)
{
	static const uint8_t other_key[SMARTCARD_CACHE_KEY_LEN] = {0x01, 0x03};
	static const uint8_t other_path[] = {0x3F, 0x00, 0x50, 0x32};
	struct smartcard_file other = FILE_1;

	(void)state;
	put_text(&FILE_1, "content");
	other.key = BYTES(other_key);
	assert_false(has_text(&other, "content"));
	other = FILE_1;
	other.path = BYTES(other_path);
	assert_false(has_text(&other, "content"));
}

static void
a_file_that_was_changed_is_not_believed_and_goes(void **state)
{
	int fd;

	(void)state;
	put_text(&FILE_1, "content");
	fd = open(the_file(), O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "X", 1, 32), 1);
	close(fd);
	assert_false(has_text(&FILE_1, "Xontent"));
	put_text(&FILE_1, "content");
	assert_true(has_text(&FILE_1, "content"));
}

static void
a_file_that_was_cut_is_not_believed(void **state)
{
	(void)state;
	for (off_t len = 0; len < 39; len += 13) {
		put_text(&FILE_1, "content");
		assert_int_equal(truncate(the_file(), len), 0);
		assert_false(has_text(&FILE_1, "content"));
	}
}

static void
a_file_with_anothers_name_is_not_believed(void **state)
{
	struct smartcard_file other = FILE_1;
	char from[512], to[512];

	(void)state;
	other.serial = "654321";
	put_text(&other, "of another card");
	snprintf(from, sizeof(from), "%s", the_file());
	assert_int_equal(unlink(from), 0);
	put_text(&FILE_1, "content");
	snprintf(to, sizeof(to), "%s", the_file());
	put_text(&other, "of another card");
	assert_int_equal(rename(from, to), 0);
	assert_false(has_text(&FILE_1, "of another card"));
}

static void
a_key_that_others_can_read_is_not_used(void **state)
{
	(void)state;
	put_text(&FILE_1, "content");
	assert_int_equal(chmod(the_key(), 0640), 0);
	assert_false(has_text(&FILE_1, "content"));
}

static void
a_link_in_place_of_a_file_is_not_followed(void **state)
{
	char path[512], target[128];

	(void)state;
	put_text(&FILE_1, "content");
	snprintf(path, sizeof(path), "%s", the_file());
	snprintf(target, sizeof(target), "%s/target", home);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_false(has_text(&FILE_1, "content"));
}

static void
without_a_home_nothing_is_kept(void **state)
{
	(void)state;
	unsetenv("HOME");
	put_text(&FILE_1, "content");
	assert_false(has_text(&FILE_1, "content"));
	setenv("HOME", "/proc/nowhere", 1);
	put_text(&FILE_1, "content");
	assert_false(has_text(&FILE_1, "content"));
	setenv("HOME", home, 1);
}

static void
the_files_of_a_card_are_forgotten_by_its_serial_number(void **state)
{
	struct smartcard_file other = FILE_1;

	(void)state;
	other.serial = "1234/567";
	put_text(&FILE_1, "content");
	put_text(&other, "of another card");
	filecache_forget(PIN(FILE_1.serial));
	assert_false(has_text(&FILE_1, "content"));
	assert_true(has_text(&other, "of another card"));
}

static void
a_card_that_was_seen_before_is_read_from_there(void **state)
{
	const struct smartcard_cache cache = filecache(NULL);
	struct applet_card *applet = applet_new("cc-v1", "990000000101000F", "");
	struct p11_card *p11;
	unsigned cold;

	(void)state;
	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_insert(applet);
	p11 = p11_over(applet);
	assert_int_equal(smartcard_bind(&p11->channel, &cache, &p11->card), SMARTCARD_OK);
	p11_assert_certificates(p11);
	cold = p11->commands;
	smartcard_free(p11->card);
	p11->commands = p11->reads_count = 0;
	assert_int_equal(smartcard_bind(&p11->channel, &cache, &p11->card), SMARTCARD_OK);
	p11_assert_certificates(p11);
	assert_true(p11->commands < cold);
	assert_true(p11->commands <= 12);
	p11_free(p11);
}

static void
the_directories_of_the_environment_are_used(void **state)
{
	char data[128], cache[128], path[160];

	(void)state;
	snprintf(data, sizeof(data), "%s/data", home);
	snprintf(cache, sizeof(cache), "%s/deep/cache", home);
	setenv("XDG_DATA_HOME", data, 1);
	setenv("XDG_CACHE_HOME", cache, 1);
	put_text(&FILE_1, "content");
	assert_true(has_text(&FILE_1, "content"));
	snprintf(path, sizeof(path), "%s/vicar/cache.key", data);
	assert_int_equal(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/vicar", cache);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(access(the_key(), F_OK), -1);
	/* What is no absolute path is as if it were not there. */
	setenv("XDG_DATA_HOME", "data", 1);
	unsetenv("XDG_CACHE_HOME");
	put_text(&FILE_1, "content");
	assert_int_equal(access(the_key(), F_OK), 0);
}

/* From that which has no room in a path of 1024 down to that which has for the key, and not for the
 * file that becomes the key. */
static void
in_directories_whose_names_are_too_long_nothing_is_kept(void **state)
{
	static const char *const variables[] = {"XDG_DATA_HOME", "XDG_CACHE_HOME"};
	char path[1025];

	(void)state;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		memset(path, '/', sizeof(path));
		memcpy(path, home, strlen(home));
		for (size_t len = sizeof(path) - 1; len > 1005; len--) {
			path[len] = '\0';
			setenv(variables[i], path, 1);
			put_text(&FILE_1, "content");
			assert_false(has_text(&FILE_1, "content"));
		}
		unsetenv(variables[i]);
	}
	put_text(&FILE_1, "content");
	assert_true(has_text(&FILE_1, "content"));
}

static void
a_file_comes_whole_whatever_the_parts(void **state)
{
	bool kept;

	(void)state;
	break_io(SIZE_MAX, 0);
	put_text(&FILE_1, "content");
	break_io(SIZE_MAX, 0);
	kept = has_text(&FILE_1, "content");
	mend_io();
	assert_true(kept);
}

/* The key's 32 bytes, and that no more come, are the first that is read. */
static void
a_disk_that_cannot_be_read_loses_nothing(void **state)
{
	enum { READS = 32 + 1 + 32 + 7 + 1 };

	(void)state;
	put_text(&FILE_1, "content");
	for (size_t left = 0; left < READS; left++) {
		bool kept;

		break_io(left, EIO);
		kept = has_text(&FILE_1, "content");
		mend_io();
		assert_false(kept);
		assert_true(has_text(&FILE_1, "content"));
	}
}

/* What has begun to be replaced is no longer true: it goes, and nothing half-written stays. */
static void
a_disk_that_cannot_be_written_keeps_nothing_that_is_old(void **state)
{
	enum { KEY_READS = 32 + 1, WRITES = 32 + 13 };
	char path[512];

	(void)state;
	put_text(&FILE_1, "content");
	snprintf(path, sizeof(path), "%s", the_file());
	for (size_t left = 0; left < KEY_READS + WRITES; left++) {
		put_text(&FILE_1, "content");
		break_io(left, ENOSPC);
		put_text(&FILE_1, "other content");
		mend_io();
		assert_false(has_text(&FILE_1, "other content"));
		assert_int_equal(has_text(&FILE_1, "content"), left < KEY_READS);
		assert_int_equal(access(path, F_OK), left < KEY_READS ? 0 : -1);
		/* The directory is empty then, of what is half-written too. */
		if (left >= KEY_READS) {
			char directory[128];

			snprintf(directory, sizeof(directory), "%s/.cache/vicar", home);
			assert_int_equal(rmdir(directory), 0);
		}
	}
}

static void
a_key_of_another_size_is_not_used(void **state)
{
	static const off_t sizes[] = {0, 31, 33, 100};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		put_text(&FILE_1, "content");
		assert_true(has_text(&FILE_1, "content"));
		assert_int_equal(truncate(the_key(), sizes[i]), 0);
		assert_false(has_text(&FILE_1, "content"));
		put_text(&FILE_1, "other content");
		assert_false(has_text(&FILE_1, "other content"));
		assert_int_equal(unlink(the_key()), 0);
	}
}

static void
a_file_that_is_larger_than_any_is_not_believed_and_goes(void **state)
{
	char path[512];

	(void)state;
	put_text(&FILE_1, "content");
	snprintf(path, sizeof(path), "%s", the_file());
	assert_int_equal(truncate(path, (off_t)2 * SMARTCARD_FILE_MAX), 0);
	assert_false(has_text(&FILE_1, "content"));
	assert_int_equal(access(path, F_OK), -1);
}

static void
what_has_no_name_is_not_kept(void **state)
{
	static const uint8_t path[41] = {0x3F};
	struct smartcard_file without_key = FILE_1, deep = FILE_1;
	const struct smartcard_cache cache = filecache(NULL);

	(void)state;
	without_key.key.len--;
	deep.path = BYTES(path);
	put_text(&without_key, "content");
	put_text(&deep, "content");
	assert_false(has_text(&without_key, "content"));
	assert_false(has_text(&deep, "content"));
	cache.drop(cache.context, &deep);
	deep.path.len--;
	put_text(&deep, "content");
	assert_true(has_text(&deep, "content"));
}

static void
a_file_that_is_dropped_is_gone(void **state)
{
	const struct smartcard_cache cache = filecache(NULL);
	struct smartcard_file other = FILE_1;

	(void)state;
	other.serial = "654321";
	put_text(&FILE_1, "content");
	put_text(&other, "of another card");
	cache.drop(cache.context, &FILE_1);
	assert_false(has_text(&FILE_1, "content"));
	assert_true(has_text(&other, "of another card"));
}

static void
a_card_without_a_serial_number_forgets_nothing(void **state)
{
	struct smartcard_file nameless = FILE_1;

	(void)state;
	filecache_forget(PIN(FILE_1.serial)); /* before there is a directory */
	nameless.serial = "";
	put_text(&nameless, "of some card");
	put_text(&FILE_1, "content");
	filecache_forget(BYTES_NONE);
	assert_true(has_text(&FILE_1, "content"));
	assert_true(has_text(&nameless, "of some card"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_file_is_kept),
	    TEST(what_is_kept_is_the_users_alone),
	    TEST(processes_that_make_the_key_at_once_end_with_one),
	    TEST(another_path_or_state_has_other_files),
	    TEST(a_file_that_was_changed_is_not_believed_and_goes),
	    TEST(a_file_that_was_cut_is_not_believed),
	    TEST(a_file_with_anothers_name_is_not_believed),
	    TEST(a_key_that_others_can_read_is_not_used),
	    TEST(a_link_in_place_of_a_file_is_not_followed),
	    TEST(without_a_home_nothing_is_kept),
	    TEST(the_files_of_a_card_are_forgotten_by_its_serial_number),
	    TEST(a_card_that_was_seen_before_is_read_from_there),
	    TEST(the_directories_of_the_environment_are_used),
	    TEST(in_directories_whose_names_are_too_long_nothing_is_kept),
	    TEST(a_file_comes_whole_whatever_the_parts),
	    TEST(a_disk_that_cannot_be_read_loses_nothing),
	    TEST(a_disk_that_cannot_be_written_keeps_nothing_that_is_old),
	    TEST(a_key_of_another_size_is_not_used),
	    TEST(a_file_that_is_larger_than_any_is_not_believed_and_goes),
	    TEST(what_has_no_name_is_not_kept),
	    TEST(a_file_that_is_dropped_is_gone),
	    TEST(a_card_without_a_serial_number_forgets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
