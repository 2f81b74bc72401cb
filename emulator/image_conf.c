#include "image_conf.h"
#include "failure.h"
#include "ini_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SECTION_KEY[] = "key ";
static const char SECTION_AUTHORITY[] = "authority ";
static const char SECTION_CERTIFICATE[] = "certificate ";

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
	if (!image_file_name_valid(entry->value))
		return refuse(entry,
			      "allowed is the name of a file in certificates/, up to %d "
			      "letters, digits, -, _ and dots",
			      IMAGE_FILE_NAME_MAX - 1);
	memcpy(field, entry->value, strlen(entry->value) + 1);
	return true;
}

static bool
set_label(const struct entry *entry, char field[IMAGE_LABEL_MAX + 1])
{
	if (field[0] != '\0')
		return refuse(entry, "is given twice; delete one");
	if (!image_label_valid(entry->value))
		return refuse(entry,
			      "allowed are 1 to %d bytes of UTF-8 without control characters and ;",
			      IMAGE_LABEL_MAX);
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
		if (!image_options_valid(entry->value))
			return refuse(entry, "allowed are printable characters without ;");
		memcpy(image->options, entry->value, strlen(entry->value) + 1);
		return true;
	}
	return refuse(entry, "unknown key; allowed are format, personality, serial, options");
}

static bool
set_section_name(const struct entry *entry, const char *what, const char *name,
		 char field[KEY_NAME_MAX])
{
	if (!image_name_valid(name) || strlen(name) >= KEY_NAME_MAX)
		return refuse(entry,
			      "the %s's name may have up to %d letters, digits, - and _, first a "
			      "letter or digit",
			      what, KEY_NAME_MAX - 1);
	memcpy(field, name, strlen(name) + 1);
	return true;
}

static bool
set_usage(const struct entry *entry, unsigned *usage)
{
	if (*usage != 0)
		return refuse(entry, "is given twice; delete one");
	if (!image_usage_parse(entry->value, usage))
		return refuse(entry, "allowed are words out of sign, decrypt, derive, "
				     "non-repudiation");
	return true;
}

static bool
set_credential(const struct entry *entry, char field[IMAGE_CREDENTIAL_MAX + 1])
{
	if (field[0] != '\0')
		return refuse(entry, "is given twice; delete one");
	if (!image_credential_valid(entry->value))
		return refuse(entry, "allowed are 1 to %d printable characters of ASCII",
			      IMAGE_CREDENTIAL_MAX);
	memcpy(field, entry->value, strlen(entry->value) + 1);
	return true;
}

static bool
set_uses(const struct entry *entry, unsigned *uses)
{
	if (*uses != 0)
		return refuse(entry, "is given twice; delete one");
	if (!image_uses_parse(entry->value, uses))
		return refuse(entry, "allowed are words out of pkcs1, pss, ecdsa, "
				     "decipher-pkcs1, decipher-raw, decipher-oaep, derive");
	return true;
}

static bool
key_entry(struct conf *conf, const struct entry *entry, const char *name)
{
	struct image *image = conf->image;
	struct image_key *key;
	size_t i = 0;

	while (i < image->keys_count && !is(image->keys[i].name, name))
		i++;
	if (i == IMAGE_KEYS_MAX)
		return refuse(entry, "a card has %d keys at most", IMAGE_KEYS_MAX);
	key = &image->keys[i];
	if (i == image->keys_count) {
		if (!set_section_name(entry, "key", name, key->name))
			return false;
		image->keys_count++;
	}
	if (is(entry->key, "service"))
		return set_name(entry, key->service, sizeof(key->service));
	if (is(entry->key, "certificate"))
		return set_file_name(entry, conf->certificates->keys[i]);
	if (is(entry->key, "credential"))
		return set_credential(entry, key->credential);
	if (is(entry->key, "uses"))
		return set_uses(entry, &key->uses);
	if (is(entry->key, "label"))
		return set_label(entry, key->label);
	if (is(entry->key, "certificate-label"))
		return set_label(entry, key->certificate_label);
	if (is(entry->key, "usage"))
		return set_usage(entry, &key->usage);
	return refuse(entry, "unknown key; allowed are service, certificate, credential, uses, "
			     "label, certificate-label, usage");
}

static bool
certificate_entry(struct conf *conf, const struct entry *entry, const char *name)
{
	struct image *image = conf->image;
	struct image_certificate *certificate;
	size_t i = 0;

	while (i < image->certificates_count && !is(image->certificates[i].name, name))
		i++;
	if (i == IMAGE_CERTIFICATES_MAX)
		return refuse(entry, "a card has %d further certificates at most",
			      IMAGE_CERTIFICATES_MAX);
	certificate = &image->certificates[i];
	if (i == image->certificates_count) {
		if (!set_section_name(entry, "certificate", name, certificate->name))
			return false;
		image->certificates_count++;
	}
	if (is(entry->key, "certificate"))
		return set_file_name(entry, conf->certificates->certificates[i]);
	if (is(entry->key, "key"))
		return set_name(entry, certificate->key, sizeof(certificate->key));
	if (is(entry->key, "label"))
		return set_label(entry, certificate->label);
	return refuse(entry, "unknown key; allowed are certificate, key, label");
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
	if (strncmp(section, SECTION_CERTIFICATE, strlen(SECTION_CERTIFICATE)) == 0)
		return certificate_entry(conf, &entry, section + strlen(SECTION_CERTIFICATE));
	return refuse(&entry, "unknown section; allowed are [card], [key NAME], [authority N], "
			      "[certificate NAME]");
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
	for (size_t i = 0; i < image->certificates_count; i++) {
		const char *key = image->certificates[i].key;

		if (conf->certificates->certificates[i][0] == '\0')
			return "certificate of a [certificate NAME]";
		if (key[0] != '\0' && image_key(image, key) == NULL)
			return "the [key NAME] that `key` of a [certificate NAME] names";
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
