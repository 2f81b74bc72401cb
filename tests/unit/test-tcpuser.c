/* Whose a connection over 127.0.0.1 is. The tables are as /proc/net/tcp and tcp6 of Linux 6.1 print them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/tcpuser.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD                                                                                  \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  " \
	"timeout inode\n"
#define REST " 0 1234567 1 00000000cf673c69 20 4 30 10 -1\n"
#define COUNTERS "00000000:00000000 02:000004D2 00000000 "

static struct sockaddr_in
at(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* The user of the one from port 0x9F4B to port 0x1F90; -1: none is there. */
static long
user_in(const char *text)
{
	const struct sockaddr_in from = at(0x9F4B), to = at(0x1F90);
	char path[] = "/tmp/vicar-tcp-XXXXXX";
	const int fd = mkstemp(path);
	uid_t uid = 0;
	bool found;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	found = tcpuser_find(path, &from, &to, &uid);
	unlink(path);
	return found ? (long)uid : -1;
}

static void
the_line_of_the_connection_tells(void **state)
{
	(void)state;
	assert_int_equal(
	    user_in(HEAD "   0: 0100007F:1F90 00000000:0000 0A " COUNTERS "    7       " REST
			 "   1: 0100007F:1F90 0100007F:9F4B 01 " COUNTERS "    8       " REST
			 "   2: 0100007F:9F4B 0100007F:1F91 01 " COUNTERS "    9       " REST
			 "  10: 0100007F:9F4B 0100007F:1F90 01 " COUNTERS " 1001       " REST),
	    1001);
}

static void
a_socket_of_ipv6_counts_by_the_address_in_it(void **state)
{
	(void)state;
	assert_int_equal(user_in("   3: 0000000000000000FFFF00000100007F:9F4B "
				 "0000000000000000FFFF00000100007F:1F90 01 " COUNTERS
				 " 1002 " REST),
			 1002);
	assert_int_equal(user_in("   3: 00000000000000000000000001000000:9F4B "
				 "00000000000000000000000001000000:1F90 01 " COUNTERS
				 " 1002 " REST),
			 -1);
}

static void
without_a_line_nobody_is_known(void **state)
{
	uid_t uid;
	const struct sockaddr_in end = at(1);

	(void)state;
	assert_int_equal(user_in(""), -1);
	assert_int_equal(user_in(HEAD "   0: 0100007F:9F4B 0100007F:1F90 01\n"), -1);
	assert_int_equal(user_in(HEAD "   1: 0100007F:1F90 0100007F:9F4B 01 " COUNTERS " 8 " REST),
			 -1);
	assert_false(tcpuser_find("/nonexistent/tcp", &end, &end, &uid));
}

static void
our_own_connection_is_ours(void **state)
{
	const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = at(0);
	socklen_t len = sizeof(address);
	int server;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, len), 0);
	server = accept(listener, NULL, NULL);
	assert_true(tcpuser_is_us(server));
	assert_true(tcpuser_is_us(client));
	assert_false(tcpuser_is_us(listener));
	close(client);
	close(server);
	close(listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_line_of_the_connection_tells),
	    cmocka_unit_test(a_socket_of_ipv6_counts_by_the_address_in_it),
	    cmocka_unit_test(without_a_line_nobody_is_known),
	    cmocka_unit_test(our_own_connection_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
