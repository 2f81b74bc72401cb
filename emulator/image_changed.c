#include "image.h"
#include "failure.h"
#include "image_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files of the card that clients have changed: files/. */

static const char DIRECTORY[] = "files";

enum { CONTENT_MAX = 32768 }; /* what READ BINARY reaches */

const struct image_file *
image_file(const struct image *image, const char *path)
{
	for (size_t i = 0; i < image->files_count; i++)
		if (strcmp(image->files[i].path, path) == 0)
			return &image->files[i];
	return NULL;
}

/* One to four file identifiers. */
static bool
path_valid(const char *path)
{
	size_t len = strlen(path);

	return len > 0 && len <= IMAGE_FILE_PATH_MAX && len % 4 == 0 &&
	       strspn(path, "0123456789ABCDEF") == len;
}

/* What image_file_replace() leaves when it is interrupted. */
static bool
is_unfinished(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".new") == 0;
}

static bool
read_one(struct image *image, const struct image_directory *directory, const char *name,
	 struct image_error *error)
{
	struct image_file *file = &image->files[image->files_count];

	if (!path_valid(name))
		return failure(error,
			       "%s/%s: not the name of a file of a card, which is its path in "
			       "hexadecimal; take it away",
			       directory->path, name);
	if (image->files_count == IMAGE_FILES_MAX)
		return failure(error,
			       "%s: holds more than %d files; take away those that are not "
			       "the card's",
			       directory->path, IMAGE_FILES_MAX);
	if (image_file_read(directory, name, CONTENT_MAX, &file->content, &file->len, error) !=
	    IMAGE_FILE_OK)
		return false;
	memcpy(file->path, name, strlen(name) + 1);
	image->files_count++;
	return true;
}

static bool
read_all(struct image *image, const struct image_directory *directory, struct image_error *error)
{
	int fd = dup(directory->fd);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	bool ok = true;

	if (entries == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return failure(error, "%s: cannot be read: %s; correct its permissions",
			       directory->path, strerror(errno));
	}
	while (ok && (entry = readdir(entries)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    !is_unfinished(entry->d_name))
			ok = read_one(image, directory, entry->d_name, error);
	}
	(void)closedir(entries);
	return ok;
}

bool
image_read_changed(struct image *image, const struct image_directory *directory,
		   struct image_error *error)
{
	struct image_directory sub;
	bool ok;

	if (faccessat(directory->fd, DIRECTORY, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
		return true;
	ok = image_directory_sub(&sub, directory, DIRECTORY, error) && read_all(image, &sub, error);
	image_directory_close(&sub);
	return ok;
}

static bool
make_directory(const struct image_directory *directory, struct image_error *error)
{
	/* One that is there may be of a process that was killed before it was on disk. */
	if ((mkdirat(directory->fd, DIRECTORY, S_IRWXU) == 0 || errno == EEXIST) &&
	    fsync(directory->fd) == 0)
		return true;
	return failure(error, "%s/%s: cannot be made: %s; make room or correct its permissions",
		       directory->path, DIRECTORY, strerror(errno));
}

bool
image_save_file(const struct image *image, const char *path, struct bytes content,
		struct image_error *error)
{
	struct image_directory directory, sub = {.fd = -1};
	bool ok;

	if (!path_valid(path))
		return failure(error, "card \"%s\": %s is no path of a file", image->name, path);
	ok = image_directory_open(&directory, image->directory, error) &&
	     make_directory(&directory, error) &&
	     image_directory_sub(&sub, &directory, DIRECTORY, error) &&
	     image_file_replace(&sub, path, content, error);
	image_directory_close(&sub);
	image_directory_close(&directory);
	return ok;
}
