/*
 * Status words: counts in 63Cx, and a phrase for each word that Vicar's cards answer.
 */
#include "iso7816/sw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
tries_left_stand_in_the_last_digit(void **state)
{
	(void)state;
	assert_int_equal(sw_tries(0), 0x63C0);
	assert_int_equal(sw_tries(3), 0x63C3);
	assert_int_equal(sw_tries(15), 0x63CF);
}

static void
more_than_fifteen_tries_read_as_fifteen(void **state)
{
	(void)state;
	assert_int_equal(sw_tries(16), 0x63CF);
	assert_int_equal(sw_tries(0x100), 0x63CF);
}

static void
tries_are_read_back(void **state)
{
	unsigned tries = 99;

	(void)state;
	assert_true(sw_is_tries(0x63C5, &tries));
	assert_int_equal(tries, 5);
	assert_true(sw_is_tries(0x63C0, NULL));
}

static void
other_words_are_no_count(void **state)
{
	unsigned tries = 99;

	(void)state;
	assert_false(sw_is_tries(0x6300, &tries));
	assert_false(sw_is_tries(0x63D1, &tries));
	assert_false(sw_is_tries(0x9000, &tries));
	assert_int_equal(tries, 99);
}

/* Every word of sw.h, the counting ones with one of their numbers. */
static const uint16_t listed[] = {
    SW_OK,
    SW_MORE_DATA,
    SW_END_OF_FILE,
    SW_AUTHENTICATION,
    SW_AUTHENTICATION | 1,
    SW_AUTHENTICATION | 3,
    SW_PROMPT_TIMEOUT,
    SW_PROMPT_CANCELLED,
    SW_MEMORY_FAILURE,
    SW_WRONG_LENGTH,
    SW_CHANNEL_NOT_SUPPORTED,
    SW_SM_NOT_SUPPORTED,
    SW_LAST_COMMAND_EXPECTED,
    SW_CHAINING_NOT_SUPPORTED,
    SW_SECURITY_STATUS,
    SW_BLOCKED,
    SW_REFERENCE_DATA_UNUSABLE,
    SW_CONDITIONS,
    SW_NO_CURRENT_EF,
    SW_INCORRECT_DATA,
    SW_FUNCTION_NOT_SUPPORTED,
    SW_FILE_NOT_FOUND,
    SW_RECORD_NOT_FOUND,
    SW_INCORRECT_P1P2,
    SW_REFERENCE_NOT_FOUND,
    SW_WRONG_OFFSET,
    SW_WRONG_LE,
    SW_INS_NOT_SUPPORTED,
    SW_CLA_NOT_SUPPORTED,
    SW_UNKNOWN,
    SW_SERVICE_UNREACHABLE,
    SW_SERVICE_UNTRUSTED,
    SW_SERVICE_CREDENTIALS,
    SW_SERVICE_INACTIVE,
    SW_SERVICE_PIN_MUST_CHANGE,
    SW_SERVICE_ACCOUNT_UNKNOWN,
    SW_SIGNATURE_WRONG,
    SW_FATE_UNKNOWN,
    SW_CERTIFICATE_EXPIRED,
    SW_ENCRYPTION_CERTIFICATE_EXPIRED,
    SW_CODE_WRONG,
    SW_SERVICE_OTHER,
};

static void
every_listed_word_has_a_phrase(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++)
		if (strcmp(sw_text(listed[i]), sw_text(0x1234)) == 0)
			fail_msg("no phrase for %04X", listed[i]);
}

static void
no_two_listed_words_share_a_phrase(void **state)
{
	const size_t count = sizeof(listed) / sizeof(listed[0]);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			if (strcmp(sw_text(listed[i]), sw_text(listed[j])) == 0)
				fail_msg("%04X and %04X say the same", listed[i], listed[j]);
}

static void
the_number_in_61xx_63Cx_and_6Cxx_does_not_hide_the_phrase(void **state)
{
	(void)state;
	assert_string_equal(sw_text(0x6142), sw_text(0x6100));
	assert_string_equal(sw_text(0x63C7), sw_text(0x63C3));
	assert_string_equal(sw_text(0x6C10), sw_text(0x6C00));
}

static void
an_unknown_word_says_so(void **state)
{
	(void)state;
	assert_string_equal(sw_text(0x1234), "unknown status word");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tries_left_stand_in_the_last_digit),
	    cmocka_unit_test(more_than_fifteen_tries_read_as_fifteen),
	    cmocka_unit_test(tries_are_read_back),
	    cmocka_unit_test(other_words_are_no_count),
	    cmocka_unit_test(every_listed_word_has_a_phrase),
	    cmocka_unit_test(no_two_listed_words_share_a_phrase),
	    cmocka_unit_test(the_number_in_61xx_63Cx_and_6Cxx_does_not_hide_the_phrase),
	    cmocka_unit_test(an_unknown_word_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
