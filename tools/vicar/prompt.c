/*
 * vicar prompt here: the lender's end of tools/prompt_here.h.
 */
#include "tools/prompt_here.h"

#include "command.h"
#include "tools/config.h"
#include "tools/paths.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
	BORROWERS_MAX = 16,
	RETURN_MS = 3000, /* for a prompt that is being ended; cmdbridge/asker.c takes less */
};

struct lender {
	int terminal; /* borrowed: one of the standard streams */
	struct termios modes;
	int signals;
	int listener;
	char path[PATH_MAX];
	struct stat file; /* of our socket, which another one may have replaced */
	int borrowers[BORROWERS_MAX];
	bool ending;
};

static bool
find_terminal(struct lender *lender, struct problem *error)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (tcgetattr(fd, &lender->modes) != 0 || ttyname(fd) == NULL)
			continue;
		lender->terminal = fd;
		if (tcgetpgrp(fd) == getpgrp())
			return true;
		return problem(error, "vicar prompt here is not in the foreground of this "
				      "terminal; start it there, without &");
	}
	return problem(error, "there is no terminal here to which prompts could come; start vicar "
			      "prompt here in one, with `ssh -t` from another machine");
}

/* A program that answers leaves no prompt over. */
static bool
check_settings(struct problem *error)
{
	struct config config;
	bool asks;

	if (!config_load(&config, error))
		return false;
	asks = config.prompt_by == CONFIG_PROMPT_PINENTRY;
	config_free(&config);
	return asks || problem(error, "vicar.conf says prompt = command, so that a program answers "
				      "and nobody is asked; take that out");
}

static bool
take_signals(struct lender *lender, struct problem *error)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGQUIT);
	lender->signals = sigprocmask(SIG_BLOCK, &set, NULL) == 0
			      ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)
			      : -1;
	return lender->signals >= 0 ||
	       problem(error, "signals cannot be received: %s; close other programs",
		       strerror(errno));
}

static void
send_away_the_last(void)
{
	const int fd = prompt_here_connect();

	if (fd < 0)
		return;
	(void)TEMP_FAILURE_RETRY(
	    send(fd, PROMPT_HERE_LEAVE, strlen(PROMPT_HERE_LEAVE), MSG_NOSIGNAL));
	(void)close(fd);
}

/* Under another name first, so that there is never one on which nobody listens. */
static bool
bind_socket(struct lender *lender, struct problem *error)
{
	char runtime[PATH_MAX], made[PATH_MAX];
	struct sockaddr_un address;

	if (!paths_runtime(runtime, error) || !paths_make(runtime, error) ||
	    !prompt_here_path(lender->path, error))
		return false;
	if ((size_t)snprintf(made, sizeof(made), "%s.%ld", lender->path, (long)getpid()) >=
		sizeof(made) ||
	    !prompt_here_address(made, &address))
		return problem(error,
			       "the socket's path %s is too long; set a shorter "
			       "XDG_RUNTIME_DIR",
			       lender->path);
	lender->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)umask(S_IRWXG | S_IRWXO);
	if (lender->listener < 0 ||
	    bind(lender->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(lender->listener, BORROWERS_MAX) != 0 || stat(made, &lender->file) != 0)
		return problem(error,
			       "the socket %s cannot be made: %s; see that the directory is "
			       "yours",
			       made, strerror(errno));
	send_away_the_last();
	if (rename(made, lender->path) == 0)
		return true;
	(void)unlink(made);
	return problem(error, "the socket %s cannot be made: %s; see that the directory is yours",
		       lender->path, strerror(errno));
}

/* What is typed while nobody asks is not shown, and ^Z would leave nobody who reads. */
static void
set_modes(const struct lender *lender)
{
	struct termios modes = lender->modes;

	modes.c_lflag &= (tcflag_t)~ECHO;
	modes.c_cc[VSUSP] = _POSIX_VDISABLE;
	(void)tcsetattr(lender->terminal, TCSANOW, &modes);
}

static void
accept_borrower(struct lender *lender)
{
	const int fd = accept4(lender->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (size_t i = 0; i < BORROWERS_MAX && prompt_here_same_user(fd); i++) {
		if (lender->borrowers[i] >= 0)
			continue;
		lender->borrowers[i] = fd;
		return;
	}
	(void)close(fd);
}

static void
drop_borrower(int *borrower)
{
	(void)close(*borrower);
	*borrower = -1;
}

static void
serve_borrower(struct lender *lender, int *borrower)
{
	char request[16], reply[PROMPT_HERE_MESSAGE_MAX];
	const char *type = getenv("TERM");
	ssize_t got = TEMP_FAILURE_RETRY(recv(*borrower, request, sizeof(request) - 1, MSG_TRUNC));
	int len;

	if (got <= 0 || got >= (ssize_t)sizeof(request)) {
		drop_borrower(borrower);
		return;
	}
	request[got] = '\0';
	if (strcmp(request, PROMPT_HERE_LEAVE) == 0) {
		(void)fprintf(stderr, "vicar: another terminal takes the prompts now\n");
		lender->ending = true;
		drop_borrower(borrower);
		return;
	}
	len = snprintf(reply, sizeof(reply), "name: %s\ntype: %s\n", ttyname(lender->terminal),
		       type != NULL && type[0] != '\0' ? type : "dumb");
	if (strcmp(request, PROMPT_HERE_TERMINAL) != 0 || len < 0 || (size_t)len >= sizeof(reply) ||
	    TEMP_FAILURE_RETRY(send(*borrower, reply, (size_t)len, MSG_NOSIGNAL)) != len)
		drop_borrower(borrower);
}

/* One turn of the loop; false: nothing came in `timeout_ms`. */
static bool
turn(struct lender *lender, int timeout_ms)
{
	struct pollfd polled[BORROWERS_MAX + 2];

	for (size_t i = 0; i < BORROWERS_MAX; i++)
		polled[i] = (struct pollfd){lender->borrowers[i], POLLIN, 0};
	polled[BORROWERS_MAX] = (struct pollfd){lender->signals, POLLIN, 0};
	polled[BORROWERS_MAX + 1] = (struct pollfd){lender->listener, POLLIN, 0};
	if (poll(polled, BORROWERS_MAX + 2, timeout_ms) <= 0)
		return false;
	for (size_t i = 0; i < BORROWERS_MAX; i++)
		if (polled[i].revents != 0)
			serve_borrower(lender, &lender->borrowers[i]);
	if (polled[BORROWERS_MAX].revents != 0)
		lender->ending = true;
	if (polled[BORROWERS_MAX + 1].revents != 0)
		accept_borrower(lender);
	return true;
}

static bool
is_lent(const struct lender *lender)
{
	for (size_t i = 0; i < BORROWERS_MAX; i++)
		if (lender->borrowers[i] >= 0)
			return true;
	return false;
}

static long
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A prompt that is on the terminal is cancelled and has to be gone before the shell is back. */
static void
take_back(struct lender *lender)
{
	const long until = now_ms() + RETURN_MS;
	struct stat now;

	if (stat(lender->path, &now) == 0 && now.st_ino == lender->file.st_ino)
		(void)unlink(lender->path);
	(void)close(lender->listener);
	(void)close(lender->signals);
	lender->listener = lender->signals = -1;
	for (size_t i = 0; i < BORROWERS_MAX; i++)
		if (lender->borrowers[i] >= 0)
			(void)shutdown(lender->borrowers[i], SHUT_WR);
	while (is_lent(lender) && now_ms() < until)
		(void)turn(lender, (int)(until - now_ms()));
	(void)tcsetattr(lender->terminal, TCSAFLUSH, &lender->modes);
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	struct lender lender = {.listener = -1, .signals = -1};
	struct problem error = {""};

	if (strcmp(arguments->operands[0], "here") != 0) {
		say_error("prompt: there is only `vicar prompt here`, not %s; type: vicar prompt "
			  "--help",
			  arguments->operands[0]);
		return COMMAND_USAGE;
	}
	for (size_t i = 0; i < BORROWERS_MAX; i++)
		lender.borrowers[i] = -1;
	if (!check_settings(&error) || !find_terminal(&lender, &error) ||
	    !take_signals(&lender, &error) || !bind_socket(&lender, &error)) {
		say_error("%s", error.text);
		return COMMAND_FAILED;
	}
	printf("the prompts of your cards come to this terminal; ^C ends that\n");
	(void)fflush(stdout);
	set_modes(&lender);
	while (!lender.ending)
		(void)turn(&lender, -1);
	take_back(&lender);
	return COMMAND_OK;
}

const struct command command_prompt = {
    .name = "prompt",
    .operands = "here",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "sends the prompts of your cards to this terminal until it ends",
    .text = "Wherever the cards were inserted, and also over ssh -t. Started again in another "
	    "terminal it\n"
	    "moves there. When it ends, what is being asked is cancelled.",
    .run = run,
};
