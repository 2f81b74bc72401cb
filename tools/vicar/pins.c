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

enum { FILE_LEN_MAX = 1023, QUESTION_MAX = 96, KEYS_TEXT_MAX = 128 };

struct pins_value *
pins_new(size_t count, struct problem *error)
{
	struct pins_value *values = OPENSSL_secure_zalloc(count * sizeof(*values));

	if (values == NULL)
		problem(error, "no memory for PINs; close some programs");
	return values;
}

void
pins_free(struct pins_value *values, size_t count)
{
	OPENSSL_secure_clear_free(values, count * sizeof(*values));
}

static void
wipe_values(struct pins_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		OPENSSL_cleanse(values[i].value, sizeof(values[i].value));
}

/* "old, new": the lines that are known. */
static void
name_keys(const struct pins_value *values, size_t count, char text[KEYS_TEXT_MAX])
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count && len < KEYS_TEXT_MAX; i++)
		len += (size_t)snprintf(text + len, KEYS_TEXT_MAX - len, "%s%s", i > 0 ? ", " : "",
					values[i].key);
}

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
take_value(const char *path, unsigned number, struct pins_value *value, const char *text,
	   struct problem *error)
{
	if (*value->value != '\0')
		return problem(error, "%s line %u: %s is there twice; keep one", path, number,
			       value->key);
	if (!is_digits(text, value->min, value->max))
		return problem(error, "%s line %u: %s must be %zu to %zu digits; correct it", path,
			       number, value->key, value->min, value->max);
	memcpy(value->value, text, strlen(text) + 1);
	return true;
}

static bool
take_line(const char *path, unsigned number, char *line, struct pins_value *values, size_t count,
	  struct problem *error)
{
	char *equals = strchr(line, '='), known[KEYS_TEXT_MAX];
	const char *key;

	if (*trim(line) == '\0' || *trim(line) == '#')
		return true;
	name_keys(values, count, known);
	if (equals == NULL)
		return problem(
		    error, "%s line %u is not `KEY = DIGITS` with one of the keys %s; correct it",
		    path, number, known);
	*equals = '\0';
	key = trim(line);
	for (size_t i = 0; i < count; i++)
		if (strcmp(values[i].key, key) == 0)
			return take_value(path, number, &values[i], trim(equals + 1), error);
	return problem(error, "%s line %u: only the keys %s are known here; correct it", path,
		       number, known);
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
		problem(
		    error,
		    "PIN file %s is no text file of at most %d bytes; it needs a line for each PIN",
		    path, (int)FILE_LEN_MAX);
	else
		ok = true;
	if (ok)
		text[n] = '\0';
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool
take_text(const char *path, char *text, struct pins_value *values, size_t count,
	  struct problem *error)
{
	unsigned number = 0;
	char *line;

	while ((line = strsep(&text, "\n")) != NULL)
		if (!take_line(path, ++number, line, values, count, error))
			return false;
	for (size_t i = 0; i < count; i++)
		if (*values[i].value == '\0')
			return problem(error, "%s has no %s; add the line: %s = DIGITS", path,
				       values[i].key, values[i].key);
	return true;
}

bool
pins_read(const char *path, struct pins_value *values, size_t count, struct problem *error)
{
	char *text = OPENSSL_secure_zalloc(FILE_LEN_MAX + 1);
	bool ok;

	if (text == NULL)
		return problem(error, "no memory to read the PIN file %s; close some programs",
			       path);
	ok = read_private(path, text, error) && take_text(path, text, values, count, error);
	OPENSSL_secure_clear_free(text, FILE_LEN_MAX + 1);
	if (!ok)
		wipe_values(values, count);
	return ok;
}

/* "4 to 8 digits", "8 digits" */
static void
say_length(const struct pins_value *value, char text[QUESTION_MAX])
{
	if (value->min == value->max)
		snprintf(text, QUESTION_MAX, "%zu digits", value->min);
	else
		snprintf(text, QUESTION_MAX, "%zu to %zu digits", value->min, value->max);
}

static bool
ask_again(const struct terminal *terminal, const struct pins_value *value, struct problem *error)
{
	char question[QUESTION_MAX], *again = OPENSSL_secure_zalloc(PINS_VALUE_MAX + 1);
	bool ok;

	if (again == NULL)
		return problem(error, "no memory for PINs; close some programs");
	snprintf(question, sizeof(question), "The same %s again: ", value->name);
	ok = terminal_ask(terminal, question, false, again, PINS_VALUE_MAX + 1, error);
	if (ok && strcmp(again, value->value) != 0)
		ok = problem(error, "the two %ss differ; start again", value->name);
	OPENSSL_secure_clear_free(again, PINS_VALUE_MAX + 1);
	return ok;
}

static bool
ask(const struct terminal *terminal, struct pins_value *value, struct problem *error)
{
	char question[2 * QUESTION_MAX], length[QUESTION_MAX];

	say_length(value, length);
	if (value->is_new)
		snprintf(question, sizeof(question), "New %s (%s): ", value->name, length);
	else
		snprintf(question, sizeof(question),
			 "%c%s: ", toupper((unsigned char)value->name[0]), value->name + 1);
	if (!terminal_ask(terminal, question, false, value->value, value->max + 1, error))
		return false;
	if (!is_digits(value->value, value->min, value->max))
		return problem(error, "the %s has %s and nothing else; start again", value->name,
			       length);
	return !value->is_new || ask_again(terminal, value, error);
}

bool
pins_ask(struct pins_value *values, size_t count, struct problem *error)
{
	struct terminal terminal;
	char keys[KEYS_TEXT_MAX];
	bool ok = true;

	if (!terminal_open(&terminal)) {
		name_keys(values, count, keys);
		return problem(error,
			       "the PINs cannot be asked for: no terminal; put the lines %s, each "
			       "with = DIGITS, in a file, mode 0600, and name that with --pin-file",
			       keys);
	}
	for (size_t i = 0; ok && i < count; i++)
		ok = ask(&terminal, &values[i], error);
	terminal_close(&terminal);
	if (!ok)
		wipe_values(values, count);
	return ok;
}

bool
pins_get(const char *path, struct pins_value *values, size_t count, struct problem *error)
{
	return path == NULL ? pins_ask(values, count, error)
			    : pins_read(path, values, count, error);
}
