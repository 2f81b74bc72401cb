#include "keyfile.h"
#include "wrap.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include <stdio.h>
#include <string.h>

enum { MODULUS_MAX = 1024, PKCS1_OVERHEAD = 11 };

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

static bool
is_signature(enum keyfile_operation operation)
{
	return operation == KEYFILE_SIGN_PKCS1 || operation == KEYFILE_SIGN_RAW;
}

static bool
is_raw(enum keyfile_operation operation)
{
	return operation == KEYFILE_SIGN_RAW || operation == KEYFILE_DECIPHER_RAW;
}

static bool
fits(enum keyfile_operation operation, size_t input, size_t modulus)
{
	if (operation == KEYFILE_SIGN_PKCS1)
		return input + PKCS1_OVERHEAD <= modulus;
	return input == modulus;
}

static bool
prepare(EVP_PKEY_CTX *context, enum keyfile_operation operation)
{
	int ready =
	    is_signature(operation) ? EVP_PKEY_sign_init(context) : EVP_PKEY_decrypt_init(context);

	if (ready != 1 || EVP_PKEY_CTX_set_rsa_padding(
			      context, is_raw(operation) ? RSA_NO_PADDING : RSA_PKCS1_PADDING) != 1)
		return false;
	/* OpenSSL 3.2 and newer would answer wrong padding with a random message (implicit
	 * rejection); a card says that it is wrong. Older ones do not know the option. */
	if (operation == KEYFILE_DECIPHER_PKCS1)
		(void)EVP_PKEY_CTX_ctrl_str(context, "rsa_pkcs1_implicit_rejection", "0");
	ERR_clear_error();
	return true;
}

enum keyfile_result
keyfile_use(const char *path, struct bytes secret, enum keyfile_operation operation,
	    struct bytes input, struct writer *output, char error[KEYFILE_ERROR_MAX])
{
	uint8_t room[MODULUS_MAX];
	size_t len = sizeof(room);
	EVP_PKEY_CTX *context = NULL;
	EVP_PKEY *key = NULL;
	enum keyfile_result result = wrap_read(path, secret, &key, error);
	int done;

	if (result != KEYFILE_OK)
		goto out;
	result = KEYFILE_BROKEN;
	if (!EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_size(key) > MODULUS_MAX) {
		snprintf(error, KEYFILE_ERROR_MAX, "%s: is no RSA key of at most %d bits.", path,
			 MODULUS_MAX * 8);
		goto out;
	}
	context = EVP_PKEY_CTX_new(key, NULL);
	if (!context || !prepare(context, operation)) {
		snprintf(error, KEYFILE_ERROR_MAX, "%s: OpenSSL cannot use the key.", path);
		goto out;
	}
	result = KEYFILE_BAD_INPUT;
	if (!fits(operation, input.len, (size_t)EVP_PKEY_get_size(key)))
		goto out;
	done = is_signature(operation)
		   ? EVP_PKEY_sign(context, room, &len, input.data, input.len)
		   : EVP_PKEY_decrypt(context, room, &len, input.data, input.len);
	if (done != 1)
		goto out;
	writer_put(output, (struct bytes){room, len});
	result = KEYFILE_OK;
out:
	if (result == KEYFILE_BAD_INPUT)
		snprintf(error, KEYFILE_ERROR_MAX,
			 "%s: the input has a length, a value or a padding that the key cannot"
			 " take.",
			 path);
	OPENSSL_cleanse(room, sizeof(room));
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return result;
}
