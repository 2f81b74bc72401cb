/*
 * The process vicar-bridge, tools/vicard/bridge.h.
 */
#include "bridge.h"

#include "log.h"
#include "tools/paths.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BRIDGE_PROGRAM "vicar-bridge"

void
bridge_init(struct bridge_process *bridge)
{
	*bridge = (struct bridge_process){.fd = -1};
}

static bool
find_program(char path[PATH_MAX])
{
	struct problem error;

	if (paths_program(BRIDGE_PROGRAM, path, &error))
		return true;
	log_error("%s", error.text);
	return false;
}

/* With the signals as they were before vicard blocked and ignored its own. */
static int
spawn(const char *path, int fd, pid_t *pid)
{
	char *const argv[] = {(char[]){BRIDGE_PROGRAM}, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int r;

	(void)sigemptyset(&none);
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return r;
	r = posix_spawnattr_init(&attributes);
	if (r != 0)
		goto out;
	r = posix_spawn_file_actions_adddup2(&actions, fd, BRIDGE_FD);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attributes, &defaults);
	if (r == 0)
		r = posix_spawnattr_setflags(&attributes,
					     POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawn(pid, path, &actions, &attributes, argv, environ);
	(void)posix_spawnattr_destroy(&attributes);
out:
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

static bool
send_all(int fd, struct bytes message)
{
	ssize_t sent;

	do
		sent = send(fd, message.data, message.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent >= 0 && (size_t)sent == message.len;
}

enum bridge_event
bridge_receive(const struct bridge_process *bridge, uint8_t *room, struct bytes *message)
{
	ssize_t got;

	/* ECONNRESET: it ended without reading all. That is told once, and before what it said. */
	do
		got = recv(bridge->fd, room, BRIDGE_MESSAGE_MAX, MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return bridge->pid != 0 ? BRIDGE_NOTHING : BRIDGE_GONE;
	if (got <= 0 || got > BRIDGE_MESSAGE_MAX)
		return BRIDGE_GONE;
	*message = (struct bytes){room, (size_t)got};
	return BRIDGE_MESSAGE;
}

bool
bridge_go(const struct bridge_process *bridge)
{
	static const uint8_t go[] = {BRIDGE_GO};

	return send_all(bridge->fd, BYTES(go));
}

void
bridge_cancel(const struct bridge_process *bridge)
{
	static const uint8_t cancel[] = {BRIDGE_CANCEL};

	if (!send_all(bridge->fd, BYTES(cancel)))
		log_debug(BRIDGE_PROGRAM " ended before it could be told to cancel");
}

void
bridge_end(struct bridge_process *bridge, uint64_t now_ms)
{
	if (bridge->fd < 0)
		return;
	(void)close(bridge->fd);
	bridge->fd = -1;
	bridge->kill_at = now_ms + BRIDGE_GRACE_MS;
}

static bool
reaped(struct bridge_process *bridge, int options)
{
	pid_t pid;

	do
		pid = waitpid(bridge->pid, NULL, options);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	bridge->pid = 0;
	return true;
}

static void
bridge_kill(struct bridge_process *bridge)
{
	bridge_end(bridge, 0);
	if (bridge->pid == 0 || reaped(bridge, WNOHANG))
		return;
	log_warning(BRIDGE_PROGRAM " did not end by itself and was killed");
	(void)kill(bridge->pid, SIGKILL);
	(void)reaped(bridge, 0);
}

bool
bridge_start(struct bridge_process *bridge, uint64_t now_ms, struct bytes request)
{
	char path[PATH_MAX];
	int fds[2], r;

	bridge_kill(bridge);
	if (!find_program(path))
		return false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
		log_error("no socket can be made for " BRIDGE_PROGRAM ": %s; close other programs",
			  strerror(errno));
		return false;
	}
	r = spawn(path, fds[1], &bridge->pid);
	(void)close(fds[1]);
	if (r != 0) {
		log_error("%s cannot be started: %s; install Vicar again", path, strerror(r));
		bridge->pid = 0;
		(void)close(fds[0]);
		return false;
	}
	bridge->fd = fds[0];
	if (send_all(bridge->fd, request))
		return true;
	log_error("%s does not take its request; install Vicar again", path);
	bridge_end(bridge, now_ms);
	return false;
}

void
bridge_reap(struct bridge_process *bridge, uint64_t now_ms)
{
	if (bridge->pid == 0 || reaped(bridge, WNOHANG))
		return;
	if (bridge->fd < 0 && now_ms >= bridge->kill_at)
		bridge_kill(bridge);
}

uint64_t
bridge_due(const struct bridge_process *bridge)
{
	return bridge->pid != 0 && bridge->fd < 0 ? bridge->kill_at : UINT64_MAX;
}

void
bridge_finish(struct bridge_process *bridge)
{
	const struct timespec moment = {.tv_nsec = 10L * 1000 * 1000};

	bridge_end(bridge, 0);
	for (int waited = 0; waited < BRIDGE_GRACE_MS && bridge->pid != 0; waited += 10) {
		if (!reaped(bridge, WNOHANG))
			(void)nanosleep(&moment, NULL);
	}
	bridge_kill(bridge);
}
