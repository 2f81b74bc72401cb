/*
 * The control socket of a card: how `vicar` speaks to the vicard that serves NAME.
 *
 * $XDG_RUNTIME_DIR/vicar/NAME.ctl, mode 0600, SOCK_SEQPACKET; both ends check that the other is the
 * same user by SO_PEERCRED. One connection carries one request and one reply, each one datagram of
 * text; then vicard closes.
 *
 *   status                the reply is lines of `key: value`:
 *                           name         of the card
 *                           personality  cc-v1
 *                           pid          of vicard
 *                           socket       path on which it waits for the reader
 *                           reader       connected | waiting | no-free-slot
 *                           powered      yes | no
 *                           state        idle | waiting for the owner | waiting for the code | ...
 *                           tries        pin1=2 puk=10; empty when the card counts nothing
 *                           last         the last sentence of the journal; empty when there is none
 *   remove                the card is taken out and vicard ends; the connection stays open until
 *                         the process is gone
 *   swap                  the same, and another card is to have its slot in the reader
 *   pin-change COUNTER NEWLINE OLD NEWLINE NEW
 *   pin-unblock COUNTER NEWLINE PUK NEWLINE NEW
 *                         tools/pin_renewal.h, for the PIN of a local key; the values are secret
 *   pin-unblock COUNTER   the same for the PIN of a remote key
 *   sign NEWLINE REQUEST  the owner's use of a key: REQUEST is a BRIDGE_REQUEST (cmdbridge/bridge.h)
 *                         for BRIDGE_SIGN with use, digest, key, program and up to 100 documents, each
 *                         with a name of at most CONTROL_NAME_MAX bytes; the card says the rest. The
 *                         owner is asked for the PIN. Meanwhile come datagrams `progress: TEXT`, any
 *                         number; the reply is the line `ok` and a BRIDGE_RESULT, whose status word says
 *                         whether it was done. A client that hangs up before the service was asked
 *                         cancels it.
 *
 *   trace                 after the line `ok` come messages of tools/trace_message.h, one for each
 *                         thing that passes between the reader and the card, until either end
 *                         closes; the client says nothing more
 *
 * A reply begins with the line `ok`, or is `error: ` and one sentence. A request that is not listed
 * is answered with an error; one that is longer than CONTROL_REQUEST_MAX, or CONTROL_SIGN_MAX for `sign`,
 * closes the connection.
 */
#ifndef VICAR_TOOLS_CONTROL_H
#define VICAR_TOOLS_CONTROL_H

#include "cmdbridge/bridge.h"

#define CONTROL_SIGN "sign\n"
#define CONTROL_REMOVE "remove"
#define CONTROL_SWAP "swap"
#define CONTROL_TRACE "trace"
#define CONTROL_PROGRESS "progress: "
#define CONTROL_OK_LINE "ok\n"

enum {
	CONTROL_REQUEST_MAX = 256, /* two PINs of 64 bytes and a counter of 31 fit */
	CONTROL_REPLY_MAX = 4096,
	CONTROL_NAME_MAX = 200,
	CONTROL_SIGN_MAX = 8 + BRIDGE_MESSAGE_MAX, /* request and reply of `sign` */
	CONTROL_TIMEOUT_MS = 10000,                /* control_call() waits so long for each step */
};

enum control_result {
	CONTROL_OK,      /* `reply` is what follows the line `ok` */
	CONTROL_REFUSED, /* `reply` is vicard's sentence */
	CONTROL_NOBODY,  /* no vicard serves this card; `reply` says so */
	CONTROL_FAILED,  /* it could not be asked; `reply` is the sentence that says why */
};

/* Asks the vicard of card NAME and waits until it has closed the connection. */
enum control_result control_call(const char *name, const char *request,
				 char reply[CONTROL_REPLY_MAX]) MUST_USE;

struct control_signing {
	const char *name; /* of the card */
	const struct bridge_request *request;
	void (*progress)(void *context, const char *text); /* what is waited for; NULL: not told */
	void *context;
};

/* `sign`, for as long as the owner takes. CONTROL_OK: `result` looks into `room`, which has
 * CONTROL_SIGN_MAX bytes; its status word says whether it was done. */
enum control_result control_sign(const struct control_signing *signing, uint8_t *room,
				 struct bridge_result *result,
				 char reply[CONTROL_REPLY_MAX]) MUST_USE;

/* `trace`: the connection, to be closed by the caller; -1 with the sentence in `reply`. */
int control_trace(const char *name, char reply[CONTROL_REPLY_MAX]) MUST_USE;

/* The value of the line `key: value` in a reply to `status`; false when there is no such line. */
bool control_value(const char *reply, const char *key, char *value, size_t room);

#endif
