#include "open_keys.h"

#include "tools/local_operation.h"

#include <string.h>

static void
identify(const char *path, struct open_key_file *file)
{
	struct stat about;

	*file = (struct open_key_file){.there = false};
	if (stat(path, &about) != 0)
		return;
	file->there = true;
	file->device = about.st_dev;
	file->inode = about.st_ino;
	file->size = about.st_size;
	file->changed = about.st_ctim;
}

static bool
same_file(const struct open_key_file *a, const struct open_key_file *b)
{
	return a->there == b->there && a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

void
open_key_files(const char *directory, const char *name, const char *pin_key,
	       struct open_key_file files[2])
{
	char path[PATH_MAX];

	files[0] = files[1] = (struct open_key_file){.there = false};
	if (local_path(directory, pin_key, "pin", path))
		identify(path, &files[0]);
	if (strcmp(name, pin_key) != 0 && local_path(directory, name, "key", path))
		identify(path, &files[1]);
}

static struct open_key *
find(struct open_keys *keys, const char *name)
{
	for (size_t i = 0; i < OPEN_KEYS_MAX; i++)
		if (keys->keys[i].name[0] != '\0' && strcmp(keys->keys[i].name, name) == 0)
			return &keys->keys[i];
	return NULL;
}

void
open_key_drop(struct open_key *key)
{
	EVP_PKEY_free(key->key);
	memset(key, 0, sizeof(*key));
}

static struct open_key *
make_room(struct open_keys *keys, const char *name)
{
	struct open_key *key = find(keys, name);

	if (key == NULL) {
		key = &keys->keys[keys->next];
		keys->next = (keys->next + 1) % OPEN_KEYS_MAX;
	}
	open_key_drop(key);
	return key;
}

void
open_keys_put(struct open_keys *keys, const char *name, EVP_PKEY *key,
	      const struct open_key_file files[2])
{
	struct open_key *kept = make_room(keys, name);

	if (strlen(name) >= sizeof(kept->name) || EVP_PKEY_up_ref(key) != 1)
		return;
	kept->key = key;
	memcpy(kept->name, name, strlen(name) + 1);
	memcpy(kept->files, files, sizeof(kept->files));
}

EVP_PKEY *
open_keys_get(struct open_keys *keys, const char *name, const struct open_key_file files[2])
{
	const struct open_key *kept = find(keys, name);

	if (kept == NULL || !same_file(&kept->files[0], &files[0]) ||
	    !same_file(&kept->files[1], &files[1]) || EVP_PKEY_up_ref(kept->key) != 1)
		return NULL;
	return kept->key;
}
