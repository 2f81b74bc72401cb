/*
 * Personality iasecc against iasecc.md: PINs and PUK.
 */
#include "test-iasecc.h"

/* 4.5, 5.2; 8.7, item 4 */
static void
verify_tells_its_state(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00200001", "63C3");
	assert_answer(card, "0020000100", "63C3");
	assert_answer(card, "0020000104 39393939", "63C2");
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "00200001", "9000");
	assert_answer(card, SELECT_ADF, "9000");
	assert_answer(card, SELECT_ROOT, "9000");
	assert_answer(card, "00200001", "9000");
	assert_answer(card, "00200005", "6A88");
}

/* 8.7, item 9: the local PIN's state is kept, wherever OpenSC wanders */
static void
the_local_pin_is_verified_from_anywhere(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, SELECT_ROOT, "9000");
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, SELECT_ADF, "9000");
	assert_answer(card, SELECT_ROOT, "9000");
	assert_answer(card, "00200085", "9000");
}

static void
the_third_wrong_pin_blocks(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020000104 39393939", "63C2");
	assert_answer(card, "0020000105 3939393939", "63C1");
	assert_answer(card, "0020000104 39393939", "63C0");
	assert_answer(card, "00200001", "6983");
	assert_answer(card, VERIFY_USER, "6983");
}

/* 4.6: after a VERIFY the card splits by the length of the PIN */
static void
change_takes_old_and_new_unpadded(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002400010A 31323334 393837363534", "6982");
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002400010A 31323334 393837363534", "9000");
	assert_answer(card, "0020000106 393837363534", "9000");
}

static void
change_takes_the_new_pin_alone_after_verify(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0024010104 39383736", "6982");
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "0024010104 39383736", "9000");
	assert_answer(card, "0020000104 39383736", "9000");
}

static void
block(struct applet_card *card)
{
	assert_answer(card, "0020000104 39393939", "63C2");
	assert_answer(card, "0020000104 39393939", "63C1");
	assert_answer(card, "0020000104 39393939", "63C0");
}

/* 4.7, P1=02: OpenSC */
static void
a_verified_puk_sets_a_new_pin(void **state)
{
	struct applet_card *card = *state;

	block(card);
	assert_answer(card, "002C020104 39383736", "6982");
	assert_answer(card, VERIFY_PUK, "9000");
	assert_answer(card, "002C020104 39383736", "9000");
	assert_answer(card, "00200001", "63C3"); /* "PIN status not verified" */
	assert_answer(card, "0020000104 39383736", "9000");
}

/* 4.7, P1=03 */
static void
a_verified_puk_resets_the_counter_alone(void **state)
{
	struct applet_card *card = *state;

	block(card);
	assert_answer(card, "002C0301", "6982");
	assert_answer(card, VERIFY_PUK, "9000");
	assert_answer(card, "002C030104 39383736", "6700");
	assert_answer(card, "002C0301", "9000");
	assert_answer(card, "00200001", "63C3");
	assert_answer(card, VERIFY_USER, "9000");
}

/* 4.7, P1=00 and P1=01 */
static void
the_puk_may_come_in_the_command_itself(void **state)
{
	struct applet_card *card = *state;

	block(card);
	assert_answer(card, "002C000108 3132333435363739", "6A80"); /* no new PIN */
	assert_answer(card, "002C010108 3132333435363738", "9000");
	assert_answer(card, VERIFY_USER, "9000");
	assert_answer(card, "002C00010C 3132333435363738 39383736", "9000");
	assert_answer(card, "0020000104 39383736", "9000");
	assert_answer(card, "002C00010C 3939393939393939 39383736", "63C2");
	assert_answer(card, "002C0401", "6A86");
}

static void
the_puk_itself_is_neither_changed_nor_unblocked(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020000208 3939393939393939", "63C2");
	assert_answer(card, VERIFY_PUK, "9000");
	assert_answer(card, "0024000210 3132333435363738 3837363534333231", "6985");
	assert_answer(card, "002C020208 3837363534333231", "6985");
}

static void
a_card_with_one_key_has_one_pin_and_its_puk(void **state)
{
	struct applet_card *card = applet_new("iasecc", SERIAL, "");

	(void)state;
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	applet_insert(card);
	assert_answer(card, "00200001", "6A88");
	assert_answer(card, VERIFY_PUK, "9000");
	assert_answer(card, "002C028504 39383736", "9000");
	assert_answer(card, "0020008504 39383736", "9000");
	enter_adf(card);
	assert_answer(card, "00A4020C02B001", "6A82");
	assert_answer(card, KEY_DOCP("01"), "6A88");
	applet_free(card);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	    TEST(verify_tells_its_state),
	    TEST(the_local_pin_is_verified_from_anywhere),
	    TEST(the_third_wrong_pin_blocks),
	    TEST(change_takes_old_and_new_unpadded),
	    TEST(change_takes_the_new_pin_alone_after_verify),
	    TEST(a_verified_puk_sets_a_new_pin),
	    TEST(a_verified_puk_resets_the_counter_alone),
	    TEST(the_puk_may_come_in_the_command_itself),
	    TEST(the_puk_itself_is_neither_changed_nor_unblocked),
	    cmocka_unit_test(a_card_with_one_key_has_one_pin_and_its_puk),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
