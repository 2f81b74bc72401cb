#include "tools/config_options.h"

#include "tools/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct config_option *
find(const struct config_options *options, size_t service, const char *name)
{
	for (size_t i = 0; i < options->count; i++)
		if (options->list[i].service == service && strcmp(options->list[i].name, name) == 0)
			return &options->list[i];
	return NULL;
}

static void
drop(struct config_option *option)
{
	free(option->place);
	free(option->name);
	free(option->value);
}

enum config_options_result
config_options_keep(struct config_options *options, const struct config_option *option)
{
	struct config_option *place = find(options, option->service, option->name), *list;
	struct config_option copy = *option;

	if (place != NULL && place->file == option->file)
		return CONFIG_OPTIONS_TWICE;
	copy.place = strdup(option->place);
	copy.name = strdup(option->name);
	copy.value = strdup(option->value);
	if (copy.place == NULL || copy.name == NULL || copy.value == NULL)
		goto no_memory;
	if (place != NULL) {
		drop(place);
		*place = copy;
		return CONFIG_OPTIONS_OK;
	}
	list = realloc(options->list, (options->count + 1) * sizeof(*list));
	if (list == NULL)
		goto no_memory;
	options->list = list;
	options->list[options->count++] = copy;
	return CONFIG_OPTIONS_OK;
no_memory:
	drop(&copy);
	return CONFIG_OPTIONS_NO_MEMORY;
}

void
config_options_free(struct config_options *options)
{
	for (size_t i = 0; i < options->count; i++)
		drop(&options->list[i]);
	free(options->list);
	*options = (struct config_options){NULL, 0};
}

static size_t
options_count(const struct service_kind *kind)
{
	size_t count = 0;

	while (kind != NULL && kind->options != NULL && kind->options[count].name != NULL)
		count++;
	return count;
}

static bool
has_word(const char *words, const char *word, size_t len)
{
	for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
		const size_t here = strcspn(at, " ");

		if (here == len && memcmp(at, word, len) == 0)
			return true;
		at += here;
	}
	return false;
}

static bool
words_allowed(const struct service_option *option, const char *value)
{
	size_t len;

	if (value[strspn(value, " ")] == '\0')
		return false;
	for (const char *at = value; *at != '\0'; at += len + strspn(at + len, " ")) {
		len = strcspn(at, " ");
		if (!has_word(option->words, at, len))
			return false;
	}
	return true;
}

static bool
number_allowed(const struct service_option *option, const char *value)
{
	const size_t digits = strspn(value, "0123456789");
	unsigned long number;

	if (digits == 0 || digits > 9 || value[digits] != '\0')
		return false;
	number = strtoul(value, NULL, 10);
	return number >= option->least && number <= option->most;
}

/* `path` is room for a value that has to be made of what was given. */
static const char *
value_of(const struct service_option *option, const char *value, char path[PATH_MAX])
{
	struct problem unused = {""};
	bool ok = false;

	switch (option->kind) {
	case SERVICE_OPTION_TEXT: ok = value[0] != '\0'; break;
	case SERVICE_OPTION_PATH:
		return value[0] != '\0' && paths_expand(value, path, &unused) ? path : NULL;
	case SERVICE_OPTION_NUMBER: ok = number_allowed(option, value); break;
	case SERVICE_OPTION_WORD: ok = has_word(option->words, value, strlen(value)); break;
	case SERVICE_OPTION_WORDS: ok = words_allowed(option, value); break;
	}
	return ok ? value : NULL;
}

static bool
refuse_value(const struct config_option *given, const struct service_option *option,
	     struct problem *error)
{
	const char *at = "a value that is not empty";

	if (option->kind == SERVICE_OPTION_NUMBER)
		return problem(error, "%s: %s = %s: allowed is a number from %u to %u",
			       given->place, given->name, given->value, option->least,
			       option->most);
	if (option->words != NULL)
		at = option->words;
	else if (option->kind == SERVICE_OPTION_PATH)
		at = "a path that begins with / or ~/";
	return problem(error, "%s: %s = %s: allowed is %s%s", given->place, given->name,
		       given->value,
		       option->kind == SERVICE_OPTION_WORD    ? "one of: "
		       : option->kind == SERVICE_OPTION_WORDS ? "several of: "
							      : "",
		       at);
}

static bool
settle_one(const struct service_option *option, const struct config_option *given,
	   struct service_config *service, char **value, struct problem *error)
{
	char path[PATH_MAX];
	const char *text = option->fallback;

	if (given != NULL) {
		text = value_of(option, given->value, path);
		if (text == NULL)
			return refuse_value(given, option, error);
	}
	if (text == NULL)
		return !option->required ||
		       problem(error, "[service %s] lacks %s; add it, see vicar.conf(5)",
			       service->name, option->name);
	*value = strdup(text);
	return *value != NULL ||
	       problem(error, "no memory is left for the configuration; end other programs");
}

static bool
is_known(const struct service_kind *kind, const char *name)
{
	const size_t count = options_count(kind);

	for (size_t i = 0; i < count; i++)
		if (strcmp(kind->options[i].name, name) == 0)
			return true;
	return false;
}

static bool
refuse_unknown(const struct config_option *given, const struct service_config *service,
	       const struct service_kind *kind, const char *common, struct problem *error)
{
	const size_t count = options_count(kind);
	char own[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < count && len < sizeof(own); i++)
		len +=
		    (size_t)snprintf(own + len, sizeof(own) - len, ", %s", kind->options[i].name);
	return problem(error, "%s: %s is no key of [service %s]; there are %s%s", given->place,
		       given->name, service->name, common, own);
}

bool
config_options_settle(const struct config_options *options, size_t place,
		      struct service_config *service, const char *common, struct problem *error)
{
	const struct service_kind *kind = service_kind(service->type);
	const size_t count = options_count(kind);

	for (size_t i = 0; i < options->count; i++) {
		const struct config_option *given = &options->list[i];

		if (given->service == place && !is_known(kind, given->name))
			return refuse_unknown(given, service, kind, common, error);
	}
	for (size_t i = 0; i < count; i++)
		if (!settle_one(&kind->options[i], find(options, place, kind->options[i].name),
				service, &service->options[i], error))
			return false;
	return true;
}
