#include "filecache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	KEY_LEN = 32,
	MAC_LEN = 32,
	NAME_LEN_MAX = SMARTCARD_SERIAL_MAX + 2 * SMARTCARD_CACHE_KEY_LEN + 2 * 40 + 3,
	PATH_LEN_MAX = 1024,
	STORED_MAX = MAC_LEN + SMARTCARD_FILE_MAX,
};

/* "", and false, when it does not fit. */
static bool
join(char *path, const char *directory, const char *name)
{
	const int len = snprintf(path, PATH_LEN_MAX, "%s/%s", directory, name);

	return len > 0 && len < PATH_LEN_MAX;
}

/* XDG Base Directory Specification: relative values are not to be heeded. */
static bool
base_directory(const char *variable, const char *below_home, char *path)
{
	const char *value = secure_getenv(variable), *home = secure_getenv("HOME");
	char base[PATH_LEN_MAX];

	if (value != NULL && value[0] == '/') {
		return join(path, value, "vicar");
	}
	return home != NULL && home[0] == '/' && join(base, home, below_home) &&
	       join(path, base, "vicar");
}

/* With what is missing above it; the user's alone. */
static void
make_directory(const char *path)
{
	char part[PATH_LEN_MAX];

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return;
		*slash = '/';
	}
	if (mkdir(part, 0700) != 0)
		return;
}

static bool
read_all(int fd, uint8_t *data, size_t room, size_t *len)
{
	*len = 0;
	while (*len < room) {
		const ssize_t got = read(fd, data + *len, room - *len);

		if (got == 0)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		if (got > 0)
			*len += (size_t)got;
	}
	return true;
}

static bool
write_all(int fd, struct bytes bytes)
{
	size_t done = 0;

	while (done < bytes.len) {
		const ssize_t put = write(fd, bytes.data + done, bytes.len - done);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0)
			done += (size_t)put;
	}
	return true;
}

/* A file of the user's that nobody else may read or write. */
static bool
read_own(const char *path, uint8_t *data, size_t room, size_t *len)
{
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	bool ok = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		  status.st_uid == geteuid() && (status.st_mode & 077) == 0 &&
		  read_all(fd, data, room, len);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* A new file beside `path`, whole or not at all; `final` puts it in its place. */
static bool
write_own(const char *directory, const char *path, struct bytes content,
	  int (*final)(const char *from, const char *to))
{
	char temporary[PATH_LEN_MAX];
	int fd;
	bool ok;

	if (!join(temporary, directory, ".new-XXXXXX"))
		return false;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write_all(fd, content);
	ok = close(fd) == 0 && ok && final(temporary, path) == 0;
	unlink(temporary);
	return ok;
}

/* Whoever is first makes the key; link() never replaces one. */
static bool
get_key(struct ossl_lib_ctx_st *crypto, bool make, uint8_t key[KEY_LEN])
{
	char directory[PATH_LEN_MAX], path[PATH_LEN_MAX];
	uint8_t data[KEY_LEN + 1];
	size_t len;

	if (!base_directory("XDG_DATA_HOME", ".local/share", directory) ||
	    !join(path, directory, "cache.key"))
		return false;
	if (make && access(path, F_OK) != 0 && RAND_bytes_ex(crypto, key, KEY_LEN, 0) == 1) {
		make_directory(directory);
		if (write_own(directory, path, (struct bytes){key, KEY_LEN}, link))
			return true;
	}
	if (!read_own(path, data, sizeof(data), &len) || len != KEY_LEN)
		return false;
	memcpy(key, data, KEY_LEN);
	return true;
}

/* What stands in the name is what the files of a card are found by. */
static void
put_serial(char *name, const char *serial)
{
	size_t len = 0;

	for (; len < SMARTCARD_SERIAL_MAX && serial[len] != '\0'; len++) {
		const char c = serial[len];

		name[len] = '_';
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
			name[len] = c;
	}
	name[len++] = '-';
	name[len] = '\0';
}

static bool
name_of(const struct smartcard_file *file, char *name)
{
	enum { FILE_PATH_MAX = 40 };
	size_t len;

	if (file->key.len != SMARTCARD_CACHE_KEY_LEN || file->path.len > FILE_PATH_MAX)
		return false;
	put_serial(name, file->serial);
	len = strlen(name);
	bytes_to_hex(file->key, name + len);
	len += 2 * file->key.len;
	name[len++] = '-';
	bytes_to_hex(file->path, name + len);
	return true;
}

static bool
place_of(const struct smartcard_file *file, char *name, char *directory, char *path)
{
	return name_of(file, name) && base_directory("XDG_CACHE_HOME", ".cache", directory) &&
	       join(path, directory, name);
}

/* Of the name with its NUL, and the content. */
static bool
make_mac(struct ossl_lib_ctx_st *crypto, const uint8_t key[KEY_LEN], const char *name,
	 struct bytes content, uint8_t mac[MAC_LEN])
{
	const size_t name_len = strlen(name) + 1;
	uint8_t *data = malloc(name_len + content.len);
	size_t len = 0;
	bool ok = data != NULL;

	if (ok) {
		memcpy(data, name, name_len);
		if (content.len > 0)
			memcpy(data + name_len, content.data, content.len);
		ok = EVP_Q_mac(crypto, "HMAC", NULL, "SHA256", NULL, key, KEY_LEN, data,
			       name_len + content.len, mac, MAC_LEN, &len) != NULL &&
		     len == MAC_LEN;
	}
	free(data);
	return ok;
}

static bool
get(void *context, const struct smartcard_file *file, struct writer *content)
{
	char name[NAME_LEN_MAX], directory[PATH_LEN_MAX], path[PATH_LEN_MAX];
	uint8_t key[KEY_LEN], mac[MAC_LEN], *stored = malloc(STORED_MAX + 1);
	bool ok = false;
	struct bytes rest = BYTES_NONE;
	size_t len;

	if (stored == NULL || !place_of(file, name, directory, path) ||
	    !get_key(context, false, key) || !read_own(path, stored, STORED_MAX + 1, &len))
		goto out;
	if (len >= MAC_LEN && len <= STORED_MAX) {
		rest = (struct bytes){stored + MAC_LEN, len - MAC_LEN};
		ok = make_mac(context, key, name, rest, mac) &&
		     CRYPTO_memcmp(mac, stored, MAC_LEN) == 0;
	}
	if (ok)
		writer_put(content, rest);
	else
		unlink(path);
out:
	OPENSSL_cleanse(key, sizeof(key));
	free(stored);
	return ok;
}

static void
put(void *context, const struct smartcard_file *file, struct bytes content)
{
	char name[NAME_LEN_MAX], directory[PATH_LEN_MAX], path[PATH_LEN_MAX];
	uint8_t key[KEY_LEN], *stored = malloc(STORED_MAX);

	if (stored == NULL || content.len > SMARTCARD_FILE_MAX ||
	    !place_of(file, name, directory, path) || !get_key(context, true, key) ||
	    !make_mac(context, key, name, content, stored))
		goto out;
	if (content.len > 0)
		memcpy(stored + MAC_LEN, content.data, content.len);
	make_directory(directory);
	if (!write_own(directory, path, (struct bytes){stored, MAC_LEN + content.len}, rename))
		unlink(path);
out:
	OPENSSL_cleanse(key, sizeof(key));
	free(stored);
}

static void
drop(void *context, const struct smartcard_file *file)
{
	char name[NAME_LEN_MAX], directory[PATH_LEN_MAX], path[PATH_LEN_MAX];

	(void)context;
	if (place_of(file, name, directory, path))
		unlink(path);
}

struct smartcard_cache
filecache(struct ossl_lib_ctx_st *crypto)
{
	return (struct smartcard_cache){.context = crypto, .get = get, .put = put, .drop = drop};
}

void
filecache_forget(struct bytes serial)
{
	char text[SMARTCARD_SERIAL_MAX], prefix[NAME_LEN_MAX];
	char directory[PATH_LEN_MAX], path[PATH_LEN_MAX];
	struct dirent *entry;
	DIR *open_directory;

	smartcard_serial_text(serial, text);
	put_serial(prefix, text);
	if (text[0] == '\0' || !base_directory("XDG_CACHE_HOME", ".cache", directory))
		return;
	open_directory = opendir(directory);
	if (open_directory == NULL)
		return;
	while ((entry = readdir(open_directory)) != NULL)
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
		    join(path, directory, entry->d_name))
			unlink(path);
	closedir(open_directory);
}
