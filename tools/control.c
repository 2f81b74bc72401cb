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
	if (TEMP_FAILURE_RETRY(send(fd, request, strlen(request), MSG_NOSIGNAL)) < 0 ||
	    !await_readable(fd))
		return say(reply, CONTROL_FAILED, name, strerror(errno));
	got = TEMP_FAILURE_RETRY(recv(fd, reply, CONTROL_REPLY_MAX - 1, MSG_TRUNC));
	if (got < 0)
		return say(reply, CONTROL_FAILED, name, strerror(errno));
	if (got == 0 || got >= CONTROL_REPLY_MAX)
		return say(reply, CONTROL_FAILED, name, "it closed the connection");
	reply[got] = '\0';
	if (!await_readable(fd) || TEMP_FAILURE_RETRY(recv(fd, &rest, 1, 0)) > 0)
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

/* The socket, or -1 with the sentence in `reply` and what it means in `result`. */
static int
connect_to(const char *name, enum control_result *result, char reply[CONTROL_REPLY_MAX])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct problem error;
	char path[PATH_MAX];
	int fd = -1;

	*result = CONTROL_FAILED;
	if (!paths_control(name, path, &error)) {
		(void)say(reply, CONTROL_FAILED, name, error.text);
		return -1;
	}
	if (strlen(path) >= sizeof(address.sun_path)) {
		(void)say(reply, CONTROL_FAILED, name,
			  "its socket's path is too long; set a shorter XDG_RUNTIME_DIR");
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0 && (errno == ENOENT || errno == ECONNREFUSED)) {
		(void)snprintf(reply, CONTROL_REPLY_MAX,
			       "card %s is not in: no vicard serves it; type `vicar insert %s`",
			       name, name);
		*result = CONTROL_NOBODY;
	} else {
		(void)say(reply, CONTROL_FAILED, name, strerror(errno));
	}
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

enum control_result
control_call(const char *name, const char *request, char reply[CONTROL_REPLY_MAX])
{
	enum control_result result;
	int fd = connect_to(name, &result, reply);

	if (fd < 0)
		return result;
	result = ask(fd, name, request, reply);
	(void)close(fd);
	return result;
}

int
control_trace(const char *name, char reply[CONTROL_REPLY_MAX])
{
	enum control_result result;
	int fd = connect_to(name, &result, reply);
	ssize_t got;

	if (fd < 0)
		return -1;
	if (!same_user(fd)) {
		(void)say(reply, CONTROL_FAILED, name, "another user listens on its socket");
		goto fail;
	}
	if (TEMP_FAILURE_RETRY(send(fd, CONTROL_TRACE, strlen(CONTROL_TRACE), MSG_NOSIGNAL)) < 0 ||
	    !await_readable(fd) ||
	    (got = TEMP_FAILURE_RETRY(recv(fd, reply, CONTROL_REPLY_MAX - 1, 0))) < 0) {
		(void)say(reply, CONTROL_FAILED, name, strerror(errno));
		goto fail;
	}
	reply[got] = '\0';
	if (strcmp(reply, CONTROL_OK_LINE) == 0)
		return fd;
	if (strncmp(reply, "error: ", 7) == 0) {
		memmove(reply, reply + 7, (size_t)got - 7 + 1);
		reply[strcspn(reply, "\n")] = '\0';
	} else {
		(void)say(reply, CONTROL_FAILED, name, "it closed the connection");
	}
fail:
	(void)close(fd);
	return -1;
}

/* One datagram of vicard's, however long the owner takes. */
static ssize_t
await_message(int fd, uint8_t *room)
{
	ssize_t got = TEMP_FAILURE_RETRY(recv(fd, room, CONTROL_SIGN_MAX - 1, MSG_TRUNC));

	if (got >= 0 && got < CONTROL_SIGN_MAX)
		room[got] = '\0';
	return got;
}

static bool
begins_with(const uint8_t *message, const char *word)
{
	return strncmp((const char *)message, word, strlen(word)) == 0;
}

static enum control_result
await_result(int fd, const struct control_signing *signing, uint8_t *room,
	     struct bridge_result *result, char reply[CONTROL_REPLY_MAX])
{
	const size_t ok_len = strlen(CONTROL_OK_LINE);
	ssize_t got;

	while ((got = await_message(fd, room)) > 0 && got < CONTROL_SIGN_MAX &&
	       begins_with(room, CONTROL_PROGRESS))
		if (signing->progress != NULL)
			signing->progress(signing->context,
					  (char *)room + strlen(CONTROL_PROGRESS));
	if (got <= 0)
		return say(reply, CONTROL_FAILED, signing->name,
			   "it closed the connection before it said what became of the signatures; "
			   "`vicar log` knows more");
	if (got < CONTROL_SIGN_MAX && begins_with(room, "error: ")) {
		(void)snprintf(reply, CONTROL_REPLY_MAX, "%s", (char *)room + strlen("error: "));
		reply[strcspn(reply, "\n")] = '\0';
		return CONTROL_REFUSED;
	}
	if (got < CONTROL_SIGN_MAX && begins_with(room, CONTROL_OK_LINE) &&
	    bridge_result_decode((struct bytes){room + ok_len, (size_t)got - ok_len}, result))
		return CONTROL_OK;
	return say(reply, CONTROL_FAILED, signing->name, "its reply is not understood");
}

enum control_result
control_sign(const struct control_signing *signing, uint8_t *room, struct bridge_result *result,
	     char reply[CONTROL_REPLY_MAX])
{
	struct writer writer = writer_to(room, CONTROL_SIGN_MAX);
	enum control_result done;
	int fd = connect_to(signing->name, &done, reply);

	if (fd < 0)
		return done;
	writer_put(&writer, BYTES_TEXT(CONTROL_SIGN));
	if (!same_user(fd))
		done =
		    say(reply, CONTROL_FAILED, signing->name, "another user listens on its socket");
	else if (!bridge_request_encode(signing->request, &writer))
		done = say(reply, CONTROL_FAILED, signing->name,
			   "the documents' names are too long together; sign fewer at once");
	else if (TEMP_FAILURE_RETRY(send(fd, room, writer.len, MSG_NOSIGNAL)) < 0)
		done = say(reply, CONTROL_FAILED, signing->name, strerror(errno));
	else
		done = await_result(fd, signing, room, result, reply);
	(void)close(fd);
	return done;
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
