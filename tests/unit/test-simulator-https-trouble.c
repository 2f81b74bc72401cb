/* Trouble on the way to cmd-simulator and back (accounts.conf: trouble, latency). */
#include "test-simulator-https.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

static void
a_dropped_connection_has_no_answer(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);

	set_knobs(conversation->client, "trouble = drop-before");
	(void)run_call(conversation, call);

	assert_int_equal(call->status, 0);
	assert_int_not_equal(call->result, CURLE_OK);
	call_free(conversation, call);
}

static void
a_server_may_drop_each_connection(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);

	write_accounts(conversation->client, ACCOUNT_START "[server]\ntrouble = drop-before\n");
	(void)run_call(conversation, call);

	assert_int_not_equal(call->result, CURLE_OK);
	assert_call(conversation->client, CALL_RESULT, "drop-before");
	call_free(conversation, call);
}

static void
a_server_may_be_down(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);

	write_accounts(conversation->client, ACCOUNT_START "[server]\ntrouble = http-503\n");
	(void)run_call(conversation, call);

	assert_int_equal(call->status, 503);
	call_free(conversation, call);
}

static void
a_proxy_may_want_a_password(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);

	set_knobs(conversation->client, "trouble = http-407");
	(void)run_call(conversation, call);

	assert_int_equal(call->status, 407);
	assert_non_null(strstr(call->head, "Proxy-Authenticate: Basic"));
	call_free(conversation, call);
}

static void
an_answer_may_be_late(void **state)
{
	struct conversation *conversation = *state;
	struct call *call = certificate_call(conversation);

	set_knobs(conversation->client, "latency = 300");
	send_call(conversation, call);
	assert_false(wait_for(conversation, call, 150));
	assert_true(wait_for(conversation, call, PATIENCE_MS));

	assert_int_equal(call->status, 200);
	call_free(conversation, call);
}

static void
an_answer_that_never_comes_holds_up_nobody_else(void **state)
{
	struct conversation *conversation = *state;
	struct call *never = certificate_call(conversation), *other;

	set_knobs(conversation->client, "trouble = hang");
	send_call(conversation, never);
	assert_false(wait_for(conversation, never, 300));
	set_knobs(conversation->client, "");
	other = run_call(conversation, certificate_call(conversation));

	assert_int_equal(other->status, 200);
	assert_false(never->done);
	call_free(conversation, other);
	call_free(conversation, never);
}

static void
a_broken_accounts_conf_gets_500_until_it_is_mended(void **state)
{
	struct conversation *conversation = *state;
	struct call *broken, *mended;

	write_accounts(conversation->client, "[account maria]\npin = x\n");
	broken = run_call(conversation, certificate_call(conversation));
	set_knobs(conversation->client, "");
	mended = run_call(conversation, certificate_call(conversation));

	assert_int_equal(broken->status, 500);
	assert_int_equal(mended->status, 200);
	call_free(conversation, broken);
	call_free(conversation, mended);
}

/* On one CPU the client could not go on. */
static void
a_handshake_that_goes_no_further_does_not_keep_the_simulator_running(void **state)
{
	enum { LONG_MS = 200, TURNS_MAX = 2 * LONG_MS };
	/* The head of a TLS record with a ClientHello of 512 bytes, and no more. */
	static const uint8_t beginning[] = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01};
	struct conversation *conversation = *state;
	struct pollfd turn = {.fd = sim_server_fd(conversation->server), .events = POLLIN};
	const char *port = strrchr(sim_server_endpoint(conversation->server), ':') + 1;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t end = clock_ms() + LONG_MS;
	unsigned turns = 0;

	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(client, beginning, sizeof(beginning), MSG_NOSIGNAL),
			 sizeof(beginning));
	for (uint64_t now = 0; now < end; now = clock_ms(), turns++) {
		int wait = sim_server_wait_ms(conversation->server);

		(void)poll(&turn, 1, wait >= 0 && wait < LONG_MS ? wait : LONG_MS);
		sim_server_step(conversation->server);
	}
	assert_in_range(turns, 1, TURNS_MAX);
	close(client);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HTTPS_TEST(a_handshake_that_goes_no_further_does_not_keep_the_simulator_running),
	    HTTPS_TEST(a_dropped_connection_has_no_answer),
	    HTTPS_TEST(a_server_may_drop_each_connection),
	    HTTPS_TEST(a_server_may_be_down),
	    HTTPS_TEST(a_proxy_may_want_a_password),
	    HTTPS_TEST(an_answer_may_be_late),
	    HTTPS_TEST(an_answer_that_never_comes_holds_up_nobody_else),
	    HTTPS_TEST(a_broken_accounts_conf_gets_500_until_it_is_mended),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
