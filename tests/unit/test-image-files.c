/*
 * The files of a card image on a disk that breaks, and with names that are too long: an error that says
 * where, and what was there before.
 */
#include "broken-io.h"
#include "test-image.h"

#include "emulator/image_files.h"

#include <signal.h>
#include <sys/resource.h>

#define OLD BYTES_TEXT("what was there")
#define NEW BYTES_TEXT("what comes after it, which is longer")

static struct image_directory
opened(struct scene *scene)
{
	struct image_directory directory;

	create(scene);
	assert_true(image_directory_open(&directory, scene->card, &scene->error));
	return directory;
}

static void
assert_content(struct scene *scene, const struct image_directory *directory, struct bytes expected)
{
	uint8_t *data;
	size_t len;

	assert_int_equal(image_file_read(directory, "file", 64, &data, &len, &scene->error),
			 IMAGE_FILE_OK);
	assert_true(bytes_equal((struct bytes){data, len}, expected));
	free(data);
}

static void
assert_said(const struct scene *scene, const char *part)
{
	if (strstr(scene->error.text, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, scene->error.text);
}

static void
a_file_comes_whole_whatever_the_parts(void **state)
{
	struct scene *scene = *state;
	struct image_directory directory = opened(scene);

	break_io(SIZE_MAX, 0);
	assert_true(image_file_replace(&directory, "file", OLD, &scene->error));
	mend_io();
	assert_content(scene, &directory, OLD);
	break_io(SIZE_MAX, 0);
	assert_content(scene, &directory, OLD);
	mend_io();
	image_directory_close(&directory);
}

static void
a_file_that_cannot_be_read_to_its_end_is_an_error(void **state)
{
	static const int errors[] = {0, EIO};
	struct scene *scene = *state;
	struct image_directory directory = opened(scene);
	uint8_t *data;
	size_t len;

	assert_true(image_file_replace(&directory, "file", OLD, &scene->error));
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		break_io(OLD.len - 1, errors[i]);
		assert_int_equal(
		    image_file_read(&directory, "file", 64, &data, &len, &scene->error),
		    IMAGE_FILE_FAILED);
		mend_io();
		assert_null(data);
		assert_said(scene, "mine/file: could not be read whole");
	}
	image_directory_close(&directory);
}

static void
a_file_that_cannot_be_written_to_its_end_leaves_the_old_one(void **state)
{
	struct scene *scene = *state;
	struct image_directory directory = opened(scene);

	assert_true(image_file_replace(&directory, "file", OLD, &scene->error));
	for (size_t left = 0; left < NEW.len; left++) {
		break_io(left, ENOSPC);
		assert_false(image_file_replace(&directory, "file", NEW, &scene->error));
		mend_io();
		assert_content(scene, &directory, OLD);
		assert_int_equal(access(path(scene, "file.new"), F_OK), -1);
	}
	assert_said(scene, "mine/file: cannot be written: ");
	image_directory_close(&directory);
}

static void
a_file_in_a_directory_that_is_gone_cannot_be_written(void **state)
{
	struct scene *scene = *state;
	struct image_directory directory, sub;

	directory = opened(scene);
	assert_int_equal(mkdir(path(scene, "gone"), 0700), 0);
	assert_true(image_directory_sub(&sub, &directory, "gone", &scene->error));
	assert_int_equal(rmdir(path(scene, "gone")), 0);
	assert_false(image_file_replace(&sub, "file", NEW, &scene->error));
	assert_said(scene, "gone/file: cannot be written: No such file");
	image_directory_close(&sub);
	image_directory_close(&directory);
}

/* A name as long as may be has no room for ".new"; "./././" is a way to where one is. */
static void
what_is_too_long_is_an_error(void **state)
{
	struct scene *scene = *state;
	struct image_directory directory, other;
	char name[PATH_MAX + 1];

	directory = opened(scene);
	memset(name, 'a', sizeof(name));
	name[PATH_MAX] = '\0';
	assert_false(image_directory_open(&other, name, &scene->error));
	assert_int_equal(other.fd, -1);
	name[NAME_MAX] = '\0';
	assert_false(image_file_replace(&directory, name, NEW, &scene->error));
	assert_int_equal(faccessat(directory.fd, name, F_OK, 0), -1);
	for (size_t i = 0; i < PATH_MAX; i++)
		name[i] = i % 2 == 0 ? '.' : '/';
	name[PATH_MAX - 1] = '\0';
	assert_false(image_directory_sub(&other, &directory, name, &scene->error));
	assert_said(scene, "cards/mine: the path is too long");
	assert_int_equal(other.fd, -1);
	image_directory_close(&directory);
}

static void
a_card_whose_directory_is_gone_cannot_be_locked_nor_saved(void **state)
{
	struct scene *scene = *state;
	const struct image_counter counter = {"pin1", 2};
	int holder = 1;

	assert_false(image_lock(&scene->written, &holder, &scene->error));
	assert_said(scene, "cards/mine: cannot open the directory");
	assert_int_equal(holder, 0);
	assert_int_equal(scene->written.lock, -1);
	assert_false(image_save_counters(&scene->written, &counter, 1, &scene->error));
	assert_said(scene, "cards/mine: cannot open the directory");
	assert_int_equal(scene->written.counters_count, 0);
}

static void
a_lock_for_which_the_disk_has_no_room_is_not_held(void **state)
{
	struct scene *scene = *state;
	struct rlimit before, full;
	int holder = 1;
	bool locked;

	create(scene);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	full = (struct rlimit){0, before.rlim_max};
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	locked = image_lock(&scene->written, &holder, &scene->error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_false(locked);
	assert_said(scene, "mine/lock: cannot be written");
	assert_int_equal(holder, 0);
	assert_true(image_lock(&scene->written, &holder, &scene->error));
	assert_int_equal(close(scene->written.lock), 0);
	scene->written.lock = -1;
}

static void
save(struct scene *scene, const char *name)
{
	assert_true(image_save_file(&scene->written, name, OLD, &scene->error));
}

static void
a_card_has_so_many_changed_files_and_no_more(void **state)
{
	struct scene *scene = *state;
	char name[8];

	create(scene);
	for (unsigned i = 0; i < IMAGE_FILES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "%04X", i);
		save(scene, name);
	}
	assert_true(load(scene));
	assert_int_equal(scene->image.files_count, IMAGE_FILES_MAX);
	save(scene, "EF07");
	assert_not_loaded(scene, "mine/files: holds more than");
}

static void
a_changed_file_that_is_none_or_too_large_is_named(void **state)
{
	struct scene *scene = *state;

	create(scene);
	save(scene, "EF07");
	assert_int_equal(truncate(path(scene, "files/EF07"), 32769), 0);
	assert_not_loaded(scene, "files/EF07: larger than 32768 bytes");
	assert_int_equal(unlink(path(scene, "files/EF07")), 0);
	assert_int_equal(mkfifo(path(scene, "files/EF07"), 0600), 0);
	assert_not_loaded(scene, "files/EF07: not a regular file");
}

/* Nothing was read then, which is not the same as a card without changed files. */
static void
changed_files_that_cannot_be_listed_are_an_error(void **state)
{
	struct scene *scene = *state;
	struct image_directory directory = opened(scene);
	struct rlimit before, full;
	bool listed;
	int next;

	save(scene, "EF07");
	next = dup(directory.fd);
	assert_true(next >= 0);
	assert_int_equal(close(next), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	full = (struct rlimit){(rlim_t)next + 1, before.rlim_max}; /* the directory's own */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &full), 0);
	listed = image_read_changed(&scene->image, &directory, &scene->error);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_false(listed);
	assert_said(scene, "mine/files: cannot be read");
	assert_true(image_read_changed(&scene->image, &directory, &scene->error));
	assert_int_equal(scene->image.files_count, 1);
	image_directory_close(&directory);
}

static void
a_changed_file_where_nothing_can_be_made_is_an_error(void **state)
{
	struct scene *scene = *state;

	set_text(scene->written.directory, "/proc/sys");
	assert_false(image_save_file(&scene->written, "EF07", NEW, &scene->error));
	assert_said(scene, "/proc/sys/files: cannot be made");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    image_test(a_file_comes_whole_whatever_the_parts),
	    image_test(a_file_that_cannot_be_read_to_its_end_is_an_error),
	    image_test(a_file_that_cannot_be_written_to_its_end_leaves_the_old_one),
	    image_test(a_file_in_a_directory_that_is_gone_cannot_be_written),
	    image_test(what_is_too_long_is_an_error),
	    image_test(a_card_whose_directory_is_gone_cannot_be_locked_nor_saved),
	    image_test(a_lock_for_which_the_disk_has_no_room_is_not_held),
	    image_test(a_card_has_so_many_changed_files_and_no_more),
	    image_test(a_changed_file_that_is_none_or_too_large_is_named),
	    image_test(changed_files_that_cannot_be_listed_are_an_error),
	    image_test(a_changed_file_where_nothing_can_be_made_is_an_error),
	};

	return cmocka_run_group_tests_name("image-files", tests, NULL, NULL);
}
