/* Value and mask of ATRs, whole and by historical bytes. */
#include "iso7816/atr_match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

/* fineid.md 2.1 A7, and as PC/SC shows the same card without contacts. */
#define CONTACTS "3B 7F 96 00 00 80 31 B8 65 B0 85 05 10 24 12 24 60 82 90 00"
#define CONTACTLESS "3B 8F 80 01 80 31 B8 65 B0 85 05 10 24 12 24 60 82 90 00 22"
#define HISTORICAL "80 31 B8 65 B0 85 05 10 24 12 24 60 82 90 00"

static bool
matches(const char *text, enum atr_part part, const char *value, const char *mask)
{
	const struct atr_pattern pattern = {part, value, mask};
	struct hex bytes = hex(text);
	struct atr atr;

	assert_true(atr_parse(HEX(bytes), &atr));
	return atr_matches(&atr, &pattern);
}

static void
without_a_mask_every_bit_counts(void **state)
{
	(void)state;
	assert_true(matches("3B 02 14 50", ATR_WHOLE, "3B 02 14 50", NULL));
	assert_false(matches("3B 02 14 50", ATR_WHOLE, "3B 02 14 51", NULL));
}

static void
a_bit_that_the_mask_frees_may_be_any(void **state)
{
	(void)state;
	assert_true(matches("3B 02 14 51", ATR_WHOLE, "3B 02 14 50", "FF FF FF FE"));
	assert_false(matches("3B 02 14 52", ATR_WHOLE, "3B 02 14 50", "FF FF FF FE"));
}

static void
a_bit_of_the_value_that_the_mask_frees_does_not_count(void **state)
{
	(void)state;
	assert_true(matches("3B 02 14 50", ATR_WHOLE, "3B 02 14 5F", "FF FF FF F0"));
}

static void
an_atr_that_goes_on_after_the_value_is_another(void **state)
{
	(void)state;
	assert_false(matches("3B 02 14 50", ATR_WHOLE, "3B 02 14", NULL));
}

static void
an_atr_that_ends_before_the_value_is_another(void **state)
{
	(void)state;
	assert_false(matches("3B 02 14 50", ATR_WHOLE, "3B 02 14 50 00", NULL));
}

static void
historical_bytes_are_found_in_both_forms_of_a_card(void **state)
{
	(void)state;
	assert_true(matches(CONTACTS, ATR_HISTORICAL, HISTORICAL, NULL));
	assert_true(matches(CONTACTLESS, ATR_HISTORICAL, HISTORICAL, NULL));
}

static void
the_whole_atr_is_of_one_form_only(void **state)
{
	(void)state;
	assert_false(matches(CONTACTLESS, ATR_WHOLE, CONTACTS, NULL));
}

static void
an_atr_without_historical_bytes_is_not_that_of_a_card_with_some(void **state)
{
	(void)state;
	assert_false(matches("3B 80 80 01 01", ATR_HISTORICAL, HISTORICAL, NULL));
}

static void
a_mask_of_another_length_matches_nothing(void **state)
{
	(void)state;
	assert_false(matches("3B 02 14 50", ATR_WHOLE, "3B 02 14 50", "FF FF FF"));
}

static void
a_pattern_that_is_not_hexadecimal_matches_nothing(void **state)
{
	(void)state;
	assert_false(matches("3B 02 14 50", ATR_WHOLE, "3B 02 14 ..", NULL));
	assert_false(matches("3B 02 14 50", ATR_WHOLE, "3B 02 14 50", "FF FF FF .."));
}

static bool
contactless(const char *text)
{
	struct hex bytes = hex(text);
	struct atr atr;

	assert_true(atr_parse(HEX(bytes), &atr));
	return atr_is_contactless(&atr);
}

/* PC/SC part 3, 3.1.3.2.3. */
static void
the_form_of_contactless_cards_is_told_from_that_of_contacts(void **state)
{
	(void)state;
	assert_true(contactless(CONTACTLESS));
	assert_true(contactless("3B 80 80 01 01"));
	assert_false(contactless(CONTACTS));
	assert_false(contactless("3B 81 81 01 61 60"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_mask_every_bit_counts),
	    cmocka_unit_test(a_bit_that_the_mask_frees_may_be_any),
	    cmocka_unit_test(a_bit_of_the_value_that_the_mask_frees_does_not_count),
	    cmocka_unit_test(an_atr_that_goes_on_after_the_value_is_another),
	    cmocka_unit_test(an_atr_that_ends_before_the_value_is_another),
	    cmocka_unit_test(historical_bytes_are_found_in_both_forms_of_a_card),
	    cmocka_unit_test(the_whole_atr_is_of_one_form_only),
	    cmocka_unit_test(an_atr_without_historical_bytes_is_not_that_of_a_card_with_some),
	    cmocka_unit_test(a_mask_of_another_length_matches_nothing),
	    cmocka_unit_test(a_pattern_that_is_not_hexadecimal_matches_nothing),
	    cmocka_unit_test(the_form_of_contactless_cards_is_told_from_that_of_contacts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
