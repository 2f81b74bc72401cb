#include "bridge_client.h"

#include "cmdbridge/text.h"
#include "iso7816/sw.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum {
	ACCOUNT_FD = BRIDGE_FD + 1,
	FIRST_FREE_FD = 10,
	END_MS = 1000,
	SLACK_MS = 5000,
	PROGRESS_CHARACTERS = 400,
	CALLS_MAX = 3,
};

/* A descriptor that is out of the way of those that the bridge gets; the old one is closed. */
static int
move_up(int fd)
{
	const int moved = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

	close(fd);
	return moved;
}

/* Both are at FIRST_FREE_FD or above: a dup2 onto itself would keep close-on-exec, and one must not
 * take the other's place. */
static bool
start(const char *program, int fd, int account, pid_t *pid, struct problem *error)
{
	char *const argv[] = {(char *)(uintptr_t) "vicar-bridge", NULL};
	posix_spawn_file_actions_t actions;
	int r;

	if ((r = posix_spawn_file_actions_init(&actions)) == 0) {
		if ((r = posix_spawn_file_actions_adddup2(&actions, fd, BRIDGE_FD)) == 0 &&
		    (account < 0 ||
		     (r = posix_spawn_file_actions_adddup2(&actions, account, ACCOUNT_FD)) == 0))
			r = posix_spawn(pid, program, &actions, NULL, argv, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	if (r != 0)
		return problem(error, "%s cannot be started: %s; install Vicar again", program,
			       strerror(r));
	return true;
}

static long
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The closed socket ends the bridge; one that does not end is ended. */
static void
finish(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	const long until = now_ms() + END_MS;

	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (now_ms() >= until) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
			return;
		}
		nanosleep(&pause, NULL);
	}
}

static bool
send_request(int fd, const struct bridge_request *request, struct problem *error)
{
	uint8_t message[BRIDGE_MESSAGE_MAX];
	struct writer writer = writer_to(message, sizeof(message));
	bool ok = bridge_request_encode(request, &writer);

	if (!ok)
		problem(error, "the request is too long for vicar-bridge; use a shorter name and "
			       "account path");
	else if (TEMP_FAILURE_RETRY(send(fd, message, writer.len, MSG_NOSIGNAL)) !=
		 (ssize_t)writer.len)
		ok = problem(error, "vicar-bridge took no request: %s; type: vicar doctor",
			     strerror(errno));
	OPENSSL_cleanse(message, sizeof(message));
	return ok;
}

static bool
receive(int fd, long until, struct bridge_answer *answer, enum bridge_kind *kind, size_t *len,
	struct problem *error)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	const long left = until - now_ms();
	ssize_t n;
	int r;

	do
		r = poll(&poll_fd, 1, left > 0 ? (int)left : 0);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return problem(
		    error, "vicar-bridge gave no answer in time; see the network, then try again");
	n = TEMP_FAILURE_RETRY(recv(fd, answer->message, sizeof(answer->message), MSG_TRUNC));
	if (n <= 0)
		return problem(
		    error, "vicar-bridge ended without an answer; its reason stands above, if it "
			   "gave one; type: vicar doctor");
	*len = (size_t)n;
	if (*len > sizeof(answer->message) ||
	    !bridge_kind((struct bytes){answer->message, *len}, kind))
		return problem(
		    error,
		    "vicar-bridge sent what vicar does not know; install both from one version");
	return true;
}

/* What the person at the terminal may have to do: a page to be opened in a browser. */
static void
tell(struct bytes message)
{
	struct bridge_progress progress;
	char text[PROGRESS_CHARACTERS * 4 + 1];

	if (!bridge_progress_decode(message, &progress) || progress.text.len == 0)
		return;
	(void)text_printable(progress.text, PROGRESS_CHARACTERS, text);
	fprintf(stderr, "vicar: %s\n", text);
}

/* There is no card yet whose counters and journal would have to come first. */
static bool
let_go(int fd, const struct bridge_request *request, struct problem *error)
{
	static const uint8_t go = BRIDGE_GO;

	return (request->pin.len > 0 &&
		TEMP_FAILURE_RETRY(send(fd, &go, sizeof(go), MSG_NOSIGNAL)) == sizeof(go)) ||
	       problem(error, "vicar-bridge wants to use a PIN that was not given; install both "
			      "from one version");
}

static bool
wait_result(int fd, const struct bridge_request *request, unsigned timeout_ms,
	    struct bridge_answer *answer, struct problem *error)
{
	enum bridge_kind kind = BRIDGE_PROGRESS;
	size_t len = 0;

	do {
		if (!receive(fd, now_ms() + (long)timeout_ms, answer, &kind, &len, error) ||
		    (kind == BRIDGE_START && !let_go(fd, request, error)))
			return false;
		if (kind == BRIDGE_PROGRESS)
			tell((struct bytes){answer->message, len});
	} while (kind == BRIDGE_PROGRESS || kind == BRIDGE_START);
	if (kind != BRIDGE_RESULT ||
	    !bridge_result_decode((struct bytes){answer->message, len}, &answer->result))
		return problem(
		    error,
		    "vicar-bridge sent what vicar does not know; install both from one version");
	if (answer->result.sw != SW_OK)
		return problem(error, "%.*s %.*s", (int)answer->result.text.len,
			       (const char *)answer->result.text.data, (int)answer->result.next.len,
			       (const char *)answer->result.next.data);
	return true;
}

bool
bridge_client_ask(const char *program, const struct bridge_request *request, int account,
		  unsigned timeout_ms, struct bridge_answer *answer, struct problem *error)
{
	int ends[2], high_account = -1;
	bool started = false, ok;
	pid_t pid = -1;

	answer->result.sw = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return problem(error, "no socket for vicar-bridge: %s; close some programs",
			       strerror(errno));
	ends[1] = move_up(ends[1]);
	if (account >= 0)
		high_account = fcntl(account, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	if (ends[1] < 0 || (account >= 0 && high_account < 0))
		problem(error, "no descriptor for vicar-bridge: %s; close some programs",
			strerror(errno));
	else
		started = start(program, ends[1], high_account, &pid, error);
	if (ends[1] >= 0)
		close(ends[1]);
	if (high_account >= 0)
		close(high_account);
	ok = started && send_request(ends[0], request, error) &&
	     wait_result(ends[0], request, timeout_ms, answer, error);
	close(ends[0]);
	if (started)
		finish(pid);
	return ok;
}

unsigned
bridge_client_timeout_ms(const struct service_config *service)
{
	/* Several calls, each perhaps tried twice; and a person who types a password or reads a page. */
	return CALLS_MAX * (service->connect_timeout_ms + service->transfer_timeout_ms) +
	       1000 * service->code_lifetime_s + SLACK_MS;
}
