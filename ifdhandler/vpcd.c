#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "ifdhandler/clock.h"
#include "ifdhandler/vpcd.h"

enum {
	POWER_OFF = 0x00,
	POWER_ON = 0x01,
	RESET = 0x02,
	GET_ATR = 0x04,
	RAPDU_MIN = 2, /* SW1 SW2 */
};

static const uint8_t SW_WRONG_LENGTH[] = {0x67, 0x00};

size_t
vpcd_length(const struct vpcd_frame *frame)
{
	return (size_t)frame->prefix[0] << 8 | frame->prefix[1];
}

enum vpcd_step
vpcd_step(struct vpcd_frame *frame, uint8_t **at, size_t *wanted)
{
	size_t there;

	if (frame->have < VPCD_PREFIX) {
		*at = frame->prefix + frame->have;
		*wanted = VPCD_PREFIX - frame->have;
		return VPCD_MORE;
	}
	if (vpcd_length(frame) > frame->room)
		return VPCD_TOO_LONG;
	there = frame->have - VPCD_PREFIX;
	if (there >= vpcd_length(frame))
		return VPCD_WHOLE;
	*at = frame->body + there;
	*wanted = vpcd_length(frame) - there;
	return VPCD_MORE;
}

/* MESSAGE_OK: the frame is whole, and not empty. */
static enum message_result
receive(int link, struct vpcd_frame *frame)
{
	uint8_t *at;
	size_t wanted;
	ssize_t got;

	for (;;) {
		switch (vpcd_step(frame, &at, &wanted)) {
		case VPCD_WHOLE: return vpcd_length(frame) > 0 ? MESSAGE_OK : MESSAGE_CLOSED;
		case VPCD_TOO_LONG: return MESSAGE_WRONG;
		case VPCD_MORE: break;
		}
		got = recv(link, at, wanted, MSG_DONTWAIT);
		if (got < 0)
			return errno == EAGAIN || errno == EINTR ? MESSAGE_NONE : MESSAGE_CLOSED;
		if (got == 0)
			return MESSAGE_CLOSED;
		frame->have += (size_t)got;
	}
}

/* In one piece: vicc takes what one recv() gives for a whole message. Only one request is open, so there is
 * room for it unless the card does not read. */
static enum message_result
send_parts(int link, struct iovec *parts, size_t count)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	size_t total = 0;
	ssize_t sent;

	for (size_t i = 0; i < count; i++)
		total += parts[i].iov_len;
	do
		sent = sendmsg(link, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno != EAGAIN)
		return MESSAGE_CLOSED;
	return sent >= 0 && (size_t)sent == total ? MESSAGE_OK : MESSAGE_SILENT;
}

static enum message_result
send_capdu(int link, const struct request *request)
{
	uint8_t prefix[VPCD_PREFIX] = {(uint8_t)(request->body_len >> 8),
				       (uint8_t)request->body_len};
	struct iovec parts[] = {{prefix, sizeof prefix},
				{(void *)(uintptr_t)request->body, request->body_len}};

	return send_parts(link, parts, 2);
}

static enum message_result
send_request(int link, const struct request *request)
{
	uint8_t off[] = {0, 1, POWER_OFF};
	uint8_t on[] = {0, 1, POWER_ON, 0, 1, GET_ATR};
	uint8_t reset[] = {0, 1, RESET, 0, 1, GET_ATR};

	switch (request->kind) {
	case LINK_POWER_OFF: return send_parts(link, &(struct iovec){off, sizeof off}, 1);
	case LINK_POWER_ON: return send_parts(link, &(struct iovec){on, sizeof on}, 1);
	case LINK_RESET: return send_parts(link, &(struct iovec){reset, sizeof reset}, 1);
	case LINK_TRANSMIT: return send_capdu(link, request);
	default: return MESSAGE_WRONG;
	}
}

static bool
is_answer(enum link_kind request, const uint8_t *body, size_t length)
{
	return request == LINK_TRANSMIT ? length >= RAPDU_MIN
					: message_well_formed(LINK_POWERED, body, length, length);
}

static bool
begin(int link, struct greeting *greeting)
{
	uint8_t get_atr[] = {0, 1, GET_ATR};

	greeting->frame =
	    (struct vpcd_frame){.body = greeting->atr, .room = sizeof greeting->atr, .have = 0};
	return send_parts(link, &(struct iovec){get_atr, sizeof get_atr}, 1) == MESSAGE_OK;
}

static enum message_result
hello(int link, struct greeting *greeting, uint8_t *atr, size_t *atr_len)
{
	enum message_result r = receive(link, &greeting->frame);
	size_t length;

	if (r != MESSAGE_OK)
		return r;
	length = vpcd_length(&greeting->frame);
	if (!is_answer(LINK_POWER_ON, greeting->atr, length))
		return MESSAGE_WRONG;
	memcpy(atr, greeting->atr, length);
	*atr_len = length;
	return MESSAGE_OK;
}

static enum message_result
exchange(int link, const struct request *request, const struct patience *patience, uint8_t *answer,
	 size_t room, size_t *answer_len)
{
	struct vpcd_frame frame = {.body = answer, .room = room};
	const int64_t due = clock_ms() + patience->quiet_ms;
	enum message_result r;

	*answer_len = 0;
	if (request->body_len > VPCD_BODY_MAX && room >= sizeof SW_WRONG_LENGTH) {
		memcpy(answer, SW_WRONG_LENGTH, sizeof SW_WRONG_LENGTH);
		*answer_len = sizeof SW_WRONG_LENGTH;
		return MESSAGE_OK;
	}
	r = send_request(link, request);
	if (r != MESSAGE_OK || request->kind == LINK_POWER_OFF)
		return r;
	while ((r = receive(link, &frame)) == MESSAGE_NONE) {
		struct pollfd wait = {.fd = link, .events = POLLIN};
		const int64_t now = clock_ms();

		if (now >= due || poll(&wait, 1, clock_wait(now, due)) == 0)
			return MESSAGE_SILENT;
	}
	if (r == MESSAGE_OK && !is_answer(request->kind, answer, vpcd_length(&frame)))
		r = MESSAGE_WRONG;
	if (r == MESSAGE_OK)
		*answer_len = vpcd_length(&frame);
	return r;
}

const struct wire vpcd_wire = {begin, hello, exchange};
