/* The structures of a PIN pad: ifdhandler.md section 9, PC/SC part 10 clauses 2.5.2 and 2.5.3. */
#include "emulator/pad.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

/* Up to bTeoPrologue; each test changes a copy. Positions in bytes, left justified ASCII, 4 to 8. */
#define VERIFY_HEAD "1E1E 82 08 00 0804 02 FF 0904 00 000000"
#define MODIFY_HEAD "1E1E 82 08 00 00 08 0804 03 02 03 0904 00 01 02 000000"
#define VERIFY_8 "0020000108 0000000000000000"
#define CHANGE_16 "0024000110 0000000000000000 0000000000000000"

static const struct card_pin padded = {.length_min = 4, .length_max = 8, .length_stored = 8};
static const struct card_pin with_ff = {
    .length_min = 4, .length_max = 8, .length_stored = 8, .pad = 0xFF};
static const struct card_pin unpadded = {.length_min = 2, .length_max = 10};

/* ulDataLength is put in. */
static struct hex
structure(const char *head, const char *command)
{
	struct hex start = hex(head), rest = hex(command), all = start;

	all.data[all.len++] = (uint8_t)rest.len;
	for (int i = 0; i < 3; i++)
		all.data[all.len++] = 0;
	memcpy(all.data + all.len, rest.data, rest.len);
	all.len += rest.len;
	return all;
}

static bool
parses(const char *head, const char *command, bool modify)
{
	const struct hex bytes = structure(head, command);
	struct pad_request request;

	return pad_parse(HEX(bytes), modify, &request);
}

static struct pad_value
value(const struct card_pin *pin, const char *text)
{
	return (struct pad_value){pin, {(const uint8_t *)text, text == NULL ? 0 : strlen(text)}};
}

#define NOTHING value(NULL, NULL)

/* The command that comes of it; NULL: 6B80. */
static void
fills(const char *head, const char *command, bool modify, struct pad_value first,
      struct pad_value renewed, const char *expected)
{
	const struct hex bytes = structure(head, command);
	uint8_t room[PAD_COMMAND_MAX];
	struct writer writer = writer_to(room, sizeof(room));
	struct pad_request request;

	assert_true(pad_parse(HEX(bytes), modify, &request));
	assert_int_equal(pad_fill(&request, first, renewed, &writer), expected != NULL);
	if (expected != NULL)
		assert_bytes_hex(writer_bytes(&writer), expected);
}

static void
a_verify_is_read(void **state)
{
	const struct hex bytes = structure(VERIFY_HEAD, VERIFY_8);
	struct pad_request request;

	(void)state;
	assert_true(pad_parse(HEX(bytes), false, &request));
	assert_false(request.modify);
	assert_true(request.ask_old);
	assert_int_equal(request.min, 4);
	assert_int_equal(request.max, 8);
	assert_int_equal(request.block, 8);
	assert_bytes_hex(request.header, "00200001");
	assert_bytes_hex(request.data, "0000000000000000");
}

static void
a_modify_is_read(void **state)
{
	const struct hex bytes = structure(MODIFY_HEAD, CHANGE_16);
	struct pad_request request;

	(void)state;
	assert_true(pad_parse(HEX(bytes), true, &request));
	assert_true(request.modify && request.confirm && request.ask_old);
	assert_int_equal(request.old_at, 0);
	assert_int_equal(request.new_at, 8);
	assert_bytes_hex(request.header, "00240001");
}

static void
bits_of_bconfirmpin_say_what_is_asked(void **state)
{
	struct hex bytes = structure(MODIFY_HEAD, CHANGE_16);
	struct pad_request request;

	(void)state;
	bytes.data[9] = 0;
	assert_true(pad_parse(HEX(bytes), true, &request));
	assert_false(request.confirm || request.ask_old);
	bytes.data[9] = 4;
	assert_false(pad_parse(HEX(bytes), true, &request));
}

/* ifdhandler.md 9: libccid takes the order that agrees. */
static void
the_length_may_be_of_either_byte_order(void **state)
{
	struct hex bytes = structure(VERIFY_HEAD, VERIFY_8);
	struct pad_request request;

	(void)state;
	bytes.data[18] = bytes.data[15];
	bytes.data[15] = 0;
	assert_true(pad_parse(HEX(bytes), false, &request));
	bytes.data[18]++;
	assert_false(pad_parse(HEX(bytes), false, &request));
	bytes.data[18]--;
	bytes.data[16] = 1;
	assert_false(pad_parse(HEX(bytes), false, &request));
}

static void
least_and_most_digits_may_be_of_either_byte_order(void **state)
{
	struct hex bytes = structure(VERIFY_HEAD, VERIFY_8);
	struct pad_request request;

	(void)state;
	bytes.data[5] = 4;
	bytes.data[6] = 8;
	assert_true(pad_parse(HEX(bytes), false, &request));
	assert_int_equal(request.min, 4);
	assert_int_equal(request.max, 8);
}

static void
what_is_cut_short_is_refused_at_each_length(void **state)
{
	const struct hex verify = structure(VERIFY_HEAD, VERIFY_8);
	const struct hex modify = structure(MODIFY_HEAD, CHANGE_16);
	struct pad_request request;

	(void)state;
	for (size_t len = 0; len < verify.len; len++)
		assert_false(pad_parse((struct bytes){verify.data, len}, false, &request));
	for (size_t len = 0; len < modify.len; len++)
		assert_false(pad_parse((struct bytes){modify.data, len}, true, &request));
}

static void
a_command_is_a_header_alone_or_lc_and_as_much(void **state)
{
	(void)state;
	assert_true(parses(VERIFY_HEAD, "00200001", false));
	assert_true(parses(VERIFY_HEAD, "0020000100", false));
	assert_false(parses(VERIFY_HEAD, "002000", false));
	assert_false(parses(VERIFY_HEAD, "0020000108", false));
	assert_false(parses(VERIFY_HEAD, "0020000101 00 00", false));
}

static void
only_ascii_without_a_length_field_is_done(void **state)
{
	(void)state;
	assert_false(parses("1E1E 80 08 00 0804 02 FF 0904 00 000000", VERIFY_8, false));
	assert_false(parses("1E1E 81 08 00 0804 02 FF 0904 00 000000", VERIFY_8, false));
	assert_false(parses("1E1E 83 08 00 0804 02 FF 0904 00 000000", VERIFY_8, false));
	assert_false(parses("1E1E 82 48 04 0804 02 FF 0904 00 000000", VERIFY_8, false));
}

static void
positions_are_in_bits_or_bytes(void **state)
{
	struct hex bytes = structure(VERIFY_HEAD, VERIFY_8);
	struct pad_request request;

	(void)state;
	bytes.data[2] = 0x02 | 8 << 3;
	assert_true(pad_parse(HEX(bytes), false, &request));
	assert_int_equal(request.old_at, 1);
	bytes.data[2] = 0x82 | 8 << 3;
	assert_true(pad_parse(HEX(bytes), false, &request));
	assert_int_equal(request.old_at, 8);
	bytes.data[2] = 0x02 | 4 << 3;
	assert_false(pad_parse(HEX(bytes), false, &request));
}

static void
the_lengths_are_those_of_card_program_and_block(void **state)
{
	struct pad_request request = {.min = 5, .max = 12, .block = 0};
	unsigned min, max;

	(void)state;
	assert_true(pad_lengths(&request, &padded, &min, &max));
	assert_int_equal(min, 5);
	assert_int_equal(max, 8);
	request.block = 6;
	assert_true(pad_lengths(&request, &padded, &min, &max));
	assert_int_equal(max, 6);
	request.min = 9;
	assert_false(pad_lengths(&request, &padded, &min, &max));
}

static void
a_value_is_put_into_the_padding_of_the_program(void **state)
{
	(void)state;
	fills(VERIFY_HEAD, VERIFY_8, false, value(&padded, "1234"), NOTHING,
	      "0020000108 3132333400000000");
	fills(VERIFY_HEAD, "0020008208 FFFFFFFFFFFFFFFF", false, value(&with_ff, "12345678"),
	      NOTHING, "0020008208 3132333435363738");
	/* A block as long as the value, at the same place: iasecc.md and OpenSC without a pad length. */
	fills("1E1E 02 00 00 0804 02 FF 0904 00 000000", VERIFY_8, false, value(&padded, "1234"),
	      NOTHING, "0020000108 3132333400000000");
}

static void
an_empty_command_gets_the_padding_of_the_card(void **state)
{
	(void)state;
	fills(VERIFY_HEAD, "00200082", false, value(&with_ff, "1234"), NOTHING,
	      "0020008208 31323334FFFFFFFF");
	fills("1E1E 82 00 00 0A02 02 FF 0904 00 000000", "0020000300", false,
	      value(&unpadded, "12"), NOTHING, "0020000302 3132");
}

static void
old_and_new_go_to_their_places(void **state)
{
	(void)state;
	fills(MODIFY_HEAD, CHANGE_16, true, value(&padded, "1234"), value(&padded, "567890"),
	      "0024000110 3132333400000000 3536373839300000");
	fills(MODIFY_HEAD, "00240001", true, value(&padded, "1234"), value(&padded, "567890"),
	      "0024000110 3132333400000000 3536373839300000");
	/* Without padding no offset can tell where the old one ends. */
	fills("1E1E 82 00 00 00 00 0A02 03 02 03 0904 00 01 02 000000", "00240003", true,
	      value(&unpadded, "123"), value(&unpadded, "45"), "0024000305 3132333435");
	/* P1 = 01: the new one alone. */
	fills("1E1E 82 08 00 00 00 0804 01 02 03 0904 00 01 02 000000",
	      "0024010108 0000000000000000", true, NOTHING, value(&padded, "5678"),
	      "0024010108 3536373800000000");
}

static void
an_old_value_that_is_not_asked_for_is_the_programs(void **state)
{
	static const char head[] = "1E1E 82 08 00 00 08 0804 01 02 03 0904 00 01 02 000000";

	(void)state;
	fills(head, "0024000110 3132333400000000 0000000000000000", true, value(&padded, NULL),
	      value(&padded, "5678"), "0024000110 3132333400000000 3536373800000000");
	fills(head, "00240001", true, value(&padded, NULL), value(&padded, "5678"), NULL);
}

/* A program must not choose a part of what becomes the PIN, nor have a value put elsewhere. */
static void
anything_but_values_and_padding_is_refused(void **state)
{
	(void)state;
	fills(VERIFY_HEAD, "0020000108 3939393939393939", false, value(&padded, "1234"), NOTHING,
	      NULL);
	fills(VERIFY_HEAD, "0020000109 000000000000000000", false, value(&padded, "1234"), NOTHING,
	      NULL);
	fills("1E1E 86 08 00 0804 02 FF 0904 00 000000", VERIFY_8, false, value(&padded, "1234"),
	      NOTHING, NULL); /* right justified */
	fills("1E1E 8A 07 00 0804 02 FF 0904 00 000000", VERIFY_8, false, value(&padded, "1234"),
	      NOTHING, NULL); /* one byte too far */
	fills("1E1E 82 08 00 00 00 0804 03 02 03 0904 00 01 02 000000", CHANGE_16, true,
	      value(&padded, "1234"), value(&padded, "5678"), NULL); /* one over the other */
	fills("1E1E 82 00 00 00 0C 0804 03 02 03 0904 00 01 02 000000",
	      "0024000110 0000000000000000 3939393900000000", true, value(&padded, "1234"),
	      value(&padded, "5678"), NULL);
}

static void
what_would_not_fit_is_refused(void **state)
{
	(void)state;
	fills("1E1E 82 08 00 FF FF 0804 03 02 03 0904 00 01 02 000000", CHANGE_16, true,
	      value(&padded, "1234"), value(&padded, "5678"), NULL);
	fills("1E1E 82 03 00 0804 02 FF 0904 00 000000", "0020000103 000000", false,
	      value(&padded, "1234"), NOTHING, NULL);
	fills(VERIFY_HEAD, "00200001", false, NOTHING, NOTHING, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_verify_is_read),
	    cmocka_unit_test(a_modify_is_read),
	    cmocka_unit_test(bits_of_bconfirmpin_say_what_is_asked),
	    cmocka_unit_test(the_length_may_be_of_either_byte_order),
	    cmocka_unit_test(least_and_most_digits_may_be_of_either_byte_order),
	    cmocka_unit_test(what_is_cut_short_is_refused_at_each_length),
	    cmocka_unit_test(a_command_is_a_header_alone_or_lc_and_as_much),
	    cmocka_unit_test(only_ascii_without_a_length_field_is_done),
	    cmocka_unit_test(positions_are_in_bits_or_bytes),
	    cmocka_unit_test(the_lengths_are_those_of_card_program_and_block),
	    cmocka_unit_test(a_value_is_put_into_the_padding_of_the_program),
	    cmocka_unit_test(an_empty_command_gets_the_padding_of_the_card),
	    cmocka_unit_test(old_and_new_go_to_their_places),
	    cmocka_unit_test(an_old_value_that_is_not_asked_for_is_the_programs),
	    cmocka_unit_test(anything_but_values_and_padding_is_refused),
	    cmocka_unit_test(what_would_not_fit_is_refused),
	};

	return cmocka_run_group_tests_name("PIN pad", tests, NULL, NULL);
}
