/* The card's end of vsmartcard's protocol: a byte stream that TCP may cut anywhere. */
#include "tools/vicard/vpcd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct ends {
	int reader;
	struct vpcd card;
};

static int
connected(void **state)
{
	struct ends *ends = calloc(1, sizeof(*ends));
	int fds[2];

	assert_non_null(ends);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ends->reader = fds[0];
	ends->card.fd = fds[1];
	*state = ends;
	return 0;
}

static int
disconnected(void **state)
{
	struct ends *ends = *state;

	vpcd_close(&ends->card);
	close(ends->reader);
	free(ends);
	return 0;
}

static enum vpcd_result
after(struct ends *ends, struct bytes sent, struct vpcd_request *request)
{
	assert_int_equal(send(ends->reader, sent.data, sent.len, 0), sent.len);
	return vpcd_receive(&ends->card, request);
}

static void
messages_that_come_together_are_taken_one_by_one(void **state)
{
	static const uint8_t together[] = {0, 1, 1, 0, 1, 4, 0, 5, 0, 0xB0, 0, 0, 8};
	static const uint8_t read[] = {0, 0xB0, 0, 0, 8};
	struct ends *ends = *state;
	struct vpcd_request request;

	assert_int_equal(after(ends, BYTES(together), &request), VPCD_REQUEST);
	assert_int_equal(request.kind, VPCD_POWER_ON);
	assert_int_equal(vpcd_receive(&ends->card, &request), VPCD_REQUEST);
	assert_int_equal(request.kind, VPCD_ATR);
	assert_int_equal(vpcd_receive(&ends->card, &request), VPCD_REQUEST);
	assert_int_equal(request.kind, VPCD_TRANSMIT);
	assert_true(bytes_equal(request.capdu, BYTES(read)));
	assert_int_equal(vpcd_receive(&ends->card, &request), VPCD_NOTHING);
}

static void
a_message_that_comes_in_pieces_is_put_together(void **state)
{
	static const uint8_t pieces[] = {0, 4, 0, 0xA4, 0, 0x0C};
	struct ends *ends = *state;
	struct vpcd_request request;

	for (size_t i = 0; i + 1 < sizeof(pieces); i++)
		assert_int_equal(after(ends, (struct bytes){pieces + i, 1}, &request),
				 VPCD_NOTHING);
	assert_int_equal(after(ends, (struct bytes){pieces + 5, 1}, &request), VPCD_REQUEST);
	assert_int_equal(request.capdu.len, 4);
}

static void
the_longest_message_fits(void **state)
{
	static uint8_t message[VPCD_PREFIX_LEN + VPCD_BODY_MAX] = {0xFF, 0xFF};
	struct ends *ends = *state;
	struct vpcd_request request;
	size_t sent = 0;

	while (sent < sizeof(message)) {
		const size_t rest = sizeof(message) - sent;
		const ssize_t n = send(ends->reader, message + sent, rest < 4096 ? rest : 4096, 0);

		assert_true(n > 0);
		sent += (size_t)n;
		assert_int_equal(vpcd_receive(&ends->card, &request),
				 sent < sizeof(message) ? VPCD_NOTHING : VPCD_REQUEST);
	}
	assert_int_equal(request.capdu.len, VPCD_BODY_MAX);
}

static void
a_message_without_a_body_is_none(void **state)
{
	static const uint8_t empty[] = {0, 0};
	struct vpcd_request request;

	assert_int_equal(after(*state, BYTES(empty), &request), VPCD_BROKEN);
}

static void
a_control_byte_that_the_protocol_does_not_have_is_none(void **state)
{
	static const uint8_t unknown[] = {0, 1, 3};
	struct vpcd_request request;

	assert_int_equal(after(*state, BYTES(unknown), &request), VPCD_BROKEN);
}

static void
a_request_is_wiped_from_memory(void **state)
{
	static const uint8_t verify[] = {0, 9, 0, 0x20, 0, 1, 4, '1', '2', '3', '4'};
	struct ends *ends = *state;
	struct vpcd_request request;

	assert_int_equal(after(ends, BYTES(verify), &request), VPCD_REQUEST);
	vpcd_wipe(&ends->card);
	assert_null(memmem(ends->card.buffer, sizeof(ends->card.buffer), "1234", 4));
}

static void
an_answer_goes_out_with_its_length(void **state)
{
	static const uint8_t ok[] = {0x90, 0x00}, expected[] = {0, 2, 0x90, 0x00};
	struct ends *ends = *state;
	uint8_t got[8];

	assert_true(vpcd_answer(&ends->card, BYTES(ok)));
	assert_int_equal(recv(ends->reader, got, sizeof(got), 0), sizeof(expected));
	assert_memory_equal(got, expected, sizeof(expected));
}

static void
a_reader_that_hangs_up_has_gone(void **state)
{
	struct ends *ends = *state;
	struct vpcd_request request;

	assert_int_equal(shutdown(ends->reader, SHUT_WR), 0);
	assert_int_equal(vpcd_receive(&ends->card, &request), VPCD_CLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, connected, disconnected)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(messages_that_come_together_are_taken_one_by_one),
	    TEST(a_message_that_comes_in_pieces_is_put_together),
	    TEST(the_longest_message_fits),
	    TEST(a_message_without_a_body_is_none),
	    TEST(a_control_byte_that_the_protocol_does_not_have_is_none),
	    TEST(a_request_is_wiped_from_memory),
	    TEST(an_answer_goes_out_with_its_length),
	    TEST(a_reader_that_hangs_up_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
