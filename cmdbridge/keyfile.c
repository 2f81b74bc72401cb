#include "keyfile.h"
#include "keyuse.h"
#include "wrap.h"

#include <stdio.h>

enum keyfile_result
keyfile_create(const char *path, EVP_PKEY *key, struct bytes secret, char error[KEYFILE_ERROR_MAX])
{
	return wrap_write(path, key, secret, WRAP_NEW, error);
}

enum keyfile_result
keyfile_check(const char *path, struct bytes secret, char error[KEYFILE_ERROR_MAX])
{
	EVP_PKEY *key = NULL;
	enum keyfile_result result = wrap_read(path, secret, &key, error);

	EVP_PKEY_free(key);
	return result;
}

enum keyfile_result
keyfile_rewrap(const char *from, struct bytes secret, const char *to, struct bytes new_secret,
	       char error[KEYFILE_ERROR_MAX])
{
	EVP_PKEY *key = NULL;
	enum keyfile_result result = wrap_read(from, secret, &key, error);

	if (result == KEYFILE_OK)
		result = wrap_write(to, key, new_secret, WRAP_REPLACE, error);
	EVP_PKEY_free(key);
	return result;
}

enum keyfile_result
keyfile_use(const char *path, struct bytes secret, enum keyfile_operation operation,
	    enum digest digest, struct bytes input, struct writer *output,
	    char error[KEYFILE_ERROR_MAX])
{
	EVP_PKEY *key = NULL;
	enum keyfile_result result = wrap_read(path, secret, &key, error);

	if (result != KEYFILE_OK)
		goto out;
	result = keyuse(key, operation, digest, input, output);
	if (result == KEYFILE_BAD_INPUT)
		snprintf(error, KEYFILE_ERROR_MAX,
			 "%s: the input has a length, a value or a padding that the key cannot"
			 " take.",
			 path);
	else if (result != KEYFILE_OK)
		snprintf(
		    error, KEYFILE_ERROR_MAX,
		    "%s: is no key that Vicar can use: RSA of at most 8192 bits, or EC on P-256,"
		    " P-384, P-521, brainpoolP256r1 or brainpoolP384r1; make the card again.",
		    path);
out:
	EVP_PKEY_free(key);
	return result;
}
