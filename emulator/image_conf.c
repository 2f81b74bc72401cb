#include "image_conf.h"
#include "failure.h"
#include "ini_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SECTION_KEY[] = "key ";
static const char SECTION_AUTHORITY[] = "authority ";

/* One line as the readers of sections see it. */
struct entry {
	const struct ini_text_place *place;
	const char *section, *key, *value;
	char *error;
	size_t room;
};

__attribute__((format(printf, 2, 3))) static bool
refuse(const struct entry *entry, const char *format, ...)
{
	va_list arguments;
	int len = snprintf(entry->error, entry->room, "%s:%d: [%s] %s = %s: ", entry->place->path,
			   entry->place->line, entry->section, entry->key, entry->value);

	if (len < 0 || (size_t)len >= entry->room)
		return false;
	va_start(arguments, format);
	(void)vsnprintf(entry->error + len, entry->room - (size_t)len, format, arguments);
	va_end(arguments);
	return false;
}

static bool
is(const char *text, const char *word)
{
	return strcmp(text, word) == 0;
}

static bool
number(const char *text, unsigned *value)
{
	size_t len = strlen(text);

	if (len < 1 || len > 4 || strspn(text, "0123456789") != len)
		return false;
	*value = (unsigned)strtoul(text, NULL, 10);
	return true;
}

/* Letters, digits, - and _, dots inside: no way out of certificates/. */
static bool
file_name_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	size_t len = strlen(name);

	return len > 0 && len < IMAGE_FILE_NAME_MAX && name[0] != '.' && name[0] != '-' &&
	       strspn(name, allowed) == len;
}

static bool
options_valid(const char *options)
{
	size_t len = strlen(options);

	for (size_t i = 0; i < len; i++)
		if (options[i] < 0x20 || options[i] > 0x7E || options[i] == ';')
			return false;
	return len <= INI_TEXT_LINE_MAX - strlen("options = ");
}

static bool
set_name(const struct entry *entry, char *field, size_t room)
{
	if (field[0] != '\0')
		return refuse(entry, "is given twice; delete one");
	if (!image_name_valid(entry->value) || strlen(entry->value) >= room)
		return refuse(entry,
			      "allowed are up to %zu letters, digits, - and _, first a letter or "
			      "digit",
			      room - 1);
	memcpy(field, entry->value, strlen(entry->value) + 1);
	return true;
}

static bool
set_file_name(const struct entry *entry, char field[IMAGE_FILE_NAME_MAX])
{
	if (field[0] != '\0')
		return refuse(entry, "is given twice; delete one");
	if (!file_name_valid(entry->value))
		return refuse(entry,
			      "allowed is the name of a file in certificates/, up to %d "
			      "letters, digits, -, _ and dots",
			      IMAGE_FILE_NAME_MAX - 1);
	memcpy(field, entry->value, strlen(entry->value) + 1);
	return true;
}

static bool
check_format(const struct entry *entry)
{
	unsigned format;

	if (!number(entry->value, &format) || format == 0)
		return refuse(entry, "allowed is %d", IMAGE_FORMAT);
	if (format > IMAGE_FORMAT)
		return refuse(entry,
			      "newer than the format this Vicar knows, which is %d; install "
			      "a newer Vicar",
			      IMAGE_FORMAT);
	return true;
}

/* card.conf */

struct conf {
	struct image *image;
	struct image_certificates *certificates;
	bool has_format;
};

static bool
card_entry(struct conf *conf, const struct entry *entry)
{
	struct image *image = conf->image;

	if (is(entry->key, "format")) {
		conf->has_format = true;
		return check_format(entry);
	}
	if (is(entry->key, "personality"))
		return set_name(entry, image->personality, sizeof(image->personality));
	if (is(entry->key, "serial")) {
		if (!bytes_from_hex(entry->value, image->serial, sizeof(image->serial),
				    &image->serial_len) ||
		    image->serial_len == 0)
			return refuse(entry, "allowed are 1 to %d bytes in hexadecimal",
				      IMAGE_SERIAL_MAX);
		return true;
	}
	if (is(entry->key, "options")) {
		if (!options_valid(entry->value))
			return refuse(entry, "allowed are printable characters without ;");
		memcpy(image->options, entry->value, strlen(entry->value) + 1);
		return true;
	}
	return refuse(entry, "unknown key; allowed are format, personality, serial, options");
}

static bool
key_entry(struct conf *conf, const struct entry *entry, const char *name)
{
	struct image *image = conf->image;
	size_t i = 0;

	while (i < image->keys_count && !is(image->keys[i].name, name))
		i++;
	if (i == IMAGE_KEYS_MAX)
		return refuse(entry, "a card has %d keys at most", IMAGE_KEYS_MAX);
	if (i == image->keys_count) {
		if (!image_name_valid(name) || strlen(name) >= KEY_NAME_MAX)
			return refuse(entry,
				      "the key's name may have up to %d letters, digits, - "
				      "and _",
				      KEY_NAME_MAX - 1);
		memcpy(image->keys[i].name, name, strlen(name) + 1);
		image->keys_count++;
	}
	if (is(entry->key, "service"))
		return set_name(entry, image->keys[i].service, sizeof(image->keys[i].service));
	if (is(entry->key, "certificate"))
		return set_file_name(entry, conf->certificates->keys[i]);
	return refuse(entry, "unknown key; allowed are service, certificate");
}

static bool
authority_entry(struct conf *conf, const struct entry *entry, const char *name)
{
	unsigned n;

	if (!number(name, &n) || n < 1 || n > IMAGE_AUTHORITIES_MAX ||
	    n > conf->image->authorities_count + 1)
		return refuse(entry, "authorities are numbered from 1 to at most %d, none left out",
			      IMAGE_AUTHORITIES_MAX);
	if (!is(entry->key, "certificate"))
		return refuse(entry, "unknown key; allowed is certificate");
	if (n > conf->image->authorities_count)
		conf->image->authorities_count = n;
	return set_file_name(entry, conf->certificates->authorities[n - 1]);
}

static bool
conf_entry(void *context, const struct ini_text_place *place, const char *section, const char *key,
	   const char *value, char *error, size_t room)
{
	struct entry entry = {place, section, key, value, error, room};
	struct conf *conf = context;

	if (!conf->has_format && (!is(section, "card") || !is(key, "format")))
		return refuse(&entry, "format = %d in [card] must come first", IMAGE_FORMAT);
	if (is(section, "card"))
		return card_entry(conf, &entry);
	if (strncmp(section, SECTION_KEY, strlen(SECTION_KEY)) == 0)
		return key_entry(conf, &entry, section + strlen(SECTION_KEY));
	if (strncmp(section, SECTION_AUTHORITY, strlen(SECTION_AUTHORITY)) == 0)
		return authority_entry(conf, &entry, section + strlen(SECTION_AUTHORITY));
	return refuse(&entry, "unknown section; allowed are [card], [key NAME], [authority N]");
}

static const char *
conf_missing(const struct conf *conf)
{
	const struct image *image = conf->image;

	if (!conf->has_format)
		return "format in [card]";
	if (image->personality[0] == '\0')
		return "personality in [card]";
	if (image->serial_len == 0)
		return "serial in [card]";
	if (image->keys_count == 0)
		return "a section [key NAME]";
	for (size_t i = 0; i < image->keys_count; i++) {
		if (image->keys[i].service[0] == '\0')
			return "service of a key";
		if (conf->certificates->keys[i][0] == '\0')
			return "certificate of a key";
	}
	return NULL;
}

bool
image_conf_parse(struct image *image, struct image_certificates *certificates, struct bytes text,
		 const char *path, struct image_error *error)
{
	struct conf conf = {.image = image, .certificates = certificates};
	const char *missing;

	memset(certificates, 0, sizeof(*certificates));
	if (!ini_text_parse(text, path, conf_entry, &conf, error->text, sizeof(error->text)))
		return false;
	missing = conf_missing(&conf);
	if (missing != NULL)
		return failure(error, "%s: %s is missing; enrol the card again", path, missing);
	return true;
}

static void
put_text(struct writer *writer, const char *text)
{
	writer_put(writer, (struct bytes){(const uint8_t *)text, strlen(text)});
}

static void
put_entry(struct writer *writer, const char *key, const char *value)
{
	put_text(writer, key);
	put_text(writer, " = ");
	put_text(writer, value);
	put_text(writer, "\n");
}

static void
put_number(struct writer *writer, const char *key, unsigned value)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", value);
	put_entry(writer, key, text);
}

bool
image_conf_print(const struct image *image, const struct image_certificates *certificates,
		 struct writer *text, struct image_error *error)
{
	char serial[2 * IMAGE_SERIAL_MAX + 1];
	struct image check = {.lock = -1};
	struct image_certificates check_certificates;

	if (image->serial_len > IMAGE_SERIAL_MAX || image->keys_count > IMAGE_KEYS_MAX ||
	    image->authorities_count > IMAGE_AUTHORITIES_MAX)
		return failure(error, "card \"%s\": too many keys, authorities or serial bytes",
			       image->name);
	bytes_to_hex((struct bytes){image->serial, image->serial_len}, serial);
	put_text(text, "[card]\n");
	put_number(text, "format", IMAGE_FORMAT);
	put_entry(text, "personality", image->personality);
	put_entry(text, "serial", serial);
	if (image->options[0] != '\0')
		put_entry(text, "options", image->options);
	for (size_t i = 0; i < image->keys_count; i++) {
		put_text(text, "\n[key ");
		put_text(text, image->keys[i].name);
		put_text(text, "]\n");
		put_entry(text, "service", image->keys[i].service);
		put_entry(text, "certificate", certificates->keys[i]);
	}
	for (size_t i = 0; i < image->authorities_count; i++) {
		char section[48];

		(void)snprintf(section, sizeof(section), "\n[authority %zu]\n", i + 1);
		put_text(text, section);
		put_entry(text, "certificate", certificates->authorities[i]);
	}
	if (!writer_ok(text))
		return failure(error,
			       "card \"%s\": card.conf would be too long; shorten the options",
			       image->name);
	/* What cannot be read back is not written. */
	return image_conf_parse(&check, &check_certificates, writer_bytes(text), "card.conf",
				error) &&
	       (check.keys_count == image->keys_count ||
		failure(error, "card \"%s\": two keys have one name", image->name));
}

/* state */

struct state {
	struct image *image;
	bool has_format;
};

static bool
state_entry(void *context, const struct ini_text_place *place, const char *section, const char *key,
	    const char *value, char *error, size_t room)
{
	struct entry entry = {place, section, key, value, error, room};
	struct state *state = context;
	struct image *image = state->image;
	struct image_counter *counter;

	if (is(section, "state") && is(key, "format")) {
		state->has_format = true;
		return check_format(&entry);
	}
	if (!state->has_format || !is(section, "counters"))
		return refuse(&entry, "allowed are [state] with format first, then [counters]");
	if (image->counters_count == IMAGE_COUNTERS_MAX)
		return refuse(&entry, "there are %d counters at most", IMAGE_COUNTERS_MAX);
	for (size_t i = 0; i < image->counters_count; i++)
		if (is(image->counters[i].name, key))
			return refuse(&entry, "is given twice; delete the higher one");
	counter = &image->counters[image->counters_count];
	if (!image_name_valid(key) || strlen(key) >= sizeof(counter->name) ||
	    !number(value, &counter->tries_left))
		return refuse(&entry, "allowed is NAME = number of tries left");
	memcpy(counter->name, key, strlen(key) + 1);
	image->counters_count++;
	return true;
}

bool
image_state_parse(struct image *image, struct bytes text, const char *path,
		  struct image_error *error)
{
	struct state state = {.image = image};

	image->counters_count = 0;
	if (!ini_text_parse(text, path, state_entry, &state, error->text, sizeof(error->text)))
		return false;
	if (!state.has_format)
		return failure(error,
			       "%s: is empty or has no format; restore it, or delete it to "
			       "have all counters at their maximum",
			       path);
	return true;
}

void
image_state_print(const struct image_counter *counters, size_t count, struct writer *text)
{
	put_text(text, "[state]\n");
	put_number(text, "format", IMAGE_FORMAT);
	put_text(text, "\n[counters]\n");
	for (size_t i = 0; i < count; i++)
		put_number(text, counters[i].name, counters[i].tries_left);
}
