/*
 * The text files of a card image, for emulator/image*.c only: card.conf and state.
 */
#ifndef VICAR_EMULATOR_IMAGE_CONF_H
#define VICAR_EMULATOR_IMAGE_CONF_H

#include "image.h"

enum {
	IMAGE_CONF_MAX = 8192, /* bytes of card.conf, of state */
	IMAGE_FILE_NAME_MAX = 64,
	IMAGE_CERTIFICATE_MAX = 32768, /* bytes: what READ BINARY reaches */
};

/* What card.conf says beside what stands in struct image: names in certificates/. */
struct image_certificates {
	char keys[IMAGE_KEYS_MAX][IMAGE_FILE_NAME_MAX];
	char authorities[IMAGE_AUTHORITIES_MAX][IMAGE_FILE_NAME_MAX];
	char certificates[IMAGE_CERTIFICATES_MAX][IMAGE_FILE_NAME_MAX];
};

/* Values of card.conf. */
bool image_options_valid(const char *options);
/* Letters, digits, - and _, dots inside: no way out of certificates/. */
bool image_file_name_valid(const char *name);
bool image_usage_parse(const char *words, unsigned *usage) MUST_USE;
void image_usage_print(unsigned usage, struct writer *text);
bool image_uses_parse(const char *words, unsigned *uses) MUST_USE;

/* Fills the image's fields but for the certificates themselves. `path` is for error texts. */
bool image_conf_parse(struct image *image, struct image_certificates *certificates,
		      struct bytes text, const char *path, struct image_error *error) MUST_USE;
/* The text of card.conf; false when a field has a value that image_conf_parse() would refuse. */
bool image_conf_print(const struct image *image, const struct image_certificates *certificates,
		      struct writer *text, struct image_error *error) MUST_USE;

bool image_state_parse(struct image *image, struct bytes text, const char *path,
		       struct image_error *error) MUST_USE;
void image_state_print(const struct image_counter *counters, size_t count, struct writer *text);

#endif
