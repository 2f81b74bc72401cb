/* PIN requests through the reader: what it judges itself, and what it leaves to the card. ifdhandler.md 9. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ifdhandler/link.h"
#include "stage.h"

enum { VERIFY_CODE = 0x42330006, MODIFY_CODE = 0x42330007 };

static struct fake_card card;

static int
pad_up(void **state)
{
	UCHAR atr[MAX_ATR_SIZE];
	DWORD atr_len = 0;
	struct stage *stage;
	char device[2 * STAGE_PATH];

	if (stage_up(state) != 0)
		return -1;
	stage = *state;
	start_card(&card, stage, "anna", FAKE_GOOD);
	snprintf(device, sizeof device, "vicar:%s:1:pinpad:silence=%d", stage->directory,
		 SILENCE_MS);
	assert_true(host_open(&stage->host, 0, device));
	assert_int_equal(host_power(&stage->host, IFD_POWER_UP, atr, &atr_len), IFD_SUCCESS);
	return 0;
}

static int
pad_down(void **state)
{
	/* Nobody polls: there is no thread to be waited for. */
	IFDHCloseChannel(0);
	fake_card_stop(&card);
	return stage_down(state);
}

/* What SCardControl answers to a structure of `length` bytes with this command of the fake card. */
static const char *
control(DWORD code, const char *command, size_t length, DWORD room, char text[32])
{
	const size_t header = code == VERIFY_CODE ? LINK_PIN_VERIFY_HEADER : LINK_PIN_MODIFY_HEADER;
	UCHAR structure[300] = {0}, answer[64];
	DWORD returned = 99;
	RESPONSECODE r;

	for (size_t i = 0; i < 4; i++) {
		const char byte[] = {command[2 * i], command[2 * i + 1], '\0'};

		structure[header + i] = (UCHAR)strtoul(byte, NULL, 16);
	}
	r = IFDHControl(0, code, structure, length, answer, room, &returned);
	if (r != IFD_SUCCESS) {
		assert_int_equal(returned, 0);
		snprintf(text, 32, "%ld", (long)r);
		return text;
	}
	text[0] = '\0';
	for (size_t i = 0; i < returned && i < 8; i++)
		snprintf(text + 2 * i, 3, "%02X", answer[i]);
	return text;
}

static void
the_cards_status_word_is_the_answer(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(control(VERIFY_CODE, "801E63C2", 23, 64, text), "63C2");
	assert_string_equal(control(MODIFY_CODE, "801E6402", 28, 2, text), "6402");
}

static void
structures_of_other_lengths_never_reach_the_card(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(control(VERIFY_CODE, "801E9000", 22, 64, text), "6B80");
	assert_string_equal(control(VERIFY_CODE, "801E9000", 0, 64, text), "6B80");
	assert_string_equal(control(VERIFY_CODE, "801E9000", 280, 64, text), "6B80");
	assert_string_equal(control(MODIFY_CODE, "801E9000", 27, 64, text), "6B80");
	assert_string_equal(control(MODIFY_CODE, "801E9000", 285, 64, text), "6B80");
	assert_int_equal(atomic_load(&card.requests), 0);
}

static void
without_room_for_the_answer_nobody_is_asked(void **state)
{
	char text[32], expected[16];

	(void)state;
	snprintf(expected, sizeof expected, "%d", IFD_ERROR_INSUFFICIENT_BUFFER);
	assert_string_equal(control(VERIFY_CODE, "801E9000", 23, 1, text), expected);
	assert_int_equal(atomic_load(&card.requests), 0);
}

static void
a_card_that_says_busy_is_waited_for(void **state)
{
	char text[32];

	(void)state;
	assert_true(3 * SILENCE_MS <= 0xFFFF);
	snprintf(text, sizeof text, "8012%04X", 3 * SILENCE_MS);
	assert_string_equal(control(VERIFY_CODE, text, 23, 64, text), "9000");
}

static void
more_than_a_status_word_is_no_answer(void **state)
{
	char text[32], expected[16];

	(void)state;
	snprintf(expected, sizeof expected, "%d", IFD_ERROR_INSUFFICIENT_BUFFER);
	assert_string_equal(control(VERIFY_CODE, "80100004", 23, 64, text), expected);
}

static void
a_card_that_hangs_up_fails_it(void **state)
{
	char text[32], expected[16];

	(void)state;
	snprintf(expected, sizeof expected, "%d", IFD_COMMUNICATION_ERROR);
	assert_string_equal(control(VERIFY_CODE, "80140000", 23, 64, text), expected);
}

static void
a_pseudo_apdu_does_the_same(void **state)
{
	struct stage *stage = *state;
	char text[64], capdu[128];

	snprintf(capdu, sizeof capdu, "FFC2010617%038d801E63C1", 0);
	assert_string_equal(host_exchange(&stage->host, capdu, text), "63C1");
	assert_string_equal(host_exchange(&stage->host, "FFC20106020000", text), "6B80");
	assert_string_equal(host_exchange(&stage->host, "FFC201060200", text), "6700");
	assert_string_equal(host_exchange(&stage->host, "FFC2010000", text), "06070A129000");
	assert_string_equal(host_exchange(&stage->host, "FFC2010A00", text), "000002009000");
	assert_string_equal(host_exchange(&stage->host, "FFC2010100", text), "6A81");
	assert_string_equal(host_exchange(&stage->host, "FFC2020000", text),
			    "6D00"); /* the card's */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pad_up, pad_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_cards_status_word_is_the_answer),
	    TEST(structures_of_other_lengths_never_reach_the_card),
	    TEST(without_room_for_the_answer_nobody_is_asked),
	    TEST(a_card_that_says_busy_is_waited_for),
	    TEST(more_than_a_status_word_is_no_answer),
	    TEST(a_card_that_hangs_up_fails_it),
	    TEST(a_pseudo_apdu_does_the_same),
	};

	return cmocka_run_group_tests_name("reader: PIN pad", tests, NULL, NULL);
}
