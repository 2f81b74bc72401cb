/* The codes of the CMD service (cmd.md 9) and what each of them is to a card. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/cmd.h"

static void
each_code_has_its_status_word(void **state)
{
	static const struct {
		const char *code;
		uint16_t sw;
	} rows[] = {
	    {"200", 0x9000}, {"801", 0x63C0},  {"802", 0x6F1A},  {"816", 0x6400},  {"817", 0x6F13},
	    {"901", 0x6F14}, {"902", 0x6F14},  {"900", 0x6F1F},  {"800", 0x6F1F},  {"899", 0x6F1F},
	    {"500", 0x6F10}, {"599", 0x6F10},  {"0", 0x6F1F},    {"", 0x6F1F},     {"5xx", 0x6F1F},
	    {"20", 0x6F1F},  {"2000", 0x6F1F}, {"8011", 0x6F1F}, {" 200", 0x6F1F}, {"401", 0x6F1F},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(outcome_sw(service_outcome(&cmd_maker, rows[i].code)), rows[i].sw);
}

/* Only those must be shown word for word. */
static void
the_codes_for_pins_that_must_be_changed_are_shown(void **state)
{
	static const char *const others[] = {"200", "500", "801", "802", "816", "817", "900", "0"};

	(void)state;
	assert_true(outcome_must_be_shown(service_outcome(&cmd_maker, "901")));
	assert_true(outcome_must_be_shown(service_outcome(&cmd_maker, "902")));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(outcome_must_be_shown(service_outcome(&cmd_maker, others[i])));
}

static void
a_pattern_is_for_digits_only(void **state)
{
	static const struct service_status statuses[] = {
	    {"12", OUTCOME_INACTIVE}, {"1?", OUTCOME_SERVER_ERROR}, {NULL, OUTCOME_OK}};
	const struct service_maker maker = {.statuses = statuses};

	(void)state;
	assert_int_equal(service_outcome(&maker, "12"), OUTCOME_INACTIVE);
	assert_int_equal(service_outcome(&maker, "13"), OUTCOME_SERVER_ERROR);
	assert_int_equal(service_outcome(&maker, "1"), OUTCOME_OTHER_CODE);
	assert_int_equal(service_outcome(&maker, "1x"), OUTCOME_OTHER_CODE);
	assert_int_equal(service_outcome(&maker, "123"), OUTCOME_OTHER_CODE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_code_has_its_status_word),
	    cmocka_unit_test(the_codes_for_pins_that_must_be_changed_are_shown),
	    cmocka_unit_test(a_pattern_is_for_digits_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
