/*
 * Personality iasecc against iasecc.md: hashing on the card.
 */
#include "test-iasecc.h"

/* The 36 bytes of 4.15 that are left for the card */
#define A36 "616161616161616161616161616161616161616161616161616161616161616161616161"

/* 4.15, first vector */
static void
the_card_continues_a_sha_256(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "40", "42");
	assert_answer(card,
		      "002A90A050 9028 DF5BB81CE81E0626FB45A8944FD40F31B25E6816D6D499C1AB9049290063"
		      "5E66 0000000000000200 8024" A36,
		      "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX
				"2816597888E4A0D3A36B82B83316AB32680EB8F00F8CD3B904D681246D285A0E");
}

/* 4.15, second vector */
static void
the_card_continues_a_sha_1(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "10", "12");
	assert_answer(card,
		      "002A90A044 901C DA4968EB2E377C1F884E8F5283524BEBE74EBDBD "
		      "0000000000000200 8024" A36,
		      "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A00"),
				SHA1_PREFIX "7F9000257A4918D7072655EA468540CDCBD42E0C");
}

/* 4.15, third line; the hash is FIPS 180-4's of "hello world" */
static void
the_card_hashes_a_short_message(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "40", "42");
	assert_answer(card, "002A90A00F 9000 800B 68656C6C6F20776F726C64", "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX
				"B94D27B9934D3E08A52E52D7DA7DABFAC484EFE37A5380EE9088F7ACE2EFCDE9");
}

/* 4.9: "a message of n*64 bytes ends with 80 00"; the state after one block of 'a' */
static void
nothing_may_be_left_to_hash(void **state)
{
	static const uint8_t block[64] = {
	    'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a',
	    'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a',
	    'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a',
	    'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'};
	struct applet_card *card = *state;
	uint8_t digest[32];
	char expected[256] = SHA256_PREFIX;

	assert_int_equal(EVP_Digest(block, sizeof(block), digest, NULL, EVP_sha256(), NULL), 1);
	bytes_to_hex(BYTES(digest), expected + strlen(expected));
	begin_hashing(card, "40", "42");
	assert_answer(card,
		      "002A90A02C 9028 DF5BB81CE81E0626FB45A8944FD40F31B25E6816D6D499C1AB9049290063"
		      "5E66 0000000000000200 8000",
		      "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A00"), expected);
}

static void
a_hash_made_outside_is_taken_whole(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "40", "42");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX SHA256_OF_ABC);
	assert_answer(card, "002A9E9A00", "6985"); /* it is used up */
}

static void
a_hash_that_cannot_be_is_refused(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "6985"); /* before MSE */
	assert_answer(card, "002241AA03 800141", "6A80");
	begin_hashing(card, "40", "42");
	/* a state of SHA-1, and a count within a block */
	assert_answer(card,
		      "002A90A020 901C DA4968EB2E377C1F884E8F5283524BEBE74EBDBD "
		      "0000000000000200 8000",
		      "6A80");
	assert_answer(card,
		      "002A90A02C 9028 DF5BB81CE81E0626FB45A8944FD40F31B25E6816D6D499C1AB9049290063"
		      "5E66 0000000000000208 8000",
		      "6A80");
	assert_answer(card,
		      "002A90A02D 9029 DF5BB81CE81E0626FB45A8944FD40F31B25E6816D6D499C1AB9049290063"
		      "5E66 000000000000020000 8000",
		      "6A80");
	assert_answer(card, "002A90A003 910100", "6A80");
	assert_answer(card, "002A9E9A00", "6985");
}

/* 6.2: 05 says PSS, the template for hashing says with what */
static void
the_template_for_hashing_names_the_hash(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "10", "05");
	assert_answer(card, "002A90A005 9000 8001 61", "9000");
	applet_assert_pss(applet_rsa(2048), applet_fetch(card, "002A9E9A00"), "SHA1",
			  "86F7E437FAA5A7FCE15D1DDCB9EAEAEA377667B8");
}

/* Some clients send no MSE for hashing: 8.4, 4.15 */
static void
without_a_template_for_hashing_the_signatures_names_it(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241B606 840182 800142", "9000");
	assert_answer(card, "002A90A00F 9000 800B 68656C6C6F20776F726C64", "9000");
	applet_assert_signature(applet_rsa(2048), applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX
				"B94D27B9934D3E08A52E52D7DA7DABFAC484EFE37A5380EE9088F7ACE2EFCDE9");
}

static void
the_two_templates_must_agree(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "10", "42");
	assert_answer(card, "002A90A00F 9000 800B 68656C6C6F20776F726C64", "6A80");
}

/* 4.8: "State is lost when another DF is selected" */
static void
another_df_ends_the_security_environment(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "40", "42");
	assert_answer(card, SELECT_ROOT, "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "6985");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	    TEST(the_card_continues_a_sha_256),
	    TEST(the_card_continues_a_sha_1),
	    TEST(the_card_hashes_a_short_message),
	    TEST(nothing_may_be_left_to_hash),
	    TEST(a_hash_made_outside_is_taken_whole),
	    TEST(a_hash_that_cannot_be_is_refused),
	    TEST(the_template_for_hashing_names_the_hash),
	    TEST(without_a_template_for_hashing_the_signatures_names_it),
	    TEST(the_two_templates_must_agree),
	    TEST(another_df_ends_the_security_environment),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
