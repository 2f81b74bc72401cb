#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ifdhandler/cards.h"
#include "ifdhandler/clock.h"
#include "ifdhandler/farewell.h"
#include "ifdhandler/log.h"
#include "ifdhandler/peer.h"
#include "ifdhandler/reader.h"
#include "ifdhandler/watch.h"

/* Which card is in a slot. Written under `service` and `table`, so read under either. */
struct holding {
	bool used;
	char name[CARDNAME_MAX + 1];
	struct card_file file;
	int64_t since;
};

struct reader {
	struct reader *next;  /* `table` */
	unsigned long number; /* upper half of the Lun */
	unsigned users;       /* `table`; the slots that are open and the threads inside */
	unsigned open;        /* `table`; one bit per slot */
	unsigned closed;      /* `table`; likewise, those that pcscd is done with */
	struct devicename device;

	pthread_mutex_t service; /* guards what follows; taken before a slot's lock and `table` */
	struct watch watch;
	struct cards cards;
	bool unread; /* the directory has changed, and could not be read yet */
	struct farewells farewells;
	int64_t due; /* when service is needed next, if nothing happens */
	struct holding holdings[DEVICENAME_SLOTS_MAX];

	struct slot slots[DEVICENAME_SLOTS_MAX];
};

static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static struct reader *readers;

static bool
same_socket(const struct card_file *a, const struct card_file *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/* With `table` held. */
static bool
is_free(const struct reader *reader, unsigned slot)
{
	return !reader->holdings[slot].used && (reader->closed & 1U << slot) == 0;
}

/* With `table` held: another entry of reader.conf has the card; two may name one directory. */
static bool
is_anothers(const struct reader *self, const struct card *card)
{
	for (const struct reader *other = readers; other != NULL; other = other->next)
		for (unsigned i = 0; other != self && i < other->device.slots; i++)
			if (other->holdings[i].used &&
			    same_socket(&other->holdings[i].file, &card->file))
				return true;
	return false;
}

/* With `table` held: another entry of reader.conf is about to take the card. */
static bool
another_has_room(const struct reader *self)
{
	for (const struct reader *other = readers; other != NULL; other = other->next)
		for (unsigned i = 0; other != self && i < other->device.slots; i++)
			if (is_free(other, i) &&
			    strcmp(other->device.directory, self->device.directory) == 0)
				return true;
	return false;
}

/* Takes the card for the first free slot; -1 when there is none, or another reader has the card. */
static int
claim(struct reader *reader, const struct card *card, int64_t now)
{
	int slot = -1;

	pthread_mutex_lock(&table);
	for (unsigned i = 0; slot < 0 && i < reader->device.slots; i++)
		if (is_free(reader, i) && !is_anothers(reader, card))
			slot = (int)i;
	if (slot >= 0) {
		struct holding *holding = &reader->holdings[slot];

		holding->used = true;
		snprintf(holding->name, sizeof holding->name, "%s", card->name);
		holding->file = card->file;
		holding->since = now;
	}
	pthread_mutex_unlock(&table);
	return slot;
}

static void
release(struct reader *reader, int slot)
{
	pthread_mutex_lock(&table);
	reader->holdings[slot].used = false;
	pthread_mutex_unlock(&table);
}

/* True when no reader has this card, nor a slot for it now or in a moment. */
static bool
is_surplus(struct reader *reader, const struct card *card, int64_t now)
{
	bool surplus;

	for (unsigned i = 0; i < reader->device.slots; i++) {
		enum slot_link link = slot_attend(&reader->slots[i], now);

		if (reader->holdings[i].used && (link == SLOT_EMPTY || link == SLOT_LEAVING))
			return false;
	}
	pthread_mutex_lock(&table);
	surplus = !is_anothers(reader, card) && !another_has_room(reader);
	for (unsigned i = 0; i < reader->device.slots; i++)
		surplus = surplus && !is_free(reader, i);
	pthread_mutex_unlock(&table);
	return surplus;
}

/* Slots whose card has gone are free again. */
static void
collect(struct reader *reader, int64_t now)
{
	bool freed = false;

	for (int i = 0; i < (int)reader->device.slots; i++) {
		struct holding *holding = &reader->holdings[i];
		struct card *card;

		if (slot_attend(&reader->slots[i], now) != SLOT_EMPTY || !holding->used)
			continue;
		card = cards_find(&reader->cards, holding->name);
		if (card != NULL && card->state == CARD_TAKEN)
			card_rest(card, now, now - holding->since);
		release(reader, i);
		freed = true;
	}
	if (freed)
		cards_invite(&reader->cards, now);
}

static enum peer_result
take_in(struct reader *reader, struct card *card, int slot, int64_t now)
{
	int link;
	enum peer_result r = peer_connect(reader->device.directory, card->name, card->owner, &link);

	if (r != PEER_OK) {
		release(reader, slot);
		return r;
	}
	log_line(LOG_DEBUG, "%s: connected, slot %d of %s", card->name, slot, reader->device.text);
	card->state = CARD_TAKEN;
	slot_greet(&reader->slots[slot], link, now);
	return r;
}

static enum peer_result
turn_away(struct reader *reader, struct card *card, int64_t now)
{
	int link;
	enum peer_result r = peer_connect(reader->device.directory, card->name, card->owner, &link);

	if (r != PEER_OK)
		return r;
	log_line(LOG_INFO, "%s: no free slot in %s", card->name, reader->device.text);
	farewells_add(&reader->farewells, link, now);
	card->state = CARD_FULL;
	return r;
}

static void
try_card(struct reader *reader, struct card *card, int64_t now)
{
	int slot = claim(reader, card, now);
	enum peer_result r = PEER_LATER;

	if (slot >= 0)
		r = take_in(reader, card, slot, now);
	else if (is_surplus(reader, card, now))
		r = turn_away(reader, card, now);
	if (r == PEER_FOREIGN) {
		card->state = CARD_FOREIGN;
	} else if (r == PEER_LATER) {
		if (card->delay_ms == RETRY_FIRST_MS)
			log_line(LOG_DEBUG, "%s: cannot be had yet; tried again", card->name);
		card_rest(card, now, 0);
	}
}

/* All that can be done without waiting; returns when it has to be done again. */
static int64_t
service(struct reader *reader, const struct slot *self)
{
	int64_t now = clock_ms(), due;
	bool sooner;

	pthread_mutex_lock(&reader->service);
	collect(reader, now);
	if (watch_look(&reader->watch, reader->device.directory, now) || reader->unread)
		reader->unread = !cards_read(&reader->cards, reader->device.directory, now);
	for (size_t i = 0; i < reader->cards.count; i++) {
		struct card *card = &reader->cards.list[i];

		if (card->state == CARD_WAITING && card->due <= now)
			try_card(reader, card, now);
	}
	due = clock_earlier(reader->watch.due, cards_due(&reader->cards));
	if (reader->unread)
		due = clock_earlier(due, now + RETRY_LONGEST_MS);
	due = clock_earlier(due, farewells_look(&reader->farewells, now));
	sooner = due < reader->due;
	reader->due = due;
	pthread_mutex_unlock(&reader->service);

	/* This slot's poller may be kept from coming back by a long request; others take over. */
	for (unsigned i = 0; sooner && i < reader->device.slots; i++)
		if (&reader->slots[i] != self)
			slot_wake(&reader->slots[i]);
	return due;
}

/* Connects to what is there and waits for the hellos. */
static void
welcome(struct reader *reader)
{
	int64_t end = clock_ms() + LINK_HELLO_MS, now;

	service(reader, NULL);
	while ((now = clock_ms()) < end) {
		struct pollfd waits[DEVICENAME_SLOTS_MAX];
		nfds_t count = 0;

		for (unsigned i = 0; i < reader->device.slots; i++)
			if (slot_attend(&reader->slots[i], now) == SLOT_GREETING)
				(void)slot_wait(&reader->slots[i], &waits[count++]);
		if (count == 0)
			break;
		(void)poll(waits, count, clock_wait(now, end));
	}
}

void
reader_poll(struct reader *reader, struct slot *slot, int timeout_ms)
{
	int64_t end = clock_ms() + (timeout_ms > 0 ? timeout_ms : 0);

	slot_poller(slot);
	for (;;) {
		struct pollfd waits[] = {
		    {.fd = slot->wake, .events = POLLIN},
		    {.fd = reader->watch.inotify, .events = POLLIN},
		    {.fd = -1},
		};
		int64_t due, now;

		slot_awake(slot);
		due = clock_earlier(end, service(reader, slot));
		slot_attend(slot, clock_ms());
		if (slot_news(slot))
			break;
		due = clock_earlier(due, slot_wait(slot, &waits[2]));
		now = clock_ms();
		if (now >= end)
			break;
		(void)poll(waits, sizeof waits / sizeof waits[0], clock_wait(now, due));
	}
}

const struct devicename *
reader_device(const struct reader *reader)
{
	return &reader->device;
}

static void
reader_free(struct reader *reader)
{
	for (unsigned i = 0; i < reader->device.slots; i++)
		slot_done(&reader->slots[i]);
	farewells_done(&reader->farewells);
	watch_done(&reader->watch);
	pthread_mutex_destroy(&reader->service);
	free(reader);
}

static struct reader *
reader_new(unsigned long number, const struct devicename *device)
{
	struct reader *reader = calloc(1, sizeof *reader);
	bool ok = true;

	if (reader == NULL)
		return NULL;
	reader->number = number;
	reader->device = *device;
	reader->due = CLOCK_NEVER;
	pthread_mutex_init(&reader->service, NULL);
	farewells_init(&reader->farewells);
	watch_init(&reader->watch);
	for (unsigned i = 0; i < device->slots; i++)
		ok = slot_init(&reader->slots[i], device->silence_ms) && ok;
	if (!ok) {
		reader_free(reader);
		return NULL;
	}
	return reader;
}

/* With `table` held. */
static struct reader *
find(unsigned long number)
{
	struct reader *reader = readers;

	while (reader != NULL && reader->number != number)
		reader = reader->next;
	return reader;
}

static unsigned
slot_bit(const struct reader *reader, unsigned long lun)
{
	unsigned long slot = lun & 0xFFFF;

	return slot < reader->device.slots ? 1U << slot : 0;
}

bool
reader_open(unsigned long lun, const char *text)
{
	struct devicename device;
	const char *reason = devicename_parse(&device, text);
	struct reader *reader;
	bool is_new = false, ok = false;

	if (reason != NULL) {
		log_line(LOG_ERROR,
			 "DEVICENAME %s in reader.conf: %s; correct it and restart pcscd. "
			 "This reader is left out.",
			 text, reason);
		return false;
	}
	pthread_mutex_lock(&table);
	reader = find(lun >> 16);
	if (reader == NULL) {
		reader = reader_new(lun >> 16, &device);
		if (reader == NULL) {
			log_line(LOG_ERROR, "%s: no reader: %s", text, strerror(errno));
			goto out;
		}
		reader->next = readers;
		readers = reader;
		is_new = true;
	}
	if (slot_bit(reader, lun) == 0 || (reader->open & slot_bit(reader, lun)) != 0) {
		log_line(LOG_ERROR, "%s: Lun %lx is not free; a second reader is left out", text,
			 lun);
		goto out;
	}
	reader->open |= slot_bit(reader, lun);
	reader->closed &= ~slot_bit(reader, lun);
	reader->users += is_new ? 2 : 1;
	ok = true;
out:
	if (is_new && !ok) {
		readers = reader->next;
		reader_free(reader);
	}
	pthread_mutex_unlock(&table);
	if (is_new && ok) {
		welcome(reader);
		reader_put(reader);
	}
	return ok;
}

struct reader *
reader_get(unsigned long lun, struct slot **slot)
{
	struct reader *reader;

	pthread_mutex_lock(&table);
	reader = find(lun >> 16);
	if (reader != NULL && (reader->open & slot_bit(reader, lun)) != 0) {
		reader->users++;
		*slot = &reader->slots[lun & 0xFFFF];
	} else {
		reader = NULL;
	}
	pthread_mutex_unlock(&table);
	return reader;
}

void
reader_put(struct reader *reader)
{
	bool last;

	pthread_mutex_lock(&table);
	last = --reader->users == 0;
	pthread_mutex_unlock(&table);
	if (last)
		reader_free(reader);
}

/* With `table` held. */
static void
unlist(const struct reader *reader)
{
	struct reader **link = &readers;

	while (*link != reader)
		link = &(*link)->next;
	*link = reader->next;
}

/* pcscd closes even while a request is open, after half a second. */
bool
reader_close(unsigned long lun)
{
	struct slot *slot;
	struct reader *reader = reader_get(lun, &slot);
	bool was_open;

	if (reader == NULL)
		return false;
	pthread_mutex_lock(&table);
	was_open = (reader->open & slot_bit(reader, lun)) != 0;
	if (was_open) {
		reader->open &= ~slot_bit(reader, lun);
		reader->closed |= slot_bit(reader, lun);
		reader->users--;
		if (reader->open == 0)
			unlist(reader);
	}
	pthread_mutex_unlock(&table);
	slot_hang_up(slot);
	slot_stop(slot);
	reader_put(reader);
	return was_open;
}
