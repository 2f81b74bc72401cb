#include "pinentry.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <gpg-error.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	QUIET_MS =
	    100,       /* for what comes unasked to arrive; nobody notices a prompt so much later */
	PIECE_MS = 20, /* until the rest of a line is looked for again */
	LINE_SIZE = ASSUAN_LINELENGTH - 2, /* without CR LF */
};

/* A little while, for the rest of a line. False: it has hung up, and there will be none. */
static bool
may_go_on(const struct pinentry *pinentry)
{
	struct pollfd polled = {pinentry->socket, POLLRDHUP, 0};

	return poll(&polled, 1, PIECE_MS) <= 0;
}

/* libassuan waits inside for the rest of a line it has begun to read, and looks at nothing else
 * meanwhile; so it is called when the whole line is there. */
static enum prompt_result
wait_for_line(const struct pinentry *pinentry)
{
	char ahead[ASSUAN_LINELENGTH];
	enum prompt_result result;
	bool whole = false;
	ssize_t n;

	do {
		result = asker_wait(&pinentry->asker, pinentry->socket);
		if (result != PROMPT_OK)
			break;
		n = recv(pinentry->socket, ahead, sizeof(ahead), MSG_PEEK | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		whole = n <= 0 || n == (ssize_t)sizeof(ahead) || memchr(ahead, '\n', (size_t)n);
	} while (!whole && may_go_on(pinentry));
	OPENSSL_cleanse(ahead, sizeof(ahead));
	return result;
}

static bool
start(struct pinentry *pinentry, const char *program)
{
	char *argv[] = {(char *)(uintptr_t)program, NULL};
	int ends[2];
	bool ok;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	const struct asker_fd fds[] = {{ends[1], STDIN_FILENO}, {ends[1], STDOUT_FILENO}};

	pinentry->socket = ends[0];
	ok = asker_start(&pinentry->asker, argv, fds, sizeof(fds) / sizeof(fds[0]));
	close(ends[1]);
	return ok;
}

/* pinentry-tty calls it a cancellation when the terminal is not there; so only one that is counts. */
static void
find_terminal(struct pinentry *pinentry, const struct prompt_terminal *terminal)
{
	const char *name = terminal ? terminal->name : getenv("GPG_TTY");
	int fd;

	if (!name || !name[0])
		name = ttyname(STDIN_FILENO);
	pinentry->tty_type = terminal ? terminal->type : getenv("TERM");
	fd = name ? open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	if (tcgetattr(fd, &pinentry->modes) == 0)
		pinentry->tty = name;
	/* What was typed before the question is no answer to it. */
	tcflush(fd, TCIFLUSH);
	close(fd);
}

/* A killed pinentry leaves a terminal without echo. */
static void
restore_terminal(const struct pinentry *pinentry)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	int fd;

	if (!pinentry->tty)
		return;
	fd = open(pinentry->tty, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	/* From the background tcsetattr() would stop us. */
	sigaction(SIGTTOU, &ignore, &before);
	tcsetattr(fd, TCSANOW, &pinentry->modes);
	sigaction(SIGTTOU, &before, NULL);
	close(fd);
}

static enum prompt_result
result_of(gpg_error_t code)
{
	switch (gpg_err_code(code)) {
	case GPG_ERR_NO_ERROR: return PROMPT_OK;
	case GPG_ERR_CANCELED:
	case GPG_ERR_FULLY_CANCELED:
	case GPG_ERR_NOT_CONFIRMED: return PROMPT_CANCELLED;
	case GPG_ERR_TIMEOUT: return PROMPT_TIMED_OUT;
	default: return PROMPT_IMPOSSIBLE;
	}
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c ? strchr(digits, c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* A data line's `%XX`; false when the secret has no room or is not text. */
static bool
append_data(const char *line, size_t len, char *secret)
{
	size_t used = strlen(secret);

	for (size_t i = 0; i < len; i++) {
		char c = line[i];

		if (c == '%') {
			if (len - i < 3 || hex_digit(line[i + 1]) < 0 || hex_digit(line[i + 2]) < 0)
				return false;
			c = (char)(hex_digit(line[i + 1]) << 4 | hex_digit(line[i + 2]));
			i += 2;
		}
		if (c == '\0' || used + 1 >= PROMPT_SECRET_SIZE)
			return false;
		secret[used++] = c;
		secret[used] = '\0';
	}
	return true;
}

static enum prompt_result
read_line(struct pinentry *pinentry, char **line, size_t *len)
{
	enum prompt_result result;

	if (!assuan_pending_line(pinentry->assuan)) {
		result = wait_for_line(pinentry);
		if (result != PROMPT_OK)
			return result;
	}
	if (assuan_read_line(pinentry->assuan, line, len))
		return PROMPT_IMPOSSIBLE;
	return peer_gone(pinentry->asker.peer) ? PROMPT_GONE : PROMPT_OK;
}

static bool
is_end(const char *line, size_t len)
{
	return (len >= 2 && strncmp(line, "OK", 2) == 0) ||
	       (len >= 4 && strncmp(line, "ERR ", 4) == 0);
}

static enum prompt_result
read_answer(struct pinentry *pinentry, char *secret, char error[PROMPT_ERROR_MAX])
{
	enum prompt_result result;
	bool too_long = false;
	gpg_error_t code;
	size_t len;
	char *line;

	for (;;) {
		result = read_line(pinentry, &line, &len);
		if (result != PROMPT_OK) {
			snprintf(error, PROMPT_ERROR_MAX, "pinentry does not answer");
			return result;
		}
		pinentry->asking = !is_end(line, len);
		if (len >= 2 && strncmp(line, "OK", 2) == 0)
			break;
		if (len >= 4 && strncmp(line, "ERR ", 4) == 0) {
			code = (gpg_error_t)strtoul(line + 4, NULL, 10);
			snprintf(error, PROMPT_ERROR_MAX, "pinentry: %s", gpg_strerror(code));
			/* An error whose number says "no error" is one all the same. */
			return code ? result_of(code) : PROMPT_IMPOSSIBLE;
		}
		if (len >= 2 && strncmp(line, "D ", 2) == 0 && secret)
			too_long |= !append_data(line + 2, len - 2, secret);
		if (len >= 7 && strncmp(line, "INQUIRE", 7) == 0)
			(void)assuan_write_line(pinentry->assuan, "CAN");
	}
	if (too_long) {
		OPENSSL_cleanse(secret, PROMPT_SECRET_SIZE);
		secret[0] = '\0';
		snprintf(error, PROMPT_ERROR_MAX, "the answer is longer than %d characters",
			 PROMPT_SECRET_SIZE - 1);
		return PROMPT_IMPOSSIBLE;
	}
	return PROMPT_OK;
}

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

enum prompt_result
pinentry_command(struct pinentry *pinentry, const char *command, const char *argument, char *secret,
		 char error[PROMPT_ERROR_MAX])
{
	char line[LINE_SIZE];
	size_t used = (size_t)snprintf(line, sizeof(line), "%s%s", command, argument ? " " : "");
	const char *at = argument;

	for (; at && *at && used + 4 < sizeof(line); at++) {
		if (*at == '%' || *at == '\r' || *at == '\n')
			used += (size_t)snprintf(line + used, sizeof(line) - used, "%%%02X", *at);
		else
			line[used++] = *at;
	}
	/* Half a character of UTF-8 is none. */
	for (; at && is_continuation(*at); at--)
		used--;
	line[used] = '\0';
	if (assuan_write_line(pinentry->assuan, line)) {
		snprintf(error, PROMPT_ERROR_MAX, "pinentry ended before it was asked");
		return PROMPT_IMPOSSIBLE;
	}
	pinentry->asking = true;
	return read_answer(pinentry, secret, error);
}

bool
pinentry_is_quiet(const struct pinentry *pinentry)
{
	struct pollfd polled = {pinentry->socket, POLLIN, 0};
	char ahead;

	if (assuan_pending_line(pinentry->assuan))
		return false;
	(void)poll(&polled, 1, QUIET_MS);
	return recv(pinentry->socket, &ahead, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

static const char *
locale_of(const char *category)
{
	static const char *const first = "LC_ALL", *const last = "LANG";
	const char *names[] = {first, category, last};
	const char *value;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((value = getenv(names[i])) && value[0])
			return value;
	return NULL;
}

/* An option that pinentry does not know is no reason not to ask. */
static enum prompt_result
set_options(struct pinentry *pinentry, char error[PROMPT_ERROR_MAX])
{
	const struct {
		const char *name, *value;
	} options[] = {
	    {"ttyname", pinentry->tty},
	    {"ttytype", pinentry->tty ? pinentry->tty_type : NULL},
	    {"display", pinentry->asker.lease < 0 ? getenv("DISPLAY") : NULL},
	    {"lc-ctype", locale_of("LC_CTYPE")},
	    {"lc-messages", locale_of("LC_MESSAGES")},
	};
	enum prompt_result result;
	char option[512];

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!options[i].value || !options[i].value[0])
			continue;
		snprintf(option, sizeof(option), "%s=%s", options[i].name, options[i].value);
		result = pinentry_command(pinentry, "OPTION", option, NULL, error);
		if (result == PROMPT_GONE || result == PROMPT_TIMED_OUT)
			return result;
	}
	return PROMPT_OK;
}

/* Without a terminal pinentry-tty would write its question where we wait for its answer. */
static enum prompt_result
check_flavour(struct pinentry *pinentry, char error[PROMPT_ERROR_MAX])
{
	char flavour[PROMPT_SECRET_SIZE] = "";
	enum prompt_result result;

	if (pinentry->tty)
		return PROMPT_OK;
	result = pinentry_command(pinentry, "GETINFO", "flavor", flavour, error);
	if (result == PROMPT_GONE || result == PROMPT_TIMED_OUT)
		return result;
	if (strcmp(flavour, "tty") != 0)
		return PROMPT_OK;
	snprintf(error, PROMPT_ERROR_MAX, "pinentry-tty needs a terminal, and there is none");
	return PROMPT_IMPOSSIBLE;
}

static enum prompt_result
connect_to(struct pinentry *pinentry, const char *program, char error[PROMPT_ERROR_MAX])
{
	enum prompt_result result = wait_for_line(pinentry);
	char hello[2];
	ssize_t n;

	if (result != PROMPT_OK)
		return result;
	n = recv(pinentry->socket, hello, sizeof(hello), MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0) {
		snprintf(error, PROMPT_ERROR_MAX, "%s cannot be started", program);
		return PROMPT_IMPOSSIBLE;
	}
	/* After a comment or an empty line libassuan waits for the next one, without a deadline. */
	if (n != sizeof(hello) || memcmp(hello, "OK", sizeof(hello)) != 0) {
		snprintf(error, PROMPT_ERROR_MAX, "%s is no pinentry program", program);
		return PROMPT_IMPOSSIBLE;
	}
	if (assuan_new(&pinentry->assuan))
		return PROMPT_IMPOSSIBLE;
	assuan_begin_confidential(pinentry->assuan);
	if (assuan_socket_connect_fd(pinentry->assuan, pinentry->socket, 0)) {
		assuan_release(pinentry->assuan);
		pinentry->assuan = NULL;
		snprintf(error, PROMPT_ERROR_MAX, "%s is no pinentry program", program);
		return PROMPT_IMPOSSIBLE;
	}
	return PROMPT_OK;
}

enum prompt_result
pinentry_open(struct pinentry *pinentry, const struct prompt_config *config,
	      const struct peer *peer, unsigned seconds, char error[PROMPT_ERROR_MAX])
{
	enum prompt_result result;

	*pinentry = (struct pinentry){.socket = -1};
	asker_init(&pinentry->asker, config, peer, seconds);
	find_terminal(pinentry, config->terminal);
	if (!start(pinentry, config->pinentry)) {
		snprintf(error, PROMPT_ERROR_MAX, "%s cannot be started: %s", config->pinentry,
			 strerror(errno));
		return PROMPT_IMPOSSIBLE;
	}
	result = connect_to(pinentry, config->pinentry, error);
	if (result == PROMPT_OK)
		result = check_flavour(pinentry, error);
	if (result == PROMPT_OK)
		result = set_options(pinentry, error);
	return result;
}

/* While it waits for the person it reads nothing from us, and is not waited for; the next prompt may
 * already be on its way to the same terminal, whose modes are set back. */
void
pinentry_close(struct pinentry *pinentry)
{
	const bool listens = pinentry->assuan && !pinentry->asking;
	const bool started = pinentry->asker.pid > 0;

	if (listens)
		(void)assuan_write_line(pinentry->assuan, "BYE");
	if (!asker_end(&pinentry->asker, listens, NULL) && started)
		restore_terminal(pinentry);
	if (pinentry->assuan)
		assuan_release(pinentry->assuan);
	else if (pinentry->socket >= 0)
		close(pinentry->socket);
	pinentry->assuan = NULL;
	pinentry->socket = -1;
}
