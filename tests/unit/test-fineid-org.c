/*
 * Personality fineid-org against fineid.md: PINs as typed, the hash inside the signature's command, and
 * T=0 or T=1. What the card answers byte for byte is in tests/replay/fineid-org-*.apdu.
 */
#include "applet-card.h"

#define SERIAL "313233343536373839303132"
#define SELECT_AID "00A4040C0C A000000063504B43532D3135"
#define SELECT_ESIGN "00A4040C06 452E5349474E"
#define VERIFY_PIN1 "0020000304 31323334"
#define VERIFY_PIN2 "0020000406 313233343536"
#define VERIFY_PUK "0020001208 3132333435363738"
#define SHA256_OF_ABC "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
#define SHA256_PREFIX "3031300D060960864801650304020105000420"
#define SIGN_HASH "002A9E9A20" SHA256_OF_ABC
#define SET_AUTH "002241B606 800142 840101"
#define SET_SIGN "002241B606 800142 840182"

static struct applet_card *
two_keys(const char *options)
{
	struct applet_card *card = applet_new("fineid-org", SERIAL, options);

	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 3072, SIGN_PIN);
	applet_insert(card);
	return card;
}

static int
setup(void **state)
{
	*state = two_keys("");
	return 0;
}

static int
teardown(void **state)
{
	applet_free(*state);
	return 0;
}

static void
assert_atr(const char *options, const char *expected)
{
	struct applet_card *card = two_keys(options);
	char text[2 * ATR_LEN_MAX + 1];

	bytes_to_hex(card_atr(card->card), text);
	applet_assert_hex(text, expected);
	applet_free(card);
}

/* 2.1: A10, A9, A11 */
static void
the_atr_is_that_of_the_maker(void **state)
{
	(void)state;
	assert_atr("", "3BDD96008031FE450031B8640429ECC1739401808248");
	assert_atr("variant=cosmo-7", "3BDF96008031FE450031B8640429ECC173940180829000DA");
	assert_atr("variant=cosmo-x", "3BDD96008031FE450031B8640429ECC1739401808349");
}

/* 8.4 */
static void
a_probe_tells_it_from_a_citizen_card(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020001100", "6A88");
	assert_answer(card, "0020000300", "63C5");
}

/* 4.5: compared at their length */
static void
a_pin_is_compared_at_its_length(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020000305 3132333435", "63C4");
	assert_answer(card, "0020000303 313233", "63C3");
	assert_answer(card, VERIFY_PIN1, "9000");
}

/* 4.1 */
static void
the_aid_again_keeps_the_pins(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, SELECT_AID, "9000");
	assert_answer(card, "0020000300", "9000");
	assert_answer(card, "0020000400", "9000");
}

static void
key_1_signs_the_hash_in_the_command(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, SET_AUTH, "9000");
	applet_assert_signature(card->keys[0].key, applet_fetch(card, SIGN_HASH),
				SHA256_PREFIX SHA256_OF_ABC);
}

/* 4.9 */
static void
pso_hash_is_refused(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, SET_AUTH, "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "6A80");
	assert_answer(card, "002A9E9A00", "6700");
}

/* 6.1, 5.4 */
static void
key_82_signs_once_for_each_pin(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, SELECT_ESIGN, "9000");
	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, "002241B606 800142 840102", "6A88");
	assert_answer(card, SET_SIGN, "9000");
	applet_assert_signature(card->keys[1].key, applet_fetch(card, SIGN_HASH),
				SHA256_PREFIX SHA256_OF_ABC);
	assert_answer(card, SIGN_HASH, "6982");
}

/* 2.1: the ATR offers both; on T=1 data comes at once. */
static void
on_t1_a_signature_comes_at_once(void **state)
{
	struct applet_card *card = *state;

	card_set_protocol(card->card, 1);
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, SET_AUTH, "9000");
	applet_assert_signature(card->keys[0].key, applet_send(card, SIGN_HASH "00"),
				SHA256_PREFIX SHA256_OF_ABC);
}

/* 4.6: without padding the card cuts at the length of the stored value. */
static void
a_pin_is_changed_to_another_length(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "002400030C 31323334 3837363534333231", "9000");
	assert_answer(card, "0020000300", "63C5");
	assert_answer(card, "0020000308 3837363534333231", "9000");
}

/* 4.7 */
static void
a_verified_puk_sets_a_new_pin(void **state)
{
	struct applet_card *card = *state;

	for (unsigned tries = 5; tries > 0; tries--)
		applet_send(card, "0020000406 303030303030");
	assert_answer(card, VERIFY_PIN2, "6983");
	assert_answer(card, "002C020406 363534333231", "6982");
	assert_answer(card, VERIFY_PUK, "9000");
	assert_answer(card, "002C020406 363534333231", "9000");
	assert_answer(card, "0020000400", "63C5");
	assert_answer(card, "0020000406 363534333231", "9000");
}

static void
the_citizen_cards_reset_is_refused(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002C00040E 3132333435363738 363534333231", "6A86");
}

static void
a_key_on_p384_signs_too(void **state)
{
	struct applet_card *card = applet_new("fineid-org", SERIAL, "");

	(void)state;
	applet_add_ec_key(card, "auth", "P-384", AUTH_PIN);
	applet_insert(card);
	assert_answer(card, VERIFY_PIN1, "9000");
	assert_answer(card, "002241B606 800144 840101", "9000");
	assert_answer(card, SIGN_HASH, "6160"); /* r || s, 48 bytes each */
	assert_answer(card, SET_AUTH, "6A80");
	applet_free(card);
}

static void
a_card_of_a_service_has_no_puk(void **state)
{
	struct applet_card *card = applet_new("fineid-org", SERIAL, "");

	(void)state;
	applet_add_key(card, "sign", "cmd", 3072, SIGN_PIN);
	applet_insert(card);
	assert_answer(card, VERIFY_PUK, "6A88");
	assert_answer(card, "002C020406 363534333231", "6985");
	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, "002241B606 800145 840182", "6A80"); /* PSS */
	assert_answer(card, SET_SIGN, "9000");
	applet_assert_signature(card->keys[0].key, applet_fetch(card, SIGN_HASH),
				SHA256_PREFIX SHA256_OF_ABC);
	assert_int_equal(card->starts, 1);
	applet_free(card);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_atr_is_that_of_the_maker),
	    TEST(a_probe_tells_it_from_a_citizen_card),
	    TEST(a_pin_is_compared_at_its_length),
	    TEST(the_aid_again_keeps_the_pins),
	    TEST(key_1_signs_the_hash_in_the_command),
	    TEST(pso_hash_is_refused),
	    TEST(key_82_signs_once_for_each_pin),
	    TEST(on_t1_a_signature_comes_at_once),
	    TEST(a_pin_is_changed_to_another_length),
	    TEST(a_verified_puk_sets_a_new_pin),
	    TEST(the_citizen_cards_reset_is_refused),
	    cmocka_unit_test(a_key_on_p384_signs_too),
	    cmocka_unit_test(a_card_of_a_service_has_no_puk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
