/*
 * EVP has no way to set the state of a digest; only the functions of OpenSSL that carry it in a
 * public struct have. They are deprecated since OpenSSL 3.0, and here alone they are used.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "partial_hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

enum {
	SHA1_STATE_LEN = 20,
	SHA256_STATE_LEN = 32,
	SHA256_WORDS = 8,
	BLOCK_BITS = 512,
};

size_t
partial_hash_state_len(enum digest digest)
{
	if (digest == DIGEST_SHA1)
		return SHA1_STATE_LEN;
	return digest == DIGEST_SHA256 ? SHA256_STATE_LEN : 0;
}

static bool
finish_sha1(struct reader *state, uint64_t bits, struct bytes rest, uint8_t *value)
{
	SHA_CTX context;
	bool ok = SHA1_Init(&context) == 1 && reader_u32(state, &context.h0) &&
		  reader_u32(state, &context.h1) && reader_u32(state, &context.h2) &&
		  reader_u32(state, &context.h3) && reader_u32(state, &context.h4);

	context.Nl = (SHA_LONG)bits;
	context.Nh = (SHA_LONG)(bits >> 32);
	ok = ok && SHA1_Update(&context, rest.data, rest.len) == 1 &&
	     SHA1_Final(value, &context) == 1;
	OPENSSL_cleanse(&context, sizeof(context));
	return ok;
}

static bool
finish_sha256(struct reader *state, uint64_t bits, struct bytes rest, uint8_t *value)
{
	SHA256_CTX context;
	bool ok = SHA256_Init(&context) == 1;

	for (size_t i = 0; i < SHA256_WORDS; i++)
		ok = ok && reader_u32(state, &context.h[i]);
	context.Nl = (SHA_LONG)bits;
	context.Nh = (SHA_LONG)(bits >> 32);
	ok = ok && SHA256_Update(&context, rest.data, rest.len) == 1 &&
	     SHA256_Final(value, &context) == 1;
	OPENSSL_cleanse(&context, sizeof(context));
	return ok;
}

bool
partial_hash_finish(enum digest digest, struct bytes state, uint64_t bits, struct bytes rest,
		    uint8_t value[DIGEST_LEN_MAX])
{
	struct reader reader = reader_of(state);

	if (state.len == 0 || state.len != partial_hash_state_len(digest) || bits % BLOCK_BITS != 0)
		return false;
	return digest == DIGEST_SHA1 ? finish_sha1(&reader, bits, rest, value)
				     : finish_sha256(&reader, bits, rest, value);
}
