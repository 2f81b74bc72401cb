/*
 * The one poll loop of vicard: the reader's connection (on the link, or by vpcd's protocol), `vicar`'s requests, the bridge, signals.
 */
#ifndef VICAR_TOOLS_VICARD_LOOP_H
#define VICAR_TOOLS_VICARD_LOOP_H

#include "emulator/endpoint.h"
#include "events.h"
#include "keys.h"
#include "listen.h"
#include "owner.h"
#include "pad.h"
#include "session.h"
#include "trace.h"
#include "vpcd.h"

enum { LOOP_CLIENTS_MAX = 4 };

struct loop {
	/* Set by the caller, borrowed. */
	struct card *card;
	const struct image *image;
	struct journal *journal;
	struct keys keys;
	struct owner owner;
	struct pad pad;
	struct listener link;
	struct listener control;
	struct session session;
	struct events events;
	struct vpcd vpcd; /* connected: the card is in that reader, and `link` has no socket */
	uid_t pcscd_uid;  /* may connect as root may; root itself when none is configured */
	int signals;      /* signalfd: SIGTERM, SIGINT, SIGHUP, SIGCHLD */

	/* Its own. */
	struct endpoint reader; /* fd -1: none */
	bool no_slot;           /* the last reader had no free one */
	bool swapped;           /* it ends for another card, which is to have its slot */
	bool told_ready;        /* that this reader has the card */
	uint64_t busy_at;       /* when the reader must hear of us, while a request is open */
	int clients[LOOP_CLIENTS_MAX];
	size_t next_client;
	struct trace trace;
	uint64_t stranger_at; /* when one was last logged: nobody fills the log by knocking */
	bool ending;
	uint8_t response[LINK_RAPDU_MAX];
};

/* The clock of everything here: milliseconds that do not go backwards. */
uint64_t loop_now_ms(void);
/* Runs until a signal or `vicar remove` ends it, or the reader at vpcd.where goes; then the reader's connection is closed, sockets
 * are removed, the bridge has ended and the card is reset. */
void loop_run(struct loop *loop);
/* Those who wait until the card is out wait no longer. After loop_run(). */
void loop_let_go(struct loop *loop);

#endif
