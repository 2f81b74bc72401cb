/*
 * The card's end of vsmartcard's protocol, tools/vicard/vpcd.h.
 */
#include "vpcd.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_SIZE = 256, PORT_SIZE = 6 };

static bool
split(const char *where, char host[HOST_SIZE], char port[PORT_SIZE])
{
	const char *colon = strrchr(where, ':'), *name = where;
	size_t len = colon != NULL ? (size_t)(colon - where) : 0;

	if (len >= 2 && where[0] == '[' && where[len - 1] == ']') {
		name++;
		len -= 2;
	} else if (memchr(where, ':', len) != NULL) {
		len = 0;
	}
	if (len == 0 || len >= HOST_SIZE || strlen(colon + 1) >= PORT_SIZE ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0' || colon[1] == '\0') {
		log_error("--vpcd takes HOST:PORT, such as 127.0.0.1:35963, not %.100s", where);
		return false;
	}
	memcpy(host, name, len);
	host[len] = '\0';
	(void)snprintf(port, PORT_SIZE, "%s", colon + 1);
	return true;
}

static bool
is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		return ntohl(in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) ||
		       (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr) &&
			in6.sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
	}
	return false;
}

/* Each answer is one segment, and one that fits is taken whole or the reader has stopped reading. */
static bool
set_up(int fd)
{
	const int on = 1, room = VPCD_PREFIX_LEN + VPCD_BODY_MAX;

	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) == 0;
}

static int
connect_to(const struct addrinfo *address)
{
	int fd =
	    socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);

	if (fd < 0)
		return -1;
	if (set_up(fd) && connect(fd, address->ai_addr, address->ai_addrlen) == 0 &&
	    fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

bool
vpcd_connect(struct vpcd *vpcd, const char *where, bool cleartext_network)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char host[HOST_SIZE], port[PORT_SIZE];
	int r, reason = 0;

	vpcd->fd = -1;
	vpcd->where = where;
	vpcd->len = vpcd->taken = 0;
	if (!split(where, host, port))
		return false;
	r = getaddrinfo(host, port, &hints, &found);
	if (r != 0) {
		log_error("the reader %s cannot be found: %s; see how it is spelled", where,
			  gai_strerror(r));
		return false;
	}
	for (const struct addrinfo *at = found; at != NULL && vpcd->fd < 0; at = at->ai_next) {
		if (!cleartext_network && !is_loopback(at->ai_addr)) {
			log_error(
			    "the reader %s is another machine, and everybody on the way could "
			    "read your PIN; if that is fine, say --cleartext-network too",
			    where);
			goto out;
		}
		vpcd->fd = connect_to(at);
		reason = errno;
	}
	if (vpcd->fd < 0)
		log_error("the reader %s cannot be reached: %s; see that its pcscd runs", where,
			  strerror(reason));
out:
	freeaddrinfo(found);
	return vpcd->fd >= 0;
}

void
vpcd_wipe(struct vpcd *vpcd)
{
	const size_t rest = vpcd->len - vpcd->taken;

	memmove(vpcd->buffer, vpcd->buffer + vpcd->taken, rest);
	OPENSSL_cleanse(vpcd->buffer + rest, vpcd->taken);
	vpcd->len = rest;
	vpcd->taken = 0;
}

/* What stands whole at the buffer's front. */
static enum vpcd_result
parse(struct vpcd *vpcd, struct vpcd_request *request)
{
	struct reader reader = reader_of((struct bytes){vpcd->buffer, vpcd->len});
	struct bytes body;
	uint16_t len;

	if (!reader_u16(&reader, &len) || !reader_take(&reader, len, &body))
		return VPCD_NOTHING;
	vpcd->taken = (size_t)VPCD_PREFIX_LEN + len;
	*request = (struct vpcd_request){.kind = VPCD_TRANSMIT, .capdu = body};
	if (len > 1)
		return VPCD_REQUEST;
	if (len == 0)
		return VPCD_BROKEN;
	switch (body.data[0]) {
	case VPCD_POWER_OFF:
	case VPCD_POWER_ON:
	case VPCD_RESET:
	case VPCD_ATR: request->kind = (enum vpcd_kind)body.data[0]; return VPCD_REQUEST;
	default: return VPCD_BROKEN;
	}
}

enum vpcd_result
vpcd_receive(struct vpcd *vpcd, struct vpcd_request *request)
{
	enum vpcd_result result;
	ssize_t got;

	vpcd_wipe(vpcd);
	while ((result = parse(vpcd, request)) == VPCD_NOTHING) {
		do
			got = recv(vpcd->fd, vpcd->buffer + vpcd->len,
				   sizeof(vpcd->buffer) - vpcd->len, MSG_DONTWAIT);
		while (got < 0 && errno == EINTR);
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return VPCD_NOTHING;
		if (got <= 0)
			return VPCD_CLOSED;
		vpcd->len += (size_t)got;
	}
	return result;
}

bool
vpcd_answer(struct vpcd *vpcd, struct bytes answer)
{
	struct writer writer = writer_to(vpcd->answer, sizeof(vpcd->answer));
	ssize_t sent;

	if (answer.len == 0 || answer.len > VPCD_BODY_MAX)
		return false;
	writer_u16(&writer, (uint16_t)answer.len);
	writer_put(&writer, answer);
	do
		sent = send(vpcd->fd, writer.data, writer.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	OPENSSL_cleanse(vpcd->answer, writer.len);
	return sent >= 0 && (size_t)sent == writer.len;
}

void
vpcd_close(struct vpcd *vpcd)
{
	if (vpcd->fd < 0)
		return;
	OPENSSL_cleanse(vpcd->buffer, vpcd->len);
	vpcd->len = vpcd->taken = 0;
	(void)close(vpcd->fd);
	vpcd->fd = -1;
}
