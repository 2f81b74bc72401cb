#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

static bool
fail_errno(const struct sim_directory *directory, const char *verb, const char *name,
	   struct problem *error)
{
	return problem(error, "cannot %s %s/%s: %s; check the directory's owner and space", verb,
		       directory->path, name, strerror(errno));
}

bool
sim_directory_open(struct sim_directory *directory, const char *path, struct problem *error)
{
	*directory = (struct sim_directory){.fd = -1, .path = strdup(path)};
	if (directory->path == NULL)
		return problem(error, "out of memory; free some and start again");
	if ((mkdir(path, 0700) == -1 && errno != EEXIST) ||
	    (directory->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		(void)problem(
		    error,
		    "cannot use the directory %s: %s; give --directory a place you may write", path,
		    strerror(errno));
		goto fail;
	}
	if (mkdirat(directory->fd, "private", 0700) == -1 && errno != EEXIST) {
		(void)fail_errno(directory, "make", "private", error);
		goto fail;
	}
	return true;
fail:
	sim_directory_close(directory);
	return false;
}

void
sim_directory_close(struct sim_directory *directory)
{
	if (directory->fd != -1)
		(void)close(directory->fd);
	free(directory->path);
	*directory = (struct sim_directory){.fd = -1};
}

bool
sim_directory_has(const struct sim_directory *directory, const char *name)
{
	return faccessat(directory->fd, name, F_OK, 0) == 0;
}

static bool
read_all(int fd, char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, data, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

bool
sim_directory_read(const struct sim_directory *directory, const char *name, char **data,
		   size_t *len, struct problem *error)
{
	struct stat status;
	char *buffer = NULL;
	size_t size = 0;
	bool ok = false;
	int fd;

	fd = openat(directory->fd, name, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &status) == -1) {
		(void)fail_errno(directory, "read", name, error);
		goto out;
	}
	if (!S_ISREG(status.st_mode) || status.st_size > SIM_FILE_MAX) {
		(void)problem(error, "%s/%s is not a file of at most %d bytes; replace it",
			      directory->path, name, SIM_FILE_MAX);
		goto out;
	}
	size = (size_t)status.st_size;
	buffer = OPENSSL_zalloc(size + 1);
	if (buffer == NULL || !read_all(fd, buffer, size)) {
		(void)fail_errno(directory, "read", name, error);
		goto out;
	}
	*data = buffer;
	*len = size;
	buffer = NULL;
	ok = true;
out:
	OPENSSL_clear_free(buffer, size + 1);
	if (fd != -1)
		(void)close(fd);
	return ok;
}

static bool
write_all(int fd, struct bytes data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.data, data.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		data.data += n;
		data.len -= (size_t)n;
	}
	return true;
}

bool
sim_directory_write(const struct sim_directory *directory, const char *name, mode_t mode,
		    struct bytes data, struct problem *error)
{
	char temporary[256];
	bool ok = false;
	int fd;

	(void)snprintf(temporary, sizeof(temporary), "%s.new", name);
	fd = openat(directory->fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd == -1 || fchmod(fd, mode) == -1 || !write_all(fd, data) || fsync(fd) == -1 ||
	    renameat(directory->fd, temporary, directory->fd, name) == -1) {
		(void)fail_errno(directory, "write", name, error);
		goto out;
	}
	ok = true;
out:
	if (fd != -1)
		(void)close(fd);
	if (!ok)
		(void)unlinkat(directory->fd, temporary, 0);
	return ok;
}

void
sim_directory_remove(const struct sim_directory *directory, const char *name)
{
	(void)unlinkat(directory->fd, name, 0);
}

int
sim_directory_append(const struct sim_directory *directory, const char *name, mode_t mode,
		     struct problem *error)
{
	int fd = openat(directory->fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode);

	if (fd == -1)
		(void)fail_errno(directory, "write", name, error);
	return fd;
}
