/*
 * INI text: what libinih reads, and what it would have passed over.
 */
#include "emulator/ini_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char seen[1024];
static char error[256];

static bool
note(void *context, const struct ini_text_place *place, const char *section, const char *key,
     const char *value, char *reason, size_t room)
{
	size_t len = strlen(seen);

	(void)snprintf(seen + len, sizeof(seen) - len, "%d[%s]%s=%s\n", place->line, section, key,
		       value);
	if (context != NULL && strcmp(key, context) == 0) {
		(void)snprintf(reason, room, "%s:%d: refused", place->path, place->line);
		return false;
	}
	return true;
}

static bool
parse(const char *text, const char *refuse)
{
	seen[0] = '\0';
	error[0] = '\0';
	return ini_text_parse((struct bytes){(const uint8_t *)text, strlen(text)}, "file", note,
			      (void *)(uintptr_t)refuse, error, sizeof(error));
}

static void
entries_come_in_order_with_their_lines(void **state)
{
	(void)state;
	assert_true(
	    parse("a = 1\n[one]\nb=2 ; note\n; note\n\n# note\r\n[two] ; note\r\nc = d e\r\n"
		  "d=",
		  NULL));
	assert_string_equal(seen, "1[]a=1\n3[one]b=2\n8[two]c=d e\n9[two]d=\n");
}

static void
an_empty_text_has_no_entries(void **state)
{
	(void)state;
	assert_true(parse("", NULL));
	assert_string_equal(seen, "");
}

static void
an_indented_line_is_a_line_of_its_own(void **state)
{
	(void)state;
	assert_true(parse("[s]\na = 1\n \tb = 2\n", NULL));
	assert_string_equal(seen, "2[s]a=1\n3[s]b=2\n");
	assert_false(parse("[s]\na = 1\n  more\n", NULL));
	assert_string_equal(error, "file:3: neither a [section] nor `key = value`; correct or "
				   "delete the line");
}

static void
a_line_may_have_197_bytes_and_no_more(void **state)
{
	char text[256];

	(void)state;
	(void)snprintf(text, sizeof(text), "[s]\na=%0195d\nb=1\n", 0);
	assert_true(parse(text, NULL));
	assert_int_equal(strlen(seen), strlen("2[s]a=\n3[s]b=1\n") + 195);
	(void)snprintf(text, sizeof(text), "[s]\na=%0196d\nb=1\n", 0);
	assert_false(parse(text, NULL));
	assert_string_equal(error, "file:2: the line has 198 bytes; 197 are allowed: shorten it");
	assert_string_equal(seen, "");
}

static void
a_section_name_may_have_49_bytes_and_no_more(void **state)
{
	char text[256];

	(void)state;
	(void)snprintf(text, sizeof(text), "[%049d]\na=1\n", 0);
	assert_true(parse(text, NULL));
	assert_int_equal(strlen(seen), strlen("2[]a=1\n") + 49);
	(void)snprintf(text, sizeof(text), "[%050d]\na=1\n", 0);
	assert_false(parse(text, NULL));
	assert_non_null(strstr(error, "file:1: the section is not written as [NAME]"));
}

static void
a_section_that_is_not_whole_is_an_error(void **state)
{
	static const char *const lines[] = {"[s\na=1\n", "[]\na=1\n", "[s] b\na=1\n", "[s]a=1\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_false(parse(lines[i], NULL));
		assert_non_null(strstr(error, "file:1: "));
	}
}

static void
control_characters_are_an_error(void **state)
{
	static const char with_nul[] = "a=1\0b\n";

	(void)state;
	assert_false(parse("[s]\na=\x1B[31m\n", NULL));
	assert_string_equal(error, "file:2: the line holds a control character; take it out");
	assert_false(ini_text_parse((struct bytes){(const uint8_t *)with_nul, sizeof(with_nul) - 1},
				    "file", note, NULL, error, sizeof(error)));
}

static void
the_first_refused_entry_ends_the_reading(void **state)
{
	(void)state;
	assert_false(parse("[s]\na=1\nb=2\nc=3\nnonsense\n", "b"));
	assert_string_equal(error, "file:3: refused");
	assert_string_equal(seen, "2[s]a=1\n3[s]b=2\n");
}

static void
an_error_text_that_does_not_fit_is_cut(void **state)
{
	char small[8];

	(void)state;
	assert_false(ini_text_parse((struct bytes)BYTES_TEXT("nonsense\n"), "file", note, NULL,
				    small, sizeof(small)));
	assert_string_equal(small, "file:1:");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_come_in_order_with_their_lines),
	    cmocka_unit_test(an_empty_text_has_no_entries),
	    cmocka_unit_test(an_indented_line_is_a_line_of_its_own),
	    cmocka_unit_test(a_line_may_have_197_bytes_and_no_more),
	    cmocka_unit_test(a_section_name_may_have_49_bytes_and_no_more),
	    cmocka_unit_test(a_section_that_is_not_whole_is_an_error),
	    cmocka_unit_test(control_characters_are_an_error),
	    cmocka_unit_test(the_first_refused_entry_ends_the_reading),
	    cmocka_unit_test(an_error_text_that_does_not_fit_is_cut),
	};

	return cmocka_run_group_tests_name("ini-text", tests, NULL, NULL);
}
