#include "key_files.h"

#include "applets/registry.h"
#include "cmdbridge/keyfile.h"
#include "tools/local_operation.h"

#include <string.h>
#include <unistd.h>

/* `text` is a sentence. */
static bool
not_written(const char *text, struct problem *error)
{
	return problem(error,
		       "%s Nothing was made; see who may write there, and whether the disk is full",
		       text);
}

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static bool
path_of(const struct image *image, const char *role, const char *under, char path[PATH_MAX],
	struct problem *error)
{
	return local_path(image->directory, role, under, path) ||
	       problem(error, "the path of %s is too long; use a shorter directory",
		       image->directory);
}

static bool
write_leading(const struct image *image, const struct issue_key *key, const char *under,
	      const char *secret, struct problem *error)
{
	char path[PATH_MAX], text[KEYFILE_ERROR_MAX] = "";

	if (!path_of(image, key->role, under, path, error))
		return false;
	return keyfile_create(path, key->key, bytes_of(secret), text) == KEYFILE_OK ||
	       not_written(text, error);
}

/* Its own key, or NULL when that is on the card already. */
static EVP_PKEY *
made_now(const struct issue_key *keys, size_t count, const char *role)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i].key != NULL && strcmp(keys[i].role, role) == 0)
			return keys[i].key;
	return NULL;
}

static EVP_PKEY *
open_leading(const struct image *image, const char *leader, const char *pin, struct problem *error)
{
	char path[PATH_MAX], text[KEYFILE_ERROR_MAX] = "";
	EVP_PKEY *leading = NULL;

	if (!path_of(image, leader, "pin", path, error))
		return NULL;
	if (keyfile_open(path, bytes_of(pin), &leading, text) != KEYFILE_OK)
		problem(error, "%s", text);
	return leading;
}

static bool
write_shared(const struct image *image, const struct issue_key *key, EVP_PKEY *leading,
	     struct problem *error)
{
	char path[PATH_MAX], text[KEYFILE_ERROR_MAX] = "";

	if (!path_of(image, key->role, "key", path, error))
		return false;
	return keyfile_create_shared(path, key->role, key->key, leading, text) == KEYFILE_OK ||
	       not_written(text, error);
}

static bool
write_key(const struct image *image, const struct issue_key *keys, size_t count,
	  const struct issue_key *key, struct problem *error)
{
	const char *leader = registry_pin_key(image, key->role);
	EVP_PKEY *leading, *opened = NULL;
	bool ok;

	if (leader == NULL)
		return problem(error, "card %s has no key %s; make the card again", image->name,
			       key->role);
	if (strcmp(leader, key->role) == 0)
		return write_leading(image, key, "pin", key->pin, error) &&
		       (key->puk == NULL || write_leading(image, key, "puk", key->puk, error));
	leading = made_now(keys, count, leader);
	if (leading == NULL)
		leading = opened = open_leading(image, leader, key->pin, error);
	ok = leading != NULL && write_shared(image, key, leading, error);
	EVP_PKEY_free(opened);
	return ok;
}

bool
key_files_write(const struct image *image, const struct issue_key *keys, size_t count,
		struct problem *error)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i].key != NULL && !write_key(image, keys, count, &keys[i], error))
			return false;
	return true;
}

void
key_files_remove(const struct image *image, const struct issue_key *keys, size_t count)
{
	static const char *const kinds[] = {"pin", "puk", "key"};
	char path[PATH_MAX];

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			if (local_path(image->directory, keys[i].role, kinds[k], path))
				(void)unlink(path);
}
