/*
 * The bridge's end of its socket: the process that wants something, and that may hang up at any
 * moment (bridge.h).
 */
#ifndef VICAR_CMDBRIDGE_PEER_H
#define VICAR_CMDBRIDGE_PEER_H

#include "bridge.h"

struct peer {
	int fd; /* borrowed; -1: nobody who could hang up */
};

enum peer_state {
	PEER_WAITS,
	PEER_CANCELS, /* BRIDGE_CANCEL has come; it stays so */
	PEER_GONE,    /* hung up, or said something out of order; both end the bridge */
};

/* Never waits. */
enum peer_state peer_state(const struct peer *peer);
bool peer_gone(const struct peer *peer);

/* Waits for one message. `room` has BRIDGE_MESSAGE_MAX bytes; `message` is a view into it. False: the
 * parent is gone, or the message is longer than allowed. */
bool peer_receive(const struct peer *peer, uint8_t *room, struct bytes *message) MUST_USE;

bool peer_send(const struct peer *peer, struct bytes message) MUST_USE;

/* START, then waits for GO. False: no GO, or a cancel; the call must not be made. */
bool peer_start(const struct peer *peer) MUST_USE;
bool peer_progress(const struct peer *peer, const struct bridge_progress *progress) MUST_USE;

#endif
