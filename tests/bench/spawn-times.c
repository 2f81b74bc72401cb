/*
 * How long a program takes that is started and finds its work done: spawn-times COUNT FD PROGRAM [ARGUMENT]...
 *
 * As file descriptor FD it gets a socket on which nobody speaks any more; with 0 that is its standard
 * input, on which a prompt to agree to stands (vicar.conf(5), [prompt] command), its answer on 3.
 * The series `spawn` is from before its start to after its end.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/shared/series.h"

static const char QUESTION[] = "question: consent\nanswer: yes\ntimeout-s: 9\n";

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static int64_t
run(int as, char **program)
{
	posix_spawn_file_actions_t actions;
	int64_t start;
	int ends[2], status;
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
	must(posix_spawn_file_actions_init(&actions) == 0 &&
		 posix_spawn_file_actions_adddup2(&actions, ends[1], as) == 0,
	     "posix_spawn_file_actions");
	if (as == STDIN_FILENO) {
		must(write(ends[0], QUESTION, sizeof(QUESTION) - 1) > 0, "write");
		must(posix_spawn_file_actions_addopen(&actions, 3, "/dev/null", O_WRONLY, 0) == 0,
		     "posix_spawn_file_actions_addopen");
	}
	must(shutdown(ends[0], SHUT_WR) == 0, "shutdown");
	start = series_now_ns();
	must(posix_spawn(&pid, program[0], &actions, NULL, program, environ) == 0, program[0]);
	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "waitpid");
	start = series_now_ns() - start;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[0]);
	close(ends[1]);
	return start;
}

int
main(int argc, char **argv)
{
	const size_t count = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
	struct series spawn;

	if (count == 0) {
		fprintf(stderr, "usage: spawn-times COUNT FD PROGRAM [ARGUMENT]...\n");
		return 2;
	}
	spawn = series_new("spawn", count);
	for (size_t i = 0; i < count; i++)
		series_add(&spawn, run((int)strtol(argv[2], NULL, 10), argv + 3));
	series_print(&spawn);
	return 0;
}
