#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "ifdhandler/clock.h"
#include "ifdhandler/message.h"
#include "ifdhandler/wire.h"

enum { ATR_MIN = 2 }; /* TS and T0, ISO/IEC 7816-3 8.2 */

static const struct {
	enum link_kind kind;
	size_t min, max; /* of what follows the kind */
} shapes[] = {
    {LINK_HELLO, 1 + ATR_MIN, 1 + LINK_ATR_MAX},
    {LINK_POWERED, ATR_MIN, LINK_ATR_MAX},
    {LINK_DONE, 0, 0},
    {LINK_RESPONSE, 2, LINK_RAPDU_MAX},
    {LINK_BUSY, 0, 0},
};

const char *
message_complaint(enum message_result result)
{
	switch (result) {
	case MESSAGE_CLOSED: return "it hung up";
	case MESSAGE_SWAPPED: return "another comes in its place";
	case MESSAGE_SILENT: return "it said nothing for too long";
	case MESSAGE_WRONG: return "it sent a message that is not allowed there";
	default: return "no reason";
	}
}

/* TS: direct or inverse convention, ISO/IEC 7816-3 8.1. */
static bool
is_ts(uint8_t byte)
{
	return byte == 0x3B || byte == 0x3F;
}

bool
message_well_formed(uint8_t kind, const uint8_t *body, size_t have, size_t length)
{
	size_t i = 0;

	while (i < sizeof shapes / sizeof shapes[0] && shapes[i].kind != kind)
		i++;
	if (i == sizeof shapes / sizeof shapes[0] || length < shapes[i].min ||
	    length > shapes[i].max)
		return false;
	if (kind == LINK_HELLO)
		return have >= 2 && body[0] == LINK_VERSION && is_ts(body[1]);
	if (kind == LINK_POWERED)
		return have >= 1 && is_ts(body[0]);
	return true;
}

bool
message_unasked(int link)
{
	uint8_t kind;
	ssize_t got = recv(link, &kind, sizeof kind, MSG_PEEK | MSG_DONTWAIT);

	return got >= 0 || (errno != EAGAIN && errno != EINTR);
}

bool
message_swapped(int link)
{
	uint8_t kind[2];
	ssize_t got = recv(link, kind, sizeof kind, MSG_PEEK | MSG_DONTWAIT);

	return got == 1 && kind[0] == LINK_SWAPPED;
}

/* One message of the card that has a shape link.h allows. `*length` may be more than `room`. There
 * is no room for control data, so descriptors that a peer passes never get into pcscd. */
static enum message_result
receive(int link, uint8_t *kind, uint8_t *body, size_t room, size_t *length)
{
	struct iovec parts[] = {{kind, 1}, {body, room}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t got = recvmsg(link, &message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? MESSAGE_NONE : MESSAGE_CLOSED;
	if (got == 0) /* the end, or an empty message */
		return MESSAGE_CLOSED;
	*length = (size_t)got - 1;
	if (*kind == LINK_SWAPPED && *length == 0)
		return MESSAGE_SWAPPED;
	if (!message_well_formed(*kind, body, *length < room ? *length : room, *length))
		return MESSAGE_WRONG;
	return MESSAGE_OK;
}

static enum message_result
send_request(int link, const struct request *request)
{
	uint8_t head[] = {(uint8_t)request->kind, request->protocol};
	struct iovec parts[] = {{head, request->kind == LINK_TRANSMIT ? 2 : 1},
				{(void *)(uintptr_t)request->body, request->body_len}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t sent;

	/* One request is open at most, so there is room unless the card does not read at all. */
	do
		sent = sendmsg(link, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return errno == EAGAIN ? MESSAGE_SILENT : MESSAGE_CLOSED;
	return MESSAGE_OK;
}

static enum link_kind
answer_to(enum link_kind request)
{
	switch (request) {
	case LINK_TRANSMIT:
	case LINK_PIN_VERIFY:
	case LINK_PIN_MODIFY: return LINK_RESPONSE;
	case LINK_POWER_OFF: return LINK_DONE;
	default: return LINK_POWERED;
	}
}

enum message_result
message_hello(int link, uint8_t *atr, size_t *atr_len)
{
	uint8_t kind, body[1 + LINK_ATR_MAX];
	size_t length;
	enum message_result r = receive(link, &kind, body, sizeof body, &length);

	if (r != MESSAGE_OK)
		return r;
	if (kind != LINK_HELLO)
		return MESSAGE_WRONG;
	*atr_len = length - 1;
	for (size_t i = 0; i < *atr_len; i++)
		atr[i] = body[1 + i];
	return MESSAGE_OK;
}

enum message_result
message_exchange(int link, const struct request *request, const struct patience *patience,
		 uint8_t *answer, size_t room, size_t *answer_len)
{
	enum message_result r = send_request(link, request);
	int64_t now = clock_ms();
	int64_t end = patience->total_ms == 0 ? CLOCK_NEVER : now + patience->total_ms;
	int64_t due = clock_earlier(end, now + patience->quiet_ms);

	while (r == MESSAGE_OK) {
		struct pollfd wait = {.fd = link, .events = POLLIN};
		uint8_t kind;
		size_t length;

		/* The whole time is over even for a card that says BUSY without a pause. */
		now = clock_ms();
		if (now >= end || poll(&wait, 1, clock_wait(now, due)) == 0)
			return MESSAGE_SILENT;
		r = receive(link, &kind, answer, room, &length);
		if (r == MESSAGE_NONE) {
			r = MESSAGE_OK;
			continue;
		}
		if (r != MESSAGE_OK)
			break;
		if (kind == LINK_BUSY) {
			due = clock_earlier(end, clock_ms() + patience->quiet_ms);
			continue;
		}
		if (kind != answer_to(request->kind))
			return MESSAGE_WRONG;
		*answer_len = length;
		return length > room ? MESSAGE_NO_ROOM : MESSAGE_OK;
	}
	return r;
}

void
message_full(int link)
{
	const uint8_t full = LINK_FULL;

	(void)send(link, &full, sizeof full, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The card speaks first. */
static bool
begin(int link, struct greeting *greeting)
{
	(void)link;
	(void)greeting;
	return true;
}

static enum message_result
hello(int link, struct greeting *greeting, uint8_t *atr, size_t *atr_len)
{
	(void)greeting;
	return message_hello(link, atr, atr_len);
}

const struct wire message_wire = {begin, hello, message_exchange};
