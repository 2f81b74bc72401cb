#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "." when there is no slash. */
static void
directory_of(const char *path, char directory[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	(void)snprintf(directory, PATH_MAX, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
		       slash == NULL ? "." : path);
}

static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

bool
output_possible(const char *path, bool force, struct problem *error)
{
	char directory[PATH_MAX];
	struct stat is;

	directory_of(path, directory);
	if (access(directory, W_OK | X_OK) != 0)
		return problem(error,
			       "%s cannot be written: %s; choose another place with --output", path,
			       strerror(errno));
	if (lstat(path, &is) != 0)
		return errno == ENOENT ||
		       problem(error, "%s cannot be looked at: %s", path, strerror(errno));
	if (S_ISDIR(is.st_mode))
		return problem(error, "%s is a directory; choose another place with --output",
			       path);
	return force || problem(error,
				"%s is there already; move it, choose another place with --output, "
				"or replace it with --force",
				path);
}

bool
output_same_place(const char *one, const char *other)
{
	char directories[2][PATH_MAX];
	struct stat is[2];

	if (strcmp(name_of(one), name_of(other)) != 0)
		return false;
	directory_of(one, directories[0]);
	directory_of(other, directories[1]);
	return strcmp(one, other) == 0 ||
	       (stat(directories[0], &is[0]) == 0 && stat(directories[1], &is[1]) == 0 &&
		is[0].st_dev == is[1].st_dev && is[0].st_ino == is[1].st_ino);
}

bool
output_replaces(const char *path, const char *file)
{
	struct stat there, is;

	return lstat(path, &there) == 0 && stat(file, &is) == 0 && there.st_dev == is.st_dev &&
	       there.st_ino == is.st_ino;
}

static bool
write_all(int fd, struct bytes content)
{
	size_t sent = 0;

	while (sent < content.len) {
		ssize_t n = write(fd, content.data + sent, content.len - sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return fsync(fd) == 0;
}

/* rename() with RENAME_NOREPLACE is not on every file system; link() is the other way that never
 * replaces. */
static bool
put_in_place(const char *beside, const char *path, bool force)
{
	if (force)
		return rename(beside, path) == 0;
	if (renameat2(AT_FDCWD, beside, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return true;
	return errno == EINVAL && link(beside, path) == 0 && unlink(beside) == 0;
}

static void
sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

/* The mode that the person's other files have. */
static mode_t
usual_mode(void)
{
	const mode_t mask = umask(0077);

	(void)umask(mask);
	return 0666 & ~mask;
}

bool
output_write(const char *path, struct bytes content, bool force, struct problem *error)
{
	char directory[PATH_MAX], beside[PATH_MAX];
	int fd = -1, len;

	directory_of(path, directory);
	len = snprintf(beside, sizeof(beside), "%s/.vicar-XXXXXX", directory);
	if (len < 0 || (size_t)len >= sizeof(beside))
		return problem(error,
			       "the path %.100s... is too long; choose another place with --output",
			       path);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0 || fchmod(fd, usual_mode()) != 0 || !write_all(fd, content) ||
	    !put_in_place(beside, path, force)) {
		problem(error, "%s cannot be written: %s", path, strerror(errno));
		if (fd >= 0) {
			(void)unlink(beside);
			(void)close(fd);
		}
		return false;
	}
	(void)close(fd);
	sync_directory(directory);
	return true;
}

bool
output_keep(const char *path, struct bytes content, char kept[PATH_MAX])
{
	const char *directory = getenv("TMPDIR"), *name = name_of(path);
	int fd, len;
	bool ok;

	if (directory == NULL || directory[0] != '/')
		directory = "/tmp";
	len = snprintf(kept, PATH_MAX, "%s/vicar-XXXXXX-%s", directory, name);
	if (len < 0 || len >= PATH_MAX)
		return false;
	fd = mkostemps(kept, (int)strlen(name) + 1, O_CLOEXEC);
	ok = fd >= 0 && write_all(fd, content);
	if (fd >= 0)
		(void)close(fd);
	return ok;
}
