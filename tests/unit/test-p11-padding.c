/*
 * RSA paddings made and unmade for cards that do the bare power, against OpenSSL's.
 */
#include "pkcs11/padding.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BITS = 2048, LEN = BITS / 8 };

static EVP_PKEY *key;

static int
make_key(void **state)
{
	(void)state;
	key = EVP_RSA_gen(BITS);
	return key != NULL ? 0 : 1;
}

static int
free_key(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

static EVP_PKEY_CTX *
begin(int (*init)(EVP_PKEY_CTX *), int padding)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);

	assert_non_null(context);
	assert_int_equal(init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
	return context;
}

/* The bare power of the private key, as a card does it. */
static void
power(const uint8_t in[LEN], uint8_t out[LEN])
{
	EVP_PKEY_CTX *context = begin(EVP_PKEY_decrypt_init, RSA_NO_PADDING);
	size_t len = LEN;

	assert_int_equal(EVP_PKEY_decrypt(context, out, &len, in, LEN), 1);
	assert_int_equal(len, LEN);
	EVP_PKEY_CTX_free(context);
}

static void
pkcs1_is_what_openssl_recovers(void **state)
{
	static const uint8_t input[] = {1, 2, 3};
	uint8_t block[LEN], signature[LEN], recovered[LEN];
	EVP_PKEY_CTX *context = begin(EVP_PKEY_verify_recover_init, RSA_PKCS1_PADDING);
	size_t len = sizeof(recovered);

	(void)state;
	assert_true(padding_pkcs1(BYTES(input), block, LEN));
	power(block, signature);
	assert_int_equal(EVP_PKEY_verify_recover(context, recovered, &len, signature, LEN), 1);
	assert_int_equal(len, sizeof(input));
	assert_memory_equal(recovered, input, len);
	EVP_PKEY_CTX_free(context);
}

static void
pkcs1_has_at_least_eight_bytes_of_padding(void **state)
{
	uint8_t block[LEN], input[LEN] = {0};

	(void)state;
	assert_true(padding_pkcs1((struct bytes){input, LEN - 11}, block, LEN));
	assert_false(padding_pkcs1((struct bytes){input, LEN - 10}, block, LEN));
	assert_false(padding_pkcs1((struct bytes){input, 0}, block, 10));
}

static bool
openssl_verifies_pss(const uint8_t hash[32], size_t salt_len, const char *mgf,
		     const uint8_t signature[LEN])
{
	EVP_PKEY_CTX *context = begin(EVP_PKEY_verify_init, RSA_PKCS1_PSS_PADDING);
	bool ok;

	assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_get_digestbyname(mgf)), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, (int)salt_len), 1);
	ok = EVP_PKEY_verify(context, signature, LEN, hash, 32) == 1;
	EVP_PKEY_CTX_free(context);
	return ok;
}

static void
pss_of_any_salt_and_mask_verifies_with_openssl(void **state)
{
	static const size_t salts[] = {0, 1, 20, 32, LEN - 32 - 2};
	const uint8_t hash[32] = {7};
	uint8_t block[LEN], signature[LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(salts) / sizeof(salts[0]); i++) {
		assert_true(padding_pss(NULL, DIGEST_SHA256, DIGEST_SHA256, BYTES(hash), salts[i],
					BITS, block, LEN));
		power(block, signature);
		assert_true(openssl_verifies_pss(hash, salts[i], "SHA256", signature));
	}
	assert_true(
	    padding_pss(NULL, DIGEST_SHA256, DIGEST_SHA1, BYTES(hash), 32, BITS, block, LEN));
	power(block, signature);
	assert_true(openssl_verifies_pss(hash, 32, "SHA1", signature));
}

static void
pss_that_does_not_fit_is_refused(void **state)
{
	const uint8_t hash[32] = {7};
	uint8_t block[LEN];

	(void)state;
	assert_false(padding_pss(NULL, DIGEST_SHA256, DIGEST_SHA256, BYTES(hash), LEN - 33, BITS,
				 block, LEN));
	assert_false(padding_pss(NULL, DIGEST_SHA256, DIGEST_SHA256, BYTES(hash), SIZE_MAX, BITS,
				 block, LEN));
	assert_false(
	    padding_pss(NULL, DIGEST_SHA384, DIGEST_SHA384, BYTES(hash), 32, BITS, block, LEN));
	assert_false(
	    padding_pss(NULL, DIGEST_SHA256, DIGEST_SHA256, BYTES(hash), 32, 0, block, LEN));
}

/* A block as the card gives it back: `message`, padded by OpenSSL. */
static void
block_of(EVP_PKEY_CTX *context, struct bytes message, uint8_t block[LEN])
{
	uint8_t encrypted[LEN];
	size_t len = sizeof(encrypted);

	assert_int_equal(EVP_PKEY_encrypt(context, encrypted, &len, message.data, message.len), 1);
	EVP_PKEY_CTX_free(context);
	power(encrypted, block);
}

static void
pkcs1_that_openssl_made_is_taken_off(void **state)
{
	uint8_t message[LEN] = {5}, block[LEN], out[LEN];

	(void)state;
	for (size_t len = 0; len <= LEN - 11; len += 35) {
		struct writer writer = writer_to(out, sizeof(out));

		block_of(begin(EVP_PKEY_encrypt_init, RSA_PKCS1_PADDING),
			 (struct bytes){message, len}, block);
		assert_true(padding_unpad_pkcs1(BYTES(block), &writer));
		assert_true(bytes_equal(writer_bytes(&writer), (struct bytes){message, len}));
	}
}

static void
pkcs1_that_is_wrong_anywhere_is_refused(void **state)
{
	static const uint8_t message[] = {5};
	uint8_t block[LEN], out[LEN];

	(void)state;
	block_of(begin(EVP_PKEY_encrypt_init, RSA_PKCS1_PADDING), BYTES(message), block);
	for (size_t at = 0; at < 11; at++) {
		struct writer writer = writer_to(out, sizeof(out));
		uint8_t kept = block[at];

		block[at] = at < 2 ? kept ^ 1 : 0;
		/* A zero ends the padding, which is too short before its ninth byte. */
		assert_int_equal(padding_unpad_pkcs1(BYTES(block), &writer), at == 10);
		block[at] = kept;
	}
	memset(block + 2, 0xFF, LEN - 2);
	{
		struct writer writer = writer_to(out, sizeof(out));

		assert_false(padding_unpad_pkcs1(BYTES(block), &writer));
	}
}

static EVP_PKEY_CTX *
begin_oaep(const char *digest, const char *mgf)
{
	EVP_PKEY_CTX *context = begin(EVP_PKEY_encrypt_init, RSA_PKCS1_OAEP_PADDING);

	assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_get_digestbyname(digest)), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_get_digestbyname(mgf)), 1);
	assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(context, OPENSSL_strdup("label"), 5), 1);
	return context;
}

static void
oaep_that_openssl_made_is_taken_off(void **state)
{
	static const uint8_t message[] = {0, 1, 2, 1, 0};
	uint8_t block[LEN], out[LEN];
	struct writer writer = writer_to(out, sizeof(out));

	(void)state;
	block_of(begin_oaep("SHA256", "SHA1"), BYTES(message), block);
	assert_true(padding_unpad_oaep(NULL, DIGEST_SHA256, DIGEST_SHA1, BYTES_TEXT("label"),
				       BYTES(block), &writer));
	assert_true(bytes_equal(writer_bytes(&writer), BYTES(message)));
}

static void
oaep_that_is_wrong_is_refused(void **state)
{
	static const uint8_t message[] = {5};
	uint8_t block[LEN], out[LEN];
	struct writer writer = writer_to(out, sizeof(out));

	(void)state;
	block_of(begin_oaep("SHA256", "SHA256"), BYTES(message), block);
	assert_false(padding_unpad_oaep(NULL, DIGEST_SHA256, DIGEST_SHA256, BYTES_TEXT("other"),
					BYTES(block), &writer));
	assert_false(padding_unpad_oaep(NULL, DIGEST_SHA1, DIGEST_SHA1, BYTES_TEXT("label"),
					BYTES(block), &writer));
	assert_false(padding_unpad_oaep(NULL, DIGEST_SHA256, DIGEST_SHA256, BYTES_TEXT("label"),
					(struct bytes){block, 60}, &writer));
	for (size_t at = 0; at < LEN; at += 15) {
		block[at] ^= 1;
		assert_false(padding_unpad_oaep(NULL, DIGEST_SHA256, DIGEST_SHA256,
						BYTES_TEXT("label"), BYTES(block), &writer));
		block[at] ^= 1;
	}
	assert_int_equal(writer.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pkcs1_is_what_openssl_recovers),
	    cmocka_unit_test(pkcs1_has_at_least_eight_bytes_of_padding),
	    cmocka_unit_test(pss_of_any_salt_and_mask_verifies_with_openssl),
	    cmocka_unit_test(pss_that_does_not_fit_is_refused),
	    cmocka_unit_test(pkcs1_that_openssl_made_is_taken_off),
	    cmocka_unit_test(pkcs1_that_is_wrong_anywhere_is_refused),
	    cmocka_unit_test(oaep_that_openssl_made_is_taken_off),
	    cmocka_unit_test(oaep_that_is_wrong_is_refused),
	};

	return cmocka_run_group_tests(tests, make_key, free_key);
}
