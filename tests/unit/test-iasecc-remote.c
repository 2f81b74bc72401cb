/*
 * Personality iasecc against iasecc.md: a service's key.
 */
#include "test-iasecc.h"

static void
a_remote_key_starts_the_service_once(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241A406 840182 800102", "9000");
	applet_assert_signature(applet_rsa(3072),
				applet_fetch(card, "0088000033" SHA256_PREFIX SHA256_OF_ABC "00"),
				SHA256_PREFIX SHA256_OF_ABC);
	assert_int_equal(card->starts, 1);
	assert_answer(card, "00200085", "63C2");
}

static void
a_remote_key_signs_what_the_card_has_hashed(void **state)
{
	struct applet_card *card = *state;

	begin_hashing(card, "40", "42");
	assert_answer(card, "002A90A00F 9000 800B 68656C6C6F20776F726C64", "9000");
	applet_assert_signature(applet_rsa(3072), applet_fetch(card, "002A9E9A00"),
				SHA256_PREFIX
				"B94D27B9934D3E08A52E52D7DA7DABFAC484EFE37A5380EE9088F7ACE2EFCDE9");
}

/* Nothing but PKCS #1 v1.5 of a DigestInfo leaves for a service. */
static void
a_remote_key_refuses_what_is_no_digestinfo(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241A406 840182 800102", "9000");
	assert_answer(card, "0088000003 010203 00", "6A80");
	assert_int_equal(card->starts, 0);
}

static void
a_remote_pin_is_neither_changed_nor_unblocked_on_the_card(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PUK, "6A88");
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002400850A 313233343536 39383736", "6985");
	assert_answer(card, "002C028504 39383736", "6985");
	enter_adf(card);
	assert_answer(card, PIN_DOCP("05"),
		      "7016 BF810512 A010 9A0102 9B0102 A108 8C06 F3FF00 FFFF00 9000");
}

/* No decipher algorithm in TokenInfo, and no PUK in AODF. */
static void
a_remote_card_lists_what_it_can_do(void **state)
{
	struct applet_card *card = *state;
	const char *content;

	enter_adf(card);
	content = content_of(card, "5032");
	assert_null(strstr(content, "02011A"));
	assert_non_null(strstr(content, "06092A864886F70D010101020102"));
	assert_filled(content_of(card, "7001"),
		      "3030 300E 0C08 5369676E2050494E 030206C0 3003 040103"
		      "A119 3017 030203C8 0A0101 020104 020108 020108 80020085 0401FF",
		      256);
}

/* 7.5 without the usages and the algorithm of deciphering, which no service does */
static void
a_remote_key_for_login_does_not_decipher(void **state)
{
	struct applet_card *card = applet_new("iasecc", SERIAL, "");

	(void)state;
	applet_add_key(card, "auth", "cmd", 2048, AUTH_PIN);
	applet_insert(card);
	enter_adf(card);
	assert_filled(
	    content_of(card, "7002"),
	    "3034 3011 0C08 41757468206B6579 03020780 040101"
	    "3013 040145 03020520 030203B8 020101 A103 020105 A10A 3008 30020400 02020800",
	    256);
	assert_answer(card, KEY_DOCP("01"),
		      "7015 BF900111 A00F 80020100 A109 8C07 FB1313FF FFFF00 9000");
	assert_answer(card, "002241B806 840181 80011A", "6A80");
	applet_free(card);
}

/* As the key of a file: 7.3 and 7.5 have the deciphering. */
static void
the_key_of_a_service_that_deciphers_does(void **state)
{
	struct applet_card *card = applet_new("iasecc", SERIAL, "");

	(void)state;
	applet_add_key(card, "auth", "hsm", 2048, AUTH_PIN);
	card->image.keys[0].uses = 1 << KEY_SIGN_PKCS1 | 1 << KEY_DECIPHER_PKCS1;
	applet_insert(card);
	enter_adf(card);
	assert_non_null(strstr(content_of(card, "5032"), "02011A"));
	assert_answer(card, KEY_DOCP("01"),
		      "7015 BF900111 A00F 80020100 A109 8C07 FB131313 FFFF00 9000");
	assert_answer(card, "002241B806 840181 80011A", "9000");
	assert_answer(card, "002241B606 840181 800145", "6A80");
	applet_free(card);
}

/* Then only what the card hashes is signed, and no directory has a word for that. */
static void
the_key_of_a_service_that_does_pss_only_lists_no_other(void **state)
{
	struct applet_card *card = applet_new("iasecc", SERIAL, "");

	(void)state;
	applet_add_key(card, "sign", "hsm", 2048, SIGN_PIN);
	card->image.keys[0].uses = 1 << KEY_SIGN_PSS;
	applet_insert(card);
	enter_adf(card);
	assert_null(strstr(content_of(card, "5032"), "2A864886F70D01010B"));
	assert_answer(card, "002241B606 840182 800142", "6A80");
	assert_answer(card, "002241B606 840182 800145", "9000");
	applet_free(card);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup_remote, teardown)
	    TEST(a_remote_key_starts_the_service_once),
	    TEST(a_remote_key_signs_what_the_card_has_hashed),
	    TEST(a_remote_key_refuses_what_is_no_digestinfo),
	    TEST(a_remote_pin_is_neither_changed_nor_unblocked_on_the_card),
	    TEST(a_remote_card_lists_what_it_can_do),
	    cmocka_unit_test(a_remote_key_for_login_does_not_decipher),
	    cmocka_unit_test(the_key_of_a_service_that_deciphers_does),
	    cmocka_unit_test(the_key_of_a_service_that_does_pss_only_lists_no_other),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
