#include "cipher.h"
#include "certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { KEY_BITS_MIN = 2048, BLOCK_MAX = (CIPHER_TEXT_MAX - 1) / 4 * 3 };

static X509 *
read_certificate(BIO *file)
{
	X509 *certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);

	if (!certificate && BIO_reset(file) == 0)
		certificate = d2i_X509_bio(file, NULL);
	ERR_clear_error();
	return certificate;
}

enum cipher_result
cipher_open(const char *path, struct cipher *cipher, char error[CIPHER_ERROR_MAX])
{
	enum cipher_result result = CIPHER_UNUSABLE;
	char date[CERTIFICATE_DATE_SIZE];
	BIO *file = BIO_new_file(path, "rb");

	*cipher = (struct cipher){NULL, NULL};
	if (!file) {
		snprintf(error, CIPHER_ERROR_MAX, "%s: cannot be read: %s.", path, strerror(errno));
		goto out;
	}
	cipher->certificate = read_certificate(file);
	if (!cipher->certificate) {
		snprintf(error, CIPHER_ERROR_MAX, "%s: is no certificate in PEM or DER.", path);
		goto out;
	}
	cipher->key = X509_get0_pubkey(cipher->certificate);
	if (!cipher->key || !EVP_PKEY_is_a(cipher->key, "RSA") ||
	    EVP_PKEY_get_bits(cipher->key) < KEY_BITS_MIN ||
	    EVP_PKEY_get_size(cipher->key) > BLOCK_MAX) {
		snprintf(error, CIPHER_ERROR_MAX, "%s: has no RSA key of %d to %d bits.", path,
			 KEY_BITS_MIN, BLOCK_MAX * 8);
		goto out;
	}
	certificate_date(X509_get0_notAfter(cipher->certificate), date);
	if (!certificate_is_current(cipher->certificate)) {
		snprintf(error, CIPHER_ERROR_MAX, "%s: valid until %s.", path, date);
		result = CIPHER_EXPIRED;
		goto out;
	}
	result = CIPHER_OK;
out:
	BIO_free(file);
	ERR_clear_error();
	if (result != CIPHER_OK)
		cipher_close(cipher);
	return result;
}

void
cipher_close(struct cipher *cipher)
{
	X509_free(cipher->certificate);
	*cipher = (struct cipher){NULL, NULL};
}

bool
cipher_ends_soon(const struct cipher *cipher)
{
	time_t then = time(NULL) + (time_t)CIPHER_WARN_DAYS * 86400;

	return X509_cmp_time(X509_get0_notAfter(cipher->certificate), &then) < 0;
}

bool
cipher_encrypt(const struct cipher *cipher, const char *text, char out[CIPHER_TEXT_MAX])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(cipher->key, NULL);
	uint8_t block[BLOCK_MAX];
	size_t len = sizeof(block);
	bool ok = false;

	if (!context || EVP_PKEY_encrypt_init(context) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_encrypt(context, block, &len, (const uint8_t *)text, strlen(text)) != 1)
		goto out;
	EVP_EncodeBlock((uint8_t *)out, block, (int)len);
	ok = true;
out:
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return ok;
}
