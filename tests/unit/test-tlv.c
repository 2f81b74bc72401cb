/*
 * BER-TLV: what is read, what is refused, and objects that are written in place.
 */
#include "iso7816/tlv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

/* From a buffer as long as the text says, so that a sanitizer sees a read beyond it. */
static bool
reads(const char *text, struct tlv *tlv)
{
	struct hex bytes = hex(text);
	uint8_t *data = bytes.len == 0 ? NULL : malloc(bytes.len);
	struct reader reader;
	bool ok;

	if (data != NULL)
		memcpy(data, bytes.data, bytes.len);
	reader = reader_of((struct bytes){data, bytes.len});
	ok = tlv_read(&reader, tlv);
	assert_int_equal(reader.left, ok ? 0 : bytes.len);
	free(data);
	return ok;
}

static void
tags_of_one_two_and_three_bytes_are_read(void **state)
{
	struct tlv tlv;

	(void)state;
	assert_true(reads("84 01 AA", &tlv));
	assert_int_equal(tlv.tag, 0x84);
	assert_true(reads("7F49 01 AA", &tlv));
	assert_int_equal(tlv.tag, 0x7F49);
	assert_true(reads("DF8101 01 AA", &tlv));
	assert_int_equal(tlv.tag, 0xDF8101);
	assert_int_equal(tlv.value.len, 1);
}

/* EMV cards: 9F02 is tag number 2, which needs no second byte. */
static void
a_small_tag_number_in_two_bytes_is_read(void **state)
{
	struct tlv tlv;

	(void)state;
	assert_true(reads("9F02 00", &tlv));
	assert_int_equal(tlv.tag, 0x9F02);
}

static void
an_empty_value_is_read(void **state)
{
	struct tlv tlv;

	(void)state;
	assert_true(reads("80 00", &tlv));
	assert_int_equal(tlv.value.len, 0);
}

static void
lengths_of_each_form_are_read(void **state)
{
	static const struct {
		const char *head;
		size_t value_len;
	} forms[] = {
	    {"04 7F", 127},      {"04 81 80", 128},     {"04 81 FF", 255},
	    {"04 82 0100", 256}, {"04 82 FFFF", 65535}, {"04 83 010000", 65536},
	    {"04 81 05", 5},     {"04 82 0005", 5},     {"04 83 000005", 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct hex head = hex(forms[i].head);
		const size_t len = head.len + forms[i].value_len;
		uint8_t *data = calloc(1, len);
		struct reader reader = reader_of((struct bytes){data, len});
		struct tlv tlv;

		memcpy(data, head.data, head.len);
		assert_true(tlv_read(&reader, &tlv));
		assert_int_equal(tlv.value.len, forms[i].value_len);
		assert_ptr_equal(tlv.value.data, data + head.len);
		assert_int_equal(reader.left, 0);

		reader = reader_of((struct bytes){data, len - 1});
		assert_false(tlv_read(&reader, &tlv));
		assert_int_equal(reader.left, len - 1);
		free(data);
	}
}

static void
what_is_truncated_or_malformed_is_refused(void **state)
{
	static const struct {
		const char *bytes, *why;
	} bad[] = {
	    {"", "nothing"},
	    {"84", "no length"},
	    {"7F", "a tag without its second byte"},
	    {"DF81", "a tag without its third byte"},
	    {"DF818101 00", "a tag of four bytes"},
	    {"DF8001 00", "a tag number with a leading zero"},
	    {"84 02 AA", "a value that is cut"},
	    {"84 80 AA 0000", "an indefinite length"},
	    {"84 81", "a length that is cut"},
	    {"84 82 01", "a length of two bytes that is cut"},
	    {"84 83 0001", "a length of three bytes that is cut"},
	    {"84 84 00000001 AA", "a length of four bytes"},
	    {"84 84 FFFFFFFF AA", "a length of four bytes, all ones"},
	    {"84 88 FFFFFFFFFFFFFFFF AA", "a length of eight bytes"},
	    {"84 FF AA", "the reserved length byte"},
	    {"84 83 FFFFFF AA", "sixteen megabytes announced, one byte there"},
	    {"00 00", "filler in place of a tag"},
	    {"FF 01 AA", "filler in place of a tag"},
	};
	struct tlv tlv;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (reads(bad[i].bytes, &tlv))
			fail_msg("accepted: %s", bad[i].why);
}

static void
filler_between_objects_is_skipped_on_request(void **state)
{
	struct hex bytes = hex("0000FF 80 01 AA 00FF");
	struct reader reader = reader_of(HEX(bytes));
	struct tlv tlv;

	(void)state;
	assert_false(tlv_read(&reader, &tlv));
	tlv_skip_filler(&reader);
	assert_true(tlv_read(&reader, &tlv));
	assert_int_equal(tlv.tag, 0x80);
	tlv_skip_filler(&reader);
	assert_int_equal(reader.left, 0);
}

static void
the_first_object_with_the_tag_is_found(void **state)
{
	struct hex bytes = hex("84 01 01 00 81 02 1234 81 01 FF");
	struct tlv tlv;

	(void)state;
	assert_true(tlv_find(HEX(bytes), 0x81, &tlv));
	assert_bytes_hex(tlv.value, "1234");
}

static void
an_object_inside_another_is_not_found_beside_it(void **state)
{
	struct hex bytes = hex("6F 03 84 01 AA");
	struct tlv tlv;

	(void)state;
	assert_false(tlv_find(HEX(bytes), 0x84, &tlv));
}

static void
nothing_is_found_behind_a_malformed_object(void **state)
{
	struct hex bytes = hex("84 80 81 01 AA");
	struct tlv tlv;

	(void)state;
	assert_false(tlv_find(HEX(bytes), 0x81, &tlv));
	assert_false(tlv_find(BYTES_NONE, 0x81, &tlv));
}

static void
objects_are_written_with_tags_of_each_length(void **state)
{
	uint8_t data[32];
	struct writer writer = writer_to(data, sizeof(data));

	(void)state;
	tlv_put(&writer, 0x84, BYTES_TEXT("a"));
	tlv_put(&writer, 0x7F49, BYTES_NONE);
	tlv_put_u8(&writer, 0xDF8101, 0x05);
	tlv_put_u16(&writer, 0x83, 0x3F00);
	assert_true(writer_ok(&writer));
	assert_bytes_hex(writer_bytes(&writer), "840161 7F4900 DF81010105 83023F00");
}

/* How each length is written, put at once and in place. */
static const struct {
	size_t len;
	const char *head;
} written[] = {
    {0, "30 00"},        {127, "30 7F"},        {128, "30 81 80"},       {255, "30 81 FF"},
    {256, "30 82 0100"}, {65535, "30 82 FFFF"}, {65536, "30 83 010000"}, {70000, "30 83 011170"},
};

static void
a_length_is_written_in_its_shortest_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		const size_t head_len = hex(written[i].head).len;
		const size_t room = head_len + written[i].len;
		uint8_t *data = malloc(room), *value = calloc(1, written[i].len + 1);
		struct writer writer = writer_to(data, room);

		tlv_put(&writer, 0x30, (struct bytes){value, written[i].len});
		assert_true(writer_ok(&writer));
		assert_int_equal(writer.len, room);
		assert_bytes_hex((struct bytes){data, head_len}, written[i].head);
		free(data);
		free(value);
	}
}

static void
in_place_the_value_moves_to_make_room_for_its_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		const size_t head_len = hex(written[i].head).len;
		const size_t room = head_len + written[i].len;
		uint8_t *data = malloc(room);
		struct writer writer = writer_to(data, room);
		size_t mark = tlv_begin(&writer, 0x30);

		for (size_t at = 0; at < written[i].len; at++)
			writer_u8(&writer, (uint8_t)(at % 251));
		tlv_end(&writer, mark);
		assert_true(writer_ok(&writer));
		assert_int_equal(writer.len, room);
		assert_bytes_hex((struct bytes){data, head_len}, written[i].head);
		for (size_t at = 0; at < written[i].len; at++)
			if (data[head_len + at] != at % 251)
				fail_msg("length %zu: byte %zu is %02X", written[i].len, at,
					 data[head_len + at]);
		free(data);
	}
}

static void
in_place_one_byte_too_little_room_overflows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		const size_t room = hex(written[i].head).len + written[i].len - 1;
		uint8_t *data = malloc(room);
		struct writer writer = writer_to(data, room);
		size_t mark = tlv_begin(&writer, 0x30);

		writer_fill(&writer, 0xAA, written[i].len);
		tlv_end(&writer, mark);
		assert_false(writer_ok(&writer));
		free(data);
	}
}

/* Outer lengths of one, two and three bytes around inner ones of each. */
static void
nested_objects_are_fitted_from_the_inside_out(void **state)
{
	static const size_t lengths[] = {1, 127, 128, 200, 256, 1000, 65530, 65536};
	const size_t count = sizeof(lengths) / sizeof(lengths[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const size_t room = lengths[i] + 32;
		uint8_t *data = malloc(room);
		struct writer writer = writer_to(data, room);
		struct tlv outer, middle, inner;
		struct reader reader;
		size_t outer_mark, middle_mark, inner_mark;

		tlv_put_u8(&writer, 0x02, 0x00); /* something in front must not move */
		outer_mark = tlv_begin(&writer, 0x6F);
		tlv_put_u16(&writer, 0x83, 0x3F00);
		middle_mark = tlv_begin(&writer, 0x7F49);
		inner_mark = tlv_begin(&writer, 0x81);
		writer_fill(&writer, 0xAB, lengths[i]);
		tlv_end(&writer, inner_mark);
		tlv_end(&writer, middle_mark);
		tlv_put_u8(&writer, 0x8A, 0x05);
		tlv_end(&writer, outer_mark);
		assert_true(writer_ok(&writer));

		reader = reader_of(writer_bytes(&writer));
		assert_true(tlv_read(&reader, &inner));
		assert_int_equal(inner.tag, 0x02);
		assert_true(tlv_read(&reader, &outer));
		assert_int_equal(outer.tag, 0x6F);
		assert_int_equal(reader.left, 0);
		assert_true(tlv_find(outer.value, 0x8A, &inner));
		assert_bytes_hex(inner.value, "05");
		assert_true(tlv_find(outer.value, 0x7F49, &middle));
		assert_true(tlv_find(middle.value, 0x81, &inner));
		assert_int_equal(inner.value.len, lengths[i]);
		for (size_t at = 0; at < lengths[i]; at++)
			assert_int_equal(inner.value.data[at], 0xAB);
		free(data);
	}
}

static void
an_end_after_an_overflow_changes_nothing(void **state)
{
	uint8_t data[4];
	struct writer writer = writer_to(data, sizeof(data));
	size_t mark = tlv_begin(&writer, 0x6F);

	(void)state;
	writer_fill(&writer, 0xAA, 100);
	tlv_end(&writer, mark);
	assert_false(writer_ok(&writer));
	assert_int_equal(writer.len, 2);
}

static void
a_begin_without_room_overflows(void **state)
{
	uint8_t data[2];
	struct writer writer = writer_to(data, 1);
	size_t mark = tlv_begin(&writer, 0x6F);

	(void)state;
	tlv_end(&writer, mark);
	assert_false(writer_ok(&writer));
}

static void
what_no_tag_can_be_is_not_written(void **state)
{
	uint8_t data[16];
	struct writer none = writer_to(data, sizeof(data));
	struct writer four = writer_to(data, sizeof(data));

	(void)state;
	tlv_put(&none, 0, BYTES_NONE);
	assert_false(writer_ok(&none));
	tlv_put(&four, 0x1F818101, BYTES_NONE);
	assert_false(writer_ok(&four));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tags_of_one_two_and_three_bytes_are_read),
	    cmocka_unit_test(a_small_tag_number_in_two_bytes_is_read),
	    cmocka_unit_test(an_empty_value_is_read),
	    cmocka_unit_test(lengths_of_each_form_are_read),
	    cmocka_unit_test(what_is_truncated_or_malformed_is_refused),
	    cmocka_unit_test(filler_between_objects_is_skipped_on_request),
	    cmocka_unit_test(the_first_object_with_the_tag_is_found),
	    cmocka_unit_test(an_object_inside_another_is_not_found_beside_it),
	    cmocka_unit_test(nothing_is_found_behind_a_malformed_object),
	    cmocka_unit_test(objects_are_written_with_tags_of_each_length),
	    cmocka_unit_test(a_length_is_written_in_its_shortest_form),
	    cmocka_unit_test(in_place_the_value_moves_to_make_room_for_its_length),
	    cmocka_unit_test(in_place_one_byte_too_little_room_overflows),
	    cmocka_unit_test(nested_objects_are_fitted_from_the_inside_out),
	    cmocka_unit_test(an_end_after_an_overflow_changes_nothing),
	    cmocka_unit_test(a_begin_without_room_overflows),
	    cmocka_unit_test(what_no_tag_can_be_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
