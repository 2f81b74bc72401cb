/*
 * The card's end of vsmartcard's protocol: our card in somebody else's virtual reader, such as Debian's
 * vsmartcard-vpcd. A TCP connection from the card to the reader; each message, both ways, is its length
 * (2 bytes, big endian) and so many bytes.
 *
 *   reader -> card   00 power off, 01 power on, 02 reset     no answer
 *                    04 get ATR, also to ask whether the card is there       the ATR
 *                    2 bytes or more: C-APDU                                 the R-APDU
 *
 * Nothing in it says who is at the other end, and PINs cross it as they are: loopback only, unless the
 * user says otherwise, and never a card with a key at a service. Never blocks once connected.
 */
#ifndef VICAR_TOOLS_VICARD_VPCD_H
#define VICAR_TOOLS_VICARD_VPCD_H

#include "iso7816/bytes.h"

enum { VPCD_BODY_MAX = 65535, VPCD_PREFIX_LEN = 2 };

struct vpcd {
	int fd;            /* -1: none */
	const char *where; /* HOST:PORT, borrowed */
	size_t len;        /* bytes of buffer[] that have been received and not taken */
	size_t taken;      /* bytes at its front that the last request was */
	uint8_t buffer[VPCD_PREFIX_LEN + VPCD_BODY_MAX];
	uint8_t answer[VPCD_PREFIX_LEN + VPCD_BODY_MAX];
};

enum vpcd_kind {
	VPCD_POWER_OFF = 0,
	VPCD_POWER_ON = 1,
	VPCD_RESET = 2,
	VPCD_ATR = 4,
	VPCD_TRANSMIT
};

enum vpcd_result {
	VPCD_REQUEST, /* to be served, then the next is to be asked for */
	VPCD_NOTHING, /* no whole request is there yet */
	VPCD_CLOSED,  /* the reader has gone */
	VPCD_BROKEN,  /* it sent what it must not */
};

struct vpcd_request {
	enum vpcd_kind kind;
	struct bytes capdu; /* TRANSMIT: into vpcd.buffer, good until vpcd_wipe(); may hold a PIN */
};

/* `where` is HOST:PORT, of an IPv6 address [HOST]:PORT. False: logged, with the next step. */
bool vpcd_connect(struct vpcd *vpcd, const char *where, bool cleartext_network) MUST_USE;
enum vpcd_result vpcd_receive(struct vpcd *vpcd, struct vpcd_request *request) MUST_USE;
/* Wipes the request that was received last, and takes it off the front. */
void vpcd_wipe(struct vpcd *vpcd);
/* An answer to VPCD_ATR and VPCD_TRANSMIT. False: the reader does not take it. */
bool vpcd_answer(struct vpcd *vpcd, struct bytes answer) MUST_USE;
void vpcd_close(struct vpcd *vpcd);

#endif
