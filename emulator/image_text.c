#include "image_conf.h"
#include "failure.h"
#include "ini_text.h"

#include <openssl/asn1.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The text files of an image: which values they may have, and writing them. */

static const char NAME_CHARACTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";

struct word {
	const char *word;
	unsigned value;
};

static const struct word USAGES[] = {
    {"sign", IMAGE_USAGE_SIGN},
    {"decrypt", IMAGE_USAGE_DECRYPT},
    {"derive", IMAGE_USAGE_DERIVE},
    {"non-repudiation", IMAGE_USAGE_NON_REPUDIATION},
};
static const struct word USES[] = {
    {"pkcs1", 1 << KEY_SIGN_PKCS1},          {"pss", 1 << KEY_SIGN_PSS},
    {"ecdsa", 1 << KEY_SIGN_ECDSA},          {"decipher-pkcs1", 1 << KEY_DECIPHER_PKCS1},
    {"decipher-raw", 1 << KEY_DECIPHER_RAW}, {"decipher-oaep", 1 << KEY_DECIPHER_OAEP},
    {"derive", 1 << KEY_DERIVE_ECDH},
};
enum {
	USAGES_COUNT = sizeof(USAGES) / sizeof(USAGES[0]),
	USES_COUNT = sizeof(USES) / sizeof(USES[0]),
};

bool
image_file_name_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < IMAGE_FILE_NAME_MAX && name[0] != '.' && name[0] != '-' &&
	       strspn(name, NAME_CHARACTERS) == len;
}

bool
image_options_valid(const char *options)
{
	size_t len = strlen(options);

	for (size_t i = 0; i < len; i++)
		if (options[i] < 0x20 || options[i] > 0x7E || options[i] == ';')
			return false;
	return len <= INI_TEXT_LINE_MAX - strlen("options = ");
}

/* libinih drops blanks at both ends, and what follows a ; */
bool
image_label_valid(const char *label)
{
	const unsigned char *at = (const unsigned char *)label;
	size_t len = strlen(label);

	if (len == 0 || len > IMAGE_LABEL_MAX || label[0] == ' ' || label[len - 1] == ' ')
		return false;
	while (len > 0) {
		unsigned long character;
		int taken = UTF8_getc(at, (int)len, &character);

		if (taken <= 0 || character < 0x20 || (character >= 0x7F && character < 0xA0) ||
		    character == ';')
			return false;
		at += taken;
		len -= (size_t)taken;
	}
	return true;
}

/* libinih takes a ; after a blank for a comment. */
bool
image_credential_valid(const char *credential)
{
	const size_t len = strlen(credential);

	if (len == 0 || len > IMAGE_CREDENTIAL_MAX || credential[0] == ' ' ||
	    credential[len - 1] == ' ' || credential[0] == ';' || strstr(credential, " ;") != NULL)
		return false;
	for (size_t i = 0; i < len; i++)
		if (credential[i] < 0x20 || credential[i] > 0x7E)
			return false;
	return true;
}

/* 0: none of them. */
static unsigned
value_of(const struct word *words, size_t count, const char *word, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i].word) == len && strncmp(words[i].word, word, len) == 0)
			return words[i].value;
	return 0;
}

static bool
parse_words(const struct word *words, size_t count, const char *text, unsigned *values)
{
	*values = 0;
	for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
		const size_t len = strcspn(text, " ");
		const unsigned one = value_of(words, count, text, len);

		if (one == 0)
			return false;
		*values |= one;
		text += len;
	}
	return *values != 0;
}

bool
image_usage_parse(const char *words, unsigned *usage)
{
	return parse_words(USAGES, USAGES_COUNT, words, usage);
}

bool
image_uses_parse(const char *words, unsigned *uses)
{
	return parse_words(USES, USES_COUNT, words, uses);
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

static void
put_label(struct writer *writer, const char *key, const char *label)
{
	if (label[0] != '\0')
		put_entry(writer, key, label);
}

static void
print_words(const struct word *words, size_t count, unsigned values, struct writer *text)
{
	bool first = true;

	for (size_t i = 0; i < count; i++) {
		if ((values & words[i].value) == 0)
			continue;
		if (!first)
			put_text(text, " ");
		put_text(text, words[i].word);
		first = false;
	}
}

void
image_usage_print(unsigned usage, struct writer *text)
{
	print_words(USAGES, USAGES_COUNT, usage, text);
}

static void
put_words(struct writer *writer, const char *key, const struct word *words, size_t count,
	  unsigned values)
{
	if (values == 0)
		return;
	put_text(writer, key);
	put_text(writer, " = ");
	print_words(words, count, values, writer);
	put_text(writer, "\n");
}

static bool
same_key(const struct image_key *a, const struct image_key *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->service, b->service) == 0 &&
	       strcmp(a->credential, b->credential) == 0 && a->uses == b->uses &&
	       strcmp(a->label, b->label) == 0 &&
	       strcmp(a->certificate_label, b->certificate_label) == 0 && a->usage == b->usage;
}

static bool
same_certificate(const struct image_certificate *a, const struct image_certificate *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->key, b->key) == 0 &&
	       strcmp(a->label, b->label) == 0;
}

/* A line break in a value would make lines of their own out of what follows it. */
static bool
check_read_back(const struct image *image, const struct image *read, struct image_error *error)
{
	if (read->keys_count != image->keys_count ||
	    read->certificates_count != image->certificates_count)
		return failure(error, "card \"%s\": two keys or certificates have one name",
			       image->name);
	if (strcmp(read->personality, image->personality) != 0 ||
	    strcmp(read->options, image->options) != 0)
		return failure(error,
			       "card \"%s\": its options cannot be written to card.conf; use words "
			       "with one blank between them",
			       image->name);
	for (size_t i = 0; i < image->keys_count; i++)
		if (!same_key(&read->keys[i], &image->keys[i]))
			return failure(
			    error,
			    "card \"%s\": a label or the credential of key \"%s\" cannot be "
			    "written to card.conf; use one line without ; and without blanks "
			    "at its ends",
			    image->name, read->keys[i].name);
	for (size_t i = 0; i < image->certificates_count; i++)
		if (!same_certificate(&read->certificates[i], &image->certificates[i]))
			return failure(error,
				       "card \"%s\": the label of certificate \"%s\" cannot be "
				       "written to card.conf; use one line without ; and without "
				       "blanks at its ends",
				       image->name, read->certificates[i].name);
	return true;
}

bool
image_conf_print(const struct image *image, const struct image_certificates *certificates,
		 struct writer *text, struct image_error *error)
{
	char serial[2 * IMAGE_SERIAL_MAX + 1];
	struct image check = {.lock = -1};
	struct image_certificates check_certificates;

	if (image->serial_len > IMAGE_SERIAL_MAX || image->keys_count > IMAGE_KEYS_MAX ||
	    image->authorities_count > IMAGE_AUTHORITIES_MAX ||
	    image->certificates_count > IMAGE_CERTIFICATES_MAX)
		return failure(error, "card \"%s\": too many keys, certificates or serial bytes",
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
		put_label(text, "credential", image->keys[i].credential);
		put_words(text, "uses", USES, USES_COUNT, image->keys[i].uses);
		put_label(text, "label", image->keys[i].label);
		put_label(text, "certificate-label", image->keys[i].certificate_label);
		put_words(text, "usage", USAGES, USAGES_COUNT, image->keys[i].usage);
	}
	for (size_t i = 0; i < image->authorities_count; i++) {
		char section[48];

		(void)snprintf(section, sizeof(section), "\n[authority %zu]\n", i + 1);
		put_text(text, section);
		put_entry(text, "certificate", certificates->authorities[i]);
	}
	for (size_t i = 0; i < image->certificates_count; i++) {
		put_text(text, "\n[certificate ");
		put_text(text, image->certificates[i].name);
		put_text(text, "]\n");
		put_entry(text, "certificate", certificates->certificates[i]);
		put_label(text, "key", image->certificates[i].key);
		put_label(text, "label", image->certificates[i].label);
	}
	if (!writer_ok(text))
		return failure(error,
			       "card \"%s\": card.conf would be too long; shorten the options",
			       image->name);
	/* What cannot be read back as it is is not written. */
	return image_conf_parse(&check, &check_certificates, writer_bytes(text), "card.conf",
				error) &&
	       check_read_back(image, &check, error);
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
