/*
 * Values of vicar.conf, tools/config_key.h.
 */
#include "tools/config_key.h"

#include "cmdbridge/service.h"
#include "tools/paths.h"

#include <stdlib.h>
#include <string.h>

bool
key_is_number(const struct key *key)
{
	return key->kind == VALUE_NUMBER || key->kind == VALUE_CHOICE || key->kind == VALUE_SET;
}

bool
key_put_text(char **to, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return false;
	free(*to);
	*to = copy;
	return true;
}

static bool
number_parse(const struct key *key, const char *text, unsigned *number)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long value;

	if (digits == 0 || digits > 9 || text[digits] != '\0')
		return false;
	value = strtoul(text, NULL, 10);
	if (value < key->least || value > key->most)
		return false;
	*number = (unsigned)value;
	return true;
}

static bool
url_allowed(const struct key *key, const char *value)
{
	for (size_t i = 0; i < KEY_WORDS_MAX && key->begins[i] != NULL; i++) {
		size_t len = strlen(key->begins[i]);

		if (strncmp(value, key->begins[i], len) == 0 && value[len] != '\0')
			return strpbrk(value, " \t") == NULL;
	}
	return false;
}

/* The place of a word of `len` bytes. */
static bool
word_find(const struct key *key, const char *word, size_t len, unsigned *place)
{
	for (unsigned i = 0; i < KEY_WORDS_MAX && key->begins[i] != NULL; i++) {
		if (strlen(key->begins[i]) == len && strncmp(word, key->begins[i], len) == 0) {
			*place = i;
			return true;
		}
	}
	return false;
}

static bool
set_parse(const struct key *key, const char *value, unsigned *set)
{
	unsigned found = 0, place;

	if (strcmp(value, KEY_NONE) == 0) {
		*set = 0;
		return true;
	}
	for (;;) {
		size_t len = strcspn(value, ", \t");

		if (!word_find(key, value, len, &place))
			return false;
		found |= 1U << place;
		value += len + strspn(value + len, " \t");
		if (*value == '\0')
			break;
		if (*value != ',')
			return false;
		value += 1 + strspn(value + 1, " \t");
	}
	*set = found;
	return true;
}

enum key_result
key_put(const struct key *key, void *to, const char *value)
{
	char path[PATH_MAX];
	struct problem unused = {""};
	unsigned place;
	bool ok = false;

	switch (key->kind) {
	case VALUE_NUMBER: ok = number_parse(key, value, to); break;
	case VALUE_CHOICE: ok = word_find(key, value, strlen(value), to); break;
	case VALUE_SET: ok = set_parse(key, value, to); break;
	case VALUE_TEXT: ok = value[0] != '\0'; break;
	case VALUE_PATH:
		ok = paths_expand(value, path, &unused);
		value = path;
		break;
	case VALUE_URL: ok = url_allowed(key, value); break;
	case VALUE_WORD: ok = word_find(key, value, strlen(value), &place); break;
	case VALUE_TYPE: ok = service_kind(value) != NULL; break;
	}
	if (!ok)
		return KEY_NOT_ALLOWED;
	if (key_is_number(key))
		return KEY_OK;
	return key_put_text(to, value) ? KEY_OK : KEY_NO_MEMORY;
}
