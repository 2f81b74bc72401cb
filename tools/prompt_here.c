/*
 * The borrower's end of a lent terminal, tools/prompt_here.h.
 */
#include "tools/prompt_here.h"

#include "tools/control.h"
#include "tools/paths.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 2000 }; /* it answers at once, or not at all */

bool
prompt_here_path(char path[PATH_MAX], struct problem *error)
{
	char runtime[PATH_MAX];

	if (!paths_runtime(runtime, error))
		return false;
	if ((size_t)snprintf(path, PATH_MAX, "%s/prompt.here", runtime) < PATH_MAX)
		return true;
	return problem(error,
		       "the runtime directory %s has too long a name; set another "
		       "XDG_RUNTIME_DIR",
		       runtime);
}

bool
prompt_here_address(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path))
		return false;
	memcpy(address->sun_path, path, strlen(path) + 1);
	return true;
}

bool
prompt_here_same_user(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid();
}

int
prompt_here_connect(void)
{
	struct sockaddr_un address;
	struct problem unused;
	char path[PATH_MAX];
	int fd;

	if (!prompt_here_path(path, &unused) || !prompt_here_address(path, &address))
		return -1;
	/* One that has stopped takes as many as its queue holds; the next is not to wait for it. */
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    prompt_here_same_user(fd))
		return fd;
	(void)close(fd);
	return -1;
}

static bool
ask(int fd, char reply[PROMPT_HERE_MESSAGE_MAX])
{
	struct pollfd polled = {fd, POLLIN, 0};
	ssize_t got;

	if (TEMP_FAILURE_RETRY(
		send(fd, PROMPT_HERE_TERMINAL, strlen(PROMPT_HERE_TERMINAL), MSG_NOSIGNAL)) < 0 ||
	    (int)TEMP_FAILURE_RETRY(poll(&polled, 1, PATIENCE_MS)) != 1)
		return false;
	got = TEMP_FAILURE_RETRY(recv(fd, reply, PROMPT_HERE_MESSAGE_MAX - 1, MSG_TRUNC));
	if (got <= 0 || got >= PROMPT_HERE_MESSAGE_MAX)
		return false;
	reply[got] = '\0';
	return true;
}

bool
prompt_here_borrow(struct prompt_here *here)
{
	char reply[PROMPT_HERE_MESSAGE_MAX];
	const int fd = prompt_here_connect();

	if (fd < 0)
		return false;
	if (!ask(fd, reply) || !control_value(reply, "name", here->name, sizeof(here->name)) ||
	    !control_value(reply, "type", here->type, sizeof(here->type))) {
		(void)close(fd);
		return false;
	}
	here->terminal = (struct prompt_terminal){here->name, here->type, fd};
	return true;
}
