#include "image.h"
#include "failure.h"
#include "image_conf.h"
#include "image_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What changes while a card is in use: its counters, and who serves it. */

bool
image_save_counters(struct image *image, const struct image_counter *counters, size_t count,
		    struct image_error *error)
{
	uint8_t text[IMAGE_CONF_MAX];
	struct writer writer = writer_to(text, sizeof(text));
	struct image_directory directory;
	bool ok;

	if (count > IMAGE_COUNTERS_MAX)
		return failure(error, "card \"%s\": %zu counters; %d are allowed", image->name,
			       count, IMAGE_COUNTERS_MAX);
	image_state_print(counters, count, &writer);
	ok = image_directory_open(&directory, image->directory, error) &&
	     image_file_replace(&directory, "state", writer_bytes(&writer), error);
	image_directory_close(&directory);
	if (!ok)
		return false;
	if (count != 0)
		memmove(image->counters, counters, count * sizeof(*counters));
	image->counters_count = count;
	return true;
}

static int
read_pid(int fd)
{
	char text[16];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return (int)strtol(text, NULL, 10);
}

static bool
write_pid(int fd)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) == len;
}

/* The state cannot carry the lock: it is renamed over whenever a counter changes. */
bool
image_lock(struct image *image, int *holder, struct image_error *error)
{
	struct image_directory directory;
	int fd = -1;
	bool ok = false;

	*holder = 0;
	if (!image_directory_open(&directory, image->directory, error))
		return false;
	fd = openat(directory.fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		    S_IRUSR | S_IWUSR);
	if (fd < 0) {
		(void)failure(error, "%s/lock: cannot be opened: %s; correct its permissions",
			      image->directory, strerror(errno));
	} else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		*holder = read_pid(fd);
		(void)failure(
		    error,
		    "card \"%s\" is served by process %d already; if that is vicard, `vicar "
		    "remove %s` ends it, and if it is another vicar, try again after it",
		    image->name, *holder, image->name);
	} else if (!write_pid(fd)) {
		(void)failure(error, "%s/lock: cannot be written: %s; make room on the disk",
			      image->directory, strerror(errno));
	} else {
		image->lock = fd;
		ok = true;
	}
	if (!ok && fd >= 0)
		(void)close(fd);
	image_directory_close(&directory);
	return ok;
}
