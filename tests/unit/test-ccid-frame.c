/* The serial line of CCID readers, and the messages on it: frames are those that libccid 1.5.2 sent and
 * took, ifdhandler.md 13.4, where nothing else is said. */
#include "tools/ccid-simulator/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "hex.h"

static enum frame_kind
parse(const char *text, size_t *used, struct bytes *message)
{
	static struct hex received;

	received = hex(text);
	return frame_parse(HEX(received), used, message);
}

static void
a_command_of_libccid_is_taken_apart(void **state)
{
	struct ccid_command command;
	struct bytes message;
	size_t used;

	(void)state;
	assert_int_equal(
	    parse("03 06 6F 05 00 00 00 01 46 00 00 00 00 C1 01 FE 3E 28", &used, &message),
	    FRAME_WHOLE);
	assert_int_equal(used, 18);
	assert_true(ccid_command_parse(message, &command));
	assert_int_equal(command.type, CCID_XFR_BLOCK);
	assert_int_equal(command.slot, 1);
	assert_int_equal(command.seq, 0x46);
	assert_bytes_hex(command.data, "00 C1 01 FE 3E");
}

static void
an_answer_is_what_libccid_took(void **state)
{
	const struct hex atr = hex("3B 84 81 01 50 54 59 31 68");
	const struct ccid_answer answer = {.type = CCID_DATA_BLOCK, .seq = 8, .data = HEX(atr)};
	uint8_t message_room[CCID_MESSAGE_MAX], room[FRAME_LEN_MAX];
	struct writer message = writer_to(message_room, sizeof(message_room));
	struct writer frame = writer_to(room, sizeof(room));

	(void)state;
	ccid_answer_put(&answer, &message);
	frame_put(writer_bytes(&message), &frame);
	assert_bytes_hex(writer_bytes(&frame), "03 06 80 09 00 00 00 00 08 00 00 00 "
					       "3B 84 81 01 50 54 59 31 68 BF");
}

static void
a_frame_that_is_cut_anywhere_waits_for_the_rest(void **state)
{
	const struct hex whole = hex("03 06 6B 03 00 00 00 00 01 00 00 00 01 01 01 6D");
	struct bytes message;
	size_t used;

	(void)state;
	for (size_t len = 0; len < whole.len; len++) {
		assert_int_equal(frame_parse((struct bytes){whole.data, len}, &used, &message),
				 FRAME_PART);
		assert_int_equal(used, 0);
	}
	assert_int_equal(frame_parse(HEX(whole), &used, &message), FRAME_WHOLE);
}

static void
noise_before_a_frame_is_left_out(void **state)
{
	struct bytes message;
	size_t used;

	(void)state;
	assert_int_equal(parse("FF 00 03 06", &used, &message), FRAME_NOISE);
	assert_int_equal(used, 2);
	assert_int_equal(parse("03 03 06", &used, &message), FRAME_NOISE);
	assert_int_equal(used, 1);
	assert_int_equal(parse("AA BB", &used, &message), FRAME_NOISE);
	assert_int_equal(used, 2);
}

static void
a_wrong_lrc_damages_the_whole_frame(void **state)
{
	struct bytes message;
	size_t used;

	(void)state;
	assert_int_equal(parse("03 06 65 00 00 00 00 00 02 00 00 00 63 03", &used, &message),
			 FRAME_DAMAGED);
	assert_int_equal(used, 13);
}

static void
a_length_beyond_every_message_damages_no_more_than_the_start(void **state)
{
	struct bytes message;
	size_t used;

	(void)state;
	assert_int_equal(parse("03 06 6F 06 01 00 00", &used, &message), FRAME_DAMAGED);
	assert_int_equal(used, 2);
	assert_int_equal(parse("03 06 6F FF FF FF FF", &used, &message), FRAME_DAMAGED);
	assert_int_equal(parse("03 06 6F 05 01 00 00", &used, &message), FRAME_PART);
}

static void
what_else_the_line_carries_is_as_the_sheet_says(void **state)
{
	uint8_t room[FRAME_LEN_MAX];
	struct writer out = writer_to(room, sizeof(room));

	(void)state;
	frame_put_nak(&out);
	frame_put_movement(false, &out);
	frame_put_movement(true, &out);
	frame_put_time_request(&out);
	assert_bytes_hex(writer_bytes(&out), "03 15 16 50 02 50 03 80");
}

static void
a_message_whose_length_is_not_its_own_is_none(void **state)
{
	struct ccid_command command;
	const struct hex shorter = hex("6F 05 00 00 00 00 46 00 00 00 00 C1 01 FE");
	const struct hex longer = hex("65 00 00 00 00 00 46 00 00 00 00");
	const struct hex header = hex("65 00 00 00 00 00 46 00 00");

	(void)state;
	assert_false(ccid_command_parse(HEX(shorter), &command));
	assert_false(ccid_command_parse(HEX(longer), &command));
	assert_false(ccid_command_parse(HEX(header), &command));
	assert_false(ccid_command_parse(BYTES_NONE, &command));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_command_of_libccid_is_taken_apart),
	    cmocka_unit_test(an_answer_is_what_libccid_took),
	    cmocka_unit_test(a_frame_that_is_cut_anywhere_waits_for_the_rest),
	    cmocka_unit_test(noise_before_a_frame_is_left_out),
	    cmocka_unit_test(a_wrong_lrc_damages_the_whole_frame),
	    cmocka_unit_test(a_length_beyond_every_message_damages_no_more_than_the_start),
	    cmocka_unit_test(what_else_the_line_carries_is_as_the_sheet_says),
	    cmocka_unit_test(a_message_whose_length_is_not_its_own_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
