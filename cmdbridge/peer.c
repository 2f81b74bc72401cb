#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum peer_state
peer_state(const struct peer *peer)
{
	struct pollfd polled = {peer->fd, POLLIN | POLLRDHUP, 0};
	int ready = 0;
	uint8_t kind;

	if (peer->fd >= 0)
		do
			ready = poll(&polled, 1, 0);
		while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return PEER_WAITS;
	if (polled.revents & (POLLRDHUP | POLLHUP | POLLERR))
		return PEER_GONE;
	return recv(peer->fd, &kind, sizeof(kind), MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC) == 1 &&
		       kind == BRIDGE_CANCEL
		   ? PEER_CANCELS
		   : PEER_GONE;
}

bool
peer_gone(const struct peer *peer)
{
	return peer_state(peer) == PEER_GONE;
}

bool
peer_receive(const struct peer *peer, uint8_t *room, struct bytes *message)
{
	ssize_t len;

	do {
		len = recv(peer->fd, room, BRIDGE_MESSAGE_MAX, MSG_TRUNC);
	} while (len < 0 && errno == EINTR);
	if (len <= 0 || len > BRIDGE_MESSAGE_MAX)
		return false;
	*message = (struct bytes){room, (size_t)len};
	return true;
}

bool
peer_send(const struct peer *peer, struct bytes message)
{
	ssize_t len;

	do {
		len = send(peer->fd, message.data, message.len, MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	return len >= 0 && (size_t)len == message.len;
}

bool
peer_start(const struct peer *peer)
{
	static const uint8_t start = BRIDGE_START;
	uint8_t answer[2];
	ssize_t len;

	if (peer_gone(peer) || !peer_send(peer, (struct bytes){&start, 1}))
		return false;
	do {
		len = recv(peer->fd, answer, sizeof(answer), MSG_TRUNC);
	} while (len < 0 && errno == EINTR);
	return len == 1 && answer[0] == BRIDGE_GO;
}

bool
peer_progress(const struct peer *peer, const struct bridge_progress *progress)
{
	uint8_t room[1024];
	struct writer writer = writer_to(room, sizeof(room));

	return bridge_progress_encode(progress, &writer) && peer_send(peer, writer_bytes(&writer));
}
