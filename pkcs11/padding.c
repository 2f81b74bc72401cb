/*
 * RSA paddings, pkcs11/padding.h. Numbers are the steps of RFC 8017.
 */
#include "pkcs11/padding.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

enum { PSS_TRAILER = 0xBC, PSS_ZEROS = 8, COUNTER_LEN = 4 };

static bool
hash(OSSL_LIB_CTX *crypto, enum digest digest, const struct bytes *parts, size_t count,
     uint8_t out[DIGEST_LEN_MAX])
{
	EVP_MD *md = EVP_MD_fetch(crypto, digest_name(digest), NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = md != NULL && context != NULL && EVP_DigestInit_ex2(context, md, NULL) == 1;

	for (size_t i = 0; ok && i < count; i++)
		ok = parts[i].len == 0 ||
		     EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(context, out, NULL) == 1;
	EVP_MD_CTX_free(context);
	EVP_MD_free(md);
	return ok;
}

/* MGF1, appendix B.2.1, added to `data`. */
static bool
mask(OSSL_LIB_CTX *crypto, enum digest digest, struct bytes seed, uint8_t *data, size_t len)
{
	uint8_t block[DIGEST_LEN_MAX];
	size_t step = digest_len(digest);

	for (size_t done = 0, counter = 0; done < len; counter++) {
		const uint8_t number[COUNTER_LEN] = {0, 0, (uint8_t)(counter >> 8),
						     (uint8_t)counter};
		const struct bytes parts[] = {seed, BYTES(number)};

		if (!hash(crypto, digest, parts, 2, block))
			return false;
		for (size_t i = 0; i < step && done < len; i++, done++)
			data[done] ^= block[i];
	}
	OPENSSL_cleanse(block, sizeof(block));
	return true;
}

bool
padding_pkcs1(struct bytes input, uint8_t *block, size_t len)
{
	if (len < PADDING_PKCS1_MIN || input.len > len - PADDING_PKCS1_MIN)
		return false;
	memset(block, 0xFF, len);
	block[0] = 0;
	block[1] = 1;
	block[len - input.len - 1] = 0;
	if (input.len > 0)
		memcpy(block + len - input.len, input.data, input.len);
	return true;
}

bool
padding_pss(OSSL_LIB_CTX *crypto, enum digest digest, enum digest mgf, struct bytes message_hash,
	    size_t salt_len, uint32_t bits, uint8_t *block, size_t len)
{
	static const uint8_t zeros[PSS_ZEROS] = {0};
	const size_t hash_len = digest_len(digest);
	const uint32_t em_bits = bits - 1;
	size_t em_len = ((size_t)em_bits + 7) / 8, db_len;
	uint8_t salt[PADDING_BLOCK_MAX], h[DIGEST_LEN_MAX], *em = block;
	const struct bytes parts[] = {BYTES(zeros), message_hash, {salt, salt_len}};

	if (bits < 512 || message_hash.len != hash_len || em_len > len || len > PADDING_BLOCK_MAX ||
	    salt_len > len || hash_len + salt_len + 2 > em_len)
		return false;
	memset(block, 0, len);
	em += len - em_len;
	db_len = em_len - hash_len - 1;
	if (RAND_bytes_ex(crypto, salt, salt_len, 0) != 1 || !hash(crypto, digest, parts, 3, h))
		return false;
	em[db_len - salt_len - 1] = 1;
	memcpy(em + db_len - salt_len, salt, salt_len);
	if (!mask(crypto, mgf, (struct bytes){h, hash_len}, em, db_len))
		return false;
	em[0] &= (uint8_t)(0xFF >> (8 * em_len - em_bits));
	memcpy(em + db_len, h, hash_len);
	em[em_len - 1] = PSS_TRAILER;
	return true;
}

/* 1 when equal, 0 when not, without a branch. */
static unsigned
equal(unsigned a, unsigned b)
{
	return ((a ^ b) - 1U) >> (8 * sizeof(unsigned) - 1);
}

bool
padding_unpad_pkcs1(struct bytes block, struct writer *message)
{
	unsigned good, looking = 1;
	size_t at = 0;

	if (block.len < PADDING_PKCS1_MIN)
		return false;
	good = equal(block.data[0], 0) & equal(block.data[1], 2);
	for (size_t i = 2; i < block.len; i++) {
		unsigned zero = equal(block.data[i], 0);

		at += i * (looking & zero);
		looking &= ~zero;
	}
	/* at least eight bytes of padding */
	good &= (looking ^ 1U) & (unsigned)(at >= PADDING_PKCS1_MIN - 1);
	if (good == 0)
		return false;
	writer_put(message, (struct bytes){block.data + at + 1, block.len - at - 1});
	return writer_ok(message);
}

bool
padding_unpad_oaep(OSSL_LIB_CTX *crypto, enum digest digest, enum digest mgf, struct bytes label,
		   struct bytes block, struct writer *message)
{
	const size_t hash_len = digest_len(digest);
	uint8_t seed[DIGEST_LEN_MAX], label_hash[DIGEST_LEN_MAX], db[PADDING_BLOCK_MAX];
	size_t db_len, at = 0;
	unsigned good, looking = 1;
	bool ok = false;

	if (block.len > PADDING_BLOCK_MAX || block.len < 2 * hash_len + 2)
		return false;
	db_len = block.len - hash_len - 1;
	memcpy(seed, block.data + 1, hash_len);
	memcpy(db, block.data + 1 + hash_len, db_len);
	if (!hash(crypto, digest, &label, 1, label_hash) ||
	    !mask(crypto, mgf, (struct bytes){db, db_len}, seed, hash_len) ||
	    !mask(crypto, mgf, (struct bytes){seed, hash_len}, db, db_len))
		goto out;
	good = equal(block.data[0], 0);
	good &= equal((unsigned)CRYPTO_memcmp(db, label_hash, hash_len), 0);
	for (size_t i = hash_len; i < db_len; i++) {
		unsigned one = equal(db[i], 1), zero = equal(db[i], 0);

		at += i * (looking & one);
		good &= (looking ^ 1U) | one | zero;
		looking &= ~one;
	}
	good &= looking ^ 1U;
	if (good == 0)
		goto out;
	writer_put(message, (struct bytes){db + at + 1, db_len - at - 1});
	ok = writer_ok(message);
out:
	OPENSSL_cleanse(db, sizeof(db));
	OPENSSL_cleanse(seed, sizeof(seed));
	return ok;
}
