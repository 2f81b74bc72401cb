#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

enum { KEY_INTERRUPT = 0x03, KEY_END = 0x04 };

bool
terminal_open(struct terminal *terminal)
{
	terminal->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	return terminal->fd >= 0;
}

void
terminal_close(struct terminal *terminal)
{
	close(terminal->fd);
	terminal->fd = -1;
}

/* The signals that would end or stop us while nothing is echoed, held back meanwhile. */
struct guard {
	int fd; /* -1: they could not be held back */
	sigset_t before;
	int came; /* 0: none */
};

static void
guard_begin(struct guard *guard)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
	struct sigaction action;
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			(void)sigaddset(&set, signals[i]);
	guard->came = 0;
	guard->fd = signalfd(-1, &set, SFD_CLOEXEC);
	(void)sigprocmask(SIG_BLOCK, guard->fd >= 0 ? &set : NULL, &guard->before);
}

/* With the terminal as it was, and without secrets in memory: what came does now what it always does. */
static void
guard_end(struct guard *guard)
{
	if (guard->fd >= 0)
		(void)close(guard->fd);
	(void)sigprocmask(SIG_SETMASK, &guard->before, NULL);
	if (guard->came != 0)
		(void)raise(guard->came);
}

static bool
read_character(int fd, struct guard *guard, char *c)
{
	struct pollfd polled[] = {{fd, POLLIN, 0}, {guard->fd, POLLIN, 0}};
	struct signalfd_siginfo signal;
	ssize_t n;

	do {
		if (poll(polled, 2, -1) > 0 && polled[1].revents != 0 &&
		    read(guard->fd, &signal, sizeof(signal)) == (ssize_t)sizeof(signal)) {
			guard->came = (int)signal.ssi_signo;
			return false;
		}
		n = read(fd, c, 1);
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

/* The rest of a line that is too long is read as well, or it would answer the next question. */
static bool
read_line(int fd, struct guard *guard, char *line, size_t room, struct problem *error)
{
	size_t len = 0;
	char c;

	for (;;) {
		if (!read_character(fd, guard, &c) || c == KEY_INTERRUPT || c == KEY_END) {
			(void)dprintf(fd, "\n"); /* neither is echoed */
			return problem(error,
				       "nothing was done: the question was cancelled; start again");
		}
		if (c == '\n' || c == '\r')
			break;
		if (len + 1 < room)
			line[len] = c;
		len++;
	}
	if (len + 1 > room)
		return problem(error,
			       "the answer has more than %zu characters; start again with a "
			       "shorter one",
			       room - 1);
	line[len] = '\0';
	return true;
}

bool
terminal_ask(const struct terminal *terminal, const char *prompt, bool echo, char *line,
	     size_t room, struct problem *error)
{
	struct termios before, quiet;
	struct guard guard;
	bool ok;

	if (tcgetattr(terminal->fd, &before) < 0)
		return problem(error,
			       "the terminal cannot be asked: no terminal; start vicar in one");
	quiet = before;
	if (!echo) {
		/* no ISIG: a ^C comes as a character, which ends the line, and the echo is put back before
		 * anything ends */
		quiet.c_lflag &= (tcflag_t) ~(ECHO | ISIG);
		quiet.c_lflag |= ECHONL;
		quiet.c_cc[VEOL] = KEY_INTERRUPT;
	}
	guard_begin(&guard);
	ok = (tcsetattr(terminal->fd, TCSAFLUSH, &quiet) == 0 &&
	      dprintf(terminal->fd, "%s", prompt) >= 0) ||
	     problem(error, "the terminal cannot be asked: it is closed; start vicar in one");
	ok = ok && read_line(terminal->fd, &guard, line, room, error);
	/* What is left of a secret that was being typed is for nobody. */
	tcsetattr(terminal->fd, guard.came != 0 ? TCSAFLUSH : TCSANOW, &before);
	if (!ok)
		OPENSSL_cleanse(line, room);
	guard_end(&guard);
	return ok;
}

bool
terminal_confirm(const struct terminal *terminal, const char *question)
{
	struct problem cancelled;
	char answer[8];

	return terminal_ask(terminal, question, true, answer, sizeof(answer), &cancelled) &&
	       (strcasecmp(answer, "yes") == 0 || strcasecmp(answer, "y") == 0);
}
