/*
 * The sockets on which vicard waits, tools/vicard/listen.h.
 */
#include "listen.h"

#include "ifdhandler/link.h"
#include "log.h"
#include "tools/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { INHERITED_FD = 3, BACKLOG = 64 };

static bool
address_of(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path)) {
		log_error("the socket's path %s is longer than %zu characters; use a shorter "
			  "directory or card name",
			  path, sizeof(address->sun_path) - 1);
		return false;
	}
	memcpy(address->sun_path, path, strlen(path) + 1);
	return true;
}

/* True when nothing stands at `path` any more: there was nothing, or a dead socket of ours. */
static bool
clear_stale(const char *path, const struct sockaddr_un *address)
{
	struct stat is;
	bool alive;
	int fd;

	if (lstat(path, &is) != 0) {
		if (errno == ENOENT)
			return true;
		log_error("%s cannot be looked at: %s; see who may enter its directory", path,
			  strerror(errno));
		return false;
	}
	if (!S_ISSOCK(is.st_mode) || is.st_uid != geteuid()) {
		log_error("%s is in the way: it is not a socket of yours; have its owner remove it",
			  path);
		return false;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	alive = fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		errno != ECONNREFUSED;
	if (fd >= 0)
		(void)close(fd);
	if (alive) {
		log_error("somebody already listens on %s; take that card out with `vicar remove`, "
			  "or stop its socket unit",
			  path);
		return false;
	}
	if (unlink(path) != 0 && errno != ENOENT) {
		log_error("the dead socket %s cannot be removed: %s; remove it", path,
			  strerror(errno));
		return false;
	}
	return true;
}

static void
explain_bind(const char *path, int reason)
{
	if (reason == ENOENT)
		log_error("%s cannot be created: its directory is missing; type `systemd-tmpfiles "
			  "--create vicar.conf` as root, or set socket-directory in vicar.conf",
			  path);
	else if (reason == EACCES)
		log_error("%s cannot be created: you may not write there; join the group vicar "
			  "(`adduser USER vicar` as root, then log in again)",
			  path);
	else
		log_error("%s cannot be created: %s; see that its directory takes new files", path,
			  strerror(reason));
}

/* Born with its mode: a reader that is told of the new socket may open it at once. */
static bool
bind_with_mode(int fd, const struct sockaddr_un *address, mode_t mode)
{
	mode_t before = umask((mode_t)~mode & 0777);
	bool ok = bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
	int reason = errno;

	(void)umask(before);
	errno = reason;
	return ok;
}

static bool
listen_at(struct listener *listener, mode_t mode)
{
	struct sockaddr_un address;

	if (!address_of(listener->path, &address) || !clear_stale(listener->path, &address))
		return false;
	listener->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0) {
		log_error("no socket can be made: %s; close other programs", strerror(errno));
		return false;
	}
	if (!bind_with_mode(listener->fd, &address, mode)) {
		explain_bind(listener->path, errno);
		(void)close(listener->fd);
		listener->fd = -1;
		return false;
	}
	if (listen(listener->fd, BACKLOG) != 0) {
		log_error("%s cannot be listened on: %s; close other programs", listener->path,
			  strerror(errno));
		listen_close(listener);
		return false;
	}
	return true;
}

bool
listen_link(struct listener *listener, const char *directory, const char *name)
{
	int len;

	*listener = (struct listener){.fd = -1};
	len = snprintf(listener->path, sizeof(listener->path), "%s/%lu-%s" LINK_SUFFIX, directory,
		       (unsigned long)geteuid(), name);
	if (len < 0 || (size_t)len >= sizeof(listener->path)) {
		log_error("socket-directory %.100s... is too long; use a shorter one", directory);
		return false;
	}
	return listen_at(listener, 0666);
}

bool
listen_control(struct listener *listener, const char *name)
{
	struct problem error = {""};
	char runtime[PATH_MAX];

	*listener = (struct listener){.fd = -1};
	if (!paths_runtime(runtime, &error) || !paths_make(runtime, &error) ||
	    !paths_control(name, listener->path, &error)) {
		log_error("%s", error.text);
		return false;
	}
	return listen_at(listener, 0600);
}

static int
option_of(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

bool
listen_inherited(struct listener *listener)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(address);
	bool ours, one;

	*listener = (struct listener){.fd = -1, .inherited = true};
	ours = pid != NULL && fds != NULL && strtol(pid, NULL, 10) == (long)getpid();
	one = ours && strcmp(fds, "1") == 0;
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	if (!ours)
		return true;
	if (!one || option_of(INHERITED_FD, SO_DOMAIN) != AF_UNIX ||
	    option_of(INHERITED_FD, SO_TYPE) != SOCK_SEQPACKET ||
	    option_of(INHERITED_FD, SO_ACCEPTCONN) != 1 ||
	    getsockname(INHERITED_FD, (struct sockaddr *)&address, &len) != 0) {
		log_error("the service manager did not hand over one listening socket; a socket "
			  "unit of vicard has exactly one ListenSequentialPacket= line");
		return false;
	}
	if (fcntl(INHERITED_FD, F_SETFD, FD_CLOEXEC) != 0 ||
	    fcntl(INHERITED_FD, F_SETFL, O_NONBLOCK) != 0) {
		log_error("the socket of the service manager cannot be set up: %s; restart "
			  "vicard's socket unit",
			  strerror(errno));
		return false;
	}
	listener->fd = INHERITED_FD;
	(void)snprintf(listener->path, sizeof(listener->path), "%.*s",
		       (int)sizeof(address.sun_path), address.sun_path);
	return true;
}

void
listen_close(struct listener *listener)
{
	if (listener->fd < 0)
		return;
	if (!listener->inherited)
		(void)unlink(listener->path);
	(void)close(listener->fd);
	listener->fd = -1;
}

int
listen_accept(const struct listener *listener, uid_t *uid, pid_t *pid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
		(void)close(fd);
		return -1;
	}
	*uid = peer.uid;
	*pid = peer.pid;
	return fd;
}

void
listen_tell_ready(void)
{
	static const char ready[] = "READY=1";
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = path != NULL ? strlen(path) : 0;
	int fd;

	if (len == 0 || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	/* An abstract socket is written with @ in the environment. */
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, ready, sizeof(ready) - 1, MSG_NOSIGNAL, (struct sockaddr *)&address,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_warning("the service manager could not be told that the card is ready: %s",
			    strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	/* It is not for the bridge. */
	(void)unsetenv("NOTIFY_SOCKET");
}
