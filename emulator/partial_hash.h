/*
 * A hash of which whole blocks are done, here or by somebody else: FIPS 180-4 from a state on.
 */
#ifndef VICAR_EMULATOR_PARTIAL_HASH_H
#define VICAR_EMULATOR_PARTIAL_HASH_H

#include "iso7816/digestinfo.h"

#include <openssl/sha.h>

/* A plain value without memory of its own; wipe it after use. */
struct partial_hash {
	enum digest digest;
	union {
		SHA_CTX sha1;
		SHA256_CTX sha256; /* SHA-224 too */
		SHA512_CTX sha512; /* SHA-384 too */
	} context;
};

/* Bytes of a block; 0 for a digest that is none of FIPS 180-4. */
size_t partial_hash_block_len(enum digest digest);

/* Each returns false when the digest is none of FIPS 180-4, or OpenSSL fails. */

bool partial_hash_begin(struct partial_hash *hash, enum digest digest) MUST_USE;
/* `begun` is the state after whole blocks, and the count of their bits in 8 bytes, of SHA-384 and
 * SHA-512 in 8 or 16; empty: nothing was hashed. False also when it is something else. */
bool partial_hash_continue(struct partial_hash *hash, enum digest digest,
			   struct bytes begun) MUST_USE;
bool partial_hash_add(struct partial_hash *hash, struct bytes message) MUST_USE;
/* `value` gets the digest of digest_len() bytes. */
bool partial_hash_finish(struct partial_hash *hash, uint8_t value[DIGEST_LEN_MAX]) MUST_USE;

#endif
