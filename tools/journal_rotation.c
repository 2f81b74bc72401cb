#include "tools/journal_rotation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
journal_old_path(const char *path, unsigned number, char old[PATH_MAX])
{
	int len = snprintf(old, PATH_MAX, "%s.%u", path, number);

	return len > 0 && len < PATH_MAX;
}

bool
journal_sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		(void)close(fd);
	return ok;
}

static bool
is_due(const struct journal *journal)
{
	struct stat is;

	return journal->bytes_max > 0 && journal->uses_open == 0 && fstat(journal->fd, &is) == 0 &&
	       is.st_size > 0 && (size_t)is.st_size >= journal->bytes_max;
}

/* Makes room for a new journal.1; the oldest goes. */
static bool
move_up(const struct journal *journal)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (!journal_old_path(journal->path, journal->old_files, to))
		return false;
	for (unsigned i = journal->old_files; i > 1; i--) {
		if (!journal_old_path(journal->path, i - 1, from) ||
		    (rename(from, to) != 0 && errno != ENOENT))
			return false;
		memcpy(to, from, sizeof(to));
	}
	return true;
}

static void
sync_place(const struct journal *journal)
{
	char directory[PATH_MAX];
	char *slash;

	(void)snprintf(directory, sizeof(directory), "%s", journal->path);
	slash = strrchr(directory, '/');
	if (slash == NULL)
		return;
	*slash = '\0';
	/* A name that is lost in a crash leaves the lines where they were. */
	if (!journal_sync_directory(directory))
		return;
}

void
journal_rotate(struct journal *journal)
{
	char first[PATH_MAX];
	int fd;

	if (!is_due(journal))
		return;
	/* journal_open() does not look for open uses in what was put aside. */
	journal_settle(journal);
	if (!journal_old_path(journal->path, 1, first) || !move_up(journal) ||
	    rename(journal->path, first) != 0)
		return;
	fd = open(journal->path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  S_IRUSR | S_IWUSR);
	if (fd < 0) {
		/* The old one goes on under its old name, or at least goes on. */
		if (rename(first, journal->path) != 0)
			sync_place(journal);
		return;
	}
	(void)close(journal->fd);
	journal->fd = fd;
	sync_place(journal);
}
