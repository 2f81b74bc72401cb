#include "image_files.h"
#include "failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
join(char path[PATH_MAX], const char *directory, const char *name, struct image_error *error)
{
	int len = snprintf(path, PATH_MAX, "%s/%s", directory, name);

	if (len < 0 || len >= PATH_MAX)
		return failure(error, "%s: the path is too long; use a shorter directory",
			       directory);
	return true;
}

static bool
directory_opened(const struct image_directory *directory, struct image_error *error)
{
	if (directory->fd >= 0)
		return true;
	return failure(error, "%s: cannot open the directory: %s; see `vicar list` for the cards",
		       directory->path, strerror(errno));
}

bool
image_directory_open(struct image_directory *directory, const char *path, struct image_error *error)
{
	directory->fd = -1;
	if (strlen(path) >= sizeof(directory->path))
		return failure(error, "%s: the path is too long; use a shorter directory", path);
	memcpy(directory->path, path, strlen(path) + 1);
	directory->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return directory_opened(directory, error);
}

bool
image_directory_sub(struct image_directory *sub, const struct image_directory *directory,
		    const char *name, struct image_error *error)
{
	sub->fd = -1;
	if (!join(sub->path, directory->path, name, error))
		return false;
	sub->fd = openat(directory->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return directory_opened(sub, error);
}

void
image_directory_close(struct image_directory *directory)
{
	if (directory->fd >= 0)
		(void)close(directory->fd);
	directory->fd = -1;
}

static bool
read_all(int fd, uint8_t *data, size_t len)
{
	size_t at = 0;

	while (at < len) {
		ssize_t n = read(fd, data + at, len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static bool
write_all(int fd, struct bytes content)
{
	size_t at = 0;

	while (at < content.len) {
		ssize_t n = write(fd, content.data + at, content.len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

enum image_file_result
image_file_read(const struct image_directory *directory, const char *name, size_t limit,
		uint8_t **data, size_t *len, struct image_error *error)
{
	enum image_file_result r = IMAGE_FILE_FAILED;
	struct stat status;
	int fd;

	*data = NULL;
	*len = 0;
	/* O_NONBLOCK: a FIFO in the place of a file must not hold us. */
	fd = openat(directory->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT)
			r = IMAGE_FILE_ABSENT;
		(void)failure(error,
			      "%s/%s: cannot be read: %s; restore it or enrol the card again",
			      directory->path, name, strerror(errno));
		goto out;
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		(void)failure(error,
			      "%s/%s: not a regular file; restore it or enrol the card again",
			      directory->path, name);
		goto out;
	}
	if (status.st_size < 0 || (uintmax_t)status.st_size > limit) {
		(void)failure(error,
			      "%s/%s: larger than %zu bytes; restore it or enrol the card again",
			      directory->path, name, limit);
		goto out;
	}
	*len = (size_t)status.st_size;
	*data = malloc(*len + 1);
	if (*data == NULL || !read_all(fd, *data, *len)) {
		(void)failure(error, "%s/%s: could not be read whole; try again", directory->path,
			      name);
		free(*data);
		*data = NULL;
		goto out;
	}
	r = IMAGE_FILE_OK;
out:
	if (fd >= 0)
		(void)close(fd);
	return r;
}

static bool
create(const struct image_directory *directory, const char *name, struct bytes content)
{
	int fd = openat(directory->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			S_IRUSR | S_IWUSR);
	bool ok;

	if (fd < 0)
		return false;
	ok = write_all(fd, content) && fsync(fd) == 0;
	return close(fd) == 0 && ok;
}

bool
image_file_replace(const struct image_directory *directory, const char *name, struct bytes content,
		   struct image_error *error)
{
	char beside[NAME_MAX + 1];
	int len = snprintf(beside, sizeof(beside), "%s.new", name);

	if (len < 0 || (size_t)len >= sizeof(beside))
		return failure(error, "%s/%s: the name is too long", directory->path, name);
	/* What an interrupted writer left. */
	(void)unlinkat(directory->fd, beside, 0);
	if (create(directory, beside, content) &&
	    renameat(directory->fd, beside, directory->fd, name) == 0 && fsync(directory->fd) == 0)
		return true;
	(void)failure(error, "%s/%s: cannot be written: %s; make room or correct its permissions",
		      directory->path, name, strerror(errno));
	(void)unlinkat(directory->fd, beside, 0);
	return false;
}
