#include "cardimage.h"
#include "applets/registry.h"
#include "cmdbridge/keyfile.h"
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
write_key(const char *directory, const char *role, const char *kind, EVP_PKEY *key,
	  const struct fixture_pin *secret, struct problem *error)
{
	char path[PATH_MAX], text[KEYFILE_ERROR_MAX] = "";
	const int len = snprintf(path, sizeof(path), "%s/keys/%s.%s", directory, role, kind);

	if (len < 0 || (size_t)len >= sizeof(path))
		return problem(error, "%s: the path is too long; use a shorter directory",
			       directory);
	if (keyfile_create(path, key, (struct bytes){secret->value, secret->len}, text) ==
	    KEYFILE_OK)
		return true;
	return problem(error, "%s", text);
}

/* Under the PIN of another key. */
static bool
write_shared_key(const struct fixture *fixture, size_t key, const char *leading,
		 struct problem *error)
{
	const struct image *image = &fixture->image;
	const char *role = image->keys[key].name;
	char path[PATH_MAX], text[KEYFILE_ERROR_MAX] = "";
	const int len = snprintf(path, sizeof(path), "%s/keys/%s.key", image->directory, role);
	size_t first = 0;

	if (len < 0 || (size_t)len >= sizeof(path))
		return problem(error, "%s: the path is too long; use a shorter directory",
			       image->directory);
	while (strcmp(image->keys[first].name, leading) != 0)
		first++;
	if (keyfile_create_shared(path, role, fixture->keys[key].key, fixture->keys[first].key,
				  text) == KEYFILE_OK)
		return true;
	return problem(error, "%s", text);
}

static bool
write_keys(const struct fixture *fixture, struct problem *error)
{
	const struct image *image = &fixture->image;

	for (size_t i = 0; i < image->keys_count; i++) {
		const struct fixture_key *key = &fixture->keys[i];
		const char *role = image->keys[i].name;
		const char *leading = registry_pin_key(image, role);

		if (leading != NULL && strcmp(leading, role) != 0) {
			if (!write_shared_key(fixture, i, leading, error))
				return false;
			continue;
		}
		if (!write_key(image->directory, role, "pin", key->key, &key->pin, error) ||
		    !write_key(image->directory, role, "puk", key->key, &key->puk, error))
			return false;
	}
	return true;
}

static bool
check_keys(const struct subject *subject, struct problem *error)
{
	for (size_t i = 0; i < subject->keys_count; i++)
		if (subject->keys[i].remote)
			return problem(error,
				       "the key `%s` is remote, an image has local keys only; play "
				       "the file without --image",
				       subject->keys[i].role);
	return true;
}

/* image_create() takes the name and an absolute directory from the image. */
static bool
set_directory(struct image *image, const char *directory, struct problem *error)
{
	const char *slash = strrchr(directory, '/');

	if (directory[0] != '/')
		return problem(error, "%s: not an absolute path; write it with a / in front",
			       directory);
	if (!image_name_valid(slash + 1))
		return problem(error,
			       "%s: its last part can be no card's name; use letters, digits, - "
			       "and _",
			       directory);
	snprintf(image->name, sizeof(image->name), "%s", slash + 1);
	if ((size_t)snprintf(image->directory, sizeof(image->directory), "%s", directory) <
	    sizeof(image->directory))
		return true;
	return problem(error, "%s: the path is too long; use a shorter one", directory);
}

bool
cardimage_write(const char *fixtures, const struct subject *subject, const char *directory,
		struct problem *error)
{
	struct image_error reason;
	struct fixture fixture;
	bool ok = false;

	if (!check_keys(subject, error) || !fixture_load(&fixture, fixtures, subject, error))
		return false;
	if (!set_directory(&fixture.image, directory, error))
		goto out;
	if (image_create(&fixture.image, &reason))
		ok = write_keys(&fixture, error);
	else
		(void)problem(error, "%s", reason.text);
out:
	fixture_free(&fixture);
	return ok;
}
