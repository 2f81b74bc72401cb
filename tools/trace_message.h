/*
 * What vicard tells those who watch a card (`trace` of tools/control.h), one datagram each: what went to
 * the card and what it answered, with what is secret taken out before it leaves vicard.
 */
#ifndef VICAR_TOOLS_TRACE_MESSAGE_H
#define VICAR_TOOLS_TRACE_MESSAGE_H

#include "iso7816/apdu.h"

enum { TRACE_HEAD_LEN = 20, TRACE_MESSAGE_MAX = TRACE_HEAD_LEN + CAPDU_LEN_MAX };

enum trace_kind {
	TRACE_RESET = 1, /* power on or reset; the bytes are the ATR */
	TRACE_OFF,       /* no power, or no reader */
	TRACE_COMMAND,
	TRACE_RESPONSE, /* of the last command; its status word is always shown */
};

enum trace_flag {
	TRACE_SECRET = 1 << 0,  /* a PIN was in it: of a command the header alone is shown, and not
				   how long it was */
	TRACE_SERVICE = 1 << 1, /* a response: a remote key was asked for */
	TRACE_STARTED = 1 << 2, /* and the service's start call was made */
};

struct trace_message {
	uint8_t kind, flags;
	uint32_t lost;      /* messages before this one that its receiver was too slow for */
	uint64_t time_ms;   /* since 1970 */
	uint32_t total;     /* length of what passed; 0 with TRACE_SECRET in a command */
	struct bytes shown; /* its first bytes; of a response without the status word */
	uint16_t sw;        /* TRACE_RESPONSE */
};

/* The first TRACE_HEAD_LEN bytes; the shown ones follow as they are. */
void trace_message_head(const struct trace_message *message, uint8_t head[TRACE_HEAD_LEN]);
/* `shown` is borrowed from `bytes`. */
bool trace_message_decode(struct bytes bytes, struct trace_message *message) MUST_USE;

#endif
