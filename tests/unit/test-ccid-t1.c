/*
 * T=1, blocks and the card's end of the protocol.
 *
 * Blocks with LRC are those that libccid 1.5.2 sent, ifdhandler.md 13.4; with CRC those that libccid and
 * a Gemalto reader exchanged with an OsEID card (OsEID, doc/T1_CRC.txt). The exchanges are the
 * scenarios of ISO/IEC 7816-3:2006 Annex A: > is the interface device's block, < the card's.
 */
#include "tools/ccid-simulator/t1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hex.h"

static const char *const with_lrc[] = {
    "00 C1 01 FE 3E",
    "00 E1 01 FE 1E",
    "00 00 07 00 A4 00 0C 02 3F 00 92",
    "00 00 02 90 00 92",
    "00 40 05 00 84 00 00 08 C9",
};

static const char *const with_crc[] = {
    "00 C1 01 FE 54 4E", "00 E1 01 FE 57 75", "00 00 05 00 A4 00 00 00 B8 DA",
    "00 90 00 20 6E",    "00 80 00 B5 FF",    "00 60 07 00 02 8A 01 AA 90 00 A6 33",
};

static void
assert_round_trip(const char *text, bool crc)
{
	const struct hex bytes = hex(text);
	struct hex damaged = bytes;
	uint8_t room[T1_BLOCK_MAX];
	struct writer again = writer_to(room, sizeof(room));
	struct t1_block block;

	assert_int_equal(t1_block_parse(HEX(bytes), crc, &block), T1_GOOD);
	t1_block_put(block.nad, block.pcb, block.inf, crc, &again);
	assert_bytes_hex(writer_bytes(&again), text);
	for (size_t i = 0; i < bytes.len; i++) {
		damaged.data[i] ^= 0x01;
		assert_int_not_equal(t1_block_parse(HEX(damaged), crc, &block), T1_GOOD);
		damaged.data[i] ^= 0x01;
	}
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_not_equal(t1_block_parse((struct bytes){bytes.data, len}, crc, &block),
				     T1_GOOD);
}

static void
published_blocks_are_read_and_written_and_none_that_is_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(with_lrc) / sizeof(with_lrc[0]); i++)
		assert_round_trip(with_lrc[i], false);
	for (size_t i = 0; i < sizeof(with_crc) / sizeof(with_crc[0]); i++)
		assert_round_trip(with_crc[i], true);
}

static void
a_pcb_that_no_block_has_is_bad(void **state)
{
	/* Tables 11 to 13: reserved bits of I and R, R with data, unknown S, IFS without its byte. */
	static const char *const bad[] = {"00 01 00 01", "00 84 00 84",    "00 83 00 83",
					  "00 C4 00 C4", "00 80 01 00 81", "00 C1 00 C1",
					  "00 A0 00 A0", "00 C0 01 00 C1"};
	struct t1_block block;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct hex bytes = hex(bad[i]);

		assert_int_equal(t1_block_parse(HEX(bytes), false, &block), T1_BAD_BLOCK);
	}
}

/*
 * The card's end.
 */
static int
fresh(void **state)
{
	struct t1 *t1 = calloc(1, sizeof(*t1));

	assert_non_null(t1);
	t1_begin(t1, false, 254);
	*state = t1;
	return 0;
}

static int
gone(void **state)
{
	free(*state);
	return 0;
}

static uint8_t sent[T1_BLOCK_MAX];
static struct writer answer;

static enum t1_event
receive(struct t1 *t1, uint8_t pcb, const char *inf)
{
	const struct hex bytes = hex(inf);
	uint8_t room[T1_BLOCK_MAX];
	struct writer block = writer_to(room, sizeof(room));

	t1_block_put(0x00, pcb, HEX(bytes), t1->crc, &block);
	answer = writer_to(sent, sizeof(sent));
	return t1_receive(t1, writer_bytes(&block), &answer);
}

static void
assert_sent(uint8_t pcb, const char *inf)
{
	struct t1_block block;

	assert_int_equal(t1_block_parse(writer_bytes(&answer), false, &block), T1_GOOD);
	assert_int_equal(block.pcb, pcb);
	assert_bytes_hex(block.inf, inf);
}

static void
assert_answers(struct t1 *t1, uint8_t pcb, const char *inf, uint8_t sent_pcb, const char *sent_inf)
{
	assert_int_equal(receive(t1, pcb, inf), T1_ANSWERS);
	assert_sent(sent_pcb, sent_inf);
}

static void
respond(struct t1 *t1, const char *text)
{
	const struct hex rapdu = hex(text);

	answer = writer_to(sent, sizeof(sent));
	t1_respond(t1, HEX(rapdu), &answer);
}

static void
assert_command(struct t1 *t1, uint8_t pcb, const char *inf, const char *command)
{
	assert_int_equal(receive(t1, pcb, inf), T1_COMMAND);
	assert_bytes_hex(t1_command(t1), command);
}

/* What is not understood, whatever it is. */
static void
receive_garbage(struct t1 *t1)
{
	static const uint8_t garbage[] = {0x00, 0x00, 0x01, 0x55, 0xFF};

	answer = writer_to(sent, sizeof(sent));
	assert_int_equal(t1_receive(t1, BYTES(garbage), &answer), T1_ANSWERS);
}

enum {
	I_0 = 0x00,
	I_1 = 0x40,
	I_0_MORE = 0x20,
	I_1_MORE = 0x60,
	R_0 = 0x80,
	R_1 = 0x90,
	EDC = 1,
	OTHER = 2,
	RESPONSE = 0x20
};

static void
i_blocks_are_exchanged(void **state)
{
	struct t1 *t1 = *state;

	assert_command(t1, I_0, "00 A4 00 0C", "00 A4 00 0C");
	respond(t1, "90 00");
	assert_sent(I_0, "90 00");
	assert_command(t1, I_1, "00 84 00 00 08", "00 84 00 00 08");
	respond(t1, "6A 81");
	assert_sent(I_1, "6A 81");
}

static void
the_waiting_time_is_extended_as_often_as_needed(void **state)
{
	struct t1 *t1 = *state;

	assert_command(t1, I_0, "AA", "AA");
	for (uint8_t multiplier = 1; multiplier < 4; multiplier++) {
		char text[3];

		snprintf(text, sizeof(text), "%02X", multiplier);
		answer = writer_to(sent, sizeof(sent));
		t1_ask_time(t1, multiplier, &answer);
		assert_sent(T1_S_WTX, text);
		assert_int_equal(receive(t1, T1_S_WTX | RESPONSE, text), T1_GRANTED);
		assert_int_equal(answer.len, 0);
	}
	respond(t1, "90 00");
	assert_sent(I_0, "90 00");
}

static void
ifsd_is_adjusted(void **state)
{
	struct t1 *t1 = *state;

	assert_answers(t1, T1_S_IFS, "02", T1_S_IFS | RESPONSE, "02");
	assert_command(t1, I_0, "AA", "AA");
	respond(t1, "01 90 00");
	assert_sent(I_0_MORE, "01 90");
	assert_answers(t1, R_1, "", I_1, "00");
}

static void
ifsd_is_32_until_then_and_never_0_or_255(void **state)
{
	struct t1 *t1 = *state;
	uint8_t rapdu[64] = {0};

	assert_answers(t1, T1_S_IFS, "00", R_0 | OTHER, "");
	assert_answers(t1, T1_S_IFS, "FF", R_0 | OTHER, "");
	assert_command(t1, I_0, "AA", "AA");
	answer = writer_to(sent, sizeof(sent));
	t1_respond(t1, BYTES(rapdu), &answer);
	assert_int_equal(answer.len, T1_PROLOGUE_LEN + T1_DEFAULT_IFSD + 1);
}

static void
both_ends_chain(void **state)
{
	struct t1 *t1 = *state;

	assert_answers(t1, T1_S_IFS, "02", T1_S_IFS | RESPONSE, "02");
	assert_answers(t1, I_0_MORE, "01 02", R_1, "");
	assert_answers(t1, I_1_MORE, "03 04", R_0, "");
	assert_command(t1, I_0, "05", "01 02 03 04 05");
	respond(t1, "11 12 13 90 00");
	assert_sent(I_0_MORE, "11 12");
	assert_answers(t1, R_1, "", I_1_MORE, "13 90");
	assert_answers(t1, R_0, "", I_0, "00");
	assert_command(t1, I_1, "06", "06");
}

static void
a_damaged_block_is_asked_for_again(void **state)
{
	struct t1 *t1 = *state;

	receive_garbage(t1);
	assert_sent(R_0 | EDC, "");
	assert_command(t1, I_0, "AA", "AA");
	respond(t1, "90 00");
	assert_sent(I_0, "90 00");
	receive_garbage(t1);
	assert_sent(R_1 | EDC, "");
}

static void
a_response_that_was_damaged_is_sent_again(void **state)
{
	struct t1 *t1 = *state;

	assert_command(t1, I_0, "AA", "AA");
	respond(t1, "90 00");
	assert_answers(t1, R_0 | EDC, "", I_0, "90 00");
	assert_answers(t1, R_0 | OTHER, "", I_0, "90 00");
	assert_command(t1, I_1, "BB", "BB");
}

static void
a_part_of_a_chain_is_sent_again_and_the_chain_goes_on(void **state)
{
	struct t1 *t1 = *state;

	assert_answers(t1, T1_S_IFS, "01", T1_S_IFS | RESPONSE, "01");
	assert_command(t1, I_0, "AA", "AA");
	respond(t1, "11 90 00");
	assert_answers(t1, R_1, "", I_1_MORE, "90");
	assert_answers(t1, R_1 | EDC, "", I_1_MORE, "90");
	receive_garbage(t1);
	assert_sent(R_1 | EDC, "");
	assert_answers(t1, R_0, "", I_0, "00");
}

static void
a_complaint_that_was_damaged_is_made_again(void **state)
{
	struct t1 *t1 = *state;

	receive_garbage(t1);
	assert_sent(R_0 | EDC, "");
	assert_answers(t1, R_0 | EDC, "", R_0 | EDC, "");
	assert_command(t1, I_0, "AA", "AA");
}

static void
a_request_for_time_is_made_again_until_it_is_answered(void **state)
{
	struct t1 *t1 = *state;

	assert_command(t1, I_0, "AA", "AA");
	answer = writer_to(sent, sizeof(sent));
	t1_ask_time(t1, 7, &answer);
	receive_garbage(t1);
	assert_sent(T1_S_WTX, "07");
	assert_answers(t1, R_0 | EDC, "", T1_S_WTX, "07");
	assert_answers(t1, T1_S_WTX | RESPONSE, "06", T1_S_WTX, "07");
	assert_answers(t1, I_1, "BB", T1_S_WTX, "07");
	assert_int_equal(receive(t1, T1_S_WTX | RESPONSE, "07"), T1_GRANTED);
}

static void
a_number_out_of_turn_is_refused(void **state)
{
	struct t1 *t1 = *state;

	assert_answers(t1, I_1, "AA", R_0 | OTHER, "");
	assert_command(t1, I_0, "AA", "AA");
	respond(t1, "90 00");
	assert_answers(t1, I_0, "AA", R_1 | OTHER, "");
}

static void
more_than_the_card_takes_at_once_is_refused(void **state)
{
	struct t1 *t1 = *state;

	t1_begin(t1, false, 2);
	assert_answers(t1, I_0, "01 02 03", R_0 | OTHER, "");
	assert_command(t1, I_0, "01 02", "01 02");
}

static void
after_resynchronisation_all_begins_anew(void **state)
{
	struct t1 *t1 = *state;

	assert_answers(t1, T1_S_IFS, "01", T1_S_IFS | RESPONSE, "01");
	assert_command(t1, I_0, "AA", "AA");
	respond(t1, "90 00");
	assert_answers(t1, T1_S_RESYNCH, "", T1_S_RESYNCH | RESPONSE, "");
	assert_command(t1, I_0, "BB", "BB");
	respond(t1, "90 00");
	assert_sent(I_0, "90 00");
}

static void
an_aborted_chain_is_forgotten(void **state)
{
	struct t1 *t1 = *state;

	assert_answers(t1, I_0_MORE, "AA", R_1, "");
	assert_answers(t1, T1_S_ABORT, "", T1_S_ABORT | RESPONSE, "");
	assert_command(t1, I_1, "BB", "BB");
}

static void
a_command_that_is_worked_on_is_dropped_by_resynchronisation_and_abort(void **state)
{
	struct t1 *t1 = *state;
	const uint8_t requests[] = {T1_S_RESYNCH, T1_S_ABORT};

	for (size_t i = 0; i < sizeof(requests); i++) {
		t1_begin(t1, false, 254);
		assert_command(t1, I_0, "AA", "AA");
		answer = writer_to(sent, sizeof(sent));
		t1_ask_time(t1, 1, &answer);
		assert_int_equal(receive(t1, requests[i], ""), T1_DROPPED);
		assert_sent(requests[i] | RESPONSE, "");
	}
}

static void
only_the_card_asks_for_time(void **state)
{
	struct t1 *t1 = *state;

	assert_answers(t1, T1_S_WTX, "01", R_0 | OTHER, "");
	assert_answers(t1, T1_S_WTX | RESPONSE, "01", R_0 | OTHER, "");
	assert_answers(t1, T1_S_ABORT | RESPONSE, "", R_0 | OTHER, "");
}

static void
a_reader_that_begins_with_a_complaint_is_complained_to(void **state)
{
	assert_answers(*state, R_0, "", R_0 | OTHER, "");
}

static void
addresses_change_places(void **state)
{
	struct t1 *t1 = *state;
	uint8_t room[T1_BLOCK_MAX];
	struct writer block = writer_to(room, sizeof(room));

	t1_block_put(0x21, T1_S_IFS, BYTES_TEXT("\x20"), false, &block);
	answer = writer_to(sent, sizeof(sent));
	assert_int_equal(t1_receive(t1, writer_bytes(&block), &answer), T1_ANSWERS);
	assert_int_equal(sent[0], 0x12);
}

static void
a_chain_without_end_is_a_command_of_no_bytes_and_writes_nowhere(void **state)
{
	struct t1 *t1 = *state;
	char inf[2 * 254 + 1];
	bool number = false;

	memset(inf, 'A', sizeof(inf) - 1);
	inf[sizeof(inf) - 1] = '\0';
	for (size_t len = 0; len <= CAPDU_LEN_MAX; len += 254, number = !number)
		assert_int_equal(receive(t1, t1_i_pcb(number, true), inf), T1_ANSWERS);
	assert_int_equal(receive(t1, t1_i_pcb(number, false), inf), T1_COMMAND);
	assert_int_equal(t1_command(t1).len, 0);
	respond(t1, "67 00");
	assert_sent(I_0, "67 00");
	assert_command(t1, t1_i_pcb(!number, false), "AA", "AA");
}

#define T1_TEST(test) cmocka_unit_test_setup_teardown(test, fresh, gone)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(published_blocks_are_read_and_written_and_none_that_is_damaged),
	    cmocka_unit_test(a_pcb_that_no_block_has_is_bad),
	    T1_TEST(i_blocks_are_exchanged),
	    T1_TEST(the_waiting_time_is_extended_as_often_as_needed),
	    T1_TEST(ifsd_is_adjusted),
	    T1_TEST(ifsd_is_32_until_then_and_never_0_or_255),
	    T1_TEST(both_ends_chain),
	    T1_TEST(a_damaged_block_is_asked_for_again),
	    T1_TEST(a_response_that_was_damaged_is_sent_again),
	    T1_TEST(a_part_of_a_chain_is_sent_again_and_the_chain_goes_on),
	    T1_TEST(a_complaint_that_was_damaged_is_made_again),
	    T1_TEST(a_request_for_time_is_made_again_until_it_is_answered),
	    T1_TEST(a_number_out_of_turn_is_refused),
	    T1_TEST(more_than_the_card_takes_at_once_is_refused),
	    T1_TEST(after_resynchronisation_all_begins_anew),
	    T1_TEST(an_aborted_chain_is_forgotten),
	    T1_TEST(a_command_that_is_worked_on_is_dropped_by_resynchronisation_and_abort),
	    T1_TEST(only_the_card_asks_for_time),
	    T1_TEST(a_reader_that_begins_with_a_complaint_is_complained_to),
	    T1_TEST(addresses_change_places),
	    T1_TEST(a_chain_without_end_is_a_command_of_no_bytes_and_writes_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
