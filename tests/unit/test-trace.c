/* What leaves vicard for those who watch, and the words for it. */
#include "tools/vicar/trace_text.h"
#include "tools/vicard/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct trace trace;
static int client;
static uint8_t room[TRACE_MESSAGE_MAX];

static int
set_up(void **state)
{
	int ends[2];

	(void)state;
	trace_init(&trace);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0 || !trace_add(&trace, ends[0]))
		return -1;
	client = ends[1];
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	trace_close(&trace);
	return close(client);
}

static struct bytes
hex(const char *text)
{
	static uint8_t bytes[300];
	size_t len;

	assert_true(bytes_from_hex(text, bytes, sizeof(bytes), &len));
	return (struct bytes){bytes, len};
}

static struct trace_message
received(void)
{
	const ssize_t got = recv(client, room, sizeof(room), MSG_DONTWAIT);
	struct trace_message message;

	assert_true(got > 0);
	assert_true(trace_message_decode((struct bytes){room, (size_t)got}, &message));
	return message;
}

/* So many bytes of the command or answer are shown. */
static struct trace_message
shown_of_command(const char *command, const char *expected)
{
	struct trace_message message;
	struct bytes bytes;

	trace_command(&trace, hex(command));
	message = received();
	bytes = hex(expected);
	assert_int_equal(message.kind, TRACE_COMMAND);
	assert_int_equal(message.shown.len, bytes.len);
	assert_memory_equal(message.shown.data, bytes.data, bytes.len);
	return message;
}

static void
expect_shown_of_answer(const char *command, size_t len, size_t shown)
{
	uint8_t answer[300] = {0};
	struct trace_message message;

	answer[len] = 0x90;
	trace_command(&trace, hex(command));
	(void)received();
	trace_response(&trace, (struct bytes){answer, len + 2});
	message = received();
	assert_int_equal(message.total, len);
	assert_int_equal(message.shown.len, shown);
	assert_int_equal(message.sw, 0x9000);
}

static void
of_commands_that_bring_pins_the_header_is_all_that_is_told(void **state)
{
	static const struct {
		const char *command, *shown;
	} cases[] = {
	    {"00200081 04 31323334", "00200081"},
	    {"10200081 04 31323334", "10200081"},     /* a part of a chain */
	    {"80200081 000004 31323334", "80200081"}, /* another class, extended length */
	    {"00200081 31323334", "00200081"},        /* lengths that do not add up */
	    {"00200081 31", "00200081"},
	    {"00240081 08 3132333435363738", "00240081"}, /* CHANGE REFERENCE DATA */
	    {"002C0081 08 3132333435363738", "002C0081"}, /* RESET RETRY COUNTER */
	    {"00C20000 09 002000810431323334", "00C20000"},
	    {"00DB3FFF 04 31323334", "00DB3FFF"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct trace_message message =
		    shown_of_command(cases[i].command, cases[i].shown);

		assert_int_equal(message.flags, TRACE_SECRET);
		assert_int_equal(message.total, 0);
	}
}

static void
the_question_for_the_state_of_a_pin_is_told_whole(void **state)
{
	(void)state;
	assert_int_equal(shown_of_command("00200081", "00200081").flags, 0);
	assert_int_equal(shown_of_command("0020008100", "0020008100").flags, 0);
}

static void
other_commands_are_told_whole(void **state)
{
	(void)state;
	assert_int_equal(shown_of_command("00A4000C023F00", "00A4000C023F00").total, 7);
}

static void
answers_of_keys_are_shortened_or_left_out(void **state)
{
	(void)state;
	expect_shown_of_answer("002A9E9A00", 256, TRACE_SIGNATURE_SHOWN);
	expect_shown_of_answer("008800000100", 128, TRACE_SIGNATURE_SHOWN);
	expect_shown_of_answer("002A808602000000", 32, 0);
	expect_shown_of_answer("00B0000010", 16, 16);
}

static void
an_answer_in_parts_is_that_of_its_command(void **state)
{
	(void)state;
	expect_shown_of_answer("002A808602000000", 0, 0);
	expect_shown_of_answer("00C0000010", 16, 0);
	expect_shown_of_answer("00C0000010", 16, 0);
	expect_shown_of_answer("00B0000010", 16, 16);
}

static void
one_that_comes_later_hears_of_the_reset_while_nothing_came_since(void **state)
{
	int ends[2];

	(void)state;
	trace_powered(&trace, hex("3B00"));
	assert_int_equal(received().kind, TRACE_RESET);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_true(trace_add(&trace, ends[0]));
	assert_int_equal(recv(ends[1], room, sizeof(room), MSG_DONTWAIT), TRACE_HEAD_LEN + 2);
	close(ends[1]);
	(void)shown_of_command("00A4000C023F00", "00A4000C023F00");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_true(trace_add(&trace, ends[0]));
	assert_true(recv(ends[1], room, sizeof(room), MSG_DONTWAIT) < 0);
	close(ends[1]);
}

static void
messages_that_make_no_sense_are_refused(void **state)
{
	const uint8_t kind_5[TRACE_HEAD_LEN] = {5};
	struct trace_message message;

	(void)state;
	assert_false(trace_message_decode(BYTES(kind_5), &message));
	assert_false(trace_message_decode((struct bytes){kind_5, TRACE_HEAD_LEN - 1}, &message));
}

/* ---- words ---- */

static void
commands_are_told_in_words(void **state)
{
	static const struct {
		const char *command, *words;
	} cases[] = {
	    {"00A40000023F00", "SELECT file 3F00 (MF)"},
	    {"00A4000C00", "SELECT file (MF)"},
	    {"00A404000CA000000063504B43532D3135",
	     "SELECT by name A000000063504B43532D3135 (PKCS #15)"},
	    {"00A4080C045015 4331",
	     "SELECT path from the MF 50154331 (certificate for authentication)"},
	    {"00B0010010", "READ BINARY of the selected file from 256, up to 16 bytes"},
	    {"00B0810010", "READ BINARY short file 1 from 0, up to 16 bytes"},
	    {"00200081", "VERIFY PIN 81: is it verified, how many tries are left?"},
	    {"0020FF81", "VERIFY PIN 81: forget that it was verified"},
	    {"002241B606800102840101",
	     "MANAGE SECURITY ENVIRONMENT SET for signatures, algorithm 02, key 01"},
	    {"0022F301", "MANAGE SECURITY ENVIRONMENT RESTORE 01"},
	    {"002A9E9A02ABCD00", "PERFORM SECURITY OPERATION: COMPUTE DIGITAL SIGNATURE of ABCD"},
	    {"00CADF7E00", "GET DATA DF7E (number of the last failure, Vicar's own)"},
	    {"00FE000000", "instruction FE, which is not known"},
	    {"102A808602ABCD", "PERFORM SECURITY OPERATION: DECIPHER of ABCD, more to come"},
	    {"00A4", "no command: its lengths do not add up"},
	};
	struct trace_text words = {.personality = "fineid-v2"};
	char text[TRACE_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct trace_message message = {.kind = TRACE_COMMAND,
						      .shown = hex(cases[i].command)};

		trace_text_command(&words, &message, text);
		assert_string_equal(text, cases[i].words);
	}
}

static void
say(struct trace_text *words, const char *command, uint16_t sw, char text[TRACE_TEXT_MAX])
{
	const struct trace_message asked = {.kind = TRACE_COMMAND, .shown = hex(command)};
	const struct trace_message answered = {.kind = TRACE_RESPONSE, .sw = sw};

	trace_text_command(words, &asked, text);
	trace_text_response(words, &answered, text + strlen(text));
}

static void
a_file_is_named_once_it_was_selected_and_not_when_that_failed(void **state)
{
	struct trace_text words = {.personality = "cc-v1"};
	char text[2 * TRACE_TEXT_MAX];

	(void)state;
	say(&words, "00A4000C02EF09", 0x9000, text);
	say(&words, "00A4000C02EF02", 0x6A82, text);
	assert_non_null(strstr(text, "file or application not found"));
	say(&words, "00B0000010", 0x9000, text);
	assert_non_null(strstr(text, "of certificate for authentication from 0"));
	trace_text_reset(&words);
	say(&words, "00B0000010", 0x6986, text);
	assert_non_null(strstr(text, "the selected file"));
}

static void
an_answer_tells_tries_lengths_and_whether_a_service_was_asked(void **state)
{
	const struct trace_message tries = {.kind = TRACE_RESPONSE, .sw = 0x63C2};
	const struct trace_message signed_ = {.kind = TRACE_RESPONSE,
					      .sw = 0x9000,
					      .total = 256,
					      .flags = TRACE_SERVICE | TRACE_STARTED};
	struct trace_text words = {.personality = "cc-v1"};
	char text[TRACE_TEXT_MAX];

	(void)state;
	trace_text_response(&words, &tries, text);
	assert_non_null(strstr(text, "2 tries left"));
	trace_text_response(&words, &signed_, text);
	assert_string_equal(text, "done; 256 bytes, all hidden; the service was asked");
}

/* As long as a command can be, and every byte of it odd. */
static void
whatever_comes_fits_in_the_line(void **state)
{
	static uint8_t command[CAPDU_LEN_MAX];
	struct trace_text words = {.personality = "iasecc"};
	static const uint8_t lc[] = {0x00, 0xFF, 0xFF};
	char text[TRACE_TEXT_MAX];

	(void)state;
	for (unsigned ins = 0; ins < 256; ins++)
		for (unsigned p1 = 0; p1 < 256; p1++) {
			const struct trace_message message = {.kind = TRACE_COMMAND,
							      .shown = {command, sizeof(command)}};

			memset(command, 0x84, sizeof(command));
			command[1] = (uint8_t)ins;
			command[2] = (uint8_t)p1;
			memcpy(command + 4, lc, sizeof(lc));
			trace_text_command(&words, &message, text);
			assert_in_range(strlen(text), 1, TRACE_TEXT_MAX - 1);
		}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(of_commands_that_bring_pins_the_header_is_all_that_is_told),
	    TEST(the_question_for_the_state_of_a_pin_is_told_whole),
	    TEST(other_commands_are_told_whole),
	    TEST(answers_of_keys_are_shortened_or_left_out),
	    TEST(an_answer_in_parts_is_that_of_its_command),
	    TEST(one_that_comes_later_hears_of_the_reset_while_nothing_came_since),
	    TEST(messages_that_make_no_sense_are_refused),
	    cmocka_unit_test(commands_are_told_in_words),
	    cmocka_unit_test(a_file_is_named_once_it_was_selected_and_not_when_that_failed),
	    cmocka_unit_test(an_answer_tells_tries_lengths_and_whether_a_service_was_asked),
	    cmocka_unit_test(whatever_comes_fits_in_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
