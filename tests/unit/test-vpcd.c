/* The card's end of vsmartcard's protocol: a byte stream that TCP may cut anywhere. */
#include "tools/vicard/vpcd.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

/*
 * --vpcd HOST:PORT
 */
static void
a_place_that_is_none_is_refused(void **state)
{
	/* The last is none that the domain name system could know: a label has 63 bytes. */
	static const char *const wrong[] = {
	    "localhost",
	    ":35963",
	    "localhost:",
	    "localhost:http",
	    "[::1]",
	    "::1:35963",
	    "[]:35963",
	    "localhost:123456",
	    "",
	    "1.2.3.4:1a",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1"};
	struct vpcd vpcd;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(vpcd_connect(&vpcd, wrong[i], true));
		assert_int_equal(vpcd.fd, -1);
	}
}

/* Listens on a port that is free, at this address. */
static int
listen_at(int family, uint16_t *port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	const bool four = family == AF_INET;
	socklen_t len = four ? sizeof(in) : sizeof(in6);
	void *address = four ? (void *)&in : (void *)&in6;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, address, len) != 0 || listen(fd, 1) != 0 ||
	    getsockname(fd, address, &len) != 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*port = ntohs(four ? in.sin_port : in6.sin6_port);
	return fd;
}

static void
a_reader_on_loopback_is_reached_by_name_and_by_either_address(void **state)
{
	static const struct {
		int family;
		const char *format;
	} rows[] = {{AF_INET, "127.0.0.1:%u"}, {AF_INET, "localhost:%u"}, {AF_INET6, "[::1]:%u"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vpcd vpcd;
		char where[64];
		uint16_t port;
		int reader = listen_at(rows[i].family, &port);

		if (reader < 0) {
			assert_int_equal(rows[i].family, AF_INET6); /* a machine without it */
			continue;
		}
		snprintf(where, sizeof(where), rows[i].format, port);
		assert_true(vpcd_connect(&vpcd, where, false));
		vpcd_close(&vpcd);
		close(reader);
		assert_false(vpcd_connect(&vpcd, where, false)); /* nobody listens any more */
		assert_int_equal(vpcd.fd, -1);
	}
}

/* Addresses for documentation (RFC 5737, RFC 3849): nothing is sent to them. An IPv4 address within an
 * IPv6 one is judged as that. */
static void
another_machine_is_not_connected_to_unless_that_is_allowed(void **state)
{
	static const char *const far[] = {"192.0.2.1:1", "[2001:db8::1]:1", "[::ffff:192.0.2.1]:1"};
	struct vpcd vpcd;

	(void)state;
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		assert_false(vpcd_connect(&vpcd, far[i], false));
		assert_int_equal(vpcd.fd, -1);
	}
}

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
	    cmocka_unit_test(a_place_that_is_none_is_refused),
	    cmocka_unit_test(a_reader_on_loopback_is_reached_by_name_and_by_either_address),
	    cmocka_unit_test(another_machine_is_not_connected_to_unless_that_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
