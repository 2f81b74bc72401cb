/*
 * Patterns of replay files: what they match, and what is none.
 */
#include "tools/apdu-replay/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

static bool
matches(const char *text, const char *answer)
{
	struct hex bytes = hex(answer);
	struct pattern pattern;
	struct problem error;
	bool ok;

	if (!pattern_parse(text, PATTERN_RESPONSE, &pattern, &error))
		fail_msg("%s: %s", text, error.text);
	ok = pattern_matches(&pattern, HEX(bytes));
	pattern_free(&pattern);
	return ok;
}

static void
assert_refused(const char *text, enum pattern_form form, const char *reason)
{
	struct pattern pattern;
	struct problem error;

	if (pattern_parse(text, form, &pattern, &error))
		fail_msg("accepted: %s", text);
	if (strstr(error.text, reason) == NULL)
		fail_msg("%s: says \"%s\", not \"%s\"", text, error.text, reason);
}

static void
bytes_match_themselves_only(void **state)
{
	(void)state;
	assert_true(matches("6F 0a 9000", "6F0A9000"));
	assert_false(matches("6F0A9000", "6F0B9000"));
	assert_false(matches("6F0A9000", "6F0A9001"));
	assert_false(matches("6F0A9000", "6F0A009000"));
	assert_false(matches("6F0A9000", "6F9000"));
	assert_false(matches("9000", ""));
}

static void
two_dots_match_one_byte_of_any_value(void **state)
{
	(void)state;
	assert_true(matches("30..02 9000", "3000029000"));
	assert_true(matches("30..02 9000", "30FF029000"));
	assert_false(matches("30..02 9000", "30029000"));
	assert_true(matches("63..", "63C2"));
	assert_false(matches("63..", "6282"));
}

static void
a_star_matches_any_number_of_bytes_up_to_the_status_word(void **state)
{
	(void)state;
	assert_true(matches("* 9000", "9000"));
	assert_true(matches("*9000", "0102039000"));
	assert_false(matches("* 9000", "0102036282"));
	assert_false(matches("* 9000", "90"));
	assert_true(matches("30..020101* 9000", "30050201019000"));
	assert_true(matches("30..020101* 9000", "3005020101AABB9000"));
	assert_false(matches("30..020101* 9000", "3005020102AABB9000"));
}

/* design.md: the bytes in front of the star and the status word are never the same bytes. */
static void
what_stands_before_a_star_does_not_overlap_the_status_word(void **state)
{
	(void)state;
	assert_false(matches("90* 9000", "9000"));
	assert_true(matches("90* 9000", "909000"));
}

static void
what_is_no_pattern_is_refused_with_the_reason(void **state)
{
	(void)state;
	assert_refused("", PATTERN_RESPONSE, "at least a status word");
	assert_refused("90", PATTERN_RESPONSE, "at least a status word");
	assert_refused("*", PATTERN_RESPONSE, "at least a status word");
	assert_refused("900", PATTERN_RESPONSE, "`0` is no byte");
	assert_refused("9 000", PATTERN_RESPONSE, "`9 ` is no byte");
	assert_refused("63C.", PATTERN_RESPONSE, "`C.` is no byte");
	assert_refused(".", PATTERN_RESPONSE, "`.` is no byte");
	assert_refused("GG 9000", PATTERN_RESPONSE, "`GG` is no byte");
	assert_refused("30*", PATTERN_RESPONSE, "at least a status word");
	assert_refused("3000 *", PATTERN_RESPONSE, "behind `*` stands the status word alone");
	assert_refused("* 00", PATTERN_RESPONSE, "at least a status word");
	assert_refused("30 30 * 00", PATTERN_RESPONSE, "behind `*` stands the status word alone");
	assert_refused("* 00 9000", PATTERN_RESPONSE, "behind `*` stands the status word alone");
	assert_refused("* 30 * 9000", PATTERN_RESPONSE, "`* ` is no byte");
}

static void
an_atr_has_no_star_and_two_bytes_at_least(void **state)
{
	(void)state;
	assert_refused("3B*9000", PATTERN_ATR, "cannot stand in an ATR");
	assert_refused("3B", PATTERN_ATR, "at least two bytes");
	assert_refused("", PATTERN_ATR, "at least two bytes");
}

static void
a_pattern_keeps_how_it_was_written(void **state)
{
	struct pattern pattern;
	struct problem error;

	(void)state;
	assert_true(pattern_parse("6f ..* 9000", PATTERN_RESPONSE, &pattern, &error));
	assert_string_equal(pattern.text, "6f ..* 9000");
	pattern_free(&pattern);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_match_themselves_only),
	    cmocka_unit_test(two_dots_match_one_byte_of_any_value),
	    cmocka_unit_test(a_star_matches_any_number_of_bytes_up_to_the_status_word),
	    cmocka_unit_test(what_stands_before_a_star_does_not_overlap_the_status_word),
	    cmocka_unit_test(what_is_no_pattern_is_refused_with_the_reason),
	    cmocka_unit_test(an_atr_has_no_star_and_two_bytes_at_least),
	    cmocka_unit_test(a_pattern_keeps_how_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
