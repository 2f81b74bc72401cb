/*
 * Command and response APDUs: the cases of ISO/IEC 7816-4 clause 5.1 with their limits, and what
 * is malformed.
 */
#include "iso7816/apdu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

/* A command of which only the length counts: header, then `body` as hex, then zeros up to `len`.
 * The buffer is as long as the command, so that a sanitizer sees a read beyond it. */
static bool
parses(const char *body, size_t len, struct capdu *capdu)
{
	struct hex front = hex("00B00000");
	struct hex rest = hex(body);
	uint8_t *command = calloc(1, len);
	bool ok;

	assert_non_null(command);
	assert_true(front.len + rest.len <= len);
	memcpy(command, front.data, front.len);
	if (rest.len > 0)
		memcpy(command + front.len, rest.data, rest.len);
	ok = capdu_parse((struct bytes){command, len}, capdu);
	free(command); /* what capdu->data.len says may still be asked */
	return ok;
}

static void
a_header_alone_is_case_1(void **state)
{
	struct hex command = hex("00A4040C");
	struct capdu capdu;

	(void)state;
	assert_true(capdu_parse(HEX(command), &capdu));
	assert_int_equal(capdu.cla, 0x00);
	assert_int_equal(capdu.ins, 0xA4);
	assert_int_equal(capdu.p1, 0x04);
	assert_int_equal(capdu.p2, 0x0C);
	assert_int_equal(capdu.data.len, 0);
	assert_false(capdu.has_le);
	assert_int_equal(capdu.ne, 0);
	assert_false(capdu.extended);
}

static void
a_fifth_byte_alone_is_le(void **state)
{
	struct capdu capdu;

	(void)state;
	assert_true(parses("FF", 5, &capdu));
	assert_true(capdu.has_le);
	assert_int_equal(capdu.ne, 255);
	assert_int_equal(capdu.data.len, 0);
	assert_false(capdu.extended);
}

static void
a_short_le_of_00_means_256(void **state)
{
	struct capdu capdu;

	(void)state;
	assert_true(parses("00", 5, &capdu));
	assert_int_equal(capdu.ne, 256);
}

/* fineid.md 4.1 and 8.1.1: the first command OpenSC sends. */
static void
data_without_le_is_case_3(void **state)
{
	struct hex command = hex("00A4040C 0C A000000063504B43532D3135");
	struct capdu capdu;

	(void)state;
	assert_true(capdu_parse(HEX(command), &capdu));
	assert_bytes_hex(capdu.data, "A000000063504B43532D3135");
	assert_ptr_equal(capdu.data.data, command.data + 5);
	assert_false(capdu.has_le);
	assert_false(capdu.extended);
}

static void
data_and_le_are_case_4(void **state)
{
	struct hex command = hex("002A9E9A 02 ABCD 00");
	struct capdu capdu;

	(void)state;
	assert_true(capdu_parse(HEX(command), &capdu));
	assert_bytes_hex(capdu.data, "ABCD");
	assert_true(capdu.has_le);
	assert_int_equal(capdu.ne, 256);
	assert_false(capdu.extended);
}

static void
the_largest_short_data_field_has_255_bytes(void **state)
{
	struct capdu capdu;

	(void)state;
	assert_true(parses("FF", 5 + 255, &capdu));
	assert_int_equal(capdu.data.len, 255);
	assert_false(capdu.has_le);
	assert_true(parses("FF", 5 + 255 + 1, &capdu));
	assert_int_equal(capdu.data.len, 255);
	assert_int_equal(capdu.ne, 256);
}

static void
three_bytes_after_the_header_are_an_extended_le(void **state)
{
	struct capdu capdu;

	(void)state;
	assert_true(parses("00 0001", 7, &capdu));
	assert_true(capdu.extended);
	assert_true(capdu.has_le);
	assert_int_equal(capdu.ne, 1);
	assert_true(parses("00 FFFF", 7, &capdu));
	assert_int_equal(capdu.ne, 65535);
}

static void
an_extended_le_of_0000_means_65536(void **state)
{
	struct capdu capdu;

	(void)state;
	assert_true(parses("00 0000", 7, &capdu));
	assert_int_equal(capdu.ne, APDU_NE_MAX);
	assert_int_equal(capdu.data.len, 0);
}

static void
extended_data_without_le_is_case_3E(void **state)
{
	struct hex command = hex("002A90A0 00 0002 ABCD");
	struct capdu capdu;

	(void)state;
	assert_true(capdu_parse(HEX(command), &capdu));
	assert_bytes_hex(capdu.data, "ABCD");
	assert_true(capdu.extended);
	assert_false(capdu.has_le);
}

static void
extended_data_and_le_are_case_4E(void **state)
{
	struct hex command = hex("002A9E9A 00 0002 ABCD 0100");
	struct capdu capdu;

	(void)state;
	assert_true(capdu_parse(HEX(command), &capdu));
	assert_bytes_hex(capdu.data, "ABCD");
	assert_true(capdu.extended);
	assert_int_equal(capdu.ne, 256);
}

static void
the_largest_extended_data_field_has_65535_bytes(void **state)
{
	struct capdu capdu;

	(void)state;
	assert_true(parses("00 FFFF", 7 + APDU_NC_MAX, &capdu));
	assert_int_equal(capdu.data.len, APDU_NC_MAX);
	assert_false(capdu.has_le);
}

static void
the_longest_command_there_is_has_65544_bytes(void **state)
{
	struct capdu capdu;

	(void)state;
	assert_true(parses("00 FFFF", CAPDU_LEN_MAX, &capdu));
	assert_int_equal(capdu.data.len, APDU_NC_MAX);
	assert_int_equal(capdu.ne, APDU_NE_MAX);
	assert_false(parses("00 FFFF", CAPDU_LEN_MAX + 1, &capdu));
}

static void
a_command_without_a_whole_header_is_malformed(void **state)
{
	struct hex command = hex("00A404");
	struct capdu capdu;

	(void)state;
	for (size_t len = 0; len <= command.len; len++)
		assert_false(capdu_parse((struct bytes){command.data, len}, &capdu));
}

static void
lengths_that_do_not_add_up_are_malformed(void **state)
{
	static const struct {
		const char *body;
		size_t len;
		const char *why;
	} bad[] = {
	    {"05", 4 + 1 + 4, "Lc 5, four bytes of data"},
	    {"05", 4 + 1 + 7, "Lc 5, data, Le of two bytes"},
	    {"FF", 4 + 1 + 254, "Lc 255, 254 bytes of data"},
	    {"FF", 4 + 1 + 257, "Lc 255, data, Le of two bytes"},
	    {"00 01", 6, "an extended length of one byte"},
	    {"00 0000", 8, "extended Lc 0 with one byte behind it"},
	    {"00 0000", 9, "extended Lc 0 with an Le"},
	    {"00 0005", 4 + 3 + 4, "extended Lc 5, four bytes of data"},
	    {"00 0005", 4 + 3 + 6, "extended Lc 5, data, Le of one byte"},
	    {"00 0005", 4 + 3 + 8, "extended Lc 5, data, Le of three bytes"},
	    {"00 FFFF", 4 + 3 + 65534, "extended Lc 65535, 65534 bytes of data"},
	    {"00 FFFF", 4 + 3 + 65536, "extended Lc 65535, data, Le of one byte"},
	};
	struct capdu capdu;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parses(bad[i].body, bad[i].len, &capdu))
			fail_msg("accepted: %s", bad[i].why);
}

/* The command of a case, written again. */
static void
each_case_is_written_as_it_was_read(void **state)
{
	static const char *const commands[] = {
	    "00A4040C",         "00B0000000",        "00B0000010",
	    "0020000102 1234",  "002A9E9A 01 AB 00", "002A9E9A 01 AB FF",
	    "00B00000 00 0101", "00B00000 00 0000",  "002A9E9A 00 0001 AB 0400",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct hex command = hex(commands[i]);
		uint8_t data[HEX_ROOM];
		struct writer writer = writer_to(data, sizeof(data));
		struct capdu capdu;

		assert_true(capdu_parse(HEX(command), &capdu));
		assert_true(capdu_encode(&capdu, &writer));
		assert_bytes_hex(writer_bytes(&writer), commands[i]);
	}
}

static void
a_length_that_fits_is_written_short(void **state)
{
	struct hex command = hex("002A9E9A 00 0001 AB 0100");
	uint8_t data[HEX_ROOM];
	struct writer writer = writer_to(data, sizeof(data));
	struct capdu capdu;

	(void)state;
	assert_true(capdu_parse(HEX(command), &capdu));
	assert_true(capdu_encode(&capdu, &writer));
	assert_bytes_hex(writer_bytes(&writer), "002A9E9A 01 AB 00");
}

static void
data_of_256_bytes_is_written_extended(void **state)
{
	const uint8_t content[256] = {0};
	uint8_t data[HEX_ROOM];
	struct writer writer = writer_to(data, sizeof(data));
	const struct capdu capdu = {.ins = 0xD6, .data = BYTES(content)};

	(void)state;
	assert_true(capdu_encode(&capdu, &writer));
	assert_int_equal(writer.len, 4 + 3 + 256);
	assert_bytes_hex((struct bytes){data, 7}, "00D60000 00 0100");
}

static void
the_longest_command_is_written_and_one_byte_more_is_not(void **state)
{
	uint8_t *content = calloc(1, APDU_NC_MAX + 1);
	uint8_t *data = malloc(CAPDU_LEN_MAX);
	struct capdu capdu = {.data = {content, APDU_NC_MAX}, .has_le = true, .ne = APDU_NE_MAX};
	struct writer writer = writer_to(data, CAPDU_LEN_MAX);

	(void)state;
	assert_true(capdu_encode(&capdu, &writer));
	assert_int_equal(writer.len, CAPDU_LEN_MAX);
	assert_bytes_hex((struct bytes){data + CAPDU_LEN_MAX - 2, 2}, "0000");

	capdu.data.len = APDU_NC_MAX + 1;
	writer = writer_to(data, CAPDU_LEN_MAX);
	assert_false(capdu_encode(&capdu, &writer));
	free(content);
	free(data);
}

static void
an_le_that_no_command_can_have_is_not_written(void **state)
{
	uint8_t data[16];
	struct writer writer = writer_to(data, sizeof(data));
	struct capdu capdu = {.has_le = true, .ne = 0};

	(void)state;
	assert_false(capdu_encode(&capdu, &writer));
	capdu.ne = APDU_NE_MAX + 1;
	assert_false(capdu_encode(&capdu, &writer));
}

static void
a_command_without_room_is_not_written(void **state)
{
	uint8_t data[5];
	struct writer writer = writer_to(data, 4);
	const struct capdu capdu = {.has_le = true, .ne = 256};

	(void)state;
	assert_false(capdu_encode(&capdu, &writer));
}

static void
the_last_two_bytes_of_a_response_are_its_status_word(void **state)
{
	struct hex response = hex("0102 6282");
	struct rapdu rapdu;

	(void)state;
	assert_true(rapdu_parse(HEX(response), &rapdu));
	assert_bytes_hex(rapdu.data, "0102");
	assert_int_equal(rapdu.sw, 0x6282);
}

static void
a_response_may_be_a_status_word_alone(void **state)
{
	struct hex response = hex("9000");
	struct rapdu rapdu;

	(void)state;
	assert_true(rapdu_parse(HEX(response), &rapdu));
	assert_int_equal(rapdu.data.len, 0);
	assert_int_equal(rapdu.sw, 0x9000);
}

static void
a_response_without_a_status_word_is_malformed(void **state)
{
	struct hex response = hex("90");
	struct rapdu rapdu;

	(void)state;
	assert_false(rapdu_parse(HEX(response), &rapdu));
	assert_false(rapdu_parse(BYTES_NONE, &rapdu));
}

static void
a_response_has_at_most_65538_bytes(void **state)
{
	uint8_t *response = calloc(1, RAPDU_LEN_MAX + 1);
	struct rapdu rapdu;

	(void)state;
	assert_true(rapdu_parse((struct bytes){response, RAPDU_LEN_MAX}, &rapdu));
	assert_int_equal(rapdu.data.len, APDU_NE_MAX);
	assert_false(rapdu_parse((struct bytes){response, RAPDU_LEN_MAX + 1}, &rapdu));
	free(response);
}

static void
a_response_is_written_data_first(void **state)
{
	uint8_t data[4];
	struct writer writer = writer_to(data, sizeof(data));
	const struct rapdu rapdu = {.data = BYTES_TEXT("ab"), .sw = 0x9000};

	(void)state;
	assert_true(rapdu_encode(&rapdu, &writer));
	assert_bytes_hex(writer_bytes(&writer), "6162 9000");
}

static void
a_response_that_is_too_long_is_not_written(void **state)
{
	uint8_t *content = calloc(1, APDU_NE_MAX + 1);
	uint8_t *data = malloc(RAPDU_LEN_MAX + 1);
	struct rapdu rapdu = {.data = {content, APDU_NE_MAX}, .sw = 0x9000};
	struct writer writer = writer_to(data, RAPDU_LEN_MAX + 1);
	struct writer small = writer_to(data, RAPDU_LEN_MAX - 1);

	(void)state;
	assert_true(rapdu_encode(&rapdu, &writer));
	assert_false(rapdu_encode(&rapdu, &small));
	rapdu.data.len++;
	writer = writer_to(data, RAPDU_LEN_MAX + 1);
	assert_false(rapdu_encode(&rapdu, &writer));
	free(content);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_header_alone_is_case_1),
	    cmocka_unit_test(a_fifth_byte_alone_is_le),
	    cmocka_unit_test(a_short_le_of_00_means_256),
	    cmocka_unit_test(data_without_le_is_case_3),
	    cmocka_unit_test(data_and_le_are_case_4),
	    cmocka_unit_test(the_largest_short_data_field_has_255_bytes),
	    cmocka_unit_test(three_bytes_after_the_header_are_an_extended_le),
	    cmocka_unit_test(an_extended_le_of_0000_means_65536),
	    cmocka_unit_test(extended_data_without_le_is_case_3E),
	    cmocka_unit_test(extended_data_and_le_are_case_4E),
	    cmocka_unit_test(the_largest_extended_data_field_has_65535_bytes),
	    cmocka_unit_test(the_longest_command_there_is_has_65544_bytes),
	    cmocka_unit_test(a_command_without_a_whole_header_is_malformed),
	    cmocka_unit_test(lengths_that_do_not_add_up_are_malformed),
	    cmocka_unit_test(each_case_is_written_as_it_was_read),
	    cmocka_unit_test(a_length_that_fits_is_written_short),
	    cmocka_unit_test(data_of_256_bytes_is_written_extended),
	    cmocka_unit_test(the_longest_command_is_written_and_one_byte_more_is_not),
	    cmocka_unit_test(an_le_that_no_command_can_have_is_not_written),
	    cmocka_unit_test(a_command_without_room_is_not_written),
	    cmocka_unit_test(the_last_two_bytes_of_a_response_are_its_status_word),
	    cmocka_unit_test(a_response_may_be_a_status_word_alone),
	    cmocka_unit_test(a_response_without_a_status_word_is_malformed),
	    cmocka_unit_test(a_response_has_at_most_65538_bytes),
	    cmocka_unit_test(a_response_is_written_data_first),
	    cmocka_unit_test(a_response_that_is_too_long_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
