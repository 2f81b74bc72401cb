/*
 * Encryption of phone number, PIN and code for the CMD service: RSAES-PKCS1-v1_5 (RFC 8017 section
 * 7.2) with the key of the service's encryption certificate, one block, base64 without line breaks.
 */
#ifndef VICAR_CMDBRIDGE_CIPHER_H
#define VICAR_CMDBRIDGE_CIPHER_H

#include "iso7816/bytes.h"

#include <openssl/x509.h>

enum { CIPHER_TEXT_MAX = 1024 }; /* base64 of one block of up to 6144 bits, and a NUL */

struct cipher {
	X509 *certificate; /* owned */
	EVP_PKEY *key;     /* borrowed from the certificate */
};

/* How long before its end people are told that the certificate ends. */
enum { CIPHER_WARN_DAYS = 30 };

enum cipher_result {
	CIPHER_OK,
	CIPHER_EXPIRED,  /* or not valid yet */
	CIPHER_UNUSABLE, /* missing, unreadable, no RSA key of at least 2048 bits */
};

enum { CIPHER_ERROR_MAX = 512 };

/* `path` is a certificate in PEM or DER. Unless CIPHER_OK `error` says what is wrong and what to do,
 * and `cipher` is empty. */
enum cipher_result cipher_open(const char *path, struct cipher *cipher,
			       char error[CIPHER_ERROR_MAX]) MUST_USE;
void cipher_close(struct cipher *cipher);
/* Within CIPHER_WARN_DAYS. */
bool cipher_ends_soon(const struct cipher *cipher);

/* False: OpenSSL failed, or the text is too long for one block. */
bool cipher_encrypt(const struct cipher *cipher, const char *text,
		    char out[CIPHER_TEXT_MAX]) MUST_USE;

#endif
