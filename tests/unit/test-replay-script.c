/*
 * Replay files: what is read of them, and which line is blamed for what when they are wrong.
 */
#include "tools/apdu-replay/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"
#include "test-replay.h"

#define HEAD "source iasecc.md 9.2\ncard cc-v1\n"

static void
assert_refused(const char *text, unsigned expected_line, const char *reason)
{
	struct script script;
	struct problem error;
	unsigned line = 0;

	if (script_parse((struct bytes){(const uint8_t *)text, strlen(text)}, &script, &line,
			 &error))
		fail_msg("accepted: %s", text);
	if (strstr(error.text, reason) == NULL)
		fail_msg("says \"%s\", not \"%s\"", error.text, reason);
	assert_int_equal(line, expected_line);
	assert_null(script.blocks);
}

/* design.md, "Replay format", word for word. */
static void
the_example_of_the_design_is_read(void **state)
{
	struct script script = parse_script(
	    "# text after a hash is a comment\n"
	    "source fineid.md 4.1\n"
	    "card fineid-v2 key=rsa2048           # personality and options; test fixtures give\n"
	    "reset                                 # < ATR may follow\n"
	    "> 00A4040C0CA000000063504B43532D3135\n"
	    "< 9000\n"
	    "> 00B0000000\n"
	    "< 30..020101* 9000                    # .. one byte of any value; * any bytes\n");
	const struct block *block = &script.blocks[0];

	(void)state;
	assert_int_equal(script.blocks_count, 1);
	assert_string_equal(block->source, "fineid.md 4.1");
	assert_string_equal(block->card.personality, "fineid-v2");
	assert_string_equal(block->card.keys[0].kind, "rsa2048");
	assert_int_equal(block->steps_count, 3);
	assert_int_equal(block->steps[0].kind, STEP_RESET);
	assert_int_equal(block->steps[0].expected_line, 0);
	assert_int_equal(block->steps[1].kind, STEP_COMMAND);
	assert_bytes_hex((struct bytes){block->steps[1].command, block->steps[1].command_len},
			 "00A4040C0CA000000063504B43532D3135");
	assert_int_equal(block->steps[2].line, 7);
	assert_int_equal(block->steps[2].expected_line, 8);
	assert_string_equal(block->steps[2].expected.text, "30..020101* 9000");
	script_free(&script);
}

static void
an_atr_may_follow_a_reset_on_its_line_or_the_next(void **state)
{
	struct script script = parse_script(HEAD "reset < 3B00\nreset<3B ..\nreset\n< 3B01\n");
	const struct step *steps = script.blocks[0].steps;

	(void)state;
	assert_int_equal(script.blocks[0].steps_count, 3);
	assert_string_equal(steps[0].expected.text, "3B00");
	assert_int_equal(steps[0].expected_line, 3);
	assert_string_equal(steps[1].expected.text, "3B ..");
	assert_string_equal(steps[2].expected.text, "3B01");
	assert_int_equal(steps[2].expected_line, 6);
	script_free(&script);
}

static void
blanks_tabs_carriage_returns_and_a_missing_last_newline_do_not_count(void **state)
{
	struct script script = parse_script(
	    "\r\n\t source\tiasecc.md 9.2 \r\n  card  cc-v1\t# x\r\n>00 A4\t00 00\r\n<6A82");

	(void)state;
	assert_string_equal(script.blocks[0].source, "iasecc.md 9.2");
	assert_string_equal(script.blocks[0].card.personality, "cc-v1");
	assert_int_equal(script.blocks[0].steps[0].command_len, 4);
	assert_int_equal(script.blocks[0].steps[0].line, 4);
	script_free(&script);
}

static void
a_second_source_or_card_begins_the_next_block(void **state)
{
	struct script script = parse_script("source a\ncard cc-v1\n> 00\n< 6700\n"
					    "source b\ncard fineid-v2\n> 00\n< 6700\n"
					    "card cc-v1\nsource c\n> 00\n< 6700\n");

	(void)state;
	assert_int_equal(script.blocks_count, 3);
	assert_string_equal(script.blocks[1].source, "b");
	assert_string_equal(script.blocks[2].source, "c");
	assert_string_equal(script.blocks[2].card.personality, "cc-v1");
	assert_int_equal(script.blocks[2].line, 9);
	script_free(&script);
}

static void
a_service_line_has_a_status_word_and_says_whether_the_call_left(void **state)
{
	struct script script =
	    parse_script(HEAD "service 63c0\n> 00\n< 63..\n"
			      "service 6401 unstarted\n> 00\n< 6401\nrequests 12\n");
	const struct step *steps = script.blocks[0].steps;

	(void)state;
	assert_int_equal(steps[0].kind, STEP_SERVICE);
	assert_int_equal(steps[0].sw, 0x63C0);
	assert_false(steps[0].unstarted);
	assert_int_equal(steps[2].sw, 0x6401);
	assert_true(steps[2].unstarted);
	assert_int_equal(steps[4].kind, STEP_REQUESTS);
	assert_int_equal(steps[4].requests, 12);
	script_free(&script);
}

static void
a_card_has_one_signing_key_unless_it_says_otherwise(void **state)
{
	struct script script = parse_script("source a\ncard cc-v1\n> 00\n< 6700\n");
	const struct subject *card = &script.blocks[0].card;

	(void)state;
	assert_int_equal(card->keys_count, 1);
	assert_string_equal(card->keys[0].role, "sign");
	assert_string_equal(card->keys[0].kind, "rsa2048");
	assert_false(card->keys[0].remote);
	assert_int_equal(card->authorities, 2);
	assert_int_equal(card->serial_len, 0);
	assert_string_equal(card->options, "");
	script_free(&script);
}

static void
a_card_says_its_keys_serial_number_authorities_and_options(void **state)
{
	struct script script =
	    parse_script("source a\n"
			 "card cc-v1 key=auth key=rsa3072,remote user-consent serial=0102 "
			 "authorities=1 pin-tries=3\n"
			 "> 00\n< 6700\n");
	const struct subject *card = &script.blocks[0].card;

	(void)state;
	assert_int_equal(card->keys_count, 2);
	assert_string_equal(card->keys[0].role, "auth");
	assert_string_equal(card->keys[0].kind, "rsa2048");
	assert_false(card->keys[0].remote);
	assert_string_equal(card->keys[1].role, "sign");
	assert_string_equal(card->keys[1].kind, "rsa3072");
	assert_true(card->keys[1].remote);
	assert_bytes_hex((struct bytes){card->serial, card->serial_len}, "0102");
	assert_int_equal(card->authorities, 1);
	assert_string_equal(card->options, "user-consent pin-tries=3");
	script_free(&script);
}

static void
the_longest_command_is_read_and_one_byte_more_is_not(void **state)
{
	enum { LONGEST = 65544, HEAD_LEN = sizeof(HEAD "> ") - 1 };
	static const char answer[] = "\n< 6700";
	static char text[HEAD_LEN + 2 * (LONGEST + 1) + sizeof(answer)] = HEAD "> ";
	char *const digits = text + HEAD_LEN;
	struct script script;
	struct problem error;
	unsigned line;

	(void)state;
	memset(digits, '0', 2 * (size_t)LONGEST);
	memcpy(digits + 2 * (size_t)LONGEST, answer, sizeof(answer));
	assert_true(
	    script_parse((struct bytes){(uint8_t *)text, strlen(text)}, &script, &line, &error));
	assert_int_equal(script.blocks[0].steps[0].command_len, LONGEST);
	script_free(&script);

	memset(digits, '0', 2 * (size_t)(LONGEST + 1));
	memcpy(digits + 2 * (size_t)(LONGEST + 1), answer, sizeof(answer));
	assert_refused(text, 3, "at most 65544");
}

static void
a_block_without_a_source_is_refused(void **state)
{
	(void)state;
	assert_refused("card cc-v1\n> 00\n< 6700\n", 1, "where its answers come from");
	assert_refused(HEAD "> 00\n< 6700\n\ncard cc-v1\n> 00\n< 6700\n", 6,
		       "where its answers come from");
	assert_refused("card cc-v1\n> 00\n< 6700\n" HEAD "> 00\n< 6700\n", 1,
		       "where its answers come from");
	assert_refused("source   # nothing\ncard cc-v1\n> 00\n< 6700\n", 1,
		       "`source` says nothing");
}

static void
a_block_without_a_card_is_refused(void **state)
{
	(void)state;
	assert_refused("source a\n> 00\n< 6700\n", 1, "which card");
	assert_refused(HEAD "> 00\n< 6700\nsource b\n> 00\n< 6700\n", 5, "which card");
}

static void
a_block_that_expects_nothing_is_refused(void **state)
{
	(void)state;
	assert_refused(HEAD, 1, "expects nothing");
	assert_refused(HEAD "reset\n", 1, "expects nothing");
}

static void
a_file_without_a_block_is_refused(void **state)
{
	(void)state;
	assert_refused("", 0, "no block");
	assert_refused("\n# only this\n\n", 3, "no block");
}

static void
a_line_before_any_block_is_refused(void **state)
{
	(void)state;
	assert_refused("reset\n", 1, "no block has begun");
	assert_refused("\n> 00\n", 2, "no block has begun");
	assert_refused("< 9000\n", 1, "answers nothing");
	assert_refused("requests 1\n", 1, "no block has begun");
}

static void
a_command_without_an_answer_is_refused(void **state)
{
	(void)state;
	assert_refused(HEAD "> 00\n", 3, "nothing says what comes back");
	assert_refused(HEAD "> 00\n> 01\n< 6700\n", 4, "for line 3");
	assert_refused(HEAD "> 00\nreset\n", 4, "for line 3");
	assert_refused(HEAD "> 00\nsource b\ncard cc-v1\n> 00\n< 6700\n", 3,
		       "nothing says what comes back");
}

static void
an_answer_without_a_command_is_refused(void **state)
{
	(void)state;
	assert_refused(HEAD "< 9000\n", 3, "answers nothing");
	assert_refused(HEAD "> 00\n< 6700\n< 6700\n", 5, "answers nothing");
	assert_refused(HEAD "reset < 3B00\n< 3B00\n", 4, "answers nothing");
	assert_refused(HEAD "requests 0\n< 9000\n", 4, "answers nothing");
}

static void
bad_hex_is_refused(void **state)
{
	(void)state;
	assert_refused(HEAD ">\n< 6700\n", 3, "needs a command in hex");
	assert_refused(HEAD "> 00A\n< 6700\n", 3, "needs a command in hex");
	assert_refused(HEAD "> 00 XX\n< 6700\n", 3, "needs a command in hex");
	assert_refused(HEAD "> 00..\n< 6700\n", 3, "needs a command in hex");
	assert_refused(HEAD "> 00\n< 90 0\n", 4, "is no byte");
	assert_refused(HEAD "> 00\n<\n", 4, "at least a status word");
	assert_refused(HEAD "reset < 3B*\n", 3, "cannot stand in an ATR");
}

static void
bad_words_and_numbers_are_refused(void **state)
{
	(void)state;
	assert_refused(HEAD "restart\n", 3, "`restart` is none of");
	assert_refused(HEAD "resets\n", 3, "`resets` is none of");
	assert_refused(HEAD "reset now\n", 3, "only `< ATR` may stand");
	assert_refused(HEAD "service\n", 3, "is no status word");
	assert_refused(HEAD "service 900\n", 3, "is no status word");
	assert_refused(HEAD "service 90000\n", 3, "is no status word");
	assert_refused(HEAD "service 90 0\n", 3, "is no status word");
	assert_refused(HEAD "service 90XX\n", 3, "is no status word");
	assert_refused(HEAD "service 9000 started\n", 3, "is no status word");
	assert_refused(HEAD "requests\n", 3, "is no count");
	assert_refused(HEAD "requests -1\n", 3, "is no count");
	assert_refused(HEAD "requests 1x\n", 3, "is no count");
	assert_refused(HEAD "requests 99999999999999999999\n", 3, "is no count");
}

static void
bad_cards_are_refused(void **state)
{
	(void)state;
	assert_refused("source a\ncard\n", 2, "names no personality");
	assert_refused("source a\ncard a-personality-of-more-than-31-letters\n", 2,
		       "names no personality");
	assert_refused("source a\ncard cc-v1 key=rsa4096\n", 2, "`rsa4096` is nothing");
	assert_refused("source a\ncard cc-v1 key=remote,wrong\n", 2, "`wrong` is nothing");
	assert_refused("source a\ncard cc-v1 key=rsa2048 key=rsa3072\n", 2,
		       "two keys with the role sign");
	assert_refused("source a\ncard cc-v1 serial=\n", 2, "no serial number");
	assert_refused("source a\ncard cc-v1 serial=012\n", 2, "no serial number");
	assert_refused("source a\ncard cc-v1 serial=0102030405060708090A0B0C0D0E0F101112\n", 2,
		       "no serial number");
	assert_refused("source a\ncard cc-v1 authorities=3\n", 2, "cannot be");
	assert_refused("source a\ncard cc-v1 authorities=\n", 2, "cannot be");
	assert_refused("source a\ncard cc-v1 authorities=11\n", 2, "cannot be");
}

static void
options_that_are_too_long_are_refused(void **state)
{
	char text[512];
	int len = snprintf(text, sizeof(text), "source a\ncard cc-v1 short ");

	(void)state;
	memset(text + len, 'x', 300);
	text[len + 300] = '\0';
	assert_refused(text, 2, "options are longer");
}

static void
a_file_with_a_zero_byte_is_refused(void **state)
{
	static const char text[] = HEAD "> 00\0\n< 6700\n";
	struct script script;
	struct problem error;
	unsigned line;

	(void)state;
	assert_false(script_parse(BYTES_TEXT(text), &script, &line, &error));
	assert_non_null(strstr(error.text, "zero byte"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_example_of_the_design_is_read),
	    cmocka_unit_test(an_atr_may_follow_a_reset_on_its_line_or_the_next),
	    cmocka_unit_test(blanks_tabs_carriage_returns_and_a_missing_last_newline_do_not_count),
	    cmocka_unit_test(a_second_source_or_card_begins_the_next_block),
	    cmocka_unit_test(a_service_line_has_a_status_word_and_says_whether_the_call_left),
	    cmocka_unit_test(a_card_has_one_signing_key_unless_it_says_otherwise),
	    cmocka_unit_test(a_card_says_its_keys_serial_number_authorities_and_options),
	    cmocka_unit_test(the_longest_command_is_read_and_one_byte_more_is_not),
	    cmocka_unit_test(a_block_without_a_source_is_refused),
	    cmocka_unit_test(a_block_without_a_card_is_refused),
	    cmocka_unit_test(a_block_that_expects_nothing_is_refused),
	    cmocka_unit_test(a_file_without_a_block_is_refused),
	    cmocka_unit_test(a_line_before_any_block_is_refused),
	    cmocka_unit_test(a_command_without_an_answer_is_refused),
	    cmocka_unit_test(an_answer_without_a_command_is_refused),
	    cmocka_unit_test(bad_hex_is_refused),
	    cmocka_unit_test(bad_words_and_numbers_are_refused),
	    cmocka_unit_test(bad_cards_are_refused),
	    cmocka_unit_test(options_that_are_too_long_are_refused),
	    cmocka_unit_test(a_file_with_a_zero_byte_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
