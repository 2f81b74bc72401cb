#include "asker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	GRACE_MS = 300, /* for a program to end by itself, and again after SIGTERM */
	MS = 1000,
	NS_PER_MS = 1000000,
	FIRST_FREE_FD = 10,
};

void
asker_init(struct asker *asker, const struct prompt_config *config, const struct peer *peer,
	   unsigned seconds)
{
	*asker = (struct asker){.peer = peer,
				.lease = config->terminal ? config->terminal->lease : -1,
				.pid = -1,
				.pidfd = -1};
	clock_gettime(CLOCK_MONOTONIC, &asker->deadline);
	asker->deadline.tv_sec += seconds;
}

static long
milliseconds_left(const struct timespec *deadline)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (deadline->tv_sec - now.tv_sec) * MS + (deadline->tv_nsec - now.tv_nsec) / NS_PER_MS;
}

static bool
is_of_desktop(const char *variable)
{
	static const char *const names[] = {
	    "DISPLAY=", "WAYLAND_DISPLAY=", "DBUS_SESSION_BUS_ADDRESS="};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Of a program that asks on a terminal: without the desktop. The array alone is the caller's; NULL: no
 * memory. */
static char **
environment_of(const struct asker *asker)
{
	size_t count = 0, kept = 0;
	char **environment;

	while (environ != NULL && environ[count] != NULL)
		count++;
	environment = calloc(count + 1, sizeof(*environment));
	for (size_t i = 0; environment != NULL && i < count; i++)
		if (asker->lease < 0 || !is_of_desktop(environ[i]))
			environment[kept++] = environ[i];
	return environment;
}

/* First out of the way, then to their numbers: one must not take the place of another. */
static bool
arrange(const struct asker_fd *fds, size_t count)
{
	int moved[ASKER_FDS_MAX], null = open("/dev/null", O_RDWR | O_CLOEXEC),
				  last = STDERR_FILENO;

	for (size_t i = 0; i < count; i++)
		moved[i] = fcntl(fds[i].from, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	null = fcntl(null, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return false;
	close_range(STDERR_FILENO + 1, FIRST_FREE_FD - 1, 0);
	for (size_t i = 0; i < count; i++) {
		if (dup2(moved[i], fds[i].to) < 0)
			return false;
		last = fds[i].to > last ? fds[i].to : last;
	}
	return close_range((unsigned)last + 1, ~0U, 0) == 0;
}

/* In the parent's memory, which waits: nothing is changed there. */
static void __attribute__((noinline, noreturn))
run_child(char *const argv[], char *const environment[], const struct asker_fd *fds, size_t count,
	  pid_t bridge)
{
	/* So that no bridge, however it ends, leaves a prompt behind. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_DFL);
	if (getppid() == bridge && arrange(fds, count))
		execvpe(argv[0], argv, environment);
	_exit(ASKER_NOT_STARTED);
}

/* vfork(): a copy of the bridge, for as long as it takes to start another program, would cost more than
 * that program. posix_spawn() does the same but cannot tie the child to its parent's life. */
static pid_t __attribute__((noinline))
start_child(char *const argv[], char *const environment[], const struct asker_fd *fds, size_t count)
{
	const volatile pid_t bridge = getpid();
	pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */

	if (pid == 0)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Vfork): system calls, up to execve() or _exit() */
		run_child(argv, environment, fds, count, bridge);
	return pid;
}

bool
asker_start(struct asker *asker, char *const argv[], const struct asker_fd *fds, size_t count)
{
	char **environment = environment_of(asker);

	if (environment == NULL)
		return false;
	asker->pid = start_child(argv, environment, fds, count);
	free(environment);
	if (asker->pid < 0)
		return false;
	asker->pidfd = (int)syscall(SYS_pidfd_open, asker->pid, 0);
	return asker->pidfd >= 0;
}

enum prompt_result
asker_wait(const struct asker *asker, int fd)
{
	struct pollfd polled[] = {{fd, POLLIN, 0},
				  {asker->peer->fd, POLLIN | POLLRDHUP, 0},
				  {asker->lease, POLLIN | POLLRDHUP, 0}};
	long left;
	int ready;

	do {
		left = milliseconds_left(&asker->deadline);
		ready = left > 0 ? poll(polled, 3, (int)left) : 0;
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return ready == 0 ? PROMPT_TIMED_OUT : PROMPT_IMPOSSIBLE;
	if (polled[1].revents)
		return peer_state(asker->peer) == PEER_CANCELS ? PROMPT_CANCELLED : PROMPT_GONE;
	return polled[2].revents ? PROMPT_CANCELLED : PROMPT_OK;
}

static bool
ends_within(const struct asker *asker, int ms)
{
	struct pollfd polled = {asker->pidfd, POLLIN, 0};
	int ready;

	do
		ready = poll(&polled, 1, ms);
	while (ready < 0 && errno == EINTR);
	return ready == 1;
}

bool
asker_end(struct asker *asker, bool may_finish, int *status)
{
	bool by_itself = false;

	if (asker->pid > 0) {
		by_itself = ends_within(asker, may_finish ? GRACE_MS : 0);
		if (!by_itself) {
			kill(asker->pid, SIGTERM);
			if (!ends_within(asker, GRACE_MS))
				kill(asker->pid, SIGKILL);
		}
		while (waitpid(asker->pid, status, 0) < 0 && errno == EINTR)
			continue;
	}
	if (asker->pidfd >= 0)
		close(asker->pidfd);
	asker->pid = asker->pidfd = -1;
	return by_itself;
}
