#include "image.h"
#include "failure.h"
#include "image_conf.h"
#include "image_files.h"

#include <openssl/x509.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reading a card image. */

bool
image_name_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";
	size_t len = strlen(name);

	return len > 0 && len < IMAGE_NAME_MAX && name[0] != '-' && name[0] != '_' &&
	       strspn(name, allowed) == len;
}

const struct image_key *
image_key(const struct image *image, const char *name)
{
	for (size_t i = 0; i < image->keys_count; i++)
		if (strcmp(image->keys[i].name, name) == 0)
			return &image->keys[i];
	return NULL;
}

unsigned
image_operations(const struct image_key *key)
{
	if (strcmp(key->service, IMAGE_SERVICE_FILE) == 0)
		return ~0U;
	return key->uses != 0 ? key->uses : 1U << KEY_SIGN_PKCS1;
}

bool
image_option(const struct image *image, const char *word, char *value, size_t room)
{
	const char *at = image->options;
	size_t word_len = strlen(word);

	for (at += strspn(at, " "); *at != '\0'; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		size_t name_len = strcspn(at, " =");

		if (name_len == word_len && strncmp(at, word, word_len) == 0) {
			size_t skip = name_len < len ? name_len + 1 : len;

			if (room > 0)
				(void)snprintf(value, room, "%.*s", (int)(len - skip), at + skip);
			return true;
		}
		at += len;
	}
	return false;
}

static bool
is_certificate(const uint8_t *data, size_t len)
{
	const unsigned char *at = data;
	X509 *certificate = d2i_X509(NULL, &at, (long)len);
	bool ok = certificate != NULL && at == data + len;

	X509_free(certificate);
	return ok;
}

static bool
read_certificate(const struct image_directory *directory, const char *name, uint8_t **data,
		 size_t *len, struct image_error *error)
{
	if (image_file_read(directory, name, IMAGE_CERTIFICATE_MAX, data, len, error) !=
	    IMAGE_FILE_OK)
		return false;
	if (!is_certificate(*data, *len))
		return failure(error, "%s/%s: not one certificate in DER; enrol the card again",
			       directory->path, name);
	return true;
}

static bool
read_certificates(struct image *image, const struct image_directory *directory,
		  const struct image_certificates *names, struct image_error *error)
{
	struct image_directory sub;
	bool ok = image_directory_sub(&sub, directory, "certificates", error);

	for (size_t i = 0; ok && i < image->keys_count; i++)
		ok = read_certificate(&sub, names->keys[i], &image->keys[i].certificate,
				      &image->keys[i].certificate_len, error);
	for (size_t i = 0; ok && i < image->authorities_count; i++)
		ok = read_certificate(&sub, names->authorities[i],
				      &image->authorities[i].certificate,
				      &image->authorities[i].certificate_len, error);
	for (size_t i = 0; ok && i < image->certificates_count; i++)
		ok = read_certificate(&sub, names->certificates[i],
				      &image->certificates[i].certificate,
				      &image->certificates[i].certificate_len, error);
	image_directory_close(&sub);
	return ok;
}

static bool
read_conf(struct image *image, const struct image_directory *directory,
	  struct image_certificates *names, struct image_error *error)
{
	char path[PATH_MAX + sizeof("/card.conf")];
	uint8_t *text;
	size_t len;
	bool ok;

	if (image_file_read(directory, "card.conf", IMAGE_CONF_MAX, &text, &len, error) !=
	    IMAGE_FILE_OK)
		return false;
	(void)snprintf(path, sizeof(path), "%s/card.conf", directory->path);
	ok = image_conf_parse(image, names, (struct bytes){text, len}, path, error);
	free(text);
	return ok;
}

static bool
read_state(struct image *image, const struct image_directory *directory, struct image_error *error)
{
	char path[PATH_MAX + sizeof("/state")];
	enum image_file_result r;
	uint8_t *text;
	size_t len;
	bool ok;

	r = image_file_read(directory, "state", IMAGE_CONF_MAX, &text, &len, error);
	if (r == IMAGE_FILE_ABSENT)
		return true;
	if (r != IMAGE_FILE_OK)
		return false;
	(void)snprintf(path, sizeof(path), "%s/state", directory->path);
	ok = image_state_parse(image, (struct bytes){text, len}, path, error);
	free(text);
	return ok;
}

/* The directory's last part is the card's name. */
static bool
set_name(struct image *image, const char *directory, struct image_error *error)
{
	const char *slash = strrchr(directory, '/');
	const char *name = slash != NULL ? slash + 1 : directory;

	if (strlen(directory) >= sizeof(image->directory))
		return failure(error, "%s: the path is too long; use a shorter directory",
			       directory);
	if (!image_name_valid(name))
		return failure(error,
			       "card \"%s\": a name may have up to %d letters, digits, - and _, "
			       "first a letter or digit",
			       name, IMAGE_NAME_MAX - 1);
	memcpy(image->name, name, strlen(name) + 1);
	memcpy(image->directory, directory, strlen(directory) + 1);
	return true;
}

bool
image_load(struct image *image, const char *directory, struct image_error *error)
{
	struct image_directory opened = {.fd = -1};
	struct image_certificates names;
	bool ok;

	memset(image, 0, sizeof(*image));
	image->lock = -1;
	ok = set_name(image, directory, error) && image_directory_open(&opened, directory, error) &&
	     read_conf(image, &opened, &names, error) &&
	     read_certificates(image, &opened, &names, error) &&
	     read_state(image, &opened, error) && image_read_changed(image, &opened, error);
	image_directory_close(&opened);
	if (!ok)
		image_free(image);
	return ok;
}

void
image_free(struct image *image)
{
	for (size_t i = 0; i < IMAGE_KEYS_MAX; i++)
		free(image->keys[i].certificate);
	for (size_t i = 0; i < IMAGE_AUTHORITIES_MAX; i++)
		free(image->authorities[i].certificate);
	for (size_t i = 0; i < IMAGE_CERTIFICATES_MAX; i++)
		free(image->certificates[i].certificate);
	for (size_t i = 0; i < IMAGE_FILES_MAX; i++)
		free(image->files[i].content);
	if (image->lock >= 0)
		(void)close(image->lock);
	memset(image, 0, sizeof(*image));
	image->lock = -1;
}
