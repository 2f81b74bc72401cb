#include "image.h"
#include "failure.h"
#include "image_conf.h"
#include "image_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a card image holds, written over what it held. */

enum { NAMES_MAX = 100 }; /* of one certificate after another for the same key */

/* A certificate to be written, and where its file's name goes. */
struct place {
	char base[IMAGE_FILE_NAME_MAX]; /* of the name: "sign" */
	struct bytes der;
	char *name; /* IMAGE_FILE_NAME_MAX bytes */
};

enum { PLACES_MAX = IMAGE_KEYS_MAX + IMAGE_AUTHORITIES_MAX + IMAGE_CERTIFICATES_MAX };

static size_t
list_places(const struct image *image, struct image_certificates *names,
	    struct place places[PLACES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < image->keys_count && i < IMAGE_KEYS_MAX; i++) {
		const struct image_key *key = &image->keys[i];
		struct place *place = &places[count++];

		place->der = (struct bytes){key->certificate, key->certificate_len};
		place->name = names->keys[i];
		(void)snprintf(place->base, sizeof(place->base), "%s", key->name);
	}
	for (size_t i = 0; i < image->authorities_count && i < IMAGE_AUTHORITIES_MAX; i++) {
		const struct image_authority *authority = &image->authorities[i];
		struct place *place = &places[count++];

		place->der = (struct bytes){authority->certificate, authority->certificate_len};
		place->name = names->authorities[i];
		(void)snprintf(place->base, sizeof(place->base), "authority%zu", i + 1);
	}
	for (size_t i = 0; i < image->certificates_count && i < IMAGE_CERTIFICATES_MAX; i++) {
		const struct image_certificate *certificate = &image->certificates[i];
		struct place *place = &places[count++];

		place->der = (struct bytes){certificate->certificate, certificate->certificate_len};
		place->name = names->certificates[i];
		(void)snprintf(place->base, sizeof(place->base), "certificate-%s",
			       certificate->name);
	}
	return count;
}

static void
name_place(const struct place *place, unsigned n)
{
	if (n == 1)
		(void)snprintf(place->name, IMAGE_FILE_NAME_MAX, "%.*s.der",
			       IMAGE_FILE_NAME_MAX - 10, place->base);
	else
		(void)snprintf(place->name, IMAGE_FILE_NAME_MAX, "%.*s-%u.der",
			       IMAGE_FILE_NAME_MAX - 10, place->base, n);
}

static bool
holds(const struct image_directory *directory, const struct place *place, bool *absent)
{
	struct image_error unread;
	uint8_t *data;
	size_t len;
	enum image_file_result r =
	    image_file_read(directory, place->name, IMAGE_CERTIFICATE_MAX, &data, &len, &unread);
	bool same = r == IMAGE_FILE_OK && bytes_equal(place->der, (struct bytes){data, len});

	*absent = r == IMAGE_FILE_ABSENT;
	free(data);
	return same;
}

/* Under BASE.der, or BASE-2.der and so on: a file with another content belongs to the card.conf that
 * is there, and stays. */
static bool
write_certificate(const struct image_directory *directory, const struct place *place,
		  struct image_error *error)
{
	for (unsigned n = 1; n <= NAMES_MAX; n++) {
		bool absent;

		name_place(place, n);
		if (holds(directory, place, &absent))
			return true;
		if (absent)
			return image_file_replace(directory, place->name, place->der, error);
	}
	return failure(error,
		       "%s: there are too many certificates %s; delete those that card.conf does "
		       "not name",
		       directory->path, place->base);
}

static bool
print(const struct image *image, const struct image_certificates *names, struct writer *text,
      struct image_error *error)
{
	text->len = 0;
	return image_conf_print(image, names, text, error);
}

bool
image_write(const struct image *image, const struct image_directory *directory,
	    struct image_error *error)
{
	struct image_certificates names = {0};
	struct image_directory sub = {.fd = -1};
	struct place places[PLACES_MAX];
	uint8_t text[IMAGE_CONF_MAX];
	struct writer writer = writer_to(text, sizeof(text));
	size_t count = list_places(image, &names, places);
	bool ok;

	/* Nothing is written for an image whose values cannot be, names above all. */
	for (size_t i = 0; i < count; i++)
		name_place(&places[i], 1);
	ok = print(image, &names, &writer, error) &&
	     image_directory_sub(&sub, directory, "certificates", error);
	for (size_t i = 0; ok && i < count; i++)
		ok = write_certificate(&sub, &places[i], error);
	image_directory_close(&sub);
	return ok && print(image, &names, &writer, error) &&
	       image_file_replace(directory, "card.conf", writer_bytes(&writer), error);
}

bool
image_update(const struct image *image, struct image_error *error)
{
	struct image_directory directory;
	bool ok = image_directory_open(&directory, image->directory, error) &&
		  image_write(image, &directory, error);

	image_directory_close(&directory);
	return ok;
}

/* A copy that image_free() frees. */
static bool
copy(const struct image *image, struct bytes der, uint8_t **certificate, size_t *certificate_len,
     struct image_error *error)
{
	*certificate = malloc(der.len + 1);
	if (*certificate == NULL)
		return failure(error,
			       "card \"%s\": no memory for a certificate; close some programs",
			       image->name);
	if (der.len != 0)
		memcpy(*certificate, der.data, der.len);
	*certificate_len = der.len;
	return true;
}

bool
image_add_key(struct image *image, const struct image_key *key, struct image_error *error)
{
	struct image_key added = *key;

	if (image_key(image, key->name) != NULL)
		return failure(error,
			       "card \"%s\": it has a key \"%s\" already; give the new one "
			       "another role, or make another card",
			       image->name, key->name);
	if (image->keys_count == IMAGE_KEYS_MAX)
		return failure(error, "card \"%s\": a card has %d keys at most; make another card",
			       image->name, IMAGE_KEYS_MAX);
	if (!copy(image, (struct bytes){key->certificate, key->certificate_len}, &added.certificate,
		  &added.certificate_len, error))
		return false;
	image->keys[image->keys_count++] = added;
	return true;
}

bool
image_add_authority(struct image *image, struct bytes certificate, struct image_error *error)
{
	struct image_authority added;

	for (size_t i = 0; i < image->authorities_count; i++)
		if (bytes_equal(certificate, (struct bytes){image->authorities[i].certificate,
							    image->authorities[i].certificate_len}))
			return true;
	if (image->authorities_count == IMAGE_AUTHORITIES_MAX)
		return failure(error,
			       "card \"%s\": a card has %d certificates of authorities at most; "
			       "leave this one out",
			       image->name, IMAGE_AUTHORITIES_MAX);
	if (!copy(image, certificate, &added.certificate, &added.certificate_len, error))
		return false;
	image->authorities[image->authorities_count++] = added;
	return true;
}

bool
image_add_certificate(struct image *image, const struct image_certificate *certificate,
		      struct image_error *error)
{
	struct image_certificate added = *certificate;

	for (size_t i = 0; i < image->certificates_count; i++)
		if (strcmp(image->certificates[i].name, certificate->name) == 0)
			return failure(error,
				       "card \"%s\": it has a certificate \"%s\" already; choose "
				       "another name",
				       image->name, certificate->name);
	if (image->certificates_count == IMAGE_CERTIFICATES_MAX)
		return failure(error,
			       "card \"%s\": a card has %d further certificates at most; leave "
			       "this one out",
			       image->name, IMAGE_CERTIFICATES_MAX);
	if (!copy(image, (struct bytes){certificate->certificate, certificate->certificate_len},
		  &added.certificate, &added.certificate_len, error))
		return false;
	image->certificates[image->certificates_count++] = added;
	return true;
}
