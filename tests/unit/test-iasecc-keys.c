/*
 * Personality iasecc against iasecc.md: signatures and deciphering.
 */
#include "test-iasecc.h"

/* 8.4: MSE with 84 first, INTERNAL AUTHENTICATE with a DigestInfo */
static void
opensc_signs_with_internal_authenticate(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002241A406 840181 800102", "9000");
	applet_assert_signature(applet_rsa(2048),
				applet_fetch(card, "0088000033" SHA256_PREFIX SHA256_OF_ABC "00"),
				SHA256_PREFIX SHA256_OF_ABC);
}

/* 4.11: "up to modulus-11" */
static void
internal_authenticate_takes_all_that_fits(void **state)
{
	struct applet_card *card = *state;
	char command[2 * 300], input[2 * 245 + 1];

	memset(input, '7', sizeof(input) - 1);
	input[sizeof(input) - 1] = '\0';
	enter_adf(card);
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002241A406 840181 800102", "9000");
	snprintf(command, sizeof(command), "00880000F5%s00", input);
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, command), input);
	snprintf(command, sizeof(command), "00880000F6%s7700", input);
	assert_answer(card, command, "6700");
}

static void
each_key_needs_its_own_pin(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002241A406 840182 800102", "9000");
	assert_answer(card, "0088000033" SHA256_PREFIX SHA256_OF_ABC "00", "6982");
	assert_int_equal(card->requests, 1);
	assert_answer(card, VERIFY_SIGN, "9000");
	applet_assert_signature(applet_rsa(2048),
				applet_fetch(card, "0088000033" SHA256_PREFIX SHA256_OF_ABC "00"),
				SHA256_PREFIX SHA256_OF_ABC);
}

/* 6.1, 6.2, 4.8 */
static void
mse_refuses_what_a_key_cannot_do(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, "002241A406 840101 800102", "6A88"); /* without the bit 80 */
	assert_answer(card, "002241B606 840181 800101", "6A80"); /* ISO/IEC 9796-2 */
	assert_answer(card, "002241A406 840181 800101", "6A80");
	assert_answer(card, "002241B606 840181 800144", "6A80"); /* ECDSA */
	assert_answer(card, "002241B806 840182 80011A", "6A80");
	assert_answer(card, "002241B806 840182 80010A", "6A80");
	assert_answer(card, "002241B806 840181 80014D", "6A80"); /* no OAEP */
	assert_answer(card, "002241B606 800142 840181", "9000"); /* any order */
	assert_answer(card, "002281A406 840181 800102", "6A86");
	assert_answer(card, "0022F303", "9000");
	assert_answer(card, "0022F30F", "6A88");
}

/* 6.2: PSS with each hash, and 05 by the length of the hash */
static void
pss_signs_hashes_of_each_length(void **state)
{
	static const struct {
		const char *algorithm, *length, *digest;
		size_t hash_len;
	} rows[] = {{"15", "1614", "SHA1", 20},   {"35", "1E1C", "SHA224", 28},
		    {"45", "2220", "SHA256", 32}, {"55", "3230", "SHA384", 48},
		    {"65", "4240", "SHA512", 64}, {"05", "1614", "SHA1", 20},
		    {"05", "2220", "SHA256", 32}, {"05", "4240", "SHA512", 64}};
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, VERIFY_SIGN, "9000");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char command[256], hash[129] = "";

		memset(hash, '5', 2 * rows[i].hash_len);
		snprintf(command, sizeof(command), "002241B606 840182 8001%s", rows[i].algorithm);
		assert_answer(card, command, "9000");
		snprintf(command, sizeof(command), "002A90A0%.2s90%s%s", rows[i].length,
			 rows[i].length + 2, hash);
		assert_answer(card, command, "9000");
		applet_assert_pss(applet_rsa(2048), applet_fetch(card, "002A9E9A00"),
				  rows[i].digest, hash);
	}
}

/* 4.10, 6.2: a Peruvian card's DigestInfo comes with the command */
static void
a_digestinfo_may_come_with_the_signature(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241B606 840182 80018A", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "6985");
	applet_assert_signature(applet_rsa(2048),
				applet_fetch(card, "002A9E9A33" SHA256_PREFIX SHA256_OF_ABC "00"),
				SHA256_PREFIX SHA256_OF_ABC);
}

/* The message enciphered for the key, as RFC 8017 section 7.2 */
static void
encipher(EVP_PKEY *key, const char *message, char cryptogram[2 * 256 + 1])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	uint8_t block[256];
	size_t len = sizeof(block);

	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_equal(
	    EVP_PKEY_encrypt(context, block, &len, (const uint8_t *)message, strlen(message)), 1);
	EVP_PKEY_CTX_free(context);
	bytes_to_hex((struct bytes){block, len}, cryptogram);
}

/* 4.12, 8.5; 8.7, item 8 */
static void
opensc_deciphers_in_two_parts(void **state)
{
	char cryptogram[2 * 256 + 1], command[600];
	struct applet_card *card = *state;

	encipher(applet_rsa(2048), "a secret", cryptogram);
	enter_adf(card);
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002241B806 840181 80011A", "9000");
	snprintf(command, sizeof(command), "102A8086FF81%.508s", cryptogram);
	assert_answer(card, command, "9000");
	snprintf(command, sizeof(command), "002A808602%s00", cryptogram + 508);
	assert_answer(card, command, "6120736563726574 9000"); /* without padding */
}

/* 6.2: 0A beside 1A */
static void
deciphering_has_two_references(void **state)
{
	char cryptogram[2 * 256 + 1], command[600];
	struct applet_card *card = *state;

	encipher(applet_rsa(2048), "a secret", cryptogram);
	enter_adf(card);
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002241B806 840181 80010A", "9000");
	snprintf(command, sizeof(command), "002A8086000101 81%s0000", cryptogram);
	assert_answer(card, command, "6120736563726574 9000");
}

/* 4.13 */
static void
what_would_change_the_card_is_not_allowed(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0047000005 7003BF9001 00", "6982");
	assert_answer(card, "00DB3FFF05 7003BF9001", "6982");
	assert_answer(card, "00E4000000", "6982");
	assert_answer(card, "0C20000100", "6882"); /* secure messaging */
	assert_answer(card, "0070000001", "6881");
	assert_int_equal(strlen(applet_send(card, "0084000008")), 2 * 8 + 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	    TEST(opensc_signs_with_internal_authenticate),
	    TEST(internal_authenticate_takes_all_that_fits),
	    TEST(each_key_needs_its_own_pin),
	    TEST(mse_refuses_what_a_key_cannot_do),
	    TEST(pss_signs_hashes_of_each_length),
	    TEST(a_digestinfo_may_come_with_the_signature),
	    TEST(opensc_deciphers_in_two_parts),
	    TEST(deciphering_has_two_references),
	    TEST(what_would_change_the_card_is_not_allowed),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
