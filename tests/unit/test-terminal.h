/*
 * A pseudo terminal, and a typist at it: a process that waits for words on the screen and types
 * keys. To be included after cmocka.h.
 */
#ifndef VICAR_TESTS_UNIT_TEST_TERMINAL_H
#define VICAR_TESTS_UNIT_TEST_TERMINAL_H

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TERMINAL_SCREEN_MAX = 65536, TERMINAL_PATIENCE_MS = 15000 };

struct terminal {
	int master, slave;
	char name[64];
	pid_t typist;
};

/* What is waited for, and what is typed then, after a pause. */
struct keystroke {
	const char *words;
	const char *keys;
	unsigned pause_ms;
};

/* GPG_TTY is it from now on. */
static inline struct terminal
terminal_open(void)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct terminal terminal = {.typist = -1};

	assert_int_equal(openpty(&terminal.master, &terminal.slave, terminal.name, NULL, &size), 0);
	fcntl(terminal.master, F_SETFD, FD_CLOEXEC);
	fcntl(terminal.slave, F_SETFD, FD_CLOEXEC);
	setenv("GPG_TTY", terminal.name, 1);
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	return terminal;
}

static inline int
terminal_type(int master, const struct keystroke *keystrokes, size_t count)
{
	static char screen[TERMINAL_SCREEN_MAX];
	struct pollfd polled = {master, POLLIN, 0};
	size_t used = 0, seen = 0;
	ssize_t n;

	for (size_t i = 0; i < count; i++) {
		const char *at;

		while (!(at = strstr(screen + seen, keystrokes[i].words))) {
			if (used + 1 >= sizeof(screen) ||
			    poll(&polled, 1, TERMINAL_PATIENCE_MS) != 1 ||
			    (n = read(master, screen + used, sizeof(screen) - 1 - used)) <= 0) {
				fprintf(stderr, "waited for \"%s\", saw:\n%s\n",
					keystrokes[i].words, screen + seen);
				return EXIT_FAILURE;
			}
			used += (size_t)n;
			screen[used] = '\0';
		}
		seen = (size_t)(at - screen) + strlen(keystrokes[i].words);
		/* pinentry-tty drops what is typed before it listens. */
		usleep((100 + keystrokes[i].pause_ms) * 1000);
		if (write(master, keystrokes[i].keys, strlen(keystrokes[i].keys)) < 0)
			return EXIT_FAILURE;
	}
	/* A terminal whose screen is not read stops who writes to it. */
	while (read(master, screen, sizeof(screen)) > 0)
		;
	return EXIT_SUCCESS;
}

/* The typist reads on until terminal_close(). */
static inline void
terminal_start(struct terminal *terminal, const struct keystroke *keystrokes, size_t count)
{
	terminal->typist = fork();
	assert_true(terminal->typist >= 0);
	if (terminal->typist == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(terminal->slave);
		_exit(terminal_type(terminal->master, keystrokes, count));
	}
}

/* True when everything was seen and typed. */
static inline bool
terminal_close(struct terminal *terminal)
{
	int status = 0;

	close(terminal->slave);
	close(terminal->master);
	if (terminal->typist > 0)
		waitpid(terminal->typist, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

#endif
