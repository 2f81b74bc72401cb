#include "keyfile.h"
#include "keyuse.h"
#include "wrap.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

#include <stdio.h>
#include <string.h>

enum { SHARED_SECRET_LEN = 32, NUMBER_MAX = 1024, INFO_MAX = 128 };

enum keyfile_result
keyfile_create(const char *path, EVP_PKEY *key, struct bytes secret, char error[KEYFILE_ERROR_MAX])
{
	return wrap_write(path, key, secret, WRAP_FOR_PIN, WRAP_NEW, error);
}

enum keyfile_result
keyfile_check(const char *path, struct bytes secret, char error[KEYFILE_ERROR_MAX])
{
	EVP_PKEY *key = NULL;
	enum keyfile_result result = wrap_read(path, secret, WRAP_FOR_PIN, &key, error);

	EVP_PKEY_free(key);
	return result;
}

enum keyfile_result
keyfile_rewrap(const char *from, struct bytes secret, const char *to, struct bytes new_secret,
	       char error[KEYFILE_ERROR_MAX])
{
	EVP_PKEY *key = NULL;
	enum keyfile_result result = wrap_read(from, secret, WRAP_FOR_PIN, &key, error);

	if (result == KEYFILE_OK)
		result = wrap_write(to, key, new_secret, WRAP_FOR_PIN, WRAP_REPLACE, error);
	EVP_PKEY_free(key);
	return result;
}

enum keyfile_result
keyfile_open(const char *path, struct bytes secret, EVP_PKEY **key, char error[KEYFILE_ERROR_MAX])
{
	return wrap_read(path, secret, WRAP_FOR_PIN, key, error);
}

enum keyfile_result
keyfile_use(const char *path, EVP_PKEY *key, enum keyfile_operation operation, enum digest digest,
	    struct bytes input, struct writer *output, char error[KEYFILE_ERROR_MAX])
{
	enum keyfile_result result = keyuse(key, operation, digest, input, output);

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
	return result;
}

/* Not of the key's DER: that may differ after a file was read and written again. Returns the
 * number's length, 0 when there is none. */
static size_t
private_number(EVP_PKEY *key, uint8_t bytes[NUMBER_MAX])
{
	const char *name =
	    EVP_PKEY_is_a(key, "RSA") ? OSSL_PKEY_PARAM_RSA_D : OSSL_PKEY_PARAM_PRIV_KEY;
	BIGNUM *number = BN_secure_new();
	size_t len = 0;

	if (number != NULL && EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
	    BN_num_bytes(number) <= NUMBER_MAX)
		len = (size_t)BN_bn2bin(number, bytes);
	BN_clear_free(number);
	return len;
}

static bool
hkdf(struct bytes number, const char *info, uint8_t secret[SHARED_SECRET_LEN])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	char digest[] = "SHA256";
	const OSSL_PARAM parameters[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)number.data, number.len),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info)),
	    OSSL_PARAM_construct_end(),
	};
	bool ok =
	    context != NULL && EVP_KDF_derive(context, secret, SHARED_SECRET_LEN, parameters) == 1;

	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return ok;
}

static enum keyfile_result
shared_secret(const char *path, const char *name, EVP_PKEY *leading,
	      uint8_t secret[SHARED_SECRET_LEN], char error[KEYFILE_ERROR_MAX])
{
	uint8_t number[NUMBER_MAX];
	char info[INFO_MAX];
	size_t len = private_number(leading, number);
	int info_len = snprintf(info, sizeof(info), "vicar shared key %s", name);
	bool ok = len > 0 && info_len > 0 && (size_t)info_len < sizeof(info) &&
		  hkdf((struct bytes){number, len}, info, secret);

	OPENSSL_cleanse(number, sizeof(number));
	ERR_clear_error();
	if (ok)
		return KEYFILE_OK;
	snprintf(error, KEYFILE_ERROR_MAX,
		 "%s: OpenSSL cannot derive its secret from the key that shares its PIN; make the "
		 "card again.",
		 path);
	return KEYFILE_BROKEN;
}

enum keyfile_result
keyfile_create_shared(const char *path, const char *name, EVP_PKEY *key, EVP_PKEY *leading,
		      char error[KEYFILE_ERROR_MAX])
{
	uint8_t secret[SHARED_SECRET_LEN];
	enum keyfile_result result = shared_secret(path, name, leading, secret, error);

	if (result == KEYFILE_OK)
		result = wrap_write(path, key, BYTES(secret), WRAP_FOR_SECRET, WRAP_NEW, error);
	OPENSSL_cleanse(secret, sizeof(secret));
	return result;
}

static enum keyfile_result
open_shared(const char *path, const char *name, EVP_PKEY *leading, EVP_PKEY **key,
	    char error[KEYFILE_ERROR_MAX])
{
	uint8_t secret[SHARED_SECRET_LEN];
	enum keyfile_result result = shared_secret(path, name, leading, secret, error);

	if (result == KEYFILE_OK)
		result = wrap_read(path, BYTES(secret), WRAP_FOR_SECRET, key, error);
	OPENSSL_cleanse(secret, sizeof(secret));
	if (result != KEYFILE_WRONG_PIN)
		return result;
	snprintf(error, KEYFILE_ERROR_MAX,
		 "%s: does not open with the key that shares its PIN, so that it is of another "
		 "card or damaged; restore it, or make the card again.",
		 path);
	return KEYFILE_BROKEN;
}

enum keyfile_result
keyfile_open_shared(const char *path, const char *name, const char *leading, struct bytes secret,
		    EVP_PKEY **key, char error[KEYFILE_ERROR_MAX])
{
	EVP_PKEY *leading_key = NULL;
	enum keyfile_result result = keyfile_open(leading, secret, &leading_key, error);

	if (result == KEYFILE_OK)
		result = open_shared(path, name, leading_key, key, error);
	EVP_PKEY_free(leading_key);
	return result;
}
