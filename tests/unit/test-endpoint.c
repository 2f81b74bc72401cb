/* The card's end of the link: what a reader may send, in ifdhandler/link.h's order. */
#include "emulator/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t atr[] = {0x3B, 0x80, 0x80, 0x01, 0x01};

struct link {
	int reader;
	struct endpoint card;
};

static int
link_up(void **state)
{
	struct link *link = calloc(1, sizeof(*link));
	uint8_t hello[64];
	int fds[2];

	assert_non_null(link);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	link->reader = fds[0];
	endpoint_init(&link->card, fds[1]);
	assert_true(endpoint_hello(&link->card, BYTES(atr)));
	assert_int_equal(recv(link->reader, hello, sizeof(hello), MSG_PEEK), 2 + sizeof(atr));
	*state = link;
	return 0;
}

static int
link_down(void **state)
{
	struct link *link = *state;

	close(link->card.fd);
	close(link->reader);
	free(link);
	return 0;
}

static enum endpoint_result
after(struct link *link, struct bytes message, struct endpoint_request *request, const char **why)
{
	*why = NULL;
	assert_int_equal(send(link->reader, message.data, message.len, 0), message.len);
	return endpoint_receive(&link->card, request, why);
}

static void
power_up(struct link *link)
{
	static const uint8_t power_on[] = {LINK_POWER_ON};
	struct endpoint_request request;
	const char *why;

	assert_int_equal(after(link, BYTES(power_on), &request, &why), ENDPOINT_REQUEST);
	assert_true(endpoint_powered(&link->card, BYTES(atr)));
}

static void
expect_broken(struct link *link, struct bytes message, const char *expected)
{
	struct endpoint_request request;
	const char *why;

	assert_int_equal(after(link, message, &request, &why), ENDPOINT_BROKEN);
	assert_non_null(why);
	assert_string_equal(why, expected);
}

/* The next message that the reader gets; the hello is skipped by whoever does not want it. */
static size_t
reader_gets(struct link *link, uint8_t *message, size_t room)
{
	ssize_t got = recv(link->reader, message, room, MSG_DONTWAIT);

	return got < 0 ? 0 : (size_t)got;
}

static void
the_hello_carries_version_and_atr(void **state)
{
	static const uint8_t expected[] = {0x01, 0x01, 0x3B, 0x80, 0x80, 0x01, 0x01};
	struct link *link = *state;
	uint8_t message[64];

	assert_int_equal(reader_gets(link, message, sizeof(message)), sizeof(expected));
	assert_memory_equal(message, expected, sizeof(expected));
}

static void
a_hello_is_sent_once(void **state)
{
	struct link *link = *state;

	assert_false(endpoint_hello(&link->card, BYTES(atr)));
}

static void
nothing_sent_is_nothing_received(void **state)
{
	struct link *link = *state;
	struct endpoint_request request;
	const char *why;

	assert_int_equal(endpoint_receive(&link->card, &request, &why), ENDPOINT_NOTHING);
}

static void
a_reader_that_hangs_up_is_seen(void **state)
{
	struct link *link = *state;
	struct endpoint_request request;
	const char *why;

	shutdown(link->reader, SHUT_RDWR);
	assert_int_equal(endpoint_receive(&link->card, &request, &why), ENDPOINT_CLOSED);
}

static void
power_on_is_answered_with_the_atr(void **state)
{
	static const uint8_t expected[] = {0x02, 0x3B, 0x80, 0x80, 0x01, 0x01};
	struct link *link = *state;
	uint8_t message[64];

	power_up(link);
	(void)reader_gets(link, message, sizeof(message));
	assert_int_equal(reader_gets(link, message, sizeof(message)), sizeof(expected));
	assert_memory_equal(message, expected, sizeof(expected));
}

static void
power_off_ends_what_power_on_began(void **state)
{
	static const uint8_t power_off[] = {LINK_POWER_OFF}, transmit[] = {LINK_TRANSMIT, 1, 0};
	struct link *link = *state;
	struct endpoint_request request;
	const char *why;

	power_up(link);
	assert_int_equal(after(link, BYTES(power_off), &request, &why), ENDPOINT_REQUEST);
	assert_true(endpoint_done(&link->card));
	expect_broken(link, BYTES(transmit), "a TRANSMIT to a card without power");
}

static void
a_transmit_gives_protocol_and_command(void **state)
{
	static const uint8_t message[] = {LINK_TRANSMIT, 1, 0x00, 0xA4, 0x00, 0x00};
	struct link *link = *state;
	struct endpoint_request request;
	const char *why;

	power_up(link);
	assert_int_equal(after(link, BYTES(message), &request, &why), ENDPOINT_REQUEST);
	assert_int_equal(request.protocol, 1);
	assert_int_equal(request.capdu.len, 4);
	assert_memory_equal(request.capdu.data, message + 2, 4);
}

static void
the_longest_command_and_response_pass(void **state)
{
	struct link *link = *state;
	struct endpoint_request request;
	uint8_t *message = calloc(1, LINK_MESSAGE_MAX);
	const char *why;

	assert_non_null(message);
	power_up(link);
	message[0] = LINK_TRANSMIT;
	assert_int_equal(after(link, (struct bytes){message, LINK_MESSAGE_MAX}, &request, &why),
			 ENDPOINT_REQUEST);
	assert_int_equal(request.capdu.len, LINK_CAPDU_MAX);
	assert_true(endpoint_response(&link->card, (struct bytes){message, LINK_RAPDU_MAX}));
	(void)reader_gets(link, message, LINK_MESSAGE_MAX);
	(void)reader_gets(link, message, LINK_MESSAGE_MAX);
	assert_int_equal(reader_gets(link, message, LINK_MESSAGE_MAX), LINK_RAPDU_MAX + 1);
	assert_int_equal(message[0], LINK_RESPONSE);
	free(message);
}

static void
one_byte_more_than_the_longest_is_refused(void **state)
{
	struct link *link = *state;
	uint8_t *message = calloc(1, LINK_MESSAGE_MAX + 1);

	assert_non_null(message);
	power_up(link);
	message[0] = LINK_TRANSMIT;
	expect_broken(link, (struct bytes){message, LINK_MESSAGE_MAX + 1},
		      "a message that is too long");
	free(message);
}

static void
an_unknown_kind_is_refused(void **state)
{
	static const uint8_t message[] = {0x7E};

	expect_broken(*state, BYTES(message), "a message of an unknown kind");
}

static void
a_message_of_the_card_is_refused(void **state)
{
	static const uint8_t message[] = {LINK_BUSY};

	expect_broken(*state, BYTES(message), "a message that only a card sends");
}

static void
a_power_on_with_a_tail_is_refused(void **state)
{
	static const uint8_t message[] = {LINK_POWER_ON, 0x00};

	expect_broken(*state, BYTES(message), "a message that is longer than its kind");
}

static void
a_transmit_without_protocol_is_refused(void **state)
{
	static const uint8_t message[] = {LINK_TRANSMIT};

	power_up(*state);
	expect_broken(*state, BYTES(message), "a TRANSMIT without a protocol");
}

static void
a_transmit_with_protocol_2_is_refused(void **state)
{
	static const uint8_t message[] = {LINK_TRANSMIT, 2, 0x00};

	power_up(*state);
	expect_broken(*state, BYTES(message), "a TRANSMIT with a protocol that is not T=0 or T=1");
}

static void
a_second_request_while_one_is_open_is_refused(void **state)
{
	static const uint8_t message[] = {LINK_TRANSMIT, 1, 0x00};
	struct link *link = *state;
	struct endpoint_request request;
	const char *why;

	power_up(link);
	assert_int_equal(after(link, BYTES(message), &request, &why), ENDPOINT_REQUEST);
	expect_broken(link, BYTES(message), "a message while a request is open");
}

static void
full_is_the_first_word_of_a_reader_or_none(void **state)
{
	static const uint8_t full[] = {LINK_FULL};
	struct link *link = *state;
	struct endpoint_request request;
	const char *why;

	assert_int_equal(after(link, BYTES(full), &request, &why), ENDPOINT_FULL);
	power_up(link);
	expect_broken(link, BYTES(full), "a FULL from a reader that has a slot");
}

static void
an_answer_that_nobody_asked_for_is_not_sent(void **state)
{
	static const uint8_t ok[] = {0x90, 0x00};
	struct link *link = *state;
	uint8_t message[64];

	assert_false(endpoint_response(&link->card, BYTES(ok)));
	assert_false(endpoint_done(&link->card));
	assert_false(endpoint_powered(&link->card, BYTES(atr)));
	assert_false(endpoint_busy(&link->card));
	(void)reader_gets(link, message, sizeof(message));
	assert_int_equal(reader_gets(link, message, sizeof(message)), 0);
}

static void
busy_leaves_the_request_open(void **state)
{
	static const uint8_t command[] = {LINK_TRANSMIT, 0, 0x00, 0xB0, 0x00, 0x00},
			     ok[] = {0x90, 0x00};
	struct link *link = *state;
	struct endpoint_request request;
	const char *why;

	power_up(link);
	assert_int_equal(after(link, BYTES(command), &request, &why), ENDPOINT_REQUEST);
	assert_true(endpoint_busy(&link->card));
	assert_true(endpoint_response(&link->card, BYTES(ok)));
}

static void
wiping_leaves_nothing_of_the_command(void **state)
{
	static const uint8_t verify[] = {LINK_TRANSMIT, 1,   0x00, 0x20, 0x00, 0x01,
					 0x04,          '1', '2',  '3',  '4'};
	static const uint8_t pin[] = {'1', '2', '3', '4'};
	struct link *link = *state;
	struct endpoint_request request;
	const char *why;

	power_up(link);
	assert_int_equal(after(link, BYTES(verify), &request, &why), ENDPOINT_REQUEST);
	endpoint_wipe(&link->card);
	assert_null(memmem(&link->card, sizeof(link->card), pin, sizeof(pin)));
}

static void
send_structure(struct link *link, enum link_kind kind, size_t len, enum endpoint_result expected)
{
	uint8_t message[1 + 300] = {(uint8_t)kind};
	struct endpoint_request request;
	const char *why;

	assert_int_equal(after(link, (struct bytes){message, 1 + len}, &request, &why), expected);
	if (expected != ENDPOINT_REQUEST)
		return;
	assert_int_equal(request.kind, kind);
	assert_int_equal(request.structure.len, len);
}

static void
a_pin_request_is_answered_with_a_status_word_alone(void **state)
{
	static const uint8_t ok[] = {0x90, 0x00}, more[] = {0x01, 0x90, 0x00};
	struct link *link = *state;

	power_up(link);
	send_structure(link, LINK_PIN_VERIFY, 23, ENDPOINT_REQUEST);
	assert_true(endpoint_busy(&link->card));
	assert_false(endpoint_response(&link->card, BYTES(more)));
	assert_true(endpoint_response(&link->card, BYTES(ok)));
	send_structure(link, LINK_PIN_VERIFY, 279, ENDPOINT_REQUEST);
	assert_true(endpoint_response(&link->card, BYTES(ok)));
	send_structure(link, LINK_PIN_MODIFY, 284, ENDPOINT_REQUEST);
	assert_true(endpoint_response(&link->card, BYTES(ok)));
}

static void
a_pin_request_of_another_length_is_refused(void **state)
{
	power_up(*state);
	send_structure(*state, LINK_PIN_VERIFY, 22, ENDPOINT_BROKEN);
	send_structure(*state, LINK_PIN_VERIFY, 280, ENDPOINT_BROKEN);
	send_structure(*state, LINK_PIN_MODIFY, 27, ENDPOINT_BROKEN);
	send_structure(*state, LINK_PIN_MODIFY, 285, ENDPOINT_BROKEN);
}

static void
a_pin_request_without_power_is_refused(void **state)
{
	send_structure(*state, LINK_PIN_VERIFY, 23, ENDPOINT_BROKEN);
}

#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, link_up, link_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LINK_TEST(the_hello_carries_version_and_atr),
	    LINK_TEST(a_hello_is_sent_once),
	    LINK_TEST(nothing_sent_is_nothing_received),
	    LINK_TEST(a_reader_that_hangs_up_is_seen),
	    LINK_TEST(power_on_is_answered_with_the_atr),
	    LINK_TEST(power_off_ends_what_power_on_began),
	    LINK_TEST(a_transmit_gives_protocol_and_command),
	    LINK_TEST(the_longest_command_and_response_pass),
	    LINK_TEST(one_byte_more_than_the_longest_is_refused),
	    LINK_TEST(an_unknown_kind_is_refused),
	    LINK_TEST(a_message_of_the_card_is_refused),
	    LINK_TEST(a_power_on_with_a_tail_is_refused),
	    LINK_TEST(a_transmit_without_protocol_is_refused),
	    LINK_TEST(a_transmit_with_protocol_2_is_refused),
	    LINK_TEST(a_second_request_while_one_is_open_is_refused),
	    LINK_TEST(full_is_the_first_word_of_a_reader_or_none),
	    LINK_TEST(an_answer_that_nobody_asked_for_is_not_sent),
	    LINK_TEST(busy_leaves_the_request_open),
	    LINK_TEST(a_pin_request_is_answered_with_a_status_word_alone),
	    LINK_TEST(a_pin_request_of_another_length_is_refused),
	    LINK_TEST(a_pin_request_without_power_is_refused),
	    LINK_TEST(wiping_leaves_nothing_of_the_command),
	};

	return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
