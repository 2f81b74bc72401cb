/*
 * The card's end of the link (ifdhandler/link.h) on a connected SOCK_SEQPACKET socket: checks what
 * the reader sends, encodes what the card answers. Never blocks. Whoever drives it closes the
 * socket after ENDPOINT_CLOSED, ENDPOINT_BROKEN or a function that returned false.
 */
#ifndef VICAR_EMULATOR_ENDPOINT_H
#define VICAR_EMULATOR_ENDPOINT_H

#include "ifdhandler/link.h"
#include "iso7816/bytes.h"

struct endpoint {
	int fd;              /* borrowed */
	enum link_kind open; /* the request that has no answer yet; 0: none */
	bool greeted;        /* HELLO was sent */
	bool asked;          /* the reader has made a request: it has a slot */
	bool powered;        /* as the last answer said */
	size_t received;     /* bytes of message[] that were in use */
	uint8_t message[LINK_MESSAGE_MAX + 1];
};

enum endpoint_result {
	ENDPOINT_REQUEST, /* `request` is to be answered */
	ENDPOINT_FULL,    /* the reader has no free slot and closes */
	ENDPOINT_NOTHING, /* nothing has come */
	ENDPOINT_CLOSED,  /* the reader has gone */
	ENDPOINT_BROKEN,  /* it sent what it must not; `why` says what, without its bytes */
};

struct endpoint_request {
	enum link_kind kind; /* LINK_POWER_ON, LINK_RESET, LINK_POWER_OFF, LINK_TRANSMIT,
				LINK_PIN_VERIFY, LINK_PIN_MODIFY */
	uint8_t protocol;    /* TRANSMIT: 0 or 1, for T=0 and T=1 */
	/* Into endpoint.message, good until endpoint_wipe() or the next message: */
	struct bytes capdu;     /* TRANSMIT; may hold a PIN */
	struct bytes structure; /* PIN_VERIFY, PIN_MODIFY: of a length that link.h allows */
};

void endpoint_init(struct endpoint *endpoint, int fd);
/* Once, first. */
bool endpoint_hello(struct endpoint *endpoint, struct bytes atr) MUST_USE;
enum endpoint_result endpoint_receive(struct endpoint *endpoint, struct endpoint_request *request,
				      const char **why) MUST_USE;
/* Wipes the message that was received last. */
void endpoint_wipe(struct endpoint *endpoint);

/* The last message: another card is to have the slot. The socket is closed next, so it may fail. */
void endpoint_swapped(struct endpoint *endpoint);

/* Answers to the open request: POWER_ON and RESET, POWER_OFF, TRANSMIT and PIN_*. False when it could not
 * be sent, or when no such request is open. */
bool endpoint_powered(struct endpoint *endpoint, struct bytes atr) MUST_USE;
bool endpoint_done(struct endpoint *endpoint) MUST_USE;
bool endpoint_response(struct endpoint *endpoint, struct bytes rapdu) MUST_USE;
/* To be sent at least every LINK_BUSY_MS while a request is open. */
bool endpoint_busy(struct endpoint *endpoint) MUST_USE;

#endif
