#include "vpcd-card.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

enum { ROOM = 2 + 65535, STREAM_ROOM = 2 * ROOM, DRIP_MS = 20 };

static struct sockaddr_in
address_of(const char *host, unsigned port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr = {inet_addr(host)}};
}

static bool
is_free(unsigned port)
{
	const struct sockaddr_in address = address_of("127.0.0.1", port);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool bound = bind(s, (const struct sockaddr *)&address, sizeof address) == 0;

	close(s);
	return bound;
}

unsigned
vpcd_free_port(void)
{
	for (;;) {
		struct sockaddr_in address = address_of("127.0.0.1", 0);
		socklen_t length = sizeof address;
		int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		unsigned port = 0;

		if (bind(s, (struct sockaddr *)&address, sizeof address) == 0 &&
		    getsockname(s, (struct sockaddr *)&address, &length) == 0)
			port = ntohs(address.sin_port);
		close(s);
		if (port != 0 && port < 65535 && is_free(port + 1))
			return port;
	}
}

int
vpcd_call(const char *host, unsigned port)
{
	const struct sockaddr_in address = address_of(host, port);
	int link = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(link, (const struct sockaddr *)&address, sizeof address) == 0)
		return link;
	close(link);
	return -1;
}

void
vpcd_annoy(unsigned port)
{
	const struct sockaddr_in address = address_of("127.0.0.1", port);
	int link = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)!connect(link, (const struct sockaddr *)&address, sizeof address);
	(void)vpcd_say(link, "\xFF\xFF\xFF\xFF", 4);
	close(link);
}

bool
vpcd_say(int link, const void *bytes, size_t length)
{
	return send(link, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

bool
vpcd_hung_up(int link, int ms)
{
	const int64_t end = host_clock_ms() + ms;
	uint8_t ignored[256];

	for (;;) {
		struct pollfd wait = {.fd = link, .events = POLLIN};
		const int64_t now = host_clock_ms();

		if (now >= end || poll(&wait, 1, (int)(end - now)) == 0)
			return false;
		if (recv(link, ignored, sizeof ignored, MSG_DONTWAIT) <= 0 && errno != EAGAIN)
			return true;
	}
}

static bool
answer(int link, const uint8_t *body, size_t length)
{
	uint8_t *message = malloc(ROOM);
	bool ok;

	message[0] = (uint8_t)(length >> 8);
	message[1] = (uint8_t)length;
	memcpy(message + 2, body, length);
	ok = vpcd_say(link, message, length + 2);
	free(message);
	return ok;
}

static bool
answer_bytes(int link, size_t count)
{
	uint8_t *body = malloc(ROOM);
	bool ok;

	memset(body, 0xA5, count);
	body[count] = 0x90;
	body[count + 1] = 0x00;
	ok = answer(link, body, count + 2);
	free(body);
	return ok;
}

static bool
drip(int link)
{
	const struct timespec pause = {0, DRIP_MS * 1000000L};

	for (bool ok = vpcd_say(link, "\x03\xE8", 2); ok; ok = vpcd_say(link, "\x00", 1))
		nanosleep(&pause, NULL);
	return false;
}

static bool
obey(const struct vpcd_card *card, const uint8_t *capdu, size_t length)
{
	const uint8_t instruction = length >= 4 && capdu[0] == 0x80 ? capdu[1] : 0;
	const size_t n = length >= 4 ? (size_t)capdu[2] << 8 | capdu[3] : 0;
	const uint8_t count[] = {0, 0, (uint8_t)(length >> 8), (uint8_t)length, 0x90, 0x00};
	const uint8_t state[] = {card->power_ons, card->resets, card->power_offs, 0x90, 0x00};

	switch (instruction) {
	case 0x10: return answer_bytes(card->link, n);
	case 0x11: return answer(card->link, count, sizeof count);
	case 0x13: return true;
	case 0x14: return false;
	case 0x15: return vpcd_say(card->link, "\xFF\xFF\x90\x00", 4);
	case 0x17: return answer(card->link, count, 1);
	case 0x19: return vpcd_say(card->link, "\x00\x02\x90\x00\x00\x02\x90\x00", 8);
	case 0x1A: return answer(card->link, count, 0);
	case 0x1D: return answer(card->link, state, sizeof state);
	case 0x1E: return drip(card->link);
	default: return answer(card->link, (const uint8_t *)"\x6D\x00", 2);
	}
}

static bool
take(struct vpcd_card *card, const uint8_t *body, size_t length)
{
	const uint8_t atr[] = {0x3B,
			       0x81,
			       0x81,
			       0x01,
			       card->historical,
			       (uint8_t)(0x81 ^ 0x81 ^ 0x01 ^ card->historical)};

	if (length != 1)
		return obey(card, body, length);
	switch (body[0]) {
	case 0: card->power_offs++; return true;
	case 1: card->power_ons++; return true;
	case 2: card->resets++; return true;
	case 4: return answer(card->link, atr, sizeof atr);
	default: return false;
	}
}

static void *
serve(void *argument)
{
	struct vpcd_card *card = argument;
	uint8_t *buffer = malloc(STREAM_ROOM);
	size_t have = 0, length;
	ssize_t got = 1;
	bool ok = true;

	while (ok && (got = recv(card->link, buffer + have, STREAM_ROOM - have, 0)) > 0) {
		have += (size_t)got;
		while (ok && have >= 2 &&
		       have - 2 >= (length = (size_t)buffer[0] << 8 | buffer[1])) {
			ok = take(card, buffer + 2, length);
			have -= 2 + length;
			memmove(buffer, buffer + 2 + length, have);
		}
		/* What is left is a message of which the rest is under way. */
		card->in_pieces |= ok && have > 0 && have < 1024;
	}
	free(buffer);
	shutdown(card->link, SHUT_RDWR);
	return NULL;
}

bool
vpcd_card_start(struct vpcd_card *card, unsigned port, uint8_t historical)
{
	memset(card, 0, sizeof *card);
	card->historical = historical;
	card->link = vpcd_call("127.0.0.1", port);
	return card->link >= 0 && pthread_create(&card->thread, NULL, serve, card) == 0;
}

void
vpcd_card_stop(struct vpcd_card *card)
{
	shutdown(card->link, SHUT_RDWR);
	pthread_join(card->thread, NULL);
	close(card->link);
}
