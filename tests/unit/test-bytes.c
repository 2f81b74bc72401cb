/*
 * The bounded reader and writer, and hexadecimal text.
 */
#include "iso7816/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

static void
views_of_the_same_bytes_are_equal(void **state)
{
	const uint8_t one[] = {1, 2, 3}, same[] = {1, 2, 3};

	(void)state;
	assert_true(bytes_equal(BYTES(one), BYTES(same)));
}

static void
views_that_differ_in_a_byte_or_in_length_are_not_equal(void **state)
{
	const uint8_t one[] = {1, 2, 3}, other[] = {1, 2, 4}, shorter[] = {1, 2};

	(void)state;
	assert_false(bytes_equal(BYTES(one), BYTES(other)));
	assert_false(bytes_equal(BYTES(one), BYTES(shorter)));
	assert_false(bytes_equal(BYTES(one), BYTES_NONE));
}

static void
an_empty_view_equals_no_bytes_at_all(void **state)
{
	const uint8_t one[] = {1};

	(void)state;
	assert_true(bytes_equal((struct bytes){one, 0}, BYTES_NONE));
}

static void
text_is_seen_without_its_nul(void **state)
{
	(void)state;
	assert_bytes_hex(BYTES_TEXT("abc"), "616263");
}

static void
a_reader_takes_big_endian_numbers_from_the_front(void **state)
{
	struct hex bytes = hex("01 0203 04050607 08");
	struct reader reader = reader_of(HEX(bytes));
	uint8_t first;
	uint16_t second;
	uint32_t third;

	(void)state;
	assert_true(reader_u8(&reader, &first));
	assert_true(reader_u16(&reader, &second));
	assert_true(reader_u32(&reader, &third));
	assert_int_equal(first, 0x01);
	assert_int_equal(second, 0x0203);
	assert_int_equal(third, 0x04050607);
	assert_bytes_hex(reader_rest(&reader), "08");
}

static void
a_number_of_all_ones_is_not_sign_extended(void **state)
{
	struct hex bytes = hex("FFFFFFFF FFFF");
	struct reader reader = reader_of(HEX(bytes));
	uint32_t wide;
	uint16_t narrow;

	(void)state;
	assert_true(reader_u32(&reader, &wide));
	assert_true(reader_u16(&reader, &narrow));
	assert_true(wide == UINT32_MAX);
	assert_int_equal(narrow, UINT16_MAX);
}

static void
a_read_beyond_the_end_fails_and_takes_nothing(void **state)
{
	struct hex bytes = hex("010203");
	struct reader reader = reader_of(HEX(bytes));
	struct bytes taken;
	uint32_t number;

	(void)state;
	assert_false(reader_u32(&reader, &number));
	assert_false(reader_take(&reader, 4, &taken));
	assert_false(reader_take(&reader, SIZE_MAX, &taken));
	assert_bytes_hex(reader_rest(&reader), "010203");
}

static void
an_empty_reader_gives_nothing(void **state)
{
	struct reader reader = reader_of(BYTES_NONE);
	struct bytes taken;
	uint8_t byte;
	uint16_t number;

	(void)state;
	assert_false(reader_u8(&reader, &byte));
	assert_false(reader_peek(&reader, &byte));
	assert_false(reader_u16(&reader, &number));
	assert_true(reader_take(&reader, 0, &taken));
	assert_int_equal(taken.len, 0);
}

static void
a_peek_leaves_the_byte_where_it_is(void **state)
{
	struct hex bytes = hex("AB");
	struct reader reader = reader_of(HEX(bytes));
	uint8_t byte;

	(void)state;
	assert_true(reader_peek(&reader, &byte));
	assert_int_equal(byte, 0xAB);
	assert_int_equal(reader.left, 1);
}

static void
a_writer_appends_big_endian_numbers(void **state)
{
	uint8_t data[10];
	struct writer writer = writer_to(data, sizeof(data));

	(void)state;
	writer_u8(&writer, 0x01);
	writer_u16(&writer, 0x0203);
	writer_u32(&writer, 0x04050607);
	writer_put(&writer, BYTES_TEXT("a"));
	writer_fill(&writer, 0xFF, 2);
	assert_true(writer_ok(&writer));
	assert_bytes_hex(writer_bytes(&writer), "01020304050607 61 FFFF");
}

static void
a_writer_that_is_exactly_full_is_fine(void **state)
{
	uint8_t data[2];
	struct writer writer = writer_to(data, sizeof(data));

	(void)state;
	writer_u16(&writer, 0x1234);
	writer_put(&writer, BYTES_NONE);
	writer_fill(&writer, 0, 0);
	assert_true(writer_ok(&writer));
}

static void
an_overflow_stays_and_nothing_more_is_written(void **state)
{
	uint8_t data[] = {0xEE, 0xEE, 0xEE, 0xEE};
	struct writer writer = writer_to(data, 3);

	(void)state;
	writer_u16(&writer, 0x0102);
	writer_u16(&writer, 0x0304);
	writer_u8(&writer, 0x05);
	assert_false(writer_ok(&writer));
	assert_int_equal(writer_bytes(&writer).len, 0);
	assert_bytes_hex(BYTES(data), "0102 EE EE");
}

static void
a_count_that_would_wrap_around_overflows(void **state)
{
	uint8_t data[4];
	struct writer writer = writer_to(data, sizeof(data));

	(void)state;
	writer_u16(&writer, 0);
	writer_fill(&writer, 0, SIZE_MAX);
	assert_false(writer_ok(&writer));
}

static void
a_writer_without_room_takes_nothing(void **state)
{
	struct writer writer = writer_to(NULL, 0);

	(void)state;
	writer_u8(&writer, 0);
	assert_false(writer_ok(&writer));
}

static void
hex_is_written_in_upper_case(void **state)
{
	const uint8_t bytes[] = {0x00, 0x9F, 0xA0, 0xFF};
	char text[2 * sizeof(bytes) + 1];

	(void)state;
	bytes_to_hex(BYTES(bytes), text);
	assert_string_equal(text, "009FA0FF");
}

static void
no_bytes_are_an_empty_text(void **state)
{
	char text[1] = {'x'};

	(void)state;
	bytes_to_hex(BYTES_NONE, text);
	assert_string_equal(text, "");
}

static void
hex_is_read_in_either_case_with_spaces_between_bytes(void **state)
{
	uint8_t data[4];
	size_t len;

	(void)state;
	assert_true(bytes_from_hex(" 3b 7BaB  0f ", data, sizeof(data), &len));
	assert_int_equal(len, 4);
	assert_memory_equal(data, ((const uint8_t[]){0x3B, 0x7B, 0xAB, 0x0F}), 4);
}

static void
hex_that_is_not_hex_is_refused(void **state)
{
	static const char *const bad[] = {"1",  "123", "1 2", "0x12", "1G",
					  "@0", "`a",  "/1",  ":1",   "12\n"};
	uint8_t data[4];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bytes_from_hex(bad[i], data, sizeof(data), &len))
			fail_msg("accepted: %s", bad[i]);
}

static void
hex_without_room_is_refused(void **state)
{
	uint8_t data[3] = {0xEE, 0xEE, 0xEE};
	size_t len;

	(void)state;
	assert_false(bytes_from_hex("010203", data, 2, &len));
	assert_int_equal(data[2], 0xEE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(views_of_the_same_bytes_are_equal),
	    cmocka_unit_test(views_that_differ_in_a_byte_or_in_length_are_not_equal),
	    cmocka_unit_test(an_empty_view_equals_no_bytes_at_all),
	    cmocka_unit_test(text_is_seen_without_its_nul),
	    cmocka_unit_test(a_reader_takes_big_endian_numbers_from_the_front),
	    cmocka_unit_test(a_number_of_all_ones_is_not_sign_extended),
	    cmocka_unit_test(a_read_beyond_the_end_fails_and_takes_nothing),
	    cmocka_unit_test(an_empty_reader_gives_nothing),
	    cmocka_unit_test(a_peek_leaves_the_byte_where_it_is),
	    cmocka_unit_test(a_writer_appends_big_endian_numbers),
	    cmocka_unit_test(a_writer_that_is_exactly_full_is_fine),
	    cmocka_unit_test(an_overflow_stays_and_nothing_more_is_written),
	    cmocka_unit_test(a_count_that_would_wrap_around_overflows),
	    cmocka_unit_test(a_writer_without_room_takes_nothing),
	    cmocka_unit_test(hex_is_written_in_upper_case),
	    cmocka_unit_test(no_bytes_are_an_empty_text),
	    cmocka_unit_test(hex_is_read_in_either_case_with_spaces_between_bytes),
	    cmocka_unit_test(hex_that_is_not_hex_is_refused),
	    cmocka_unit_test(hex_without_room_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
