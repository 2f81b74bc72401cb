/*
 * The maker `file`: a private key in a PKCS#8 file, PBES2 with scrypt, opened by the PIN itself.
 *
 *   keys/NAME.pin   the key, encrypted under the PIN
 *   keys/NAME.puk   the key, encrypted under the PUK; absent when the card has no PUK
 *   keys/NAME.key   a key that shares another one's PIN, encrypted under a secret that only the other,
 *                   the leading one, gives: HKDF with SHA-256 (RFC 5869), no salt, of the leading
 *                   key's private number (RSA: the private exponent, EC: the scalar; big endian
 *                   without leading zeros), info "vicar shared key NAME", 32 bytes
 *
 * So one PIN opens several keys, and a change of the PIN or its way back by the PUK rewrites one
 * file, the leading key's, at once; the others stay as they are.
 *
 * The key is RSA, or EC on P-256, P-384, P-521, brainpoolP256r1 or brainpoolP384r1.
 *
 * A file is replaced atomically. Outputs go to the caller's writer; keys and PINs live in OpenSSL's
 * secure heap or on a stack that is wiped.
 */
#ifndef VICAR_CMDBRIDGE_KEYFILE_H
#define VICAR_CMDBRIDGE_KEYFILE_H

#include "iso7816/digestinfo.h"

#include <openssl/evp.h>

enum keyfile_result {
	KEYFILE_OK,
	KEYFILE_WRONG_PIN, /* does not open with this secret */
	KEYFILE_BAD_INPUT, /* input of a length or padding that the key cannot take, or an operation
			      of another kind of key */
	KEYFILE_BROKEN,    /* missing, unreadable, or not a key; `error` says which and why */
};

/* Input and output of each are those of emulator/key.h's operation of the same name. */
enum keyfile_operation {
	KEYFILE_SIGN_PKCS1,
	KEYFILE_SIGN_RAW,
	KEYFILE_SIGN_PSS,
	KEYFILE_SIGN_ECDSA,
	KEYFILE_DECIPHER_PKCS1,
	KEYFILE_DECIPHER_RAW,
	KEYFILE_DECIPHER_OAEP,
	KEYFILE_DERIVE_ECDH,
	KEYFILE_OPERATIONS,
};

enum { KEYFILE_ERROR_MAX = 512 };

/* Fails if the file exists. */
enum keyfile_result keyfile_create(const char *path, EVP_PKEY *key, struct bytes secret,
				   char error[KEYFILE_ERROR_MAX]) MUST_USE;
enum keyfile_result keyfile_check(const char *path, struct bytes secret,
				  char error[KEYFILE_ERROR_MAX]) MUST_USE;
/* The key itself; the caller frees it. */
enum keyfile_result keyfile_open(const char *path, struct bytes secret, EVP_PKEY **key,
				 char error[KEYFILE_ERROR_MAX]) MUST_USE;
/* Writes `key`, called `name`, to `path` (keys/NAME.key) so that `leading` opens it. Fails if the
 * file exists. */
enum keyfile_result keyfile_create_shared(const char *path, const char *name, EVP_PKEY *key,
					  EVP_PKEY *leading,
					  char error[KEYFILE_ERROR_MAX]) MUST_USE;
/* The same with the shared key `name` in `path`: `secret` opens `leading` (keys/LEADING.pin).
 * KEYFILE_WRONG_PIN is about that one; a shared key that the leading one does not open is
 * KEYFILE_BROKEN. */
enum keyfile_result keyfile_open_shared(const char *path, const char *name, const char *leading,
					struct bytes secret, EVP_PKEY **key,
					char error[KEYFILE_ERROR_MAX]) MUST_USE;
/* With a key that was opened; `path` is the file that errors name. `digest` is that of
 * KEYFILE_SIGN_PSS and KEYFILE_DECIPHER_OAEP; others do not look at it. */
enum keyfile_result keyfile_use(const char *path, EVP_PKEY *key, enum keyfile_operation operation,
				enum digest digest, struct bytes input, struct writer *output,
				char error[KEYFILE_ERROR_MAX]) MUST_USE;
/* Opens `from` with `secret` and writes the key to `to` under `new_secret`, replacing it. */
enum keyfile_result keyfile_rewrap(const char *from, struct bytes secret, const char *to,
				   struct bytes new_secret, char error[KEYFILE_ERROR_MAX]) MUST_USE;

#endif
