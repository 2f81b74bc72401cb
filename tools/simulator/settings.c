#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

bool
sim_settings_load(const struct sim_directory *directory, const char *name, ini_text_entry *entry,
		  void *context, char path[PATH_MAX], struct problem *error)
{
	char *text = NULL;
	size_t len = 0;
	bool ok;

	if (!sim_directory_read(directory, name, &text, &len, error))
		return false;
	(void)snprintf(path, PATH_MAX, "%s/%s", directory->path, name);
	ok = ini_text_parse((struct bytes){(const uint8_t *)text, len}, path, entry, context,
			    error->text, sizeof(error->text));
	OPENSSL_clear_free(text, len + 1);
	return ok;
}

bool
sim_settings_refuse(const struct ini_text_place *place, const char *thing, const char *reason,
		    struct problem *error)
{
	return problem(error, "%s:%d: %s: %s", place->path, place->line, thing, reason);
}

bool
sim_settings_take(const struct sim_key *keys, void *target, const char *program,
		  const struct ini_text_place *place, const char *name, const char *value,
		  struct problem *error)
{
	const char *allowed;

	while (keys->name != NULL && strcmp(keys->name, name) != 0)
		keys++;
	if (keys->name == NULL)
		return problem(error, "%s:%d: %s: no such key; %s(1) lists them", place->path,
			       place->line, name, program);
	allowed = keys->parse(value, (char *)target + keys->offset);
	return allowed == NULL || sim_settings_refuse(place, name, allowed, error);
}

bool
sim_is_digits(const char *text, size_t min, size_t max)
{
	size_t len = strlen(text);

	return len >= min && len <= max && strspn(text, "0123456789") == len;
}

bool
sim_is_name(const char *text, size_t room)
{
	size_t len = strlen(text);

	return len > 0 && len < room &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

const struct sim_word *
sim_find_word(const struct sim_word *words, const char *name, size_t len)
{
	for (; words->name != NULL; words++)
		if (strlen(words->name) == len && strncmp(words->name, name, len) == 0)
			return words;
	return NULL;
}

bool
sim_each_word(const char *value, bool (*add)(const char *word, size_t len, unsigned *bits),
	      unsigned *bits)
{
	const char *between = " ,";

	for (value += strspn(value, between); *value != '\0'; value += strspn(value, between)) {
		size_t len = strcspn(value, between);

		if (!add(value, len, bits))
			return false;
		value += len;
	}
	return true;
}

const char *
sim_parse_text(const char *value, char *target, size_t room)
{
	size_t len = strlen(value);

	if (len == 0 || len >= room)
		return "a short text";
	memcpy(target, value, len + 1);
	return NULL;
}

const char *
sim_parse_number(const char *value, void *target)
{
	if (!sim_is_digits(value, 1, 9))
		return "a number of at most nine digits";
	*(unsigned *)target = (unsigned)strtoul(value, NULL, 10);
	return NULL;
}

const char *
sim_parse_yes_no(const char *value, void *target)
{
	static const struct sim_word words[] = {{"no", 0}, {"yes", 1}, {NULL, 0}};
	const struct sim_word *word = sim_find_word(words, value, strlen(value));

	if (word == NULL)
		return "yes or no";
	*(bool *)target = word->value != 0;
	return NULL;
}

const char *
sim_parse_code(const char *value, void *target)
{
	if (!sim_is_digits(value, 6, 6))
		return "6 digits";
	memcpy(target, value, strlen(value) + 1);
	return NULL;
}
