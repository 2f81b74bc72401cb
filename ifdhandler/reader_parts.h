/*
 * What a reader is made of: for reader.c, which keeps the table of readers and serves pcscd's calls, and
 * for seating.c, which sees to it that cards get slots. Locks are taken in the order `service`, a slot's
 * own, reader_table.
 */
#ifndef VICAR_IFDHANDLER_READER_PARTS_H
#define VICAR_IFDHANDLER_READER_PARTS_H

#include <pthread.h>

#include "ifdhandler/cards.h"
#include "ifdhandler/devicename.h"
#include "ifdhandler/farewell.h"
#include "ifdhandler/port.h"
#include "ifdhandler/slot.h"
#include "ifdhandler/watch.h"

/* Which card is in a slot. Written under `service` and reader_table, so read under either. */
struct holding {
	bool used;
	int64_t left; /* when its last card left it for another; 0: it did not */
	char name[CARDNAME_MAX + 1];
	struct card_file file;
	int64_t since;
};

struct reader {
	struct reader *next;  /* reader_table */
	unsigned long number; /* upper half of the Lun */
	unsigned users;       /* reader_table; the slots that are open and the threads inside */
	unsigned open;        /* reader_table; one bit per slot */
	unsigned closed;      /* reader_table; likewise, those that pcscd is done with */
	unsigned ever;        /* reader_table; likewise, those that were open once */
	struct devicename device;

	pthread_mutex_t service; /* guards what follows; taken before the others */
	struct watch watch;
	struct cards cards;
	bool unread; /* the directory has changed, and could not be read yet */
	struct farewells farewells;
	int64_t due; /* when service is needed next, if nothing happens */
	struct holding holdings[DEVICENAME_SLOTS_MAX];

	struct port ports[DEVICENAME_SLOTS_MAX]; /* of a device with a port, its cards' way in */
	struct slot slots[DEVICENAME_SLOTS_MAX];
};

/* The table of readers, and its lock. */
extern pthread_mutex_t reader_table;
extern struct reader *reader_list;

#endif
