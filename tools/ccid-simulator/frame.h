/*
 * The serial line of Gemalto's and SMSC's readers, which carries CCID messages:
 *
 *   03 06 message LRC   a message; LRC is the exclusive or of all bytes before it
 *   03 15 16            NAK: the message did not arrive whole
 *   50 02, 50 03        the card is gone, the card is there; only before a frame
 *   80 .. FF            more time is needed; only before a frame
 */
#ifndef VICAR_TOOLS_CCID_SIMULATOR_FRAME_H
#define VICAR_TOOLS_CCID_SIMULATOR_FRAME_H

#include "message.h"

enum {
	FRAME_START_LEN = 2,
	FRAME_LEN_MAX = FRAME_START_LEN + CCID_MESSAGE_MAX + 1,
};

enum frame_kind {
	FRAME_PART,    /* it may become one: more bytes are needed */
	FRAME_NOISE,   /* `used` bytes begin none */
	FRAME_DAMAGED, /* a frame with a wrong LRC or an impossible length */
	FRAME_WHOLE,   /* `message` is in it, borrowed */
};

/* What the first `used` bytes are; 0 are used for FRAME_PART alone. */
enum frame_kind frame_parse(struct bytes received, size_t *used, struct bytes *message) MUST_USE;

void frame_put(struct bytes message, struct writer *writer);
void frame_put_nak(struct writer *writer);
void frame_put_movement(bool present, struct writer *writer);
void frame_put_time_request(struct writer *writer);

#endif
