#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ifdhandler/clock.h"
#include "ifdhandler/log.h"
#include "ifdhandler/reader.h"
#include "ifdhandler/reader_parts.h"
#include "ifdhandler/seating.h"

pthread_mutex_t reader_table = PTHREAD_MUTEX_INITIALIZER;
struct reader *reader_list;

/* Returns when it is to be done again; `wait` is what to wait for until then. */
static int64_t
serve(struct reader *reader, struct slot *slot, struct pollfd *wait)
{
	if (reader->device.port != 0)
		return port_serve(&reader->ports[slot - reader->slots], slot, clock_ms(), wait);
	wait->fd = reader->watch.inotify;
	return seating_run(reader, slot);
}

void
reader_poll(struct reader *reader, struct slot *slot, int timeout_ms)
{
	int64_t end = clock_ms() + (timeout_ms > 0 ? timeout_ms : 0);

	slot_poller(slot);
	for (;;) {
		struct pollfd waits[] = {
		    {.fd = slot->wake, .events = POLLIN},
		    {.fd = -1, .events = POLLIN},
		    {.fd = -1},
		};
		int64_t due, now;

		slot_awake(slot);
		due = clock_earlier(end, serve(reader, slot, &waits[1]));
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
	for (unsigned i = 0; i < reader->device.slots; i++) {
		slot_done(&reader->slots[i]);
		port_close(&reader->ports[i]);
	}
	farewells_done(&reader->farewells);
	watch_done(&reader->watch);
	pthread_mutex_destroy(&reader->service);
	free(reader);
}

/* Every slot has a port of its own, one after the other. */
static bool
open_ports(struct reader *reader)
{
	const struct devicename *device = &reader->device;

	for (unsigned i = 0; device->port != 0 && i < device->slots; i++) {
		if (port_open(&reader->ports[i], device->port + i, device->cleartext_network))
			continue;
		log_line(LOG_ERROR,
			 "%s: port %u cannot be listened on: %s; end what uses it or choose "
			 "another, then restart pcscd. This reader is left out.",
			 device->text, device->port + i, strerror(errno));
		return false;
	}
	return true;
}

static struct reader *
reader_new(unsigned long number, const struct devicename *device)
{
	struct reader *reader = calloc(1, sizeof *reader);
	bool ok = true;

	if (reader == NULL) {
		log_line(LOG_ERROR, "%s: no reader: %s", device->text, strerror(errno));
		return NULL;
	}
	reader->number = number;
	reader->device = *device;
	reader->due = CLOCK_NEVER;
	pthread_mutex_init(&reader->service, NULL);
	farewells_init(&reader->farewells);
	watch_init(&reader->watch);
	for (unsigned i = 0; i < device->slots; i++) {
		ok = slot_init(&reader->slots[i], device->silence_ms) && ok;
		reader->ports[i].listener = -1;
	}
	if (!ok)
		log_line(LOG_ERROR, "%s: no reader: %s", device->text, strerror(errno));
	if (!ok || !open_ports(reader)) {
		reader_free(reader);
		return NULL;
	}
	return reader;
}

/* With reader_table held. */
static struct reader *
find(unsigned long number)
{
	struct reader *reader = reader_list;

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
	pthread_mutex_lock(&reader_table);
	reader = find(lun >> 16);
	if (reader == NULL) {
		reader = reader_new(lun >> 16, &device);
		if (reader == NULL)
			goto out;
		reader->next = reader_list;
		reader_list = reader;
		is_new = true;
	}
	if (slot_bit(reader, lun) == 0 || (reader->open & slot_bit(reader, lun)) != 0) {
		log_line(LOG_ERROR, "%s: Lun %lx is not free; a second reader is left out", text,
			 lun);
		goto out;
	}
	reader->open |= slot_bit(reader, lun);
	reader->ever |= slot_bit(reader, lun);
	reader->closed &= ~slot_bit(reader, lun);
	reader->users += is_new ? 2 : 1;
	ok = true;
out:
	if (is_new && !ok) {
		reader_list = reader->next;
		reader_free(reader);
	}
	pthread_mutex_unlock(&reader_table);
	if (is_new && ok) {
		if (device.port == 0)
			seating_welcome(reader);
		reader_put(reader);
	}
	return ok;
}

struct reader *
reader_get(unsigned long lun, struct slot **slot)
{
	struct reader *reader;

	pthread_mutex_lock(&reader_table);
	reader = find(lun >> 16);
	if (reader != NULL && (reader->open & slot_bit(reader, lun)) != 0) {
		reader->users++;
		*slot = &reader->slots[lun & 0xFFFF];
	} else {
		reader = NULL;
	}
	pthread_mutex_unlock(&reader_table);
	return reader;
}

void
reader_put(struct reader *reader)
{
	bool last;

	pthread_mutex_lock(&reader_table);
	last = --reader->users == 0;
	pthread_mutex_unlock(&reader_table);
	if (last)
		reader_free(reader);
}

/* A reader that goes before all its slots have come had no room: pcscd before 2.5.0 has 16 slots for all
 * readers together, and takes a reader whole or not at all. */
static void
explain_end(const struct reader *reader)
{
	const unsigned all = (1U << reader->device.slots) - 1;

	if (reader->ever != all)
		log_line(LOG_ERROR,
			 "%s: pcscd has no room for its %u slots, it takes 16 of all readers "
			 "together; give it fewer in reader.conf, or remove another reader there, "
			 "and restart pcscd. This reader is left out.",
			 reader->device.text, reader->device.slots);
}

/* With reader_table held. */
static void
unlist(const struct reader *reader)
{
	struct reader **link = &reader_list;

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
	pthread_mutex_lock(&reader_table);
	was_open = (reader->open & slot_bit(reader, lun)) != 0;
	if (was_open) {
		reader->open &= ~slot_bit(reader, lun);
		reader->closed |= slot_bit(reader, lun);
		reader->users--;
		if (reader->open == 0) {
			unlist(reader);
			explain_end(reader);
		}
	}
	pthread_mutex_unlock(&reader_table);
	slot_hang_up(slot);
	slot_stop(slot);
	reader_put(reader);
	return was_open;
}
