#include "wrap.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SCRYPT_R = 8,
	SCRYPT_P = 1,
	SALT_LEN = 16,
	SECRET_MAX = 128,
	FILE_MAX = 65536,
};

static const uint64_t SCRYPT_N[] = {[WRAP_FOR_PIN] = 16384, [WRAP_FOR_SECRET] = 2};

static enum keyfile_result
broken(const char *path, const char *why, char error[KEYFILE_ERROR_MAX])
{
	snprintf(error, KEYFILE_ERROR_MAX, "%s: %s.", path, why);
	return KEYFILE_BROKEN;
}

static bool
is_secret(struct bytes secret)
{
	return secret.len > 0 && secret.len <= SECRET_MAX;
}

/* NULL: OpenSSL failed. */
static X509_SIG *
encrypt(EVP_PKEY *key, struct bytes secret, enum wrap_cost cost)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	X509_ALGOR *scheme = NULL;
	X509_SIG *wrapped = NULL;
	uint8_t salt[SALT_LEN];

	if (!info || RAND_bytes(salt, sizeof(salt)) != 1)
		goto out;
	scheme = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof(salt), NULL, SCRYPT_N[cost],
				       SCRYPT_R, SCRYPT_P);
	if (!scheme)
		goto out;
	wrapped = PKCS8_set0_pbe((const char *)secret.data, (int)secret.len, info, scheme);
	if (wrapped)
		scheme = NULL;
out:
	X509_ALGOR_free(scheme);
	PKCS8_PRIV_KEY_INFO_free(info);
	return wrapped;
}

static bool
write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

static bool
sync_directory_of(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	bool ok;
	int fd;

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* link() does not replace, rename() does. */
static bool
put_in_place(const char *beside, const char *path, enum wrap_mode mode)
{
	return mode == WRAP_NEW ? link(beside, path) == 0 && unlink(beside) == 0
				: rename(beside, path) == 0;
}

/* The name is always the same: what a killed process has left of a value that never came into force is
 * replaced by the next change, not kept beside for ever. */
static enum keyfile_result
write_file(const char *path, const uint8_t *data, size_t len, enum wrap_mode mode,
	   char error[KEYFILE_ERROR_MAX])
{
	char beside[PATH_MAX];
	int fd = -1;

	if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
		return broken(path, "the path is too long", error);
	if (unlink(beside) == 0 || errno == ENOENT)
		fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0 || !write_all(fd, data, len) || !put_in_place(beside, path, mode) ||
	    !sync_directory_of(path)) {
		snprintf(error, KEYFILE_ERROR_MAX, "%s: cannot be written: %s.", path,
			 strerror(errno));
		if (fd >= 0) {
			unlink(beside);
			close(fd);
		}
		return KEYFILE_BROKEN;
	}
	close(fd);
	return KEYFILE_OK;
}

enum keyfile_result
wrap_write(const char *path, EVP_PKEY *key, struct bytes secret, enum wrap_cost cost,
	   enum wrap_mode mode, char error[KEYFILE_ERROR_MAX])
{
	enum keyfile_result result;
	X509_SIG *wrapped = NULL;
	uint8_t *der = NULL;
	int len = 0;

	if (!is_secret(secret))
		return broken(path, "a key needs a secret of 1 to 128 bytes", error);
	wrapped = encrypt(key, secret, cost);
	if (!wrapped || (len = i2d_X509_SIG(wrapped, &der)) <= 0)
		result = broken(path, "OpenSSL cannot encrypt the key", error);
	else
		result = write_file(path, der, (size_t)len, mode, error);
	OPENSSL_free(der);
	X509_SIG_free(wrapped);
	ERR_clear_error();
	return result;
}

static X509_SIG *
read_file(const char *path, char error[KEYFILE_ERROR_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	X509_SIG *wrapped = NULL;
	struct stat about;
	BIO *bio = NULL;

	if (fd < 0 || fstat(fd, &about) != 0) {
		(void)broken(path, strerror(errno), error);
		goto out;
	}
	if (!S_ISREG(about.st_mode) || about.st_size > FILE_MAX) {
		(void)broken(path, "is no key file", error);
		goto out;
	}
	bio = BIO_new_fd(fd, BIO_NOCLOSE);
	if (!bio)
		goto out;
	wrapped = d2i_PKCS8_bio(bio, NULL);
	if (!wrapped && lseek(fd, 0, SEEK_SET) == 0)
		wrapped = PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);
	if (!wrapped)
		(void)broken(path, "is no encrypted PKCS#8 key", error);
out:
	BIO_free(bio);
	if (fd >= 0)
		close(fd);
	return wrapped;
}

/* The file is opened by a PIN only as slowly as it says: nothing but scrypt, and not
 * cheaper or dearer than we make it. */
static bool
is_scrypt(const X509_SIG *wrapped, enum wrap_cost cost)
{
	const X509_ALGOR *outer;
	const ASN1_OCTET_STRING *encrypted;
	SCRYPT_PARAMS *scrypt = NULL;
	PBE2PARAM *pbes2 = NULL;
	uint64_t n = 0, r = 0, p = 0;
	bool ok = false;

	X509_SIG_get0(wrapped, &outer, &encrypted);
	if (OBJ_obj2nid(outer->algorithm) != NID_pbes2)
		goto out;
	pbes2 = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), outer->parameter);
	if (!pbes2 || OBJ_obj2nid(pbes2->keyfunc->algorithm) != NID_id_scrypt)
		goto out;
	scrypt =
	    ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), pbes2->keyfunc->parameter);
	ok = scrypt && ASN1_INTEGER_get_uint64(&n, scrypt->costParameter) == 1 &&
	     ASN1_INTEGER_get_uint64(&r, scrypt->blockSize) == 1 &&
	     ASN1_INTEGER_get_uint64(&p, scrypt->parallelizationParameter) == 1 &&
	     n == SCRYPT_N[cost] && r == SCRYPT_R && p == SCRYPT_P;
out:
	SCRYPT_PARAMS_free(scrypt);
	PBE2PARAM_free(pbes2);
	return ok;
}

enum keyfile_result
wrap_read(const char *path, struct bytes secret, enum wrap_cost cost, EVP_PKEY **key,
	  char error[KEYFILE_ERROR_MAX])
{
	enum keyfile_result result = KEYFILE_BROKEN;
	PKCS8_PRIV_KEY_INFO *info = NULL;
	X509_SIG *wrapped;

	error[0] = '\0';
	wrapped = read_file(path, error);
	if (!wrapped)
		goto out;
	if (!is_scrypt(wrapped, cost)) {
		result = broken(path,
				cost == WRAP_FOR_PIN
				    ? "is not encrypted by PBES2 with scrypt of N 16384, r 8, p 1"
				    : "is not encrypted by PBES2 with scrypt of N 2, r 8, p 1",
				error);
		goto out;
	}
	result = KEYFILE_WRONG_PIN;
	if (is_secret(secret))
		info = PKCS8_decrypt(wrapped, (const char *)secret.data, (int)secret.len);
	/* A wrong secret gives wrong padding, or now and then bytes that are no key. */
	*key = info ? EVP_PKCS82PKEY(info) : NULL;
	if (*key)
		result = KEYFILE_OK;
	else
		snprintf(error, KEYFILE_ERROR_MAX, "%s: does not open with this PIN.", path);
out:
	PKCS8_PRIV_KEY_INFO_free(info);
	X509_SIG_free(wrapped);
	ERR_clear_error();
	return result;
}
