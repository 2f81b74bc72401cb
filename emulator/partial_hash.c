/*
 * EVP has no way to set the state of a digest; only the functions of OpenSSL that carry it in a
 * public struct have. They are deprecated since OpenSSL 3.0, and here alone they are used.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "partial_hash.h"

enum { WORDS = 8, BITS_OF_BYTE = 8 };

size_t
partial_hash_block_len(enum digest digest)
{
	switch (digest) {
	case DIGEST_SHA1:
	case DIGEST_SHA224:
	case DIGEST_SHA256: return SHA_CBLOCK;
	case DIGEST_SHA384:
	case DIGEST_SHA512: return SHA512_CBLOCK;
	default: return 0;
	}
}

bool
partial_hash_begin(struct partial_hash *hash, enum digest digest)
{
	hash->digest = digest;
	switch (digest) {
	case DIGEST_SHA1: return SHA1_Init(&hash->context.sha1) == 1;
	case DIGEST_SHA224: return SHA224_Init(&hash->context.sha256) == 1;
	case DIGEST_SHA256: return SHA256_Init(&hash->context.sha256) == 1;
	case DIGEST_SHA384: return SHA384_Init(&hash->context.sha512) == 1;
	case DIGEST_SHA512: return SHA512_Init(&hash->context.sha512) == 1;
	default: return false;
	}
}

static bool
read_u64(struct reader *reader, SHA_LONG64 *value)
{
	uint32_t high, low;

	if (!reader_u32(reader, &high) || !reader_u32(reader, &low))
		return false;
	*value = (SHA_LONG64)high << 32 | low;
	return true;
}

static bool
whole_blocks(enum digest digest, SHA_LONG64 bits)
{
	return bits % (partial_hash_block_len(digest) * BITS_OF_BYTE) == 0;
}

static bool
continue_sha1(SHA_CTX *context, struct reader *begun)
{
	SHA_LONG64 bits;

	if (!reader_u32(begun, &context->h0) || !reader_u32(begun, &context->h1) ||
	    !reader_u32(begun, &context->h2) || !reader_u32(begun, &context->h3) ||
	    !reader_u32(begun, &context->h4) || !read_u64(begun, &bits))
		return false;
	context->Nl = (SHA_LONG)bits;
	context->Nh = (SHA_LONG)(bits >> 32);
	return begun->left == 0 && whole_blocks(DIGEST_SHA1, bits);
}

static bool
continue_sha256(SHA256_CTX *context, struct reader *begun)
{
	SHA_LONG64 bits;

	for (size_t i = 0; i < WORDS; i++)
		if (!reader_u32(begun, &context->h[i]))
			return false;
	if (!read_u64(begun, &bits))
		return false;
	context->Nl = (SHA_LONG)bits;
	context->Nh = (SHA_LONG)(bits >> 32);
	return begun->left == 0 && whole_blocks(DIGEST_SHA256, bits);
}

static bool
continue_sha512(SHA512_CTX *context, struct reader *begun)
{
	for (size_t i = 0; i < WORDS; i++)
		if (!read_u64(begun, &context->h[i]))
			return false;
	if (begun->left > sizeof(context->Nl) && !read_u64(begun, &context->Nh))
		return false;
	return read_u64(begun, &context->Nl) && begun->left == 0 &&
	       whole_blocks(DIGEST_SHA512, context->Nl);
}

bool
partial_hash_continue(struct partial_hash *hash, enum digest digest, struct bytes begun)
{
	struct reader reader = reader_of(begun);

	if (!partial_hash_begin(hash, digest))
		return false;
	if (begun.len == 0)
		return true;
	switch (digest) {
	case DIGEST_SHA1: return continue_sha1(&hash->context.sha1, &reader);
	case DIGEST_SHA224:
	case DIGEST_SHA256: return continue_sha256(&hash->context.sha256, &reader);
	default: return continue_sha512(&hash->context.sha512, &reader);
	}
}

bool
partial_hash_add(struct partial_hash *hash, struct bytes message)
{
	switch (hash->digest) {
	case DIGEST_SHA1: return SHA1_Update(&hash->context.sha1, message.data, message.len) == 1;
	case DIGEST_SHA224:
	case DIGEST_SHA256:
		return SHA256_Update(&hash->context.sha256, message.data, message.len) == 1;
	default: return SHA512_Update(&hash->context.sha512, message.data, message.len) == 1;
	}
}

bool
partial_hash_finish(struct partial_hash *hash, uint8_t value[DIGEST_LEN_MAX])
{
	switch (hash->digest) {
	case DIGEST_SHA1: return SHA1_Final(value, &hash->context.sha1) == 1;
	case DIGEST_SHA224:
	case DIGEST_SHA256: return SHA256_Final(value, &hash->context.sha256) == 1;
	default: return SHA512_Final(value, &hash->context.sha512) == 1;
	}
}
