#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many bytes, fewer than `room` when it is the whole file; -1 for an error. */
static ssize_t
read_whole(int fd, char *text, size_t room)
{
	size_t len = 0;
	ssize_t n = 0;

	while (len < room && (n = TEMP_FAILURE_RETRY(read(fd, text + len, room - len))) > 0)
		len += (size_t)n;
	return n < 0 ? -1 : (ssize_t)len;
}

bool
private_file_read(const char *path, const char *what, char *text, size_t room,
		  struct problem *error)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t n = -1;
	bool ok = false;

	if (fd < 0 || fstat(fd, &st) < 0)
		problem(error, "%s %s cannot be read: %s; create it with mode 0600", what, path,
			strerror(errno));
	else if (!S_ISREG(st.st_mode))
		problem(error, "%s %s is no regular file; name another", what, path);
	else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		problem(error, "%s %s may be read by others (mode %04o); type: chmod 600 %s", what,
			path, (unsigned)st.st_mode & 07777, path);
	else if ((n = read_whole(fd, text, room)) < 0 || (size_t)n >= room)
		problem(error, "%s %s is no text file of at most %zu bytes; name another", what,
			path, room - 1);
	else
		ok = true;
	if (ok)
		text[n] = '\0';
	if (fd >= 0)
		close(fd);
	return ok;
}
