#include "asker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
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

static void
hide_desktop(void)
{
	static const char *const names[] = {"DISPLAY", "WAYLAND_DISPLAY",
					    "DBUS_SESSION_BUS_ADDRESS"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unsetenv(names[i]);
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

static void
run_child(const struct asker *asker, char *const argv[], const struct asker_fd *fds, size_t count,
	  pid_t bridge)
{
	/* So that no bridge, however it ends, leaves a prompt behind. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_DFL);
	if (asker->lease >= 0)
		hide_desktop();
	if (getppid() == bridge && arrange(fds, count))
		execvp(argv[0], argv);
	_exit(ASKER_NOT_STARTED);
}

bool
asker_start(struct asker *asker, char *const argv[], const struct asker_fd *fds, size_t count)
{
	const pid_t bridge = getpid();

	asker->pid = fork();
	if (asker->pid == 0)
		run_child(asker, argv, fds, count, bridge);
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
