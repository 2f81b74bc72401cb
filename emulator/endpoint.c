/*
 * The card's end of the link, emulator/endpoint.h.
 */
#include "emulator/endpoint.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

void
endpoint_init(struct endpoint *endpoint, int fd)
{
	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->fd = fd;
}

void
endpoint_wipe(struct endpoint *endpoint)
{
	OPENSSL_cleanse(endpoint->message, endpoint->received);
	endpoint->received = 0;
}

/* A message that does not fit into the socket's buffer now is never waited for: the reader has at
 * most one request open, so it has stopped reading. */
static bool
send_message(const struct endpoint *endpoint, enum link_kind kind, struct bytes first,
	     struct bytes rest)
{
	uint8_t kind_byte = (uint8_t)kind;
	struct iovec parts[] = {
	    {&kind_byte, 1},
	    {(void *)(uintptr_t)first.data, first.len},
	    {(void *)(uintptr_t)rest.data, rest.len},
	};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
	ssize_t sent;

	do
		sent = sendmsg(endpoint->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent >= 0 && (size_t)sent == 1 + first.len + rest.len;
}

bool
endpoint_hello(struct endpoint *endpoint, struct bytes atr)
{
	static const uint8_t version[] = {LINK_VERSION};

	if (endpoint->greeted || atr.len == 0 || atr.len > LINK_ATR_MAX)
		return false;
	endpoint->greeted = true;
	return send_message(endpoint, LINK_HELLO, BYTES(version), atr);
}

void
endpoint_swapped(struct endpoint *endpoint)
{
	(void)send_message(endpoint, LINK_SWAPPED, BYTES_NONE, BYTES_NONE);
}

static enum endpoint_result
broken(const char **why, const char *text)
{
	*why = text;
	return ENDPOINT_BROKEN;
}

static enum endpoint_result
check_transmit(struct reader *reader, struct endpoint_request *request, const char **why)
{
	if (!reader_u8(reader, &request->protocol))
		return broken(why, "a TRANSMIT without a protocol");
	if (request->protocol > 1)
		return broken(why, "a TRANSMIT with a protocol that is not T=0 or T=1");
	request->capdu = reader_rest(reader);
	return ENDPOINT_REQUEST;
}

static bool
wants_response(enum link_kind kind)
{
	return kind == LINK_TRANSMIT || kind == LINK_PIN_VERIFY || kind == LINK_PIN_MODIFY;
}

static enum endpoint_result
check_pin(struct reader *reader, struct endpoint_request *request, const char **why)
{
	const size_t header =
	    request->kind == LINK_PIN_VERIFY ? LINK_PIN_VERIFY_HEADER : LINK_PIN_MODIFY_HEADER;

	if (reader->left < header + LINK_PIN_COMMAND_MIN ||
	    reader->left > header + LINK_PIN_COMMAND_MAX)
		return broken(why, "a PIN request of a length that none has");
	request->structure = reader_rest(reader);
	return ENDPOINT_REQUEST;
}

static enum endpoint_result
check(const struct endpoint *endpoint, struct bytes message, struct endpoint_request *request,
      const char **why)
{
	struct reader reader = reader_of(message);
	uint8_t kind;

	if (message.len > LINK_MESSAGE_MAX)
		return broken(why, "a message that is too long");
	if (!reader_u8(&reader, &kind))
		return broken(why, "an empty message");
	request->kind = kind;
	switch (request->kind) {
	case LINK_POWER_ON:
	case LINK_RESET:
	case LINK_POWER_OFF:
	case LINK_TRANSMIT:
	case LINK_PIN_VERIFY:
	case LINK_PIN_MODIFY:
	case LINK_FULL: break;
	case LINK_HELLO:
	case LINK_POWERED:
	case LINK_DONE:
	case LINK_RESPONSE:
	case LINK_BUSY: return broken(why, "a message that only a card sends");
	default: return broken(why, "a message of an unknown kind");
	}
	if (endpoint->open != 0)
		return broken(why, "a message while a request is open");
	if (wants_response(request->kind)) {
		if (!endpoint->powered)
			return broken(why, "a TRANSMIT to a card without power");
		return request->kind == LINK_TRANSMIT ? check_transmit(&reader, request, why)
						      : check_pin(&reader, request, why);
	}
	if (reader.left != 0)
		return broken(why, "a message that is longer than its kind");
	if (request->kind != LINK_FULL)
		return ENDPOINT_REQUEST;
	return endpoint->asked ? broken(why, "a FULL from a reader that has a slot")
			       : ENDPOINT_FULL;
}

enum endpoint_result
endpoint_receive(struct endpoint *endpoint, struct endpoint_request *request, const char **why)
{
	enum endpoint_result result;
	ssize_t got;

	memset(request, 0, sizeof(*request));
	do
		got =
		    recv(endpoint->fd, endpoint->message, sizeof(endpoint->message), MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return ENDPOINT_NOTHING;
	/* An empty datagram reads as an end too. */
	if (got <= 0)
		return ENDPOINT_CLOSED;
	endpoint->received = (size_t)got;
	result = check(endpoint, (struct bytes){endpoint->message, (size_t)got}, request, why);
	if (result == ENDPOINT_REQUEST) {
		endpoint->open = request->kind;
		endpoint->asked = true;
	}
	return result;
}

static bool
answer(struct endpoint *endpoint, enum link_kind kind, struct bytes payload)
{
	endpoint->open = 0;
	return send_message(endpoint, kind, payload, BYTES_NONE);
}

bool
endpoint_powered(struct endpoint *endpoint, struct bytes atr)
{
	if ((endpoint->open != LINK_POWER_ON && endpoint->open != LINK_RESET) || atr.len == 0 ||
	    atr.len > LINK_ATR_MAX)
		return false;
	endpoint->powered = true;
	return answer(endpoint, LINK_POWERED, atr);
}

bool
endpoint_done(struct endpoint *endpoint)
{
	if (endpoint->open != LINK_POWER_OFF)
		return false;
	endpoint->powered = false;
	return answer(endpoint, LINK_DONE, BYTES_NONE);
}

bool
endpoint_response(struct endpoint *endpoint, struct bytes rapdu)
{
	const size_t most = endpoint->open == LINK_TRANSMIT ? LINK_RAPDU_MAX : LINK_PIN_ANSWER;

	if (!wants_response(endpoint->open) || rapdu.len < 2 || rapdu.len > most)
		return false;
	return answer(endpoint, LINK_RESPONSE, rapdu);
}

bool
endpoint_busy(struct endpoint *endpoint)
{
	return endpoint->open != 0 && send_message(endpoint, LINK_BUSY, BYTES_NONE, BYTES_NONE);
}
