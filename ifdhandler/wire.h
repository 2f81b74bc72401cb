/*
 * How the reader speaks with the card at the other end of a slot's connection: by link.h (message.h), or by
 * vsmartcard's protocol (vpcd.h). All of it is on non-blocking sockets.
 */
#ifndef VICAR_IFDHANDLER_WIRE_H
#define VICAR_IFDHANDLER_WIRE_H

#include "ifdhandler/message.h"

struct greeting;

struct wire {
	/* A connection has been made. False: the card does not take what is said first. */
	bool (*begin)(int link, struct greeting *greeting);
	/* The card's ATR, if all of it is there; `atr` has room for LINK_ATR_MAX bytes. */
	enum message_result (*hello)(int link, struct greeting *greeting, uint8_t *atr,
				     size_t *atr_len);
	/* One request and its answer, message_exchange(). */
	enum message_result (*exchange)(int link, const struct request *request,
					const struct patience *patience, uint8_t *answer,
					size_t room, size_t *answer_len);
};

#endif
