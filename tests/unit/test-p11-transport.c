/*
 * pkcs11/transport.c against a card that follows a script: what goes out word for word, and what
 * becomes of answers that no card may give.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hex.h"
#include "iso7816/apdu.h"
#include "pkcs11/transport.h"

/* One exchange: the command that must come, or NULL for any, and the answer. */
struct step {
	const char *command, *answer;
	enum channel_result result;
};

struct script {
	const struct step *steps;
	unsigned count, at;
	bool repeats; /* the last step, again and again */
	unsigned commands;
};

static enum channel_result
transmit(void *context, struct bytes command, struct writer *response)
{
	struct script *script = context;
	const struct step *step = &script->steps[script->at];
	struct hex answer;

	script->commands++;
	assert_true(script->repeats || script->commands <= script->count);
	if (step->command != NULL)
		assert_bytes_hex(command, step->command);
	if (script->at + 1 < script->count)
		script->at++;
	if (step->result != CHANNEL_OK)
		return step->result;
	answer = hex(step->answer);
	writer_put(response, HEX(answer));
	return CHANNEL_OK;
}

static struct smartcard
card_of(struct script *script, bool t0)
{
	return (struct smartcard){
	    .channel = {.context = script, .transmit = transmit, .t0 = t0},
	    .place = {.known = true},
	};
}

#define SCRIPT(steps)                                                    \
	{                                                                \
		(steps), sizeof(steps) / sizeof((steps)[0]), 0, false, 0 \
	}

static const struct capdu READ = {.ins = 0xB0, .has_le = true, .ne = 256};

static struct capdu
sign(struct bytes data)
{
	return (struct capdu){
	    .ins = 0x2A, .p1 = 0x9E, .p2 = 0x9A, .data = data, .has_le = true, .ne = 256};
}

static void
an_answer_comes_with_its_status_word(void **state)
{
	static const struct step steps[] = {{"00B0000000", "0102039000", CHANNEL_OK}};
	struct script script = SCRIPT(steps);
	struct smartcard card = card_of(&script, false);
	uint8_t data[16];
	struct writer response = writer_to(data, sizeof(data));

	(void)state;
	assert_int_equal(transport_send(&card, &READ, &response), SMARTCARD_OK);
	assert_int_equal(card.sw, 0x9000);
	assert_bytes_hex(writer_bytes(&response), "010203");
	assert_int_equal(card.commands, 1);
}

static void
over_t0_a_command_of_case_4_goes_without_le_and_is_fetched(void **state)
{
	static const struct step steps[] = {{"002A9E9A02AABB", "6102", CHANNEL_OK},
					    {"00C0000002", "01029000", CHANNEL_OK}};
	struct script script = SCRIPT(steps);
	struct smartcard card = card_of(&script, true);
	const struct capdu command = sign((struct bytes){(const uint8_t *)"\xAA\xBB", 2});
	uint8_t data[16];
	struct writer response = writer_to(data, sizeof(data));

	(void)state;
	assert_int_equal(transport_send(&card, &command, &response), SMARTCARD_OK);
	assert_bytes_hex(writer_bytes(&response), "0102");
}

static void
over_t1_a_command_of_case_4_has_its_le(void **state)
{
	static const struct step steps[] = {{"002A9E9A02AABB00", "01029000", CHANNEL_OK}};
	struct script script = SCRIPT(steps);
	struct smartcard card = card_of(&script, false);
	const struct capdu command = sign((struct bytes){(const uint8_t *)"\xAA\xBB", 2});
	uint8_t data[16];
	struct writer response = writer_to(data, sizeof(data));

	(void)state;
	assert_int_equal(transport_send(&card, &command, &response), SMARTCARD_OK);
}

static void
parts_are_fetched_until_there_are_no_more(void **state)
{
	static const struct step steps[] = {{NULL, "AA6100", CHANNEL_OK},
					    {"00C0000000", "BBCC6101", CHANNEL_OK},
					    {"00C0000001", "DD6282", CHANNEL_OK}};
	struct script script = SCRIPT(steps);
	struct smartcard card = card_of(&script, false);
	uint8_t data[16];
	struct writer response = writer_to(data, sizeof(data));

	(void)state;
	assert_int_equal(transport_send(&card, &READ, &response), SMARTCARD_OK);
	assert_bytes_hex(writer_bytes(&response), "AABBCCDD");
	assert_int_equal(card.sw, 0x6282);
}

static void
a_wrong_le_is_corrected_once(void **state)
{
	static const struct step steps[] = {{"00B0000000", "6C03", CHANNEL_OK},
					    {"00B0000003", "0102039000", CHANNEL_OK}};
	struct script script = SCRIPT(steps);
	struct smartcard card = card_of(&script, true);
	uint8_t data[16];
	struct writer response = writer_to(data, sizeof(data));

	(void)state;
	assert_int_equal(transport_send(&card, &READ, &response), SMARTCARD_OK);
	assert_bytes_hex(writer_bytes(&response), "010203");
}

static void
a_long_command_is_chained(void **state)
{
	static const struct step steps[] = {{NULL, "9000", CHANNEL_OK},
					    {"002A9E9A02550000", "9000", CHANNEL_OK}};
	struct script script = SCRIPT(steps);
	struct smartcard card = card_of(&script, false);
	uint8_t long_data[257] = {0}, data[16];
	struct writer response = writer_to(data, sizeof(data));
	const struct capdu command = sign(BYTES(long_data));

	(void)state;
	long_data[255] = 0x55;
	assert_int_equal(transport_send(&card, &command, &response), SMARTCARD_OK);
	assert_int_equal(card.commands, 2);
}

static void
a_chain_that_is_refused_ends(void **state)
{
	static const struct step steps[] = {{NULL, "6884", CHANNEL_OK}};
	struct script script = SCRIPT(steps);
	struct smartcard card = card_of(&script, false);
	uint8_t long_data[600] = {0}, data[16];
	struct writer response = writer_to(data, sizeof(data));
	const struct capdu command = sign(BYTES(long_data));

	(void)state;
	assert_int_equal(transport_command(&card, &command, &response), SMARTCARD_REFUSED);
	assert_int_equal(card.sw, 0x6884);
	assert_int_equal(card.commands, 1);
}

/* The answer comes again and again: what comes of it, after how many commands at most. */
static void
assert_ends(const char *answer, enum smartcard_result expected, unsigned most)
{
	const struct step steps[] = {{NULL, answer, CHANNEL_OK}};
	struct script script = SCRIPT(steps);
	struct smartcard card = card_of(&script, true);
	uint8_t data[SMARTCARD_OUTPUT_MAX];
	struct writer response = writer_to(data, sizeof(data));

	script.repeats = true;
	assert_int_equal(transport_send(&card, &READ, &response), expected);
	assert_true(script.commands <= most);
}

static void
endless_parts_without_data_end_at_once(void **state)
{
	(void)state;
	assert_ends("6110", SMARTCARD_PROTOCOL, 2);
}

static void
endless_parts_with_data_end(void **state)
{
	(void)state;
	assert_ends("AA6110", SMARTCARD_PROTOCOL, TRANSPORT_ROUNDS_MAX + 1);
	assert_ends("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA6100", SMARTCARD_PROTOCOL,
		    TRANSPORT_ROUNDS_MAX + 1);
}

static void
endless_corrections_end_at_once(void **state)
{
	(void)state;
	assert_ends("6C10", SMARTCARD_PROTOCOL, 2);
}

static void
a_correction_with_data_is_no_answer(void **state)
{
	(void)state;
	assert_ends("AA6C10", SMARTCARD_PROTOCOL, 1);
}

static void
less_than_a_status_word_is_no_answer(void **state)
{
	(void)state;
	assert_ends("", SMARTCARD_PROTOCOL, 1);
	assert_ends("90", SMARTCARD_PROTOCOL, 1);
}

static enum channel_result
flood(void *context, struct bytes command, struct writer *response)
{
	(void)context;
	(void)command;
	writer_fill(response, 0xAA, 70000);
	return CHANNEL_OK;
}

static void
more_than_a_short_answer_is_no_answer(void **state)
{
	struct smartcard card = {.channel = {.transmit = flood}};
	uint8_t data[SMARTCARD_OUTPUT_MAX];
	struct writer response = writer_to(data, sizeof(data));

	(void)state;
	assert_int_equal(transport_send(&card, &READ, &response), SMARTCARD_PROTOCOL);
}

static void
data_that_nobody_wants_is_no_answer(void **state)
{
	static const struct step steps[] = {{NULL, "AA9000", CHANNEL_OK}};
	struct script script = SCRIPT(steps);
	struct smartcard card = card_of(&script, false);

	(void)state;
	assert_int_equal(transport_send(&card, &READ, NULL), SMARTCARD_PROTOCOL);
}

static void
what_the_channel_says_is_passed_on_and_the_place_is_lost(void **state)
{
	static const struct {
		enum channel_result channel;
		enum smartcard_result expected;
	} cases[] = {{CHANNEL_REMOVED, SMARTCARD_REMOVED},
		     {CHANNEL_RESET, SMARTCARD_RESET},
		     {CHANNEL_FAILED, SMARTCARD_CHANNEL}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct step steps[] = {{NULL, "", cases[i].channel}};
		struct script script = SCRIPT(steps);
		struct smartcard card = card_of(&script, false);
		uint8_t data[16];
		struct writer response = writer_to(data, sizeof(data));

		assert_int_equal(transport_send(&card, &READ, &response), cases[i].expected);
		assert_false(card.place.known);
	}
}

static void
status_words_are_judged(void **state)
{
	static const struct {
		const char *answer;
		enum smartcard_result expected;
	} cases[] = {{"9000", SMARTCARD_OK},
		     {"6982", SMARTCARD_NOT_VERIFIED},
		     {"6A82", SMARTCARD_REFUSED},
		     {"63C2", SMARTCARD_REFUSED}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct step steps[] = {{NULL, cases[i].answer, CHANNEL_OK}};
		struct script script = SCRIPT(steps);
		struct smartcard card = card_of(&script, false);

		assert_int_equal(transport_command(&card, &READ, NULL), cases[i].expected);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answer_comes_with_its_status_word),
	    cmocka_unit_test(over_t0_a_command_of_case_4_goes_without_le_and_is_fetched),
	    cmocka_unit_test(over_t1_a_command_of_case_4_has_its_le),
	    cmocka_unit_test(parts_are_fetched_until_there_are_no_more),
	    cmocka_unit_test(a_wrong_le_is_corrected_once),
	    cmocka_unit_test(a_long_command_is_chained),
	    cmocka_unit_test(a_chain_that_is_refused_ends),
	    cmocka_unit_test(endless_parts_without_data_end_at_once),
	    cmocka_unit_test(endless_parts_with_data_end),
	    cmocka_unit_test(endless_corrections_end_at_once),
	    cmocka_unit_test(a_correction_with_data_is_no_answer),
	    cmocka_unit_test(less_than_a_status_word_is_no_answer),
	    cmocka_unit_test(more_than_a_short_answer_is_no_answer),
	    cmocka_unit_test(data_that_nobody_wants_is_no_answer),
	    cmocka_unit_test(what_the_channel_says_is_passed_on_and_the_place_is_lost),
	    cmocka_unit_test(status_words_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
