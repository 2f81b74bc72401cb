#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/phone.h"
#include "cmdbridge/text.h"

/* SHA-256 of the empty string. */
static const uint8_t empty_hash[] = {
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

static void
assert_printable(const char *in, const char *out)
{
	char text[64 * 4 + 1];

	(void)text_printable((struct bytes){(const uint8_t *)in, strlen(in)}, 64, text);
	assert_string_equal(text, out);
}

static void
a_line_feed_cannot_make_a_new_line(void **state)
{
	(void)state;
	assert_printable("a\nDocument: b", "a?Document: b");
}

static void
an_escape_sequence_cannot_reach_the_terminal(void **state)
{
	(void)state;
	assert_printable("\033[2Jx\302\233y", "?[2Jx?y");
}

static void
the_writing_direction_cannot_be_turned(void **state)
{
	(void)state;
	assert_printable("invoice\342\200\256fdp.exe", "invoice?fdp.exe");
}

/* U+2800, U+3164, U+FFA0, U+115F, U+3000, U+2003; U+00A0, U+202F; U+FE0F, U+180B, U+1D173 */
static void
a_character_of_which_nothing_is_seen_is_no_blank(void **state)
{
	(void)state;
	assert_printable("a\342\240\200b\343\205\244c\357\276\240d\341\205\237e", "a?b?c?d?e");
	assert_printable("a\343\200\200b\342\200\203c d", "a?b?c d");
	assert_printable("a\302\240\302\240b\342\200\257c", "a??b?c");
	assert_printable("a\357\270\217b\341\240\213c\360\235\205\263d", "a?b?c?d");
}

static void
accents_stay(void **state)
{
	(void)state;
	assert_printable("Ação 1º", "Ação 1º");
}

static void
what_is_not_utf8_becomes_question_marks(void **state)
{
	(void)state;
	assert_printable("a\300\257b\377", "a??b?");
}

static void
text_is_counted_in_characters(void **state)
{
	char text[2 * 4 + 1];

	(void)state;
	assert_int_equal(text_printable(BYTES_TEXT("çãõ"), 2, text), 3);
	assert_string_equal(text, "çã");
}

static void
a_docname_is_name_and_eight_digits(void **state)
{
	char docname[DOCNAME_SIZE];

	(void)state;
	text_docname(BYTES_TEXT("contrato.pdf"), BYTES(empty_hash), docname);
	assert_string_equal(docname, "contrato.pdf e3b0c442");
}

static void
without_a_name_the_docname_is_the_eight_digits(void **state)
{
	char docname[DOCNAME_SIZE];

	(void)state;
	text_docname(BYTES_NONE, BYTES(empty_hash), docname);
	assert_string_equal(docname, "e3b0c442");
}

/* 44 characters, cmd.md 4; the name gives way, never the hash. */
static void
a_long_name_is_shortened_and_the_hash_is_not(void **state)
{
	char docname[DOCNAME_SIZE], counted[64 * 4 + 1];

	(void)state;
	text_docname(BYTES_TEXT("çontrato de arrendamento para habitação permanente.pdf"),
		     BYTES(empty_hash), docname);
	assert_string_equal(docname, "çontrato de arrendamento para ha... e3b0c442");
	assert_int_equal(
	    text_printable((struct bytes){(uint8_t *)docname, strlen(docname)}, 64, counted),
	    DOCNAME_CHARACTERS_MAX);
}

static void
a_name_that_just_fits_stays_whole(void **state)
{
	char docname[DOCNAME_SIZE];

	(void)state;
	text_docname(BYTES_TEXT("12345678901234567890123456789012345"), BYTES(empty_hash), docname);
	assert_string_equal(docname, "12345678901234567890123456789012345 e3b0c442");
}

static void
a_hash_is_shown_in_groups(void **state)
{
	char hash[sizeof(empty_hash) * 4];

	(void)state;
	text_hash(BYTES(empty_hash), hash, sizeof(hash));
	assert_string_equal(hash, "e3b0 c442 98fc 1c14 9afb f4c8 996f b924\n"
				  "27ae 41e4 649b 934c a495 991b 7852 b855");
}

static void
a_phone_number_gets_one_blank_after_the_country(void **state)
{
	static const struct {
		const char *typed, *normal;
	} numbers[] = {
	    {"+351 910000000", "+351 910000000"},    {"+351910000000", "+351 910000000"},
	    {"00351 910 000 000", "+351 910000000"}, {"910000000", "+351 910000000"},
	    {"+351 910-000-000", "+351 910000000"},  {"+44 7700 900123", "+44 7700900123"},
	    {"+1 (202) 555-0143", "+1 2025550143"},  {"+358 401234567", "+358 401234567"},
	};
	char phone[PHONE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_true(phone_normalise(numbers[i].typed, phone));
		assert_string_equal(phone, numbers[i].normal);
	}
}

static void
what_is_no_phone_number_is_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "+",
					    "12345",
					    "+351",
					    "9100000000",
					    "+351 91000000x",
					    "+0351910000000",
					    "+35191000000012345678",
					    "91+0000000"};
	char phone[PHONE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(phone_normalise(wrong[i], phone));
}

static void
a_masked_number_shows_four_of_nine_digits(void **state)
{
	char masked[PHONE_SIZE];

	(void)state;
	phone_mask("+351 912345678", masked);
	assert_string_equal(masked, "+351 9*****678");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_feed_cannot_make_a_new_line),
	    cmocka_unit_test(an_escape_sequence_cannot_reach_the_terminal),
	    cmocka_unit_test(the_writing_direction_cannot_be_turned),
	    cmocka_unit_test(a_character_of_which_nothing_is_seen_is_no_blank),
	    cmocka_unit_test(accents_stay),
	    cmocka_unit_test(what_is_not_utf8_becomes_question_marks),
	    cmocka_unit_test(text_is_counted_in_characters),
	    cmocka_unit_test(a_docname_is_name_and_eight_digits),
	    cmocka_unit_test(without_a_name_the_docname_is_the_eight_digits),
	    cmocka_unit_test(a_long_name_is_shortened_and_the_hash_is_not),
	    cmocka_unit_test(a_name_that_just_fits_stays_whole),
	    cmocka_unit_test(a_hash_is_shown_in_groups),
	    cmocka_unit_test(a_phone_number_gets_one_blank_after_the_country),
	    cmocka_unit_test(what_is_no_phone_number_is_refused),
	    cmocka_unit_test(a_masked_number_shows_four_of_nine_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
