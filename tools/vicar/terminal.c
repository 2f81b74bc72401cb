#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <strings.h>
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

static bool
read_character(int fd, char *c)
{
	ssize_t n;

	do
		n = read(fd, c, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

/* The rest of a line that is too long is read as well, or it would answer the next question. */
static bool
read_line(int fd, char *line, size_t room, struct problem *error)
{
	size_t len = 0;
	char c;

	for (;;) {
		if (!read_character(fd, &c) || c == KEY_INTERRUPT || c == KEY_END) {
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
	if (tcsetattr(terminal->fd, TCSAFLUSH, &quiet) < 0 ||
	    dprintf(terminal->fd, "%s", prompt) < 0)
		return problem(error,
			       "the terminal cannot be asked: it is closed; start vicar in one");
	ok = read_line(terminal->fd, line, room, error);
	tcsetattr(terminal->fd, TCSANOW, &before);
	if (!ok)
		OPENSSL_cleanse(line, room);
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
