#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-card.h"
#include "ifdhandler/link.h"

enum { BUSY_EVERY_MS = 20, OVERSIZED = 1 + 65539, ROOM = 65548 };

static const uint8_t OK[] = {LINK_RESPONSE, 0x90, 0x00};

int
fake_card_bind(struct fake_card *card, const char *directory, const char *name, int manners)
{
	memset(card, 0, sizeof *card);
	card->manners = manners;
	card->historical = (uint8_t)name[strlen(name) - 1];
	card->stop[0] = card->stop[1] = -1;
	card->address.sun_family = AF_UNIX;
	snprintf(card->address.sun_path, sizeof card->address.sun_path, "%s/%u-%s.sock", directory,
		 (unsigned)getuid(), name);
	card->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (card->listener < 0 ||
	    bind(card->listener, (struct sockaddr *)&card->address, sizeof card->address) != 0)
		return errno;
	return 0;
}

/* False when the time is over without a word on `fd`; the end of the card makes it true. */
static bool
wait_for(struct fake_card *card, int fd, int ms)
{
	struct pollfd waits[] = {{.fd = card->stop[0]}, {.fd = fd, .events = POLLIN}};

	return poll(waits, 2, ms) != 0;
}

static bool
is_stopped(struct fake_card *card)
{
	struct pollfd wait = {.fd = card->stop[0]};

	return poll(&wait, 1, 0) != 0;
}

static bool
say(int link, const void *message, size_t length)
{
	return send(link, message, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* T=1, one historical byte: the last letter of the card's name. */
static size_t
write_atr(const struct fake_card *card, uint8_t *atr)
{
	const uint8_t bytes[] = {0x3B,
				 0x81,
				 0x81,
				 0x01,
				 card->historical,
				 (uint8_t)(0x81 ^ 0x81 ^ 0x01 ^ card->historical)};

	memcpy(atr, bytes, sizeof bytes);
	return sizeof bytes;
}

static bool
greet(const struct fake_card *card, int link)
{
	uint8_t hello[2 + LINK_ATR_MAX] = {LINK_HELLO, LINK_VERSION};

	if (card->manners & FAKE_WRONG_VERSION)
		hello[1] = LINK_VERSION + 1;
	return say(link, hello, 2 + write_atr(card, hello + 2));
}

static bool
say_powered(const struct fake_card *card, int link)
{
	uint8_t powered[1 + LINK_ATR_MAX] = {LINK_POWERED};

	return say(link, powered, 1 + write_atr(card, powered + 1));
}

static bool
say_bytes(int link, size_t count)
{
	uint8_t *message = malloc(ROOM);
	bool ok;

	message[0] = LINK_RESPONSE;
	memset(message + 1, 0xA5, count);
	message[1 + count] = 0x90;
	message[2 + count] = 0x00;
	ok = say(link, message, count + 3);
	free(message);
	return ok;
}

static bool
say_oversized(int link)
{
	uint8_t *message = calloc(1, OVERSIZED);
	bool ok;

	message[0] = LINK_RESPONSE;
	ok = say(link, message, OVERSIZED);
	free(message);
	return ok;
}

static bool
say_with_descriptor(int link)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	struct iovec part = {(void *)(uintptr_t)OK, sizeof OK};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof control};

	memcpy(CMSG_DATA(&control.header), &link, sizeof link);
	return sendmsg(link, &message, MSG_NOSIGNAL) == (ssize_t)sizeof OK;
}

static bool
say_busy(struct fake_card *card, int link, unsigned ms)
{
	const uint8_t busy = LINK_BUSY;

	for (unsigned said = 0; said < ms; said += BUSY_EVERY_MS) {
		if (!say(link, &busy, 1) || wait_for(card, link, BUSY_EVERY_MS))
			return false;
	}
	return say(link, OK, sizeof OK);
}

/* False to hang up. */
static bool
obey(struct fake_card *card, int link, uint8_t protocol, const uint8_t *capdu, size_t length)
{
	const uint8_t instruction = length >= 4 && capdu[0] == 0x80 ? capdu[1] : 0;
	const unsigned n = length >= 4 ? (unsigned)capdu[2] << 8 | capdu[3] : 0;
	const uint8_t count[] = {LINK_RESPONSE,
				 (uint8_t)(length >> 24),
				 (uint8_t)(length >> 16),
				 (uint8_t)(length >> 8),
				 (uint8_t)length,
				 0x90,
				 0x00};
	const uint8_t state[] = {LINK_RESPONSE,         protocol, (uint8_t)card->power_ons,
				 (uint8_t)card->resets, 0x90,     0x00};
	const uint8_t sw[] = {LINK_RESPONSE, (uint8_t)(n >> 8), (uint8_t)n};

	switch (instruction) {
	case 0x10: return say_bytes(link, n == 0 ? 65536 : n);
	case 0x11: return say(link, count, sizeof count);
	case 0x12: return say_busy(card, link, n);
	case 0x13: return !wait_for(card, link, (int)n) && say(link, OK, sizeof OK);
	case 0x14: return false;
	case 0x15: return say(link, "\x7E\x90\x00", 3);
	case 0x16: return say_oversized(link);
	case 0x17: return say(link, OK, 2);
	case 0x18: return say_powered(card, link);
	case 0x19: return say(link, OK, sizeof OK) && say(link, OK, sizeof OK);
	case 0x1A: return say(link, OK, 0);
	case 0x1B:
		card->ended = true;
		unlink(card->address.sun_path);
		return false;
	case 0x1C: return say_with_descriptor(link);
	case 0x1D: return say(link, state, sizeof state);
	case 0x1E: return say(link, sw, sizeof sw);
	case 0x1F:
		card->ended = true;
		unlink(card->address.sun_path);
		(void)say(link, "\x06", 1);
		return false;
	default: return say(link, "\x04\x6D\x00", 3);
	}
}

static bool
take_message(struct fake_card *card, int link, const uint8_t *message, size_t length)
{
	switch (message[0]) {
	case LINK_POWER_ON: card->power_ons++; break;
	case LINK_RESET: card->resets++; break;
	case LINK_POWER_OFF: return say(link, "\x03", 1);
	case LINK_TRANSMIT:
		atomic_fetch_add(&card->requests, 1);
		return obey(card, link, message[1], message + 2, length - 2);
	case LINK_PIN_VERIFY:
		atomic_fetch_add(&card->requests, 1);
		return obey(card, link, 0, message + 1 + LINK_PIN_VERIFY_HEADER,
			    length - 1 - LINK_PIN_VERIFY_HEADER);
	case LINK_PIN_MODIFY:
		atomic_fetch_add(&card->requests, 1);
		return obey(card, link, 0, message + 1 + LINK_PIN_MODIFY_HEADER,
			    length - 1 - LINK_PIN_MODIFY_HEADER);
	case LINK_FULL: atomic_fetch_add(&card->full, 1); return false;
	default: return false;
	}
	return (card->manners & FAKE_POWERLESS) || say_powered(card, link);
}

static void
serve_connection(struct fake_card *card, int link)
{
	uint8_t *message = malloc(ROOM);
	ssize_t length;

	card->power_ons = card->resets = 0;
	atomic_fetch_add(&card->connections, 1);
	if (!(card->manners & FAKE_MUTE) && !greet(card, link))
		goto out;
	if (card->manners & FAKE_CHATTY && !wait_for(card, link, 20) && !say(link, OK, sizeof OK))
		goto out;
	do {
		wait_for(card, link, -1);
		length = is_stopped(card) ? 0 : recv(link, message, ROOM, 0);
	} while (length > 0 && take_message(card, link, message, (size_t)length));
out:
	free(message);
	close(link);
}

void
fake_card_serve(struct fake_card *card)
{
	while (!card->ended) {
		int link;

		wait_for(card, card->listener, -1);
		if (is_stopped(card))
			break;
		link = accept4(card->listener, NULL, NULL, SOCK_CLOEXEC);
		if (link >= 0)
			serve_connection(card, link);
	}
}

static void *
serve(void *card)
{
	fake_card_serve(card);
	return NULL;
}

int
fake_card_listen(struct fake_card *card)
{
	if (pipe2(card->stop, O_CLOEXEC) != 0 || listen(card->listener, 4) != 0)
		return errno;
	return pthread_create(&card->thread, NULL, serve, card);
}

int
fake_card_start(struct fake_card *card, const char *directory, const char *name, int manners)
{
	int r = fake_card_bind(card, directory, name, manners);

	return r != 0 ? r : fake_card_listen(card);
}

void
fake_card_stop(struct fake_card *card)
{
	unlink(card->address.sun_path);
	if (card->stop[1] >= 0) {
		close(card->stop[1]);
		pthread_join(card->thread, NULL);
		close(card->stop[0]);
	}
	close(card->listener);
}
