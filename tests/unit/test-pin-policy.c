/* What a new value of a PIN must not be. */
#include "tools/pin_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool
allows(struct pin_policy policy, const char *value)
{
	struct problem why = {""};
	const bool allowed = pin_policy_allows(
	    &policy, (struct bytes){(const uint8_t *)value, strlen(value)}, false, &why);

	/* A reason, and not the value itself. */
	assert_int_equal(why.text[0] != '\0', !allowed);
	assert_null(strstr(why.text, value));
	return allowed;
}

static void
expect(unsigned complexity, const char *const *values, bool allowed)
{
	const struct pin_policy policy = {.complexity = complexity};

	for (; *values != NULL; values++)
		if (allows(policy, *values) != allowed)
			fail_msg("%s is %s", *values, allowed ? "refused" : "allowed");
}

static void
without_rules_everything_goes(void **state)
{
	static const char *const values[] = {"0000", "1234", "x", "19790101", NULL};

	(void)state;
	expect(0, values, true);
}

static void
a_short_value_is_refused_but_not_a_puk(void **state)
{
	const struct pin_policy policy = {.length_min = 6};
	struct problem why;

	(void)state;
	assert_false(allows(policy, "27182"));
	assert_true(allows(policy, "271828"));
	assert_true(pin_policy_allows(&policy, BYTES_TEXT("2718"), true, &why));
}

static void
letters_are_refused_where_only_digits_are_allowed(void **state)
{
	const struct pin_policy policy = {.digits_only = true};

	(void)state;
	assert_false(allows(policy, "2718a"));
	assert_true(allows(policy, "27182"));
}

static void
one_digit_all_over_is_refused(void **state)
{
	static const char *const bad[] = {"0000", "77777777", NULL};
	static const char *const good[] = {"0001", "1234", NULL};

	(void)state;
	expect(PIN_NOT_SAME, bad, false);
	expect(PIN_NOT_SAME, good, true);
}

static void
a_run_is_refused(void **state)
{
	static const char *const bad[] = {"1234", "01234567", "9876", "4321", NULL};
	static const char *const good[] = {"1235", "1357", "0000", NULL};

	(void)state;
	expect(PIN_NOT_RUN, bad, false);
	expect(PIN_NOT_RUN, good, true);
}

static void
a_repetition_is_refused(void **state)
{
	static const char *const bad[] = {"1212", "123123", "27272727", "27182718", NULL};
	static const char *const good[] = {"1221", "12312", "2718281", NULL};

	(void)state;
	expect(PIN_NOT_REPEAT, bad, false);
	expect(PIN_NOT_REPEAT, good, true);
}

static void
a_date_is_refused(void **state)
{
	static const char *const bad[] = {"3112",   "1231",     "1979",     "2024",     "311279",
					  "791231", "31121979", "12311979", "19791231", NULL};
	static const char *const good[] = {"3299",     "7182",    "991399",   "99123456",
					   "27182818", "311279a", "45671234", NULL};

	(void)state;
	expect(PIN_NOT_DATE, bad, false);
	expect(PIN_NOT_DATE, good, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_rules_everything_goes),
	    cmocka_unit_test(a_short_value_is_refused_but_not_a_puk),
	    cmocka_unit_test(letters_are_refused_where_only_digits_are_allowed),
	    cmocka_unit_test(one_digit_all_over_is_refused),
	    cmocka_unit_test(a_run_is_refused),
	    cmocka_unit_test(a_repetition_is_refused),
	    cmocka_unit_test(a_date_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
