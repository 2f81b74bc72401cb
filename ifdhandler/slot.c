#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ifdhandler/clock.h"
#include "ifdhandler/log.h"
#include "ifdhandler/message.h"
#include "ifdhandler/slot.h"

enum {
	/* pcscd serves nobody before the first power-up of every reader is done. No person is waited for
	 * there: BUSY does not make it longer. */
	POWER_MS = 1000,
	CAPDU_MIN = 4, /* CLA INS P1 P2 */
};

static const uint8_t SW_WRONG_LENGTH[] = {0x67, 0x00};

static unsigned
smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

bool
slot_init(struct slot *slot, unsigned silence_ms)
{
	memset(slot, 0, sizeof *slot);
	slot->link = -1;
	slot->protocol = 1;
	slot->silence_ms = silence_ms;
	slot->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&slot->request, NULL);
	pthread_mutex_init(&slot->lock, NULL);
	return slot->wake >= 0;
}

void
slot_done(struct slot *slot)
{
	if (slot->link >= 0)
		close(slot->link);
	if (slot->wake >= 0)
		close(slot->wake);
	pthread_mutex_destroy(&slot->lock);
	pthread_mutex_destroy(&slot->request);
}

/* What pcscd is to believe. */
static bool
is_present(const struct slot *slot)
{
	return (slot->state == SLOT_READY || slot->state == SLOT_LEAVING) && !slot->removed;
}

void
slot_wake(struct slot *slot)
{
	(void)eventfd_write(slot->wake, 1);
}

void
slot_awake(struct slot *slot)
{
	eventfd_t ignored;

	(void)eventfd_read(slot->wake, &ignored);
}

static void
drop_link(struct slot *slot, enum message_result why)
{
	log_line(LOG_DEBUG, "card disconnected: %s", message_complaint(why));
	slot->swapped = why == MESSAGE_SWAPPED || message_swapped(slot->link);
	close(slot->link);
	slot->link = -1;
	/* A card that came and went between two questions was never there for pcscd. */
	if (slot->state != SLOT_GREETING && slot->told)
		slot->removed = true;
	slot->state = SLOT_EMPTY;
	slot->powered = false;
	slot_wake(slot);
}

void
slot_greet(struct slot *slot, int link, const struct wire *wire, int64_t hello_due)
{
	pthread_mutex_lock(&slot->lock);
	slot->link = link;
	slot->state = SLOT_GREETING;
	slot->wire = wire;
	slot->hello_due = hello_due;
	if (!wire->begin(link, &slot->greeting))
		drop_link(slot, MESSAGE_CLOSED);
	pthread_mutex_unlock(&slot->lock);
	slot_wake(slot);
}

static void
attend_greeting(struct slot *slot, int64_t now)
{
	enum message_result r =
	    slot->wire->hello(slot->link, &slot->greeting, slot->atr, &slot->atr_len);

	if (r == MESSAGE_NONE && now >= slot->hello_due)
		r = MESSAGE_SILENT;
	if (r == MESSAGE_OK) {
		log_line(LOG_DEBUG, "card inserted");
		slot->state = SLOT_READY;
		slot->powered = false;
		slot->protocol = 1;
		slot_wake(slot);
	} else if (r != MESSAGE_NONE) {
		drop_link(slot, r);
	}
}

static void
attend_ready(struct slot *slot)
{
	struct pollfd link = {.fd = slot->link, .events = POLLRDHUP};

	/* Not even 0 ms are free of EINTR, and pcscd has handlers. */
	if (poll(&link, 1, 0) <= 0)
		return;
	if (slot->open)
		slot->state = SLOT_LEAVING;
	else
		drop_link(slot, MESSAGE_CLOSED);
}

enum slot_link
slot_attend(struct slot *slot, int64_t now)
{
	enum slot_link state;

	pthread_mutex_lock(&slot->lock);
	if (slot->state == SLOT_GREETING)
		attend_greeting(slot, now);
	else if (slot->state == SLOT_READY)
		attend_ready(slot);
	state = slot->state;
	pthread_mutex_unlock(&slot->lock);
	return state;
}

bool
slot_swapped(struct slot *slot)
{
	bool swapped;

	pthread_mutex_lock(&slot->lock);
	swapped = slot->swapped;
	pthread_mutex_unlock(&slot->lock);
	return swapped;
}

void
slot_hang_up(struct slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	if (slot->link >= 0)
		(void)shutdown(slot->link, SHUT_RDWR);
	pthread_mutex_unlock(&slot->lock);
}

void
slot_poller(struct slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	slot->poller = pthread_self();
	slot->polled = true;
	pthread_mutex_unlock(&slot->lock);
}

int64_t
slot_wait(struct slot *slot, struct pollfd *wait)
{
	int64_t due = CLOCK_NEVER;

	pthread_mutex_lock(&slot->lock);
	wait->fd = -1;
	if (slot->state == SLOT_GREETING) {
		wait->fd = slot->link;
		wait->events = POLLIN | POLLRDHUP;
		due = slot->hello_due;
	} else if (slot->state == SLOT_READY) {
		/* Not POLLIN: the answers to requests would wake the poller each time. */
		wait->fd = slot->link;
		wait->events = POLLRDHUP;
	}
	pthread_mutex_unlock(&slot->lock);
	return due;
}

bool
slot_news(struct slot *slot)
{
	bool news;

	pthread_mutex_lock(&slot->lock);
	news = slot->stop || is_present(slot) != slot->told;
	slot->stop = false;
	pthread_mutex_unlock(&slot->lock);
	return news;
}

void
slot_stop(struct slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	slot->stop = true;
	pthread_mutex_unlock(&slot->lock);
	slot_wake(slot);
}

bool
slot_presence(struct slot *slot)
{
	bool present;

	pthread_mutex_lock(&slot->lock);
	present = is_present(slot);
	if (!slot->polled || pthread_equal(slot->poller, pthread_self())) {
		slot->told = present;
		slot->removed = false;
	}
	pthread_mutex_unlock(&slot->lock);
	return present;
}

void
slot_status(struct slot *slot, struct slot_status *status)
{
	pthread_mutex_lock(&slot->lock);
	status->present = is_present(slot);
	status->powered = status->present && slot->powered;
	status->protocol = slot->protocol;
	status->atr_len = status->powered ? slot->atr_len : 0;
	memcpy(status->atr, slot->atr, status->atr_len);
	pthread_mutex_unlock(&slot->lock);
}

void
slot_set_protocol(struct slot *slot, unsigned protocol)
{
	pthread_mutex_lock(&slot->lock);
	slot->protocol = protocol;
	pthread_mutex_unlock(&slot->lock);
}

static bool
needs_power(enum link_kind kind)
{
	return kind == LINK_TRANSMIT || kind == LINK_PIN_VERIFY || kind == LINK_PIN_MODIFY;
}

/* From here to close_request() the link is this thread's. -1 when there is no card, or no power
 * that `kind` needs: a client in direct mode may try. */
static int
open_request(struct slot *slot, enum link_kind kind)
{
	int link = -1;

	pthread_mutex_lock(&slot->lock);
	if (is_present(slot) && (slot->powered || !needs_power(kind))) {
		/* What it says before it is asked must not become the answer. */
		if (message_unasked(slot->link))
			drop_link(slot, MESSAGE_WRONG);
		else
			link = slot->link;
	}
	slot->open = link >= 0;
	pthread_mutex_unlock(&slot->lock);
	return link;
}

static enum slot_result
close_request(struct slot *slot, enum message_result r)
{
	slot->open = false;
	if (r == MESSAGE_OK || r == MESSAGE_NO_ROOM) {
		if (slot->state == SLOT_LEAVING)
			drop_link(slot, MESSAGE_CLOSED);
		return r == MESSAGE_OK ? SLOT_OK : SLOT_NO_ROOM;
	}
	drop_link(slot, r);
	return SLOT_LOST;
}

enum slot_result
slot_power(struct slot *slot, enum link_kind kind, uint8_t atr[LINK_ATR_MAX], size_t *atr_len)
{
	const struct request request = {.kind = kind};
	const unsigned patience_ms = smaller(POWER_MS, slot->silence_ms);
	const struct patience patience = {.quiet_ms = patience_ms, .total_ms = patience_ms};
	enum slot_result r = SLOT_ABSENT;
	uint8_t answer[LINK_ATR_MAX];
	size_t answer_len = 0;
	int link;

	pthread_mutex_lock(&slot->request);
	link = open_request(slot, kind);
	if (link >= 0) {
		enum message_result m = slot->wire->exchange(link, &request, &patience, answer,
							     sizeof answer, &answer_len);

		pthread_mutex_lock(&slot->lock);
		r = close_request(slot, m);
	} else {
		pthread_mutex_lock(&slot->lock);
	}
	if (r == SLOT_OK) {
		slot->powered = kind != LINK_POWER_OFF && slot->link >= 0;
		if (answer_len > 0) {
			memcpy(slot->atr, answer, answer_len);
			slot->atr_len = answer_len;
		}
	} else if (slot->told && slot->atr_len > 0) {
		r = SLOT_OK;
	}
	*atr_len = r == SLOT_OK ? slot->atr_len : 0;
	memcpy(atr, slot->atr, *atr_len);
	pthread_mutex_unlock(&slot->lock);
	pthread_mutex_unlock(&slot->request);
	return r;
}

/* A request that somebody may have to be waited for. `*answer_len` is the room on entry, and 0 after
 * every failure. What is no command is answered here. */
static enum slot_result
exchange(struct slot *slot, const struct request *request, bool is_command, uint8_t *answer,
	 size_t *answer_len)
{
	const struct patience patience = {.quiet_ms = slot->silence_ms};
	const size_t room = *answer_len;
	enum slot_result r = SLOT_ABSENT;
	int link;

	*answer_len = 0;
	if (room < sizeof SW_WRONG_LENGTH)
		return SLOT_NO_ROOM;
	pthread_mutex_lock(&slot->request);
	link = open_request(slot, request->kind);
	if (link >= 0) {
		enum message_result m = MESSAGE_OK;

		if (is_command) {
			m = slot->wire->exchange(link, request, &patience, answer, room,
						 answer_len);
		} else {
			memcpy(answer, SW_WRONG_LENGTH, sizeof SW_WRONG_LENGTH);
			*answer_len = sizeof SW_WRONG_LENGTH;
		}
		pthread_mutex_lock(&slot->lock);
		r = close_request(slot, m);
		pthread_mutex_unlock(&slot->lock);
		if (r != SLOT_OK)
			*answer_len = 0;
	}
	pthread_mutex_unlock(&slot->request);
	return r;
}

enum slot_result
slot_transmit(struct slot *slot, unsigned protocol, const uint8_t *capdu, size_t capdu_len,
	      uint8_t *rapdu, size_t *rapdu_len)
{
	const struct request request = {LINK_TRANSMIT, (uint8_t)protocol, capdu, capdu_len};

	return exchange(slot, &request, capdu_len >= CAPDU_MIN && capdu_len <= LINK_CAPDU_MAX,
			rapdu, rapdu_len);
}

enum slot_result
slot_pin(struct slot *slot, enum link_kind kind, const uint8_t *structure, size_t structure_len,
	 uint8_t sw[LINK_PIN_ANSWER])
{
	const struct request request = {kind, 0, structure, structure_len};
	size_t sw_len = LINK_PIN_ANSWER;

	return exchange(slot, &request, true, sw, &sw_len);
}
