#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* posix_spawn() wants argv without const, and does not write to it. */
static char *const *
argv_of(const char *const argv[])
{
	return (char *const *)(uintptr_t)argv;
}

static void
collect(int fd, char *output, size_t room)
{
	size_t len = 0;
	char rest[256];
	ssize_t n;

	for (;;) {
		if (len + 1 < room)
			n = TEMP_FAILURE_RETRY(read(fd, output + len, room - 1 - len));
		else
			n = TEMP_FAILURE_RETRY(read(fd, rest, sizeof(rest)));
		if (n <= 0)
			break;
		if (len + 1 < room)
			len += (size_t)n;
	}
	output[len] = '\0';
}

int
program_run(const char *const argv[], char *output, size_t room)
{
	posix_spawn_file_actions_t actions;
	int ends[2], status, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	if ((r = posix_spawn_file_actions_init(&actions)) == 0) {
		if ((r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
							  O_RDONLY, 0)) == 0 &&
		    (r = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)) == 0 &&
		    (r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
							  O_WRONLY, 0)) == 0)
			r = posix_spawnp(&pid, argv[0], &actions, NULL, argv_of(argv), environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[1]);
	if (r == 0)
		collect(ends[0], output, room);
	close(ends[0]);
	if (r != 0 || TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int
spawn_detached(const char *path, const char *const argv[], int log, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	if ((r = posix_spawnattr_init(&attributes)) != 0)
		return r;
	if ((r = posix_spawn_file_actions_init(&actions)) != 0) {
		posix_spawnattr_destroy(&attributes);
		return r;
	}
	if ((r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID)) == 0 &&
	    (r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
						  0)) == 0 &&
	    (r = posix_spawn_file_actions_adddup2(&actions, log, STDOUT_FILENO)) == 0 &&
	    (r = posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO)) == 0)
		r = posix_spawn(pid, path, &actions, &attributes, argv_of(argv), environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return r;
}

bool
program_start(const char *path, const char *const argv[], const char *log, pid_t *pid,
	      struct problem *error)
{
	const int fd =
	    open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return problem(error, "log file %s cannot be created: %s; see who may write there",
			       log, strerror(errno));
	r = spawn_detached(path, argv, fd, pid);
	close(fd);
	if (r != 0)
		return problem(error, "%s cannot be started: %s; install Vicar again", path,
			       strerror(r));
	return true;
}
