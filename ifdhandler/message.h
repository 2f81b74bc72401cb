/*
 * Messages of link.h, as the reader sends and receives them on a non-blocking socket. No state:
 * who may read and write when is the slot's business.
 */
#ifndef VICAR_IFDHANDLER_MESSAGE_H
#define VICAR_IFDHANDLER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ifdhandler/link.h"

enum message_result {
	MESSAGE_OK,
	MESSAGE_NONE,    /* nothing is there yet */
	MESSAGE_CLOSED,  /* the card hung up, or the connection failed */
	MESSAGE_SWAPPED, /* it hangs up, and another is to have its slot */
	MESSAGE_SILENT,  /* the card said nothing for too long */
	MESSAGE_WRONG,   /* a kind, a length or an order that link.h does not list */
	MESSAGE_NO_ROOM, /* a good answer, but longer than the caller's buffer */
};

/* POWER_ON, RESET, POWER_OFF, TRANSMIT, PIN_VERIFY or PIN_MODIFY. */
struct request {
	enum link_kind kind;
	uint8_t protocol;    /* of TRANSMIT: 0 or 1 for T=0 and T=1 */
	const uint8_t *body; /* TRANSMIT: C-APDU, at most LINK_CAPDU_MAX; PIN_*: the structure */
	size_t body_len;
};

struct patience {
	unsigned quiet_ms; /* without a word from the card */
	unsigned total_ms; /* with BUSY; 0 is for ever */
};

/* Why a connection is being closed, for the log. */
const char *message_complaint(enum message_result result);

/* Whether the card may send this. `have` bytes of a body of `length` bytes are in `body`. */
bool message_well_formed(uint8_t kind, const uint8_t *body, size_t have, size_t length);

/* True when the card has said something or hung up though nobody asked. */
bool message_unasked(int link);

/* True when the next thing that is there is SWAPPED. */
bool message_swapped(int link);

/* The hello, if it is there. `atr` has room for LINK_ATR_MAX bytes. */
enum message_result message_hello(int link, uint8_t *atr, size_t *atr_len)
    __attribute__((warn_unused_result));

/* One request and its answer without the kind. */
enum message_result message_exchange(int link, const struct request *request,
				     const struct patience *patience, uint8_t *answer, size_t room,
				     size_t *answer_len) __attribute__((warn_unused_result));

/* The same for a slot, wire.h. */
extern const struct wire message_wire;

/* Tells the card that there is no free slot. It may be gone already; nobody minds. */
void message_full(int link);

#endif
