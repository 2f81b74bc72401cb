#include "pins.h"

#include "private_file.h"
#include "terminal.h"
#include "tools/pin_policy.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum { FILE_LEN_MAX = 1023, QUESTION_MAX = 96, KEYS_TEXT_MAX = 256, LINES_MAX = 16 };

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

static bool
is_key(const struct pins_value *value, const char *key)
{
	return strcmp(value->key, key) == 0 ||
	       (value->or_key != NULL && strcmp(value->or_key, key) == 0);
}

static size_t
put_key(char text[KEYS_TEXT_MAX], size_t len, const char *key)
{
	if (len >= KEYS_TEXT_MAX)
		return len;
	return len +
	       (size_t)snprintf(text + len, KEYS_TEXT_MAX - len, "%s%s", len > 0 ? ", " : "", key);
}

/* "old, new": the lines that are known, each once. */
static void
name_keys(const struct pins_value *values, size_t count, char text[KEYS_TEXT_MAX])
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const char *shared = values[i].or_key;
		bool said = shared == NULL;

		len = put_key(text, len, values[i].key);
		for (size_t k = 0; k < count && !said; k++)
			said = strcmp(values[k].key, shared) == 0 ||
			       (k < i && is_key(&values[k], shared));
		if (!said)
			len = put_key(text, len, shared);
	}
}

static bool
is_digits(const char *text, size_t min, size_t max)
{
	const size_t len = strlen(text);

	return len >= min && len <= max && strspn(text, "0123456789") == len;
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

static char *
trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r");
	for (len = strlen(text); len > 0 && isspace((unsigned char)text[len - 1]); len--)
		text[len - 1] = '\0';
	return text;
}

/* One `key = value` of a file; both point into its text. */
struct line {
	unsigned number;
	const char *key, *value;
};

struct lines {
	struct line line[LINES_MAX];
	size_t count;
};

static const struct line *
find_line(const struct lines *lines, const char *key)
{
	for (size_t i = 0; key != NULL && i < lines->count; i++)
		if (strcmp(lines->line[i].key, key) == 0)
			return &lines->line[i];
	return NULL;
}

static bool
take_line(const char *path, unsigned number, char *text, struct lines *lines,
	  const struct pins_value *values, size_t count, struct problem *error)
{
	char *equals = strchr(text, '='), known[KEYS_TEXT_MAX];
	struct line line = {.number = number};
	bool is_known = false;

	if (*trim(text) == '\0' || *trim(text) == '#')
		return true;
	name_keys(values, count, known);
	if (equals == NULL)
		return problem(
		    error, "%s line %u is not `KEY = DIGITS` with one of the keys %s; correct it",
		    path, number, known);
	*equals = '\0';
	line.key = trim(text);
	line.value = trim(equals + 1);
	for (size_t i = 0; i < count; i++)
		is_known = is_known || is_key(&values[i], line.key);
	if (!is_known)
		return problem(error, "%s line %u: only the keys %s are known here; correct it",
			       path, number, known);
	if (find_line(lines, line.key) != NULL)
		return problem(error, "%s line %u: %s is there twice; keep one", path, number,
			       line.key);
	if (lines->count == LINES_MAX)
		return problem(error, "%s has more than %d lines with values; keep those needed",
			       path, (int)LINES_MAX);
	lines->line[lines->count++] = line;
	return true;
}

static bool
take_value(const char *path, const struct lines *lines, struct pins_value *value,
	   struct problem *error)
{
	const struct line *line = find_line(lines, value->key);
	char length[QUESTION_MAX];

	if (line == NULL)
		line = find_line(lines, value->or_key);
	if (line == NULL)
		return problem(error, "%s has no %s; add the line: %s = DIGITS", path, value->key,
			       value->key);
	if (!is_digits(line->value, value->min, value->max)) {
		say_length(value, length);
		return problem(error, "%s line %u: %s must be %s; correct it", path, line->number,
			       value->key, length);
	}
	memcpy(value->value, line->value, strlen(line->value) + 1);
	return true;
}

static bool
take_text(const char *path, char *text, struct pins_value *values, size_t count,
	  struct problem *error)
{
	struct lines lines = {.count = 0};
	unsigned number = 0;
	char *line;

	while ((line = strsep(&text, "\n")) != NULL)
		if (!take_line(path, ++number, line, &lines, values, count, error))
			return false;
	for (size_t i = 0; i < count; i++)
		if (!take_value(path, &lines, &values[i], error))
			return false;
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
	ok = private_file_read(path, "PIN file", text, FILE_LEN_MAX + 1, error) &&
	     take_text(path, text, values, count, error);
	OPENSSL_secure_clear_free(text, FILE_LEN_MAX + 1);
	if (!ok)
		wipe_values(values, count);
	return ok;
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

static bool
may_be_new(const struct pin_policy *policy, const struct pins_value *value, struct problem *error)
{
	const bool is_puk = strncmp(value->name, "PUK", 3) == 0;
	struct problem why;

	return pin_policy_allows(
		   policy, (struct bytes){(const uint8_t *)value->value, strlen(value->value)},
		   is_puk, &why) ||
	       problem(error, "%s: %s", value->name, why.text);
}

bool
pins_get(const char *path, struct pins_value *values, size_t count, struct problem *error)
{
	struct pin_policy policy;
	bool ok =
	    pin_policy_load(&policy, error) &&
	    (path == NULL ? pins_ask(values, count, error) : pins_read(path, values, count, error));

	for (size_t i = 0; ok && i < count; i++)
		ok = !values[i].is_new || may_be_new(&policy, &values[i], error);
	if (!ok)
		wipe_values(values, count);
	return ok;
}
