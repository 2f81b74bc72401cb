/*
 * PIN pads: PC/SC part 10 as bytes (ifdhandler.md section 9 has the tables).
 */
#include "pkcs11/pinpad.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
assert_request(const struct channel_pin *pin, const char *expected)
{
	uint8_t request[PINPAD_REQUEST_MAX];
	struct writer writer = writer_to(request, sizeof(request));
	char text[2 * PINPAD_REQUEST_MAX + 1];

	assert_true(pinpad_request(pin, &writer));
	bytes_to_hex(writer_bytes(&writer), text);
	assert_string_equal(text, expected);
}

static void
a_pin_that_is_padded_is_asked_for_with_its_block(void **state)
{
	static const uint8_t verify[] = {0x00, 0x20, 0x00, 0x81, 0x08, 0xFF, 0xFF,
					 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
	const struct channel_pin pin = {.command = BYTES(verify), .min = 4, .max = 8, .stored = 8};

	(void)state;
	/* times; format; block; length format; 0x0408; OK key; messages; language; index; prologue;
	 * length of the command; the command */
	assert_request(&pin, "0000"
			     "82"
			     "08"
			     "00"
			     "0804"
			     "02"
			     "FF"
			     "0904"
			     "00"
			     "000000"
			     "0D000000"
			     "0020008108FFFFFFFFFFFFFFFF");
}

static void
a_pin_without_padding_is_asked_for_with_the_header_alone(void **state)
{
	static const uint8_t verify[] = {0x00, 0x20, 0x00, 0x11};
	const struct channel_pin pin = {.command = BYTES(verify), .min = 4, .max = 12};

	(void)state;
	assert_request(&pin, "0000"
			     "82"
			     "00"
			     "00"
			     "0C04"
			     "02"
			     "FF"
			     "0904"
			     "00"
			     "000000"
			     "04000000"
			     "00200011");
}

static void
a_change_has_both_places_and_says_what_to_ask(void **state)
{
	static const uint8_t change[] = {0x00, 0x24, 0x00, 0x81, 0x04, 0, 0, 0, 0};
	const struct channel_pin pin = {.change = true,
					.ask_old = true,
					.confirm = true,
					.command = BYTES(change),
					.min = 2,
					.max = 2,
					.stored = 2,
					.old_offset = 0,
					.new_offset = 2};

	(void)state;
	assert_request(&pin, "0000"
			     "82"
			     "02"
			     "00"
			     "00"
			     "02"
			     "0202"
			     "03"
			     "02"
			     "FF"
			     "0904"
			     "000102"
			     "000000"
			     "09000000"
			     "002400810400000000");
}

static void
a_place_that_does_not_fit_its_bits_is_refused(void **state)
{
	static const uint8_t verify[] = {0x00, 0x20, 0x00, 0x81};
	uint8_t request[PINPAD_REQUEST_MAX];
	struct writer writer = writer_to(request, sizeof(request));
	struct channel_pin pin = {.command = BYTES(verify), .min = 4, .max = 8, .stored = 16};

	(void)state;
	assert_false(pinpad_request(&pin, &writer));
	pin.stored = 8;
	pin.old_offset = 16;
	writer = writer_to(request, sizeof(request));
	assert_false(pinpad_request(&pin, &writer));
	pin.change = true;
	pin.new_offset = 256;
	writer = writer_to(request, sizeof(request));
	assert_false(pinpad_request(&pin, &writer));
}

static void
features_are_found_among_others(void **state)
{
	static const uint8_t list[] = {0x12, 4, 0x42, 0x33, 0, 0x12, 0x06, 4, 0x42,
				       0x33, 0, 0x06, 0x07, 4, 0x42, 0x33, 0, 0x07};
	uint32_t verify_code = 0, modify_code = 0;

	(void)state;
	pinpad_features(BYTES(list), &verify_code, &modify_code);
	assert_int_equal(verify_code, 0x42330006);
	assert_int_equal(modify_code, 0x42330007);
}

static void
a_list_of_features_that_is_cut_ends_there(void **state)
{
	static const uint8_t list[] = {0x07, 4, 0x42, 0x33, 0, 0x07, 0x06, 4, 0x42};
	uint32_t verify_code = 0, modify_code = 0;

	(void)state;
	pinpad_features(BYTES(list), &verify_code, &modify_code);
	assert_int_equal(verify_code, 0);
	assert_int_equal(modify_code, 0x42330007);
	pinpad_features(BYTES_NONE, &verify_code, &modify_code);
}

static enum channel_result
answer(uint8_t sw1, uint8_t sw2, size_t *len)
{
	const uint8_t bytes[] = {sw1, sw2};
	uint8_t response[4];
	struct writer writer = writer_to(response, sizeof(response));
	enum channel_result result = pinpad_answer(BYTES(bytes), &writer);

	*len = writer.len;
	return result;
}

static void
the_readers_own_status_words_are_told_from_the_cards(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(answer(0x90, 0x00, &len), CHANNEL_OK);
	assert_int_equal(len, 2);
	assert_int_equal(answer(0x63, 0xC2, &len), CHANNEL_OK);
	assert_int_equal(answer(0x64, 0x00, &len), CHANNEL_TIMEOUT);
	assert_int_equal(len, 0);
	assert_int_equal(answer(0x64, 0x01, &len), CHANNEL_CANCELLED);
	assert_int_equal(answer(0x64, 0x02, &len), CHANNEL_CANCELLED);
	assert_int_equal(answer(0x64, 0x03, &len), CHANNEL_CANCELLED);
}

static void
an_answer_of_another_length_is_none(void **state)
{
	static const uint8_t bytes[] = {0x90, 0x00, 0x00};
	uint8_t response[4];
	struct writer writer = writer_to(response, sizeof(response));

	(void)state;
	assert_int_equal(pinpad_answer(BYTES(bytes), &writer), CHANNEL_FAILED);
	assert_int_equal(pinpad_answer((struct bytes){bytes, 1}, &writer), CHANNEL_FAILED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pin_that_is_padded_is_asked_for_with_its_block),
	    cmocka_unit_test(a_pin_without_padding_is_asked_for_with_the_header_alone),
	    cmocka_unit_test(a_change_has_both_places_and_says_what_to_ask),
	    cmocka_unit_test(a_place_that_does_not_fit_its_bits_is_refused),
	    cmocka_unit_test(features_are_found_among_others),
	    cmocka_unit_test(a_list_of_features_that_is_cut_ends_there),
	    cmocka_unit_test(the_readers_own_status_words_are_told_from_the_cards),
	    cmocka_unit_test(an_answer_of_another_length_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
