#include "pins.h"

#include "terminal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LEN_MAX = 1023, QUESTION_MAX = 64 };

/* The two secrets, for file and terminal alike. */
struct secret {
	const char *key;  /* in the file */
	const char *name; /* at the terminal */
	size_t min, max;
	char *value;
};

static bool
is_digits(const char *text, size_t min, size_t max)
{
	const size_t len = strlen(text);

	return len >= min && len <= max && strspn(text, "0123456789") == len;
}

static char *
trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r");
	for (len = strlen(text); len > 0 && isspace((unsigned char)text[len - 1]); len--)
		text[len - 1] = '\0';
	return text;
}

static bool
take_line(const char *path, unsigned number, char *line, struct secret secrets[2],
	  struct problem *error)
{
	char *equals = strchr(line, '=');
	const char *key, *value;

	if (*trim(line) == '\0' || *trim(line) == '#')
		return true;
	if (equals == NULL)
		return problem(
		    error, "%s line %u is neither `pin = DIGITS` nor `puk = DIGITS`; correct it",
		    path, number);
	*equals = '\0';
	key = trim(line);
	value = trim(equals + 1);
	for (size_t i = 0; i < 2; i++) {
		if (strcmp(secrets[i].key, key) != 0)
			continue;
		if (*secrets[i].value != '\0')
			return problem(error, "%s line %u: %s is there twice; keep one", path,
				       number, key);
		if (!is_digits(value, secrets[i].min, secrets[i].max))
			return problem(error,
				       "%s line %u: %s must be %zu to %zu digits; correct it", path,
				       number, key, secrets[i].min, secrets[i].max);
		memcpy(secrets[i].value, value, strlen(value) + 1);
		return true;
	}
	return problem(error, "%s line %u: only pin and puk are known here; correct it", path,
		       number);
}

/* `text` has room for FILE_LEN_MAX + 1. */
static bool
read_private(const char *path, char *text, struct problem *error)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t n = -1;
	bool ok = false;

	if (fd < 0 || fstat(fd, &st) < 0)
		problem(error, "PIN file %s cannot be read: %s; create it with mode 0600", path,
			strerror(errno));
	else if (!S_ISREG(st.st_mode))
		problem(error, "PIN file %s is no regular file; name another", path);
	else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		problem(error, "PIN file %s may be read by others (mode %04o); type: chmod 600 %s",
			path, (unsigned)st.st_mode & 07777, path);
	else if ((n = read(fd, text, FILE_LEN_MAX + 1)) < 0 || n > FILE_LEN_MAX)
		problem(error,
			"PIN file %s is no text file of at most %d bytes; it needs two lines", path,
			(int)FILE_LEN_MAX);
	else
		ok = true;
	if (ok)
		text[n] = '\0';
	if (fd >= 0)
		close(fd);
	return ok;
}

bool
pins_read(const char *path, struct pins *pins, struct problem *error)
{
	struct secret secrets[] = {
	    {"pin", "PIN", PINS_PIN_MIN, PINS_PIN_MAX, pins->pin},
	    {"puk", "PUK", PINS_PUK_LEN, PINS_PUK_LEN, pins->puk},
	};
	char text[FILE_LEN_MAX + 1], *at = text, *line;
	unsigned number = 0;
	bool ok;

	*pins = (struct pins){0};
	ok = read_private(path, text, error);
	while (ok && (line = strsep(&at, "\n")) != NULL)
		ok = take_line(path, ++number, line, secrets, error);
	for (size_t i = 0; ok && i < 2; i++)
		if (*secrets[i].value == '\0')
			ok = problem(error, "%s has no %s; add the line: %s = DIGITS", path,
				     secrets[i].key, secrets[i].key);
	OPENSSL_cleanse(text, sizeof(text));
	if (!ok)
		pins_wipe(pins);
	return ok;
}

static bool
ask_twice(const struct terminal *terminal, const struct secret *secret, struct problem *error)
{
	char question[QUESTION_MAX], again[PINS_PIN_MAX + 1];
	bool ok;

	if (secret->min == secret->max)
		snprintf(question, sizeof(question), "New %s (%zu digits): ", secret->name,
			 secret->min);
	else
		snprintf(question, sizeof(question), "New %s (%zu to %zu digits): ", secret->name,
			 secret->min, secret->max);
	if (!terminal_ask(terminal, question, false, secret->value, secret->max + 1, error))
		return false;
	if (!is_digits(secret->value, secret->min, secret->max))
		return problem(error, "a %s has %zu to %zu digits and nothing else; start again",
			       secret->name, secret->min, secret->max);
	snprintf(question, sizeof(question), "The same %s again: ", secret->name);
	ok = terminal_ask(terminal, question, false, again, sizeof(again), error);
	if (ok && strcmp(again, secret->value) != 0)
		ok = problem(error, "the two %ss differ; start again", secret->name);
	OPENSSL_cleanse(again, sizeof(again));
	return ok;
}

bool
pins_ask(struct pins *pins, struct problem *error)
{
	const struct secret secrets[] = {
	    {"pin", "PIN", PINS_PIN_MIN, PINS_PIN_MAX, pins->pin},
	    {"puk", "PUK", PINS_PUK_LEN, PINS_PUK_LEN, pins->puk},
	};
	struct terminal terminal;
	bool ok;

	*pins = (struct pins){0};
	if (!terminal_open(&terminal))
		return problem(
		    error,
		    "PIN and PUK cannot be asked for: no terminal; put them in a file, mode 0600, "
		    "and name that with --pin-file");
	ok = ask_twice(&terminal, &secrets[0], error) && ask_twice(&terminal, &secrets[1], error);
	terminal_close(&terminal);
	if (!ok)
		pins_wipe(pins);
	return ok;
}

void
pins_wipe(struct pins *pins)
{
	OPENSSL_cleanse(pins, sizeof(*pins));
}
