/* Requests, sizes and every way in which a card can fail one. ifdhandler.md 1, 4, 6 to 9, 16. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <reader.h>
#include <winscard.h>

#include "ifdhandler/link.h"
#include "stage.h"

enum { PCSCD_BUFFER = 65548 };

static struct fake_card card;

static int
one_card_up(void **state)
{
	struct stage *stage;

	if (stage_up(state) != 0)
		return -1;
	stage = *state;
	start_card(&card, stage, "anna", FAKE_GOOD);
	start_reader(stage);
	assert_true(host_saw(&stage->host, 1, 0, SOON_MS));
	return 0;
}

static int
one_card_down(void **state)
{
	struct stage *stage = *state;

	host_close(&stage->host);
	fake_card_stop(&card);
	return stage_down(state);
}

static void
the_cards_answer_is_passed_on(void **state)
{
	struct stage *stage = *state;
	char text[64];

	assert_string_equal(host_exchange(&stage->host, "00A40000", text), "6D00");
}

static void
protocol_power_on_and_reset_reach_the_card(void **state)
{
	struct stage *stage = *state;
	UCHAR atr[MAX_ATR_SIZE];
	DWORD atr_len;
	char text[64];

	assert_int_equal(host_power(&stage->host, IFD_RESET, atr, &atr_len), IFD_SUCCESS);
	assert_string_equal(host_exchange(&stage->host, "801D0000", text), "0101019000");
}

static void
commands_too_short_to_be_one_never_reach_the_card(void **state)
{
	struct stage *stage = *state;
	const char *commands[] = {"", "00", "00A4", "00A400"};
	char text[64];

	for (size_t i = 0; i < 4; i++)
		assert_string_equal(host_exchange(&stage->host, commands[i], text), "6700");
	assert_int_equal(atomic_load(&card.requests), 0);
}

static void
send_long(struct host *host, size_t length, const char *expected)
{
	UCHAR *capdu = calloc(1, length), *rapdu = malloc(PCSCD_BUFFER);
	DWORD rapdu_len = PCSCD_BUFFER;
	char text[32] = "";

	capdu[0] = 0x80;
	capdu[1] = 0x11;
	assert_int_equal(host_transmit(host, capdu, length, rapdu, &rapdu_len), IFD_SUCCESS);
	for (size_t i = 0; i < rapdu_len && i < 8; i++)
		snprintf(text + 2 * i, 3, "%02X", rapdu[i]);
	assert_string_equal(text, expected);
	free(rapdu);
	free(capdu);
}

static void
the_longest_command_goes_through(void **state)
{
	struct stage *stage = *state;

	send_long(&stage->host, 65544, "000100089000");
}

static void
a_longer_command_does_not(void **state)
{
	struct stage *stage = *state;

	send_long(&stage->host, 65545, "6700");
	assert_int_equal(atomic_load(&card.requests), 0);
}

static void
the_longest_answer_comes_back(void **state)
{
	struct stage *stage = *state;
	UCHAR *rapdu = malloc(PCSCD_BUFFER);
	DWORD length = PCSCD_BUFFER;

	assert_int_equal(host_transmit(&stage->host, "\x80\x10\x00\x00", 4, rapdu, &length),
			 IFD_SUCCESS);
	assert_int_equal(length, 65538);
	assert_memory_equal(rapdu + 65535, "\xA5\x90\x00", 3);
	free(rapdu);
}

static void
an_answer_longer_than_the_buffer_is_an_error_and_the_card_stays(void **state)
{
	struct stage *stage = *state;
	UCHAR rapdu[16];
	DWORD length = sizeof rapdu;
	char text[64];

	assert_int_equal(host_transmit(&stage->host, "\x80\x10\x00\x10", 4, rapdu, &length),
			 IFD_ERROR_INSUFFICIENT_BUFFER);
	assert_int_equal(length, 0);
	assert_string_equal(host_exchange(&stage->host, "00A40000", text), "6D00");
}

static void
a_busy_card_may_take_longer_than_the_silence(void **state)
{
	struct stage *stage = *state;
	char text[64];

	/* 0x0400 ms, more than twice SILENCE_MS */
	assert_string_equal(host_exchange(&stage->host, "80120400", text), "9000");
	assert_true(host_saw(&stage->host, 1, 0, 0));
}

/* The client gets 612 without an answer; the card is out, then in, then good again. */
static void
fails_and_recovers(struct stage *stage, const char *command)
{
	char text[64];
	int64_t start = host_clock_ms();

	assert_string_equal(host_exchange(&stage->host, command, text), "612");
	assert_in_range(host_clock_ms() - start, 0, 1000);
	assert_true(host_saw(&stage->host, 2, 1, SOON_MS));
	assert_string_equal(host_exchange(&stage->host, "801D0000", text), "0101009000");
}

static void
a_card_that_hangs_up_in_mid_request_fails_it_and_recovers(void **state)
{
	fails_and_recovers(*state, "80140000");
}

static void
an_unknown_kind_fails_the_request_and_the_card_recovers(void **state)
{
	fails_and_recovers(*state, "80150000");
}

static void
an_oversized_answer_fails_the_request_and_the_card_recovers(void **state)
{
	fails_and_recovers(*state, "80160000");
}

static void
an_answer_without_a_status_word_fails_the_request_and_the_card_recovers(void **state)
{
	fails_and_recovers(*state, "80170000");
}

static void
an_answer_to_another_question_fails_the_request_and_the_card_recovers(void **state)
{
	fails_and_recovers(*state, "80180000");
}

static void
an_empty_message_fails_the_request_and_the_card_recovers(void **state)
{
	fails_and_recovers(*state, "801A0000");
}

static void
a_silent_card_fails_the_request_and_recovers(void **state)
{
	/* 0x0800 ms, five times SILENCE_MS */
	fails_and_recovers(*state, "80130800");
}

static void
an_answer_nobody_asked_for_does_not_become_the_next_answer(void **state)
{
	struct stage *stage = *state;
	char text[64];

	assert_string_equal(host_exchange(&stage->host, "80190000", text), "9000");
	nanosleep(&(struct timespec){0, 100000000}, NULL);
	fails_and_recovers(stage, "00A40000");
}

static void
a_card_that_ends_in_mid_request_is_absent(void **state)
{
	struct stage *stage = *state;
	char text[64];

	assert_string_equal(host_exchange(&stage->host, "801B0000", text), "612");
	assert_true(host_saw(&stage->host, 1, 1, SOON_MS));
	assert_string_equal(host_exchange(&stage->host, "00A40000", text), "612");
}

static void
a_card_without_power_gets_no_command(void **state)
{
	struct stage *stage = *state;
	DWORD atr_len = 0;
	char text[64];

	assert_int_equal(host_power(&stage->host, IFD_POWER_DOWN, NULL, &atr_len), IFD_SUCCESS);
	assert_string_equal(host_exchange(&stage->host, "00A40000", text), "612");
	assert_int_equal(atomic_load(&card.requests), 0);
}

static size_t
open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static void
a_descriptor_that_comes_with_an_answer_is_not_let_in(void **state)
{
	struct stage *stage = *state;
	size_t before = open_descriptors();
	char text[64];

	assert_string_equal(host_exchange(&stage->host, "801C0000", text), "9000");
	assert_int_equal(open_descriptors(), before);
}

/* pcscd waits half a second for the slot's mutex, then closes anyway. */
static void *
close_channel_when_asked(void *unused)
{
	while (atomic_load(&card.requests) == 0)
		;
	IFDHCloseChannel(0);
	return unused;
}

static void
closing_the_channel_ends_an_open_request(void **state)
{
	struct stage *stage = *state;
	pthread_t closer;
	int64_t start = host_clock_ms();
	char text[64];

	start_card(&card, stage, "anna", FAKE_GOOD);
	open_powered(stage);
	assert_int_equal(pthread_create(&closer, NULL, close_channel_when_asked, NULL), 0);
	/* 0x7000 ms */
	assert_string_equal(host_exchange(&stage->host, "80127000", text), "612");
	assert_in_range(host_clock_ms() - start, 0, SOON_MS);
	pthread_join(closer, NULL);
	fake_card_stop(&card);
}

/* The card must not look mute, or be wedged: ifdhandler.md 6. */
static void
a_power_up_without_an_answer_gives_the_last_atr_and_then_a_removal(void **state)
{
	struct stage *stage = *state;
	static struct fake_card powerless;
	UCHAR atr[MAX_ATR_SIZE];
	DWORD atr_len = 0;
	int64_t start;

	start_card(&powerless, stage, "anna", FAKE_POWERLESS);
	assert_true(host_open(&stage->host, 0, stage->device));
	assert_int_equal(IFDHICCPresence(0), IFD_ICC_PRESENT);
	start = host_clock_ms();
	assert_int_equal(IFDHPowerICC(0, IFD_POWER_UP, atr, &atr_len), IFD_SUCCESS);
	assert_in_range(host_clock_ms() - start, 0, 1500);
	assert_int_equal(atr_len, 6);
	assert_int_equal(IFDHICCPresence(0), IFD_ICC_NOT_PRESENT);

	IFDHCloseChannel(0);
	fake_card_stop(&powerless);
}

static void
powering_an_empty_slot_up_fails_and_down_does_not(void **state)
{
	struct stage *stage = *state;
	UCHAR atr[MAX_ATR_SIZE];
	DWORD atr_len = 1;

	assert_true(host_open(&stage->host, 0, stage->device));
	assert_int_equal(IFDHPowerICC(0, IFD_POWER_UP, atr, &atr_len), IFD_ERROR_POWER_ACTION);
	assert_int_equal(atr_len, 0);
	atr_len = 1;
	assert_int_equal(IFDHPowerICC(0, IFD_POWER_DOWN, NULL, &atr_len), IFD_SUCCESS);
	assert_int_equal(atr_len, 0);

	IFDHCloseChannel(0);
}

/* ifdhandler.md 3.1; a value is given in hex. */
static void
attribute_is(DWORD tag, const char *expected)
{
	UCHAR value[264];
	DWORD length = sizeof value;
	char text[80] = "";

	assert_int_equal(IFDHGetCapabilities(0, tag, &length, value), IFD_SUCCESS);
	assert_in_range(length, 0, 32);
	for (size_t i = 0; i < length; i++)
		snprintf(text + 2 * i, 3, "%02X", value[i]);
	assert_string_equal(text, expected);
}

static void
tags_and_attributes_are_answered(void **state)
{
	(void)state;
	attribute_is(TAG_IFD_SIMULTANEOUS_ACCESS, "FF");
	attribute_is(TAG_IFD_THREAD_SAFE, "01");
	attribute_is(TAG_IFD_SLOT_THREAD_SAFE, "01");
	attribute_is(TAG_IFD_SLOTS_NUMBER, "01");
	attribute_is(SCARD_ATTR_ICC_PRESENCE, "02");
	attribute_is(SCARD_ATTR_ICC_INTERFACE_STATUS, "01");
	attribute_is(SCARD_ATTR_ATR_STRING, "3B8181016160");
	attribute_is(TAG_IFD_ATR, "3B8181016160");
	attribute_is(SCARD_ATTR_VENDOR_NAME, "566963617200");
	attribute_is(SCARD_ATTR_MAXINPUT, "08000100");
	attribute_is(SCARD_ATTR_CHARACTERISTICS, "00000000");
	attribute_is(SCARD_ATTR_CURRENT_PROTOCOL_TYPE, "02000000");
	attribute_is(SCARD_ATTR_CHANNEL_ID, "0000F000");
}

static void
the_atr_is_empty_while_there_is_no_power(void **state)
{
	struct stage *stage = *state;
	DWORD atr_len = 0;

	assert_int_equal(host_power(&stage->host, IFD_POWER_DOWN, NULL, &atr_len), IFD_SUCCESS);
	attribute_is(SCARD_ATTR_ATR_STRING, "");
	attribute_is(SCARD_ATTR_ICC_INTERFACE_STATUS, "00");
	attribute_is(SCARD_ATTR_ICC_PRESENCE, "02");
}

static void
what_is_unknown_is_refused_and_empty(void **state)
{
	const DWORD tags[] = {TAG_IFD_POLLING_THREAD_KILLABLE, TAG_IFD_DEVICE_REMOVED, 0};
	UCHAR value[264] = {1};

	(void)state;
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
		DWORD length = sizeof value;

		assert_int_equal(IFDHGetCapabilities(0, tags[i], &length, value), IFD_ERROR_TAG);
		assert_int_equal(length, 0);
	}
	assert_int_equal(IFDHSetCapabilities(0, TAG_IFD_DEVICE_REMOVED, 1, value), IFD_ERROR_TAG);
}

static void
the_readers_name_is_left_to_pcscd_with_its_room(void **state)
{
	UCHAR value[264];
	DWORD length = sizeof value;

	(void)state;
	assert_int_equal(IFDHGetCapabilities(0, SCARD_ATTR_DEVICE_FRIENDLY_NAME_A, &length, value),
			 IFD_ERROR_TAG);
	assert_int_equal(length, sizeof value);
}

static void
a_value_longer_than_the_room_is_not_cut(void **state)
{
	UCHAR value[2];
	DWORD length = sizeof value;

	(void)state;
	assert_int_equal(IFDHGetCapabilities(0, SCARD_ATTR_VENDOR_NAME, &length, value),
			 IFD_ERROR_INSUFFICIENT_BUFFER);
	assert_int_equal(length, 0);
}

static void
control_is(DWORD code, DWORD room, RESPONSECODE result, const void *expected, DWORD length)
{
	UCHAR *answer = malloc(PCSCD_BUFFER);
	DWORD returned = 99;

	assert_int_equal(IFDHControl(0, code, NULL, 0, answer, room, &returned), result);
	assert_int_equal(returned, length);
	assert_memory_equal(answer, expected, length);
	free(answer);
}

/* ifdhandler.md 9 */
static void
one_feature_is_listed_and_tells_the_longest_command(void **state)
{
	static const UCHAR list[] = {0x12, 0x04, 0x42, 0x33, 0x00, 0x12};
	static const UCHAR properties[] = {0x0A, 0x04, 0x00, 0x00, 0x01, 0x00};

	(void)state;
	control_is(CM_IOCTL_GET_FEATURE_REQUEST, PCSCD_BUFFER, IFD_SUCCESS, list, sizeof list);
	control_is(0x00313520, PCSCD_BUFFER, IFD_SUCCESS, list, sizeof list);
	control_is(0x42330012, PCSCD_BUFFER, IFD_SUCCESS, properties, sizeof properties);
	control_is(0x42330012, 5, IFD_ERROR_INSUFFICIENT_BUFFER, "", 0);
	control_is(0x42000001, PCSCD_BUFFER, IFD_ERROR_NOT_SUPPORTED, "", 0);
	control_is(0x42330006, PCSCD_BUFFER, IFD_ERROR_NOT_SUPPORTED, "", 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, one_card_up, one_card_down)
#define TEST_EMPTY(name) cmocka_unit_test_setup_teardown(name, stage_up, stage_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_cards_answer_is_passed_on),
	    TEST(protocol_power_on_and_reset_reach_the_card),
	    TEST(commands_too_short_to_be_one_never_reach_the_card),
	    TEST(the_longest_command_goes_through),
	    TEST(a_longer_command_does_not),
	    TEST(the_longest_answer_comes_back),
	    TEST(an_answer_longer_than_the_buffer_is_an_error_and_the_card_stays),
	    TEST(a_busy_card_may_take_longer_than_the_silence),
	    TEST(a_card_that_hangs_up_in_mid_request_fails_it_and_recovers),
	    TEST(an_unknown_kind_fails_the_request_and_the_card_recovers),
	    TEST(an_oversized_answer_fails_the_request_and_the_card_recovers),
	    TEST(an_answer_without_a_status_word_fails_the_request_and_the_card_recovers),
	    TEST(an_answer_to_another_question_fails_the_request_and_the_card_recovers),
	    TEST(an_empty_message_fails_the_request_and_the_card_recovers),
	    TEST(a_silent_card_fails_the_request_and_recovers),
	    TEST(an_answer_nobody_asked_for_does_not_become_the_next_answer),
	    TEST(a_card_that_ends_in_mid_request_is_absent),
	    TEST(a_card_without_power_gets_no_command),
	    TEST(a_descriptor_that_comes_with_an_answer_is_not_let_in),
	    TEST_EMPTY(closing_the_channel_ends_an_open_request),
	    TEST_EMPTY(a_power_up_without_an_answer_gives_the_last_atr_and_then_a_removal),
	    TEST_EMPTY(powering_an_empty_slot_up_fails_and_down_does_not),
	    TEST(tags_and_attributes_are_answered),
	    TEST(the_atr_is_empty_while_there_is_no_power),
	    TEST(what_is_unknown_is_refused_and_empty),
	    TEST(the_readers_name_is_left_to_pcscd_with_its_room),
	    TEST(a_value_longer_than_the_room_is_not_cut),
	    TEST(one_feature_is_listed_and_tells_the_longest_command),
	};

	return cmocka_run_group_tests_name("reader: requests", tests, NULL, NULL);
}
