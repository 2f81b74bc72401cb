/*
 * The asking end of the control socket, tools/control.h.
 */
#include "tools/control.h"

#include "tools/paths.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static enum control_result
say(char reply[CONTROL_REPLY_MAX], enum control_result result, const char *name, const char *why)
{
	(void)snprintf(
	    reply, CONTROL_REPLY_MAX,
	    "the vicard of card %s could not be asked: %s; see `vicar status`, or its log", name,
	    why);
	return result;
}

static bool
await_readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int r;

	do
		r = poll(&poll_fd, 1, CONTROL_TIMEOUT_MS);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		errno = ETIMEDOUT;
	return r > 0;
}

static bool
same_user(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid();
}

static enum control_result
ask(int fd, const char *name, const char *request, char reply[CONTROL_REPLY_MAX])
{
	ssize_t got;
	char rest;

	if (!same_user(fd))
		return say(reply, CONTROL_FAILED, name, "another user listens on its socket");
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 || !await_readable(fd))
		return say(reply, CONTROL_FAILED, name, strerror(errno));
	got = recv(fd, reply, CONTROL_REPLY_MAX - 1, MSG_TRUNC);
	if (got < 0)
		return say(reply, CONTROL_FAILED, name, strerror(errno));
	if (got == 0 || got >= CONTROL_REPLY_MAX)
		return say(reply, CONTROL_FAILED, name, "it closed the connection");
	reply[got] = '\0';
	if (!await_readable(fd) || recv(fd, &rest, 1, 0) > 0)
		return say(reply, CONTROL_FAILED, name, "it answered, but does not end");
	if (strncmp(reply, "ok\n", 3) == 0) {
		memmove(reply, reply + 3, (size_t)got - 3 + 1);
		return CONTROL_OK;
	}
	if (strncmp(reply, "error: ", 7) == 0) {
		memmove(reply, reply + 7, (size_t)got - 7 + 1);
		reply[strcspn(reply, "\n")] = '\0';
		return CONTROL_REFUSED;
	}
	return say(reply, CONTROL_FAILED, name, "its reply is not understood");
}

enum control_result
control_call(const char *name, const char *request, char reply[CONTROL_REPLY_MAX])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	enum control_result result;
	struct problem error;
	char path[PATH_MAX];
	int fd;

	if (!paths_control(name, path, &error))
		return say(reply, CONTROL_FAILED, name, error.text);
	if (strlen(path) >= sizeof(address.sun_path))
		return say(reply, CONTROL_FAILED, name,
			   "its socket's path is too long; set a shorter XDG_RUNTIME_DIR");
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return say(reply, CONTROL_FAILED, name, strerror(errno));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		result = ask(fd, name, request, reply);
	} else if (errno == ENOENT || errno == ECONNREFUSED) {
		(void)snprintf(reply, CONTROL_REPLY_MAX,
			       "card %s is not in: no vicard serves it; type `vicar insert %s`",
			       name, name);
		result = CONTROL_NOBODY;
	} else {
		result = say(reply, CONTROL_FAILED, name, strerror(errno));
	}
	(void)close(fd);
	return result;
}

bool
control_value(const char *reply, const char *key, char *value, size_t room)
{
	size_t len = strlen(key);

	for (const char *line = reply; line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');

		if (strncmp(line, key, len) == 0 && line[len] == ':') {
			const char *text = line + len + 1;

			text += strspn(text, " ");
			(void)snprintf(value, room, "%.*s", (int)strcspn(text, "\n"), text);
			return true;
		}
		line = end != NULL ? end + 1 : NULL;
	}
	return false;
}
