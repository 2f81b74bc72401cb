/* The reader on a TCP port: cards of vsmartcard's protocol, and callers that are none. ifdhandler.md 14. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "host.h"
#include "vpcd-card.h"

enum {
	SOON_MS = 5000,
	SILENCE_MS = 400,
	BUFFER = 65548,
};

struct stage {
	unsigned port;
	char device[64];
	struct host host, second;
};

static int
stage_up(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);

	stage->port = vpcd_free_port();
	snprintf(stage->device, sizeof stage->device, "vpcd:%u:2:silence=%d", stage->port,
		 SILENCE_MS);
	if (!host_open(&stage->host, 0, stage->device) ||
	    !host_open(&stage->second, 1, stage->device))
		return -1;
	host_run(&stage->host);
	host_run(&stage->second);
	*state = stage;
	return 0;
}

static int
stage_down(void **state)
{
	struct stage *stage = *state;

	host_close(&stage->second);
	host_close(&stage->host);
	free(stage);
	return 0;
}

static void
start_card(struct vpcd_card *card, struct stage *stage, uint8_t historical)
{
	assert_true(vpcd_card_start(card, stage->port, historical));
	assert_true(host_saw(&stage->host, 1, 0, SOON_MS));
}

static const char *
exchange(struct stage *stage, const char *capdu)
{
	static char text[64];

	return host_exchange(&stage->host, capdu, text);
}

static void
a_card_that_calls_is_in_and_one_that_hangs_up_is_out(void **state)
{
	struct stage *stage = *state;
	struct vpcd_card card;

	start_card(&card, stage, 'a');
	assert_int_equal(stage->host.power, IFD_SUCCESS);
	assert_int_equal(stage->host.atr_len, 6);
	assert_int_equal(stage->host.atr[4], 'a');
	assert_string_equal(exchange(stage, "00A40000"), "6D00");
	vpcd_card_stop(&card);
	assert_true(host_saw(&stage->host, 1, 1, SOON_MS));
}

static void
each_slot_has_a_port_of_its_own(void **state)
{
	struct stage *stage = *state;
	struct vpcd_card a, b;

	assert_true(vpcd_card_start(&b, stage->port + 1, 'b'));
	assert_true(host_saw(&stage->second, 1, 0, SOON_MS));
	assert_int_equal(stage->second.atr[4], 'b');
	start_card(&a, stage, 'a');
	assert_int_equal(stage->host.atr[4], 'a');
	vpcd_card_stop(&a);
	vpcd_card_stop(&b);
}

static void
power_and_reset_are_told_and_nothing_is_told_in_pieces(void **state)
{
	struct stage *stage = *state;
	struct vpcd_card card;
	UCHAR atr[MAX_ATR_SIZE];
	DWORD atr_len;

	start_card(&card, stage, 'a');
	assert_string_equal(exchange(stage, "801D0000"), "0100009000");
	assert_int_equal(host_power(&stage->host, IFD_RESET, atr, &atr_len), IFD_SUCCESS);
	assert_int_equal(atr_len, 6);
	assert_int_equal(host_power(&stage->host, IFD_POWER_DOWN, atr, &atr_len), IFD_SUCCESS);
	assert_string_equal(exchange(stage, "801D0000"), "612");
	assert_int_equal(host_power(&stage->host, IFD_POWER_UP, atr, &atr_len), IFD_SUCCESS);
	assert_string_equal(exchange(stage, "801D0000"), "0201019000");
	vpcd_card_stop(&card);
	assert_false(card.in_pieces);
}

static void
what_the_length_can_say_passes_and_what_it_cannot_is_not_sent(void **state)
{
	struct stage *stage = *state;
	UCHAR *command = calloc(1, BUFFER), *rapdu = malloc(BUFFER);
	DWORD length = BUFFER;
	struct vpcd_card card;

	start_card(&card, stage, 'a');
	command[0] = 0x80;
	command[1] = 0x11;
	assert_int_equal(host_transmit(&stage->host, command, 65535, rapdu, &length), IFD_SUCCESS);
	assert_int_equal(length, 6);
	assert_memory_equal(rapdu, "\x00\x00\xFF\xFF\x90\x00", 6);
	length = BUFFER;
	assert_int_equal(host_transmit(&stage->host, command, 65536, rapdu, &length), IFD_SUCCESS);
	assert_int_equal(length, 2);
	assert_memory_equal(rapdu, "\x67\x00", 2);
	command[1] = 0x10;
	command[2] = 0xFF;
	command[3] = 0xFD;
	length = BUFFER;
	assert_int_equal(host_transmit(&stage->host, command, 4, rapdu, &length), IFD_SUCCESS);
	assert_int_equal(length, 65535);
	assert_string_equal(exchange(stage, "00A40000"), "6D00");

	vpcd_card_stop(&card);
	free(command);
	free(rapdu);
}

static void
a_caller_that_waits_gets_in_when_the_card_goes_and_both_are_seen(void **state)
{
	struct stage *stage = *state;
	struct vpcd_card a, b;

	start_card(&a, stage, 'a');
	assert_true(vpcd_card_start(&b, stage->port, 'b'));
	assert_false(host_saw(&stage->host, 2, 0, 100));
	vpcd_card_stop(&a);
	assert_true(host_saw(&stage->host, 2, 1, SOON_MS));
	assert_int_equal(stage->host.atr[4], 'b');
	vpcd_card_stop(&b);
}

/* Each ends the card, and the next one works. */
static void
a_bad_answer_is_an_error_and_the_removal_of_the_card(void **state)
{
	static const char *const commands[] = {"80130000", "80140000", "80150000",
					       "80170000", "801A0000", "801E0000"};
	struct stage *stage = *state;

	for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		struct vpcd_card card;
		int64_t start;

		assert_true(vpcd_card_start(&card, stage->port, 'a'));
		assert_true(host_saw(&stage->host, i + 1, i, SOON_MS));
		start = host_clock_ms();
		assert_string_equal(exchange(stage, commands[i]), "612");
		assert_in_range(host_clock_ms() - start, 0, SILENCE_MS + SOON_MS / 2);
		assert_true(host_saw(&stage->host, i + 1, i + 1, SOON_MS));
		vpcd_card_stop(&card);
	}
}

static void
what_is_said_unasked_is_not_taken_for_the_next_answer(void **state)
{
	struct stage *stage = *state;
	struct vpcd_card card;

	start_card(&card, stage, 'a');
	assert_string_equal(exchange(stage, "80190000"), "9000");
	assert_string_equal(exchange(stage, "80110000"), "612");
	assert_true(host_saw(&stage->host, 1, 1, SOON_MS));
	vpcd_card_stop(&card);
}

/* None of them is ever in the reader, nor keeps the next caller out of it. */
static void
a_caller_that_is_no_card_is_hung_up_on(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} callers[] = {
	    {"", 0},                     /* silence */
	    {"\x00", 1},                 /* half a length */
	    {"\x00\x06\x3B", 3},         /* half an ATR */
	    {"\x00\x00", 2},             /* an empty one */
	    {"\x00\x01\x3B", 3},         /* one that is too short */
	    {"\x00\x03\x90\x00\x00", 5}, /* no TS */
	    {"\x00\x22\x3B", 3},         /* 34 bytes */
	    {"GET / HTTP/1.1\r\n\r\n", 18},
	    {"\xFF\xFF\xFF\xFF\xFF\xFF", 6},
	};
	struct stage *stage = *state;
	struct vpcd_card card;

	for (unsigned i = 0; i < sizeof callers / sizeof callers[0]; i++) {
		int link = vpcd_call("127.0.0.1", stage->port);

		assert_true(link >= 0);
		assert_true(vpcd_say(link, callers[i].bytes, callers[i].length));
		if (!vpcd_hung_up(link, SOON_MS))
			fail_msg("caller %u was kept", i);
		close(link);
	}
	start_card(&card, stage, 'a');
	vpcd_card_stop(&card);
}

static void
callers_without_end_hold_up_neither_the_other_slot_nor_the_next_card(void **state)
{
	enum { CALLS = 2000 };
	struct stage *stage = *state;
	struct vpcd_card a, b;
	char text[64];

	assert_true(vpcd_card_start(&b, stage->port + 1, 'b'));
	assert_true(host_saw(&stage->second, 1, 0, SOON_MS));
	for (unsigned i = 0; i < CALLS; i++) {
		vpcd_annoy(stage->port);
		if (i % 100 == 0)
			assert_string_equal(host_exchange(&stage->second, "00A40000", text),
					    "6D00");
		assert_int_equal(IFDHICCPresence(0), IFD_ICC_NOT_PRESENT);
	}
	start_card(&a, stage, 'a');
	vpcd_card_stop(&a);
	vpcd_card_stop(&b);
}

static void
it_listens_on_this_machine_alone(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(vpcd_call("127.0.0.2", stage->port), -1);
}

static void
it_listens_everywhere_when_told_so(void **state)
{
	const unsigned port = vpcd_free_port();
	char device[64];
	struct host host;
	int link;

	(void)state;
	snprintf(device, sizeof device, "vpcd:%u:1:cleartext-network", port);
	assert_true(host_open(&host, 0x10000, device));
	link = vpcd_call("127.0.0.2", port);
	assert_true(link >= 0);
	close(link);
	IFDHCloseChannel(0x10000);
}

static void
a_port_that_is_taken_is_explained(void **state)
{
	struct stage *stage = *state;
	struct host host;
	char error[512], expected[512];

	assert_false(host_open(&host, 0x10000, stage->device));
	host_last_error(error);
	snprintf(
	    expected, sizeof expected,
	    "vicar: %s: port %u cannot be listened on: Address already in use; end what uses it or "
	    "choose another, then restart pcscd. This reader is left out.",
	    stage->device, stage->port);
	assert_string_equal(error, expected);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_up, stage_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_card_that_calls_is_in_and_one_that_hangs_up_is_out),
	    TEST(each_slot_has_a_port_of_its_own),
	    TEST(power_and_reset_are_told_and_nothing_is_told_in_pieces),
	    TEST(what_the_length_can_say_passes_and_what_it_cannot_is_not_sent),
	    TEST(a_caller_that_waits_gets_in_when_the_card_goes_and_both_are_seen),
	    TEST(a_bad_answer_is_an_error_and_the_removal_of_the_card),
	    TEST(what_is_said_unasked_is_not_taken_for_the_next_answer),
	    TEST(a_caller_that_is_no_card_is_hung_up_on),
	    TEST(callers_without_end_hold_up_neither_the_other_slot_nor_the_next_card),
	    TEST(it_listens_on_this_machine_alone),
	    TEST(it_listens_everywhere_when_told_so),
	    TEST(a_port_that_is_taken_is_explained),
	};

	return cmocka_run_group_tests_name("reader: vpcd", tests, NULL, NULL);
}
