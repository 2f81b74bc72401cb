/* What the reader offers by PC/SC part 10, with and without a PIN pad. ifdhandler.md section 9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ifdhandler/features.h"

enum { LIST = 0x42000D48, LIST_OF_WINDOWS = 0x00313520, FIRST = 0x42330000 };

static void
answers(bool pinpad, unsigned long code, const char *expected, size_t len)
{
	struct feature feature;

	assert_true(features_by_code(pinpad, code, &feature));
	assert_int_equal(feature.request, 0);
	assert_int_equal(feature.answer_len, len);
	assert_memory_equal(feature.answer, expected, len);
}

static bool
offers(bool pinpad, unsigned long code)
{
	struct feature feature;

	return features_by_code(pinpad, code, &feature);
}

static void
without_a_pad_only_the_properties_are_listed(void **state)
{
	(void)state;
	answers(false, LIST, "\x12\x04\x42\x33\x00\x12", 6);
	answers(false, LIST_OF_WINDOWS, "\x12\x04\x42\x33\x00\x12", 6);
	answers(false, FIRST + 0x12, "\x0A\x04\x00\x00\x01\x00", 6);
	assert_false(offers(false, FIRST + 0x06));
	assert_false(offers(false, FIRST + 0x07));
	assert_false(offers(false, FIRST + 0x0A));
}

static void
with_a_pad_there_are_four(void **state)
{
	(void)state;
	answers(true, LIST,
		"\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00\x07"
		"\x0A\x04\x42\x33\x00\x0A\x12\x04\x42\x33\x00\x12",
		24);
	answers(true, FIRST + 0x0A, "\x00\x00\x02\x00", 4);
	answers(true, FIRST + 0x12,
		"\x01\x02\x00\x00\x02\x01\x02\x03\x01\x00\x09\x01\x02"
		"\x0A\x04\x00\x00\x01\x00",
		19);
	assert_false(offers(true, FIRST + 0x01));
	assert_false(offers(true, FIRST));
	assert_false(offers(true, 0x42000001)); /* a raw escape to the reader */
	assert_false(offers(true, 0));
}

static void
pins_are_the_cards_business(void **state)
{
	struct feature feature;

	(void)state;
	assert_true(features_by_code(true, FIRST + 0x06, &feature));
	assert_int_equal(feature.request, LINK_PIN_VERIFY);
	assert_true(features_by_code(true, FIRST + 0x07, &feature));
	assert_int_equal(feature.request, LINK_PIN_MODIFY);
}

static void
a_pseudo_apdu_is_one_only_with_a_pad(void **state)
{
	static const uint8_t list[] = {0xFF, 0xC2, 0x01, 0x00, 0x00};
	static const uint8_t other[] = {0xFF, 0xC2, 0x02, 0x00, 0x00};

	(void)state;
	assert_true(features_is_pseudo(true, list, sizeof list));
	assert_true(features_is_pseudo(true, list, 4));
	assert_false(features_is_pseudo(true, list, 3));
	assert_false(features_is_pseudo(false, list, sizeof list));
	assert_false(features_is_pseudo(true, other, sizeof other));
}

static void
a_pseudo_apdu_lists_tags(void **state)
{
	static const uint8_t list[] = {0xFF, 0xC2, 0x01, 0x00}, none[] = {0xFF, 0xC2, 0x01, 0x05};
	struct feature feature;

	(void)state;
	assert_true(features_by_pseudo(list, &feature));
	assert_int_equal(feature.answer_len, 4);
	assert_memory_equal(feature.answer, "\x06\x07\x0A\x12", 4);
	assert_false(features_by_pseudo(none, &feature));
}

static void
data_is_what_lc_says(const char *capdu, size_t len, bool good, size_t data_len)
{
	const uint8_t *data;
	size_t got;

	assert_int_equal(features_pseudo_data((const uint8_t *)capdu, len, &data, &got), good);
	if (!good)
		return;
	assert_int_equal(got, data_len);
	assert_true(data + got <= (const uint8_t *)capdu + len);
}

static void
data_of_a_pseudo_apdu_is_behind_lc(void **state)
{
	(void)state;
	data_is_what_lc_says("\xFF\xC2\x01\x06", 4, true, 0);
	data_is_what_lc_says("\xFF\xC2\x01\x06\x00", 5, true, 0);
	data_is_what_lc_says("\xFF\xC2\x01\x06\x02\xAA\xBB", 7, true, 2);
	data_is_what_lc_says("\xFF\xC2\x01\x06\x02\xAA\xBB\x00", 8, true, 2);
	data_is_what_lc_says("\xFF\xC2\x01\x06\x02\xAA", 6, false, 0);
	data_is_what_lc_says("\xFF\xC2\x01\x06\x01\xAA\xBB\xCC", 8, false, 0);
	data_is_what_lc_says("\xFF\xC2\x01\x06\x00\xAA", 6, false, 0);
}

static void
a_structure_holds_a_command(void **state)
{
	(void)state;
	assert_false(features_structure_fits(LINK_PIN_VERIFY, 22));
	assert_true(features_structure_fits(LINK_PIN_VERIFY, 23));
	assert_true(features_structure_fits(LINK_PIN_VERIFY, 279));
	assert_false(features_structure_fits(LINK_PIN_VERIFY, 280));
	assert_false(features_structure_fits(LINK_PIN_MODIFY, 27));
	assert_true(features_structure_fits(LINK_PIN_MODIFY, 28));
	assert_true(features_structure_fits(LINK_PIN_MODIFY, 284));
	assert_false(features_structure_fits(LINK_PIN_MODIFY, 285));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_pad_only_the_properties_are_listed),
	    cmocka_unit_test(with_a_pad_there_are_four),
	    cmocka_unit_test(pins_are_the_cards_business),
	    cmocka_unit_test(a_pseudo_apdu_is_one_only_with_a_pad),
	    cmocka_unit_test(a_pseudo_apdu_lists_tags),
	    cmocka_unit_test(data_of_a_pseudo_apdu_is_behind_lc),
	    cmocka_unit_test(a_structure_holds_a_command),
	};

	return cmocka_run_group_tests_name("reader: features", tests, NULL, NULL);
}
