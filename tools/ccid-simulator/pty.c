#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* What a value in reader.conf(5) may have beside letters and digits; a colon begins the model. */
#define PATH_OTHERS "=\\/-._@"

static bool
check_path(const char *path, const char *what, struct problem *error)
{
	if (path[0] != '/')
		return problem(error, "%s %s is no absolute path; write it with a / in front", what,
			       path);
	if (strlen(path) >= PATH_MAX)
		return problem(error, "%s: %.40s... is too long; use a shorter path", what, path);
	return true;
}

static bool
check_link(const char *path, struct problem *error)
{
	if (!check_path(path, "--link", error))
		return false;
	for (const char *c = path; *c != '\0'; c++) {
		const bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');

		if (!letter && (*c < '0' || *c > '9') && strchr(PATH_OTHERS, *c) == NULL)
			return problem(error,
				       "--link %s: pcscd takes no `%c` in DEVICENAME; use letters, "
				       "digits, / - _ and .",
				       path, *c);
	}
	return true;
}

/* Raw before the driver opens it, or the line discipline would echo and eat bytes. */
static bool
make_pty(struct pty *pty, struct problem *error)
{
	struct termios raw;

	pty->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (pty->fd < 0 || grantpt(pty->fd) != 0 || unlockpt(pty->fd) != 0 ||
	    ptsname_r(pty->fd, pty->name, sizeof(pty->name)) != 0)
		goto failed;
	pty->other = open(pty->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pty->other < 0 || tcgetattr(pty->other, &raw) != 0)
		goto failed;
	cfmakeraw(&raw);
	if (tcsetattr(pty->other, TCSANOW, &raw) == 0)
		return true;
failed:
	return problem(error,
		       "no pseudo terminal can be made: %s; see that /dev/pts is mounted and has "
		       "room (kernel.pty.max)",
		       strerror(errno));
}

static bool
make_link(struct pty *pty, const char *path, struct problem *error)
{
	struct stat is;

	if (lstat(path, &is) == 0 && S_ISLNK(is.st_mode))
		(void)unlink(path);
	if (symlink(pty->name, path) != 0)
		return problem(error, "--link %s cannot be made: %s; name another path", path,
			       strerror(errno));
	(void)snprintf(pty->link, sizeof(pty->link), "%s", path);
	return true;
}

static bool
write_conf(struct pty *pty, const char *model, const char *path, struct problem *error)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (file == NULL) {
		(void)problem(
		    error, "--reader-conf %s cannot be made: %s; %s", path, strerror(errno),
		    errno == EEXIST ? "remove it, or name another path" : "name another path");
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	(void)snprintf(pty->reader_conf, sizeof(pty->reader_conf), "%s", path);
	pty_print(pty, model, file);
	if (fclose(file) == 0)
		return true;
	return problem(error, "--reader-conf %s cannot be written: %s; make room on the disk", path,
		       strerror(errno));
}

bool
pty_open(struct pty *pty, const char *model, const char *link, const char *reader_conf,
	 struct problem *error)
{
	memset(pty, 0, sizeof(*pty));
	pty->fd = -1;
	pty->other = -1;
	if ((link != NULL && !check_link(link, error)) ||
	    (reader_conf != NULL && !check_path(reader_conf, "--reader-conf", error)))
		return false;
	return make_pty(pty, error) && (link == NULL || make_link(pty, link, error)) &&
	       (reader_conf == NULL || write_conf(pty, model, reader_conf, error));
}

static void
remove_link(const struct pty *pty)
{
	char target[sizeof(pty->name)];
	const ssize_t len = readlink(pty->link, target, sizeof(target));

	if (len > 0 && (size_t)len == strlen(pty->name) &&
	    memcmp(target, pty->name, (size_t)len) == 0)
		(void)unlink(pty->link);
}

void
pty_close(struct pty *pty)
{
	if (pty->reader_conf[0] != '\0')
		(void)unlink(pty->reader_conf);
	if (pty->link[0] != '\0')
		remove_link(pty);
	if (pty->other >= 0)
		(void)close(pty->other);
	if (pty->fd >= 0)
		(void)close(pty->fd);
}

void
pty_print(const struct pty *pty, const char *model, FILE *file)
{
	fprintf(file,
		"FRIENDLYNAME \"CCID simulator\"\n"
		"DEVICENAME   %s:%s\n"
		"LIBPATH      " PTY_DRIVER "\n",
		pty->link[0] != '\0' ? pty->link : pty->name, model);
}

bool
pty_driver_there(void)
{
	return access(PTY_DRIVER, R_OK) == 0;
}
