#include "image.h"
#include "failure.h"
#include "image_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writing a new card image: whole beside its place, then renamed into it. Whoever writes one holds a
 * lock on it there; one without is what a killed process left. */

/* Of the name beside the card's place: ".NAME." and what mkdtemp() chooses. */
static const char BESIDE[] = "XXXXXX";

struct filler {
	image_fill *fill;
	void *context;
};

static bool
make_parents(char *path, struct image_error *error)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		int r;

		*slash = '\0';
		r = mkdir(path, S_IRWXU);
		if (r != 0 && errno != EEXIST) {
			(void)failure(error, "%s: cannot be created: %s; create it by hand", path,
				      strerror(errno));
			*slash = '/';
			return false;
		}
		*slash = '/';
	}
	return true;
}

static bool
fill(const struct image *image, const struct image_directory *directory,
     const struct filler *filler, struct image_error *error)
{
	struct image there = *image;

	if (mkdirat(directory->fd, "certificates", S_IRWXU) != 0 ||
	    mkdirat(directory->fd, "keys", S_IRWXU) != 0)
		return failure(error, "%s: cannot be filled: %s; make room on the disk",
			       directory->path, strerror(errno));
	memcpy(there.directory, directory->path, sizeof(there.directory));
	return image_write(image, directory, error) &&
	       (filler->fill == NULL || filler->fill(filler->context, &there, error));
}

static void
remove_files(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (directory == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	/* One level: what fill() makes. */
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_type != DT_DIR)
			(void)unlinkat(fd, entry->d_name, 0);
	(void)closedir(directory);
}

static void
remove_unfinished(const struct image_directory *directory)
{
	static const char *const subs[] = {"certificates", "keys"};

	for (size_t i = 0; i < sizeof(subs) / sizeof(subs[0]); i++) {
		remove_files(directory->fd, subs[i]);
		(void)unlinkat(directory->fd, subs[i], AT_REMOVEDIR);
	}
	remove_files(directory->fd, ".");
	(void)rmdir(directory->path);
}

static bool
is_abandoned(const char *entry, const char *name)
{
	const size_t len = strlen(name);

	return entry[0] == '.' && strncmp(entry + 1, name, len) == 0 && entry[1 + len] == '.' &&
	       strlen(entry + 2 + len) == sizeof(BESIDE) - 1;
}

static void
remove_abandoned(const char *parent, const char *name)
{
	DIR *cards = opendir(parent);
	const struct dirent *entry;
	struct image_directory directory;
	struct image_error unused;
	char path[PATH_MAX];

	while (cards != NULL && (entry = readdir(cards)) != NULL) {
		const int len = snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name);

		if (!is_abandoned(entry->d_name, name) || len < 0 || (size_t)len >= sizeof(path) ||
		    !image_directory_open(&directory, path, &unused))
			continue;
		if (flock(directory.fd, LOCK_EX | LOCK_NB) == 0)
			remove_unfinished(&directory);
		image_directory_close(&directory);
	}
	if (cards != NULL)
		(void)closedir(cards);
}

static bool
sync_parent(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		(void)close(fd);
	return ok;
}

/* `beside` is a fresh directory next to the card's place. */
static bool
fill_and_rename(const struct image *image, const char *beside, const char *parent,
		const struct filler *filler, struct image_error *error)
{
	struct image_directory directory;
	bool ok = image_directory_open(&directory, beside, error);

	if (ok && flock(directory.fd, LOCK_EX | LOCK_NB) != 0)
		ok = failure(error, "%s: cannot be locked: %s; make the card again", beside,
			     strerror(errno));
	ok = ok && fill(image, &directory, filler, error);
	if (ok && (fsync(directory.fd) != 0 || rename(beside, image->directory) != 0))
		ok = failure(error, "%s: cannot be created: %s; choose another name",
			     image->directory, strerror(errno));
	if (!ok && directory.fd >= 0)
		remove_unfinished(&directory);
	image_directory_close(&directory);
	if (ok && !sync_parent(parent))
		return failure(error, "%s: cannot be written to disk: %s", parent, strerror(errno));
	return ok;
}

bool
image_create(const struct image *image, struct image_error *error)
{
	return image_create_with(image, NULL, NULL, error);
}

bool
image_create_with(const struct image *image, image_fill *fill_with, void *context,
		  struct image_error *error)
{
	const struct filler filler = {fill_with, context};
	char path[PATH_MAX], beside[PATH_MAX];
	struct stat status;
	char *slash;
	int len;

	if (!image_name_valid(image->name))
		return failure(error,
			       "card \"%s\": a name may have up to %d letters, digits, - and _, "
			       "first a letter or digit",
			       image->name, IMAGE_NAME_MAX - 1);
	memcpy(path, image->directory, sizeof(path));
	slash = strrchr(path, '/');
	if (slash == NULL || slash == path || strcmp(slash + 1, image->name) != 0)
		return failure(error, "%s: the path must be absolute and end with the name %s",
			       image->directory, image->name);
	if (lstat(path, &status) == 0)
		return failure(error,
			       "%s: there is one already; `vicar forget %s` removes it, or choose "
			       "another name",
			       image->directory, image->name);
	if (!make_parents(path, error))
		return false;
	*slash = '\0';
	remove_abandoned(path, image->name);
	len = snprintf(beside, sizeof(beside), "%s/.%s.%s", path, image->name, BESIDE);
	if (len < 0 || (size_t)len >= sizeof(beside))
		return failure(error, "%s: the path is too long; use a shorter directory", path);
	if (mkdtemp(beside) == NULL)
		return failure(error,
			       "%s: no directory can be created in it: %s; correct its "
			       "permissions",
			       path, strerror(errno));
	return fill_and_rename(image, beside, path, &filler, error);
}
