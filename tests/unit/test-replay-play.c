/*
 * Playing a script: to a target of this test, which answers what it was told and writes down what
 * it was asked.
 */
#include "tools/apdu-replay/play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"
#include "test-replay.h"

#define HEAD "source a\ncard cc-v1\n"

/* A card that answers every command with the same bytes. */
struct dummy {
	const char *answer; /* hex */
	const char *failure;
	unsigned requests; /* key requests that each command makes */
	bool asks_service;
	unsigned begun, reset, sent;
};

static bool
begin(void *context, const struct subject *subject, struct problem *error)
{
	struct dummy *dummy = context;

	dummy->begun++;
	return strcmp(subject->personality, "cc-v1") == 0 || problem(error, "no such card");
}

static bool
reset(void *context, struct writer *atr, struct problem *error)
{
	struct dummy *dummy = context;

	(void)error;
	dummy->reset++;
	writer_put(atr, BYTES_TEXT("\x3B\x00"));
	return true;
}

static bool
transmit(void *context, struct bytes command, struct key_talk *talk, struct writer *response,
	 FILE *log, struct problem *error)
{
	struct dummy *dummy = context;
	struct hex answer = hex(dummy->answer);

	(void)command;
	(void)log;
	dummy->sent++;
	talk->requests += dummy->requests;
	if (dummy->asks_service) {
		assert_true(talk->service_waits);
		talk->service_waits = false;
		answer.data[0] = (uint8_t)(talk->service_sw >> 8);
		answer.data[1] = (uint8_t)talk->service_sw;
	}
	writer_put(response, HEX(answer));
	return dummy->failure == NULL || problem(error, "%s", dummy->failure);
}

struct played {
	struct play_counts counts;
	char errors[1024], log[1024];
};

static struct played
play_text(struct dummy *dummy, bool fulfils_keys, const char *text)
{
	const struct target target = {.context = dummy,
				      .fulfils_keys = fulfils_keys,
				      .begin = begin,
				      .reset = reset,
				      .transmit = transmit};
	struct played played = {0};
	struct play_output output = {
	    .errors = fmemopen(played.errors, sizeof(played.errors), "w"),
	    .log = fmemopen(played.log, sizeof(played.log), "w"),
	};
	struct script script = parse_script(text);

	play("f.apdu", &script, &target, &output, &played.counts);
	script_free(&script);
	fclose(output.errors);
	fclose(output.log);
	return played;
}

static void
a_block_whose_answers_match_has_passed(void **state)
{
	struct dummy dummy = {.answer = "01029000"};
	struct played played =
	    play_text(&dummy, true, HEAD "reset\n< 3B00\n> 00B0000000\n< 01.. 9000\n");

	(void)state;
	assert_string_equal(played.errors, "");
	assert_int_equal(played.counts.passed, 1);
	assert_int_equal(played.counts.failed, 0);
	assert_int_equal(dummy.reset, 1);
	assert_int_equal(dummy.sent, 1);
}

static void
a_difference_names_file_line_what_was_expected_and_what_came(void **state)
{
	struct dummy dummy = {.answer = "6A82"};
	struct played played = play_text(&dummy, true, HEAD "> 00A40000\n< * 9000\n");

	(void)state;
	assert_string_equal(played.errors, "f.apdu:4: expected * 9000, came 6A82 (file or "
					   "application not found)\n");
	assert_int_equal(played.counts.failed, 1);
}

static void
another_atr_than_expected_is_a_difference(void **state)
{
	struct dummy dummy = {.answer = "9000"};
	struct played played = play_text(&dummy, true, HEAD "reset\n< 3B01\n");

	(void)state;
	assert_string_equal(played.errors, "f.apdu:4: expected 3B01, came 3B00\n");
	assert_int_equal(played.counts.failed, 1);
}

static void
a_difference_ends_its_block_and_not_the_next(void **state)
{
	struct dummy dummy = {.answer = "9000"};
	struct played played =
	    play_text(&dummy, true, HEAD "> 00\n< 6700\n> 01\n< 9000\n" HEAD "> 02\n< 9000\n");

	(void)state;
	assert_int_equal(played.counts.failed, 1);
	assert_int_equal(played.counts.passed, 1);
	assert_int_equal(dummy.begun, 2);
	assert_int_equal(dummy.sent, 2);
}

static void
an_answer_without_a_status_word_is_a_difference_whatever_was_expected(void **state)
{
	struct dummy dummy = {.answer = ""};
	struct played played = play_text(&dummy, true, HEAD "> 00\n< ....\n");

	(void)state;
	assert_string_equal(played.errors, "f.apdu:4: expected ...., came nothing\n");
	assert_int_equal(played.counts.failed, 1);
}

static void
a_card_that_cannot_be_had_fails_its_block(void **state)
{
	struct dummy dummy = {.answer = "9000"};
	struct played played = play_text(&dummy, true, "source a\ncard other\n> 00\n< 9000\n");

	(void)state;
	assert_string_equal(played.errors, "f.apdu:1: no such card\n");
	assert_int_equal(played.counts.failed, 1);
	assert_int_equal(dummy.sent, 0);
}

static void
a_target_that_fails_says_so_with_the_line_of_the_command(void **state)
{
	struct dummy dummy = {.answer = "9000", .failure = "the card was taken out"};
	struct played played = play_text(&dummy, true, HEAD "> 00\n< 9000\n");

	(void)state;
	assert_string_equal(played.errors, "f.apdu:3: the card was taken out\n");
	assert_int_equal(played.counts.failed, 1);
}

static void
key_requests_are_counted_since_the_last_count(void **state)
{
	struct dummy dummy = {.answer = "9000", .requests = 2};
	struct played played = play_text(
	    &dummy, true,
	    HEAD "> 00\n< 9000\nrequests 2\nrequests 0\n> 00\n< 9000\n> 00\n< 9000\nrequests 4\n");

	(void)state;
	assert_string_equal(played.errors, "");
	assert_int_equal(played.counts.passed, 1);
}

static void
another_number_of_key_requests_is_a_difference(void **state)
{
	struct dummy dummy = {.answer = "9000", .requests = 1};
	struct played played = play_text(&dummy, true, HEAD "> 00\n< 9000\nrequests 0\n");

	(void)state;
	assert_string_equal(played.errors, "f.apdu:5: expected 0 key requests, came 1\n");
}

static void
key_requests_of_one_block_do_not_count_in_the_next(void **state)
{
	struct dummy dummy = {.answer = "9000", .requests = 1};
	struct played played =
	    play_text(&dummy, true, HEAD "> 00\n< 9000\n" HEAD "requests 0\n> 00\n< 9000\n");

	(void)state;
	assert_int_equal(played.counts.passed, 2);
}

static void
the_service_says_what_its_line_says(void **state)
{
	struct dummy dummy = {.answer = "9000", .asks_service = true};
	struct played played = play_text(
	    &dummy, true, HEAD "service 6F10\n> 00\n< 6F10\nservice 9000\n> 00\n< 9000\n");

	(void)state;
	assert_string_equal(played.errors, "");
	assert_int_equal(played.counts.passed, 1);
}

static void
a_service_line_that_nobody_asked_for_is_a_difference(void **state)
{
	struct dummy dummy = {.answer = "9000"};
	struct played at_the_end = play_text(&dummy, true, HEAD "service 6F10\n> 00\n< 9000\n");
	struct played before_another = play_text(
	    &dummy, true, HEAD "service 6F10\n> 00\n< 9000\nservice 9000\n> 00\n< 9000\n");

	(void)state;
	assert_string_equal(
	    at_the_end.errors,
	    "f.apdu:3: expected a key request for this `service` line, came none\n");
	assert_string_equal(before_another.errors, at_the_end.errors);
	assert_int_equal(before_another.counts.failed, 1);
}

static void
blocks_about_services_are_skipped_where_the_keys_are_not_ours(void **state)
{
	struct dummy dummy = {.answer = "9000"};
	struct played played = play_text(&dummy, false,
					 HEAD "> 00\n< 9000\nrequests 0\n" HEAD
					      "service 9000\n> 00\n< 9000\n" HEAD "> 00\n< 9000\n");

	(void)state;
	assert_int_equal(played.counts.skipped, 2);
	assert_int_equal(played.counts.passed, 1);
	assert_int_equal(dummy.sent, 1);
	assert_non_null(strstr(played.errors, "f.apdu:1: SKIPPED"));
}

static void
the_log_shows_the_exchange(void **state)
{
	struct dummy dummy = {.answer = "6A82"};
	struct played played = play_text(&dummy, true, HEAD "reset\n> 00A40000\n< 6A82\n");

	(void)state;
	assert_string_equal(played.log, "f.apdu:1: card cc-v1, source a\n"
					"f.apdu:3: reset\n"
					"f.apdu:3: < 3B00\n"
					"f.apdu:4: > 00A40000\n"
					"f.apdu:5: < 6A82 (file or application not found)\n");
}

static void
the_log_shows_no_pin(void **state)
{
	struct dummy dummy = {.answer = "9000"};
	struct played played = play_text(&dummy, true,
					 HEAD "> 0020008108 31323334FFFFFFFF\n< 9000\n"
					      "> 002400810831323334FFFFFFFF\n< 9000\n"
					      "> 002C00810831323334FFFFFFFF\n< 9000\n"
					      "> 00200081\n< 6282\n");

	(void)state;
	assert_non_null(strstr(played.log, "> 0020008108 and a PIN\n"));
	assert_non_null(strstr(played.log, "> 00200081\n"));
	assert_null(strstr(played.log, "31323334"));
	assert_null(strstr(played.errors, "31323334"));
	assert_int_equal(played.counts.failed, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_block_whose_answers_match_has_passed),
	    cmocka_unit_test(a_difference_names_file_line_what_was_expected_and_what_came),
	    cmocka_unit_test(another_atr_than_expected_is_a_difference),
	    cmocka_unit_test(a_difference_ends_its_block_and_not_the_next),
	    cmocka_unit_test(an_answer_without_a_status_word_is_a_difference_whatever_was_expected),
	    cmocka_unit_test(a_card_that_cannot_be_had_fails_its_block),
	    cmocka_unit_test(a_target_that_fails_says_so_with_the_line_of_the_command),
	    cmocka_unit_test(key_requests_are_counted_since_the_last_count),
	    cmocka_unit_test(another_number_of_key_requests_is_a_difference),
	    cmocka_unit_test(key_requests_of_one_block_do_not_count_in_the_next),
	    cmocka_unit_test(the_service_says_what_its_line_says),
	    cmocka_unit_test(a_service_line_that_nobody_asked_for_is_a_difference),
	    cmocka_unit_test(blocks_about_services_are_skipped_where_the_keys_are_not_ours),
	    cmocka_unit_test(the_log_shows_the_exchange),
	    cmocka_unit_test(the_log_shows_no_pin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
