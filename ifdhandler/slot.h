/*
 * One slot: the link to its card, and what pcscd has been told of it.
 *
 * Presence, the poller's questions and the wake-up are answered from memory under a lock that is
 * never held across I/O that can wait. A request holds its own lock for its whole duration, and
 * while one is open only its thread reads the link.
 *
 * pcscd learns of a removal from slot_presence() alone. When the card is already back by then, it
 * is still told "absent" once. Other threads of pcscd ask for presence too, before each power-up;
 * only the asking of the thread that polls counts as told.
 */
#ifndef VICAR_IFDHANDLER_SLOT_H
#define VICAR_IFDHANDLER_SLOT_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ifdhandler/link.h"
#include "ifdhandler/vpcd.h"

enum slot_result {
	SLOT_OK,
	SLOT_ABSENT,  /* there is no card, or none with power */
	SLOT_LOST,    /* there is none any more; the removal is yet to be reported */
	SLOT_NO_ROOM, /* the answer is longer than the caller's buffer; the card has done its work */
};

enum slot_link {
	SLOT_EMPTY,
	SLOT_GREETING, /* connected, the hello is awaited */
	SLOT_READY,    /* the card is there */
	SLOT_LEAVING,  /* it has hung up, and the thread with the open request will see */
};

struct slot_status {
	bool present;
	bool powered;
	unsigned protocol;
	uint8_t atr[LINK_ATR_MAX];
	size_t atr_len;
};

struct slot {
	pthread_mutex_t request; /* one at a time; taken before `lock` */

	pthread_mutex_t lock; /* guards all that follows but `wake` and `silence_ms` */
	enum slot_link state;
	int link;                 /* -1 when SLOT_EMPTY */
	const struct wire *wire;  /* how to speak on it */
	struct greeting greeting; /* SLOT_GREETING */
	int64_t hello_due;        /* SLOT_GREETING: when to hang up */
	bool swapped;             /* SLOT_EMPTY: the last card left it for another */
	bool open;                /* a request is */
	bool powered;
	bool removed; /* a removal that was not reported yet */
	bool told;    /* what the polling thread was told last */
	bool stop;    /* the polling function is to return */
	bool polled;  /* `poller` is known */
	pthread_t poller;
	unsigned protocol; /* 0 or 1 for T=0 and T=1 */
	uint8_t atr[LINK_ATR_MAX];
	size_t atr_len; /* of the last card; 0 when there never was one */

	int wake; /* eventfd: look again */
	unsigned silence_ms;
};

bool slot_init(struct slot *slot, unsigned silence_ms) __attribute__((warn_unused_result));
void slot_done(struct slot *slot); /* nobody may use it any more */

/* The card's end. `link` becomes the slot's; the slot must be SLOT_EMPTY. Without a hello until `hello_due` it is
 * hung up. */
void slot_greet(struct slot *slot, int link, const struct wire *wire, int64_t hello_due);
/* Sees hellos, hang-ups and what is overdue; returns what the link is then. Any thread. */
enum slot_link slot_attend(struct slot *slot, int64_t now);
/* Whether the card that has gone last left its place to another. */
bool slot_swapped(struct slot *slot);
/* Ends an open request, for good. */
void slot_hang_up(struct slot *slot);

/* pcscd's polling thread. slot_poller() names the calling thread as the one. */
void slot_poller(struct slot *slot);
/* What to wait for on the link, and until when at most. */
int64_t slot_wait(struct slot *slot, struct pollfd *wait);
/* True when the poller has to return: stopped, or pcscd has something to learn. */
bool slot_news(struct slot *slot);
void slot_wake(struct slot *slot);
/* The poller has heard; to be called before it looks, so that no later wake-up is lost. */
void slot_awake(struct slot *slot);
void slot_stop(struct slot *slot);

/* pcscd's questions. */
bool slot_presence(struct slot *slot);
void slot_status(struct slot *slot, struct slot_status *status);
void slot_set_protocol(struct slot *slot, unsigned protocol);

/* POWER_ON, RESET and POWER_OFF. A card that pcscd takes for present does not fail: if it has just
 * gone its last ATR is given, and the removal is reported next. */
enum slot_result slot_power(struct slot *slot, enum link_kind kind, uint8_t atr[LINK_ATR_MAX],
			    size_t *atr_len) __attribute__((warn_unused_result));

/* `*rapdu_len` is the room on entry, and 0 after every failure. */
enum slot_result slot_transmit(struct slot *slot, unsigned protocol, const uint8_t *capdu,
			       size_t capdu_len, uint8_t *rapdu, size_t *rapdu_len)
    __attribute__((warn_unused_result));

/* PIN_VERIFY and PIN_MODIFY. `structure` is of a length that link.h allows. Takes as long as the owner
 * does, as slot_transmit() does. */
enum slot_result slot_pin(struct slot *slot, enum link_kind kind, const uint8_t *structure,
			  size_t structure_len, uint8_t sw[LINK_PIN_ANSWER])
    __attribute__((warn_unused_result));

#endif
