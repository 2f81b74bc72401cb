/*
 * A private key under a secret, as a file: PKCS#8 EncryptedPrivateKeyInfo in DER (RFC 5958), PBES2
 * (RFC 8018) with scrypt (RFC 7914, r = 8, p = 1) and AES-256-CBC. Files are 0600 and
 * written beside, fsync'ed, put in place at once, and their directory fsync'ed.
 */
#ifndef VICAR_CMDBRIDGE_WRAP_H
#define VICAR_CMDBRIDGE_WRAP_H

#include "keyfile.h"

enum wrap_mode {
	WRAP_NEW,     /* fails when the file is there */
	WRAP_REPLACE, /* the old file stays until the new one is complete */
};

/* How dear scrypt makes a try. */
enum wrap_cost {
	WRAP_FOR_PIN,    /* N = 16384: the secret is short and can be guessed */
	WRAP_FOR_SECRET, /* N = 2: 32 random bytes, which nobody guesses at any price */
};

enum keyfile_result wrap_write(const char *path, EVP_PKEY *key, struct bytes secret,
			       enum wrap_cost cost, enum wrap_mode mode,
			       char error[KEYFILE_ERROR_MAX]) MUST_USE;
/* PEM is read too. KEYFILE_BROKEN when the file has another cost. `*key` is the caller's when
 * KEYFILE_OK. */
enum keyfile_result wrap_read(const char *path, struct bytes secret, enum wrap_cost cost,
			      EVP_PKEY **key, char error[KEYFILE_ERROR_MAX]) MUST_USE;

#endif
