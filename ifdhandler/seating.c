#include <stdio.h>
#include <string.h>

#include "ifdhandler/clock.h"
#include "ifdhandler/log.h"
#include "ifdhandler/message.h"
#include "ifdhandler/peer.h"
#include "ifdhandler/reader_parts.h"
#include "ifdhandler/seating.h"

/* How long a slot is kept for the card that is swapped for another. */
enum { REPLACED_WITHIN_MS = 5000 };

static bool
same_socket(const struct card_file *a, const struct card_file *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/* With reader_table held. */
static bool
is_free(const struct reader *reader, unsigned slot)
{
	return !reader->holdings[slot].used && (reader->closed & 1U << slot) == 0;
}

/* With reader_table held: another entry of reader.conf has the card; two may name one directory. */
static bool
is_anothers(const struct reader *self, const struct card *card)
{
	for (const struct reader *other = reader_list; other != NULL; other = other->next)
		for (unsigned i = 0; other != self && i < other->device.slots; i++)
			if (other->holdings[i].used &&
			    same_socket(&other->holdings[i].file, &card->file))
				return true;
	return false;
}

/* With reader_table held: another entry of reader.conf is about to take the card. */
static bool
another_has_room(const struct reader *self)
{
	for (const struct reader *other = reader_list; other != NULL; other = other->next)
		for (unsigned i = 0; other != self && i < other->device.slots; i++)
			if (is_free(other, i) &&
			    strcmp(other->device.directory, self->device.directory) == 0)
				return true;
	return false;
}

/* With reader_table held: the slot that a card left for another last, if that is not long ago; else the first
 * that is free, or -1. */
static int
next_free(const struct reader *reader, int64_t now)
{
	int found = -1;
	/* 0: it was not left so. */
	int64_t left = clock_later(now - REPLACED_WITHIN_MS, 1);

	for (unsigned i = 0; i < reader->device.slots; i++) {
		if (!is_free(reader, i))
			continue;
		if (found < 0 || reader->holdings[i].left >= left)
			found = (int)i;
		left = clock_later(left, reader->holdings[i].left);
	}
	return found;
}

/* Takes the card for a free slot; -1 when there is none, or another reader has the card. */
static int
claim(struct reader *reader, const struct card *card, int64_t now)
{
	int slot;

	pthread_mutex_lock(&reader_table);
	slot = is_anothers(reader, card) ? -1 : next_free(reader, now);
	if (slot >= 0) {
		struct holding *holding = &reader->holdings[slot];

		holding->used = true;
		snprintf(holding->name, sizeof holding->name, "%s", card->name);
		holding->file = card->file;
		holding->since = now;
	}
	pthread_mutex_unlock(&reader_table);
	return slot;
}

static void
release(struct reader *reader, int slot, int64_t left)
{
	pthread_mutex_lock(&reader_table);
	reader->holdings[slot].used = false;
	reader->holdings[slot].left = left;
	pthread_mutex_unlock(&reader_table);
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
	pthread_mutex_lock(&reader_table);
	surplus = !is_anothers(reader, card) && !another_has_room(reader);
	for (unsigned i = 0; i < reader->device.slots; i++)
		surplus = surplus && !is_free(reader, i);
	pthread_mutex_unlock(&reader_table);
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
		release(reader, i, slot_swapped(&reader->slots[i]) ? now : 0);
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
		release(reader, slot, reader->holdings[slot].left);
		return r;
	}
	log_line(LOG_DEBUG, "%s: connected, slot %d of %s", card->name, slot, reader->device.text);
	card->state = CARD_TAKEN;
	slot_greet(&reader->slots[slot], link, &message_wire, now + reader->device.silence_ms);
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

int64_t
seating_run(struct reader *reader, const struct slot *self)
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

void
seating_welcome(struct reader *reader)
{
	int64_t end = clock_ms() + LINK_HELLO_MS, now;

	seating_run(reader, NULL);
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
