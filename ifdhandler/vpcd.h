/*
 * The reader's end of vsmartcard's protocol. A TCP connection that the card has made; each message, both
 * ways, is its length (2 bytes, big endian) and so many bytes.
 *
 *   reader -> card   00 power off, 01 power on, 02 reset     no answer
 *                    04 get ATR                              the ATR; empty: the card was taken out
 *                    4 bytes or more: C-APDU                 the R-APDU; empty: likewise
 *
 * Whoever is at the other end has proved nothing. It gets no buffer but those of pcscd, no more bytes are
 * read than were asked for, and every wait has an end that bytes which trickle in do not put off.
 */
#ifndef VICAR_IFDHANDLER_VPCD_H
#define VICAR_IFDHANDLER_VPCD_H

#include "ifdhandler/wire.h"

enum { VPCD_PREFIX = 2, VPCD_BODY_MAX = 65535 };

/* A message that is being received. It begins with `have` 0, a body and its room. */
struct vpcd_frame {
	uint8_t prefix[VPCD_PREFIX];
	uint8_t *body;
	size_t room;
	size_t have; /* bytes of prefix and body that are there */
};

enum vpcd_step {
	VPCD_MORE,     /* `wanted` bytes belong at `at`; add those that came to `have` */
	VPCD_WHOLE,    /* the body has vpcd_length() bytes */
	VPCD_TOO_LONG, /* its length is more than the room */
};

enum vpcd_step vpcd_step(struct vpcd_frame *frame, uint8_t **at, size_t *wanted)
    __attribute__((warn_unused_result));
/* Once the prefix is there. */
size_t vpcd_length(const struct vpcd_frame *frame);

/* The ATR that a card which has just called is asked for. */
struct greeting {
	struct vpcd_frame frame;
	uint8_t atr[LINK_ATR_MAX];
};

extern const struct wire vpcd_wire;

#endif
