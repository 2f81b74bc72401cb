/*
 * What a program says it is (iso7816/program_text.h): a card takes it for one use of a key.
 */
#include "applet-card.h"

#define SERIAL "0123456789ABCDEF"
#define VERIFY "0020008208 313233343536FFFF"
#define SET "002241B606 800142 840101"
#define LOAD               \
	"002A90A022 9020 " \
	"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
#define SIGN "002A9E9A00"
#define SAYS_FIREFOX "00DADF7F07 46697265666F78"
#define SELECT_APPLICATION "00A4040C07 604632FF000002"
#define SELECT_OD "00A4080C04 4F005031"
#define SELECT_DODF "00A4080C04 5F00EF1F"

static struct applet_card *
card_with(const char *options)
{
	struct applet_card *card = applet_new("cc-v1", SERIAL, options);

	applet_add_key(card, "sign", "cmd", 3072, SIGN_PIN);
	applet_insert(card);
	return card;
}

static int
setup(void **state)
{
	*state = card_with("program-name");
	return 0;
}

static int
teardown(void **state)
{
	applet_free(*state);
	return 0;
}

static void
sign(struct applet_card *card, const char *expected_sw)
{
	const char *answer = applet_fetch(card, SIGN);

	assert_string_equal(answer + strlen(answer) - 4, expected_sw);
}

static void
ready(struct applet_card *card)
{
	assert_answer(card, VERIFY, "9000");
	assert_answer(card, SET, "9000");
	assert_answer(card, LOAD, "9000");
}

static void
what_is_said_comes_with_the_next_use_of_a_key_only(void **state)
{
	struct applet_card *card = *state;

	ready(card);
	assert_answer(card, SAYS_FIREFOX, "9000");
	sign(card, "9000");
	assert_string_equal(card->program, "Firefox");
	ready(card);
	sign(card, "9000");
	assert_string_equal(card->program, "");
}

static void
the_last_word_counts(void **state)
{
	struct applet_card *card = *state;

	ready(card);
	assert_answer(card, "00DADF7F01 41", "9000");
	assert_answer(card, SAYS_FIREFOX, "9000");
	sign(card, "9000");
	assert_string_equal(card->program, "Firefox");
}

/* Who verifies a PIN or selects the application may be another program. */
static void
a_program_that_begins_after_it_is_not_called_so(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, SAYS_FIREFOX, "9000");
	ready(card);
	sign(card, "9000");
	assert_string_equal(card->program, "");
	ready(card);
	assert_answer(card, SAYS_FIREFOX, "9000");
	assert_answer(card, SELECT_APPLICATION, "9000"); /* the PIN goes too */
	assert_answer(card, VERIFY, "9000");
	sign(card, "9000");
	assert_string_equal(card->program, "");
}

static void
a_use_that_is_refused_takes_it_away(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, SET, "9000");
	assert_answer(card, LOAD, "9000");
	assert_answer(card, SAYS_FIREFOX, "9000");
	sign(card, "6982");
	ready(card);
	sign(card, "9000");
	assert_string_equal(card->program, "");
}

static void
so_does_a_reset(void **state)
{
	struct applet_card *card = *state;

	ready(card);
	assert_answer(card, SAYS_FIREFOX, "9000");
	card_reset(card->card);
	ready(card);
	sign(card, "9000");
	assert_string_equal(card->program, "");
}

#define SIXTEEN "20215F7E30314142202122235A7A7B7D"

static void
it_is_printable_and_of_64_characters_at_most(void **state)
{
	struct applet_card *card = *state;

	ready(card);
	assert_answer(card, SAYS_FIREFOX, "9000");
	assert_answer(card, "00DADF7F41" SIXTEEN SIXTEEN SIXTEEN SIXTEEN "41", "6700");
	assert_answer(card, "00DADF7F", "6700");
	assert_answer(card, "00DADF7F03 410A42", "6A80");
	assert_answer(card, "00DADF7F02 41C3", "6A80");
	assert_answer(card, "00DADF7F01 7F", "6A80");
	assert_answer(card, "00DADF7F01 1F", "6A80");
	sign(card, "9000");
	assert_string_equal(card->program,
			    ""); /* what was refused has taken the earlier word away */
	ready(card);
	assert_answer(card, "00DADF7F40" SIXTEEN SIXTEEN SIXTEEN SIXTEEN, "9000");
	sign(card, "9000");
	assert_int_equal(strlen(card->program), PROGRAM_TEXT_MAX);
}

static void
no_other_object_can_be_put_or_got(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00DADF7E01 41", "6A86");
	assert_answer(card, "00DB3FFF01 41", "6D00");
	assert_answer(card, "00CADF7F00", "6A88");
	assert_answer(card, "80DADF7F01 41", "6D00");
}

static void
it_is_listed_and_is_in_no_file(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, SELECT_OD, "9000");
	assert_non_null(strstr(applet_read(card), "A70A300804063F005F00EF1F"));
	assert_answer(card, SELECT_DODF, "9000");
	assert_string_equal(applet_read(card), "3022"
					       "300E0C0C50726F6772616D206E616D65"
					       "300C0C0A76696361722E44463746"
					       "A1023000");
}

static void
a_card_without_the_option_is_as_it_was(void **state)
{
	struct applet_card *card = card_with("");

	(void)state;
	assert_answer(card, SAYS_FIREFOX, "6D00");
	assert_answer(card, SELECT_DODF, "6A82");
	assert_answer(card, SELECT_OD, "9000");
	assert_null(strstr(applet_read(card), "EF1F"));
	applet_free(card);
}

static void
a_value_of_the_option_that_is_not_known_is_refused(void **state)
{
	struct applet_card *card = applet_new("cc-v1", SERIAL, "program-name=firefox");
	const struct card_host no_host = {0};
	struct image_error error = {""};

	(void)state;
	applet_add_key(card, "sign", "cmd", 3072, SIGN_PIN);
	assert_null(card_new(&card->image, registry_find("cc-v1"), &no_host, &error));
	assert_non_null(strstr(error.text, "write program-name=yes or program-name=no"));
	applet_free(card);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(what_is_said_comes_with_the_next_use_of_a_key_only),
	    TEST(the_last_word_counts),
	    TEST(a_program_that_begins_after_it_is_not_called_so),
	    TEST(a_use_that_is_refused_takes_it_away),
	    TEST(so_does_a_reset),
	    TEST(it_is_printable_and_of_64_characters_at_most),
	    TEST(no_other_object_can_be_put_or_got),
	    TEST(it_is_listed_and_is_in_no_file),
	    cmocka_unit_test(a_card_without_the_option_is_as_it_was),
	    cmocka_unit_test(a_value_of_the_option_that_is_not_known_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
