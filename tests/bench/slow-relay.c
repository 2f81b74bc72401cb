/*
 * Stands on the link between reader and card, and makes each command take longer, as a card of plastic
 * does: slow-relay READERS-DIRECTORY NAME CARDS-DIRECTORY MICROSECONDS. A byte on standard output is
 * one command that was answered.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "tests/bench/link-listen.h"

static int
link_connect(const char *directory, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int card = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%u-%s" LINK_SUFFIX,
			      directory, (unsigned)geteuid(), name);

	if (length > 0 && (size_t)length < sizeof address.sun_path &&
	    connect(card, (struct sockaddr *)&address, sizeof address) == 0)
		return card;
	perror(address.sun_path);
	close(card);
	return -1;
}

static void
pause_us(long us)
{
	struct timespec left = {us / 1000000, us % 1000000 * 1000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* False: one of the ends has hung up. */
static bool
carry(int from, int to, long us)
{
	static uint8_t message[LINK_MESSAGE_MAX];
	ssize_t length = recv(from, message, sizeof message, 0);

	if (length <= 0)
		return false;
	if (message[0] == LINK_RESPONSE) {
		pause_us(us);
		if (write(STDOUT_FILENO, ".", 1) != 1)
			return false;
	}
	return send(to, message, (size_t)length, MSG_NOSIGNAL) == length;
}

static void
relay(int reader, int card, long us)
{
	struct pollfd ends[] = {{.fd = reader, .events = POLLIN}, {.fd = card, .events = POLLIN}};
	bool both = true;

	while (both && poll(ends, 2, -1) > 0) {
		if (ends[0].revents != 0)
			both = carry(reader, card, us);
		if (both && ends[1].revents != 0)
			both = carry(card, reader, us);
	}
}

int
main(int argc, char **argv)
{
	const long us = argc == 5 ? strtol(argv[4], NULL, 10) : -1;
	int listener, reader, card;

	if (us < 0) {
		fprintf(stderr, "usage: slow-relay READERS-DIRECTORY NAME CARDS-DIRECTORY "
				"MICROSECONDS\n");
		return 2;
	}
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	listener = link_listen(argv[1], argv[2]);
	while ((reader = accept(listener, NULL, NULL)) >= 0) {
		card = link_connect(argv[3], argv[2]);
		if (card >= 0)
			relay(reader, card, us);
		close(card);
		close(reader);
	}
	return 1;
}
