#include "csctoken.h"
#include "csccall.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_MAX = 4095, HASH_BYTES = 8, HASH_LEN = 32 };

#define DIRECTORY "vicar/tokens"

static bool
hash_of(const struct service_config *config, const struct service_account *account,
	char hex[2 * HASH_BYTES + 1])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t hash[HASH_LEN];
	const bool ok =
	    context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(context, config->endpoint, strlen(config->endpoint) + 1) == 1 &&
	    EVP_DigestUpdate(context, account->user, strlen(account->user)) == 1 &&
	    EVP_DigestFinal_ex(context, hash, NULL) == 1;

	EVP_MD_CTX_free(context);
	if (ok)
		bytes_to_hex((struct bytes){hash, HASH_BYTES}, hex);
	return ok;
}

static bool
directory_path(char path[PATH_MAX])
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int len;

	if (data && data[0] == '/')
		len = snprintf(path, PATH_MAX, "%s/" DIRECTORY, data);
	else
		len = home && home[0] == '/'
			  ? snprintf(path, PATH_MAX, "%s/.local/share/" DIRECTORY, home)
			  : -1;
	return len > 0 && len < PATH_MAX;
}

static bool
token_path(const struct service_config *config, const struct service_account *account,
	   char path[PATH_MAX])
{
	char directory[PATH_MAX], hash[2 * HASH_BYTES + 1];

	return directory_path(directory) && hash_of(config, account, hash) &&
	       snprintf(path, PATH_MAX, "%s/%s-%s", directory, config->name, hash) < PATH_MAX;
}

/* Each directory on the way, for the owner alone where it is new. */
static void
make_directories(const char *path)
{
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "%s", path);
	for (char *at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(part, 0700);
		*at = '/';
	}
}

char *
csc_token_load(const struct service_config *config, const struct service_account *account)
{
	char path[PATH_MAX], *token = NULL;
	struct stat about;
	ssize_t len = 0, n = 0;
	int fd;

	if (!token_path(config, account, path))
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || about.st_uid != geteuid() ||
	    (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		goto out;
	token = OPENSSL_secure_zalloc(TOKEN_MAX + 1);
	if (!token)
		goto out;
	while (len < TOKEN_MAX &&
	       (n = TEMP_FAILURE_RETRY(read(fd, token + len, (size_t)(TOKEN_MAX - len)))) > 0)
		len += n;
	if (len > 0)
		token[strcspn(token, "\r\n")] = '\0';
	if (n < 0 || len == 0 || !token[0]) {
		OPENSSL_secure_clear_free(token, TOKEN_MAX + 1);
		token = NULL;
	}
out:
	close(fd);
	return token;
}

static bool
write_token(int fd, const char *token)
{
	size_t len = strlen(token);

	while (len > 0) {
		const ssize_t n = TEMP_FAILURE_RETRY(write(fd, token, len));

		if (n < 0)
			return false;
		token += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

void
csc_token_save(const struct service_config *config, const struct service_account *account,
	       const char *token)
{
	char path[PATH_MAX], beside[PATH_MAX];
	int fd;
	bool ok;

	if (strlen(token) > TOKEN_MAX || !token_path(config, account, path) ||
	    snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >= PATH_MAX)
		return;
	make_directories(path);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return;
	ok = write_token(fd, token);
	ok = close(fd) == 0 && ok;
	if (!ok || rename(beside, path) != 0)
		(void)unlink(beside);
}

void
csc_token_forget(const struct service_config *config, const struct service_account *account)
{
	char path[PATH_MAX];

	if (token_path(config, account, path))
		(void)unlink(path);
}
