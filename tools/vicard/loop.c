/*
 * The poll loop of vicard, tools/vicard/loop.h.
 */
#include "loop.h"

#include "attend.h"
#include "log.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* A busy message is sent well before the reader must have it. */
enum { BUSY_EVERY_MS = LINK_BUSY_MS / 2, STRANGER_EVERY_MS = 10000 };

enum slot {
	SLOT_SIGNALS,
	SLOT_READER,
	SLOT_VPCD,
	SLOT_BRIDGE,
	SLOT_OWNER_BRIDGE,
	SLOT_PAD_BRIDGE,
	SLOT_OWNER_CLIENT,
	SLOT_CONTROL,
	SLOT_SESSION,
	SLOT_EVENTS,
	SLOT_LINK,
	SLOT_CLIENTS
};
enum { SLOT_WATCHERS = SLOT_CLIENTS + LOOP_CLIENTS_MAX };
enum { SLOTS = SLOT_WATCHERS + TRACE_WATCHERS_MAX };

uint64_t
loop_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
drop_reader(struct loop *loop, const char *why)
{
	pad_cancel(&loop->pad, loop_now_ms(), why);
	keys_cancel(&loop->keys, loop_now_ms(), why);
	card_reset(loop->card);
	trace_off(&loop->trace);
	endpoint_wipe(&loop->reader);
	(void)close(loop->reader.fd);
	loop->reader.fd = -1;
}

static void
send_or_drop(struct loop *loop, bool sent)
{
	if (sent)
		return;
	log_warning("the reader does not take what the card answers; connection closed");
	drop_reader(loop, "the reader stopped listening");
}

static void
trace_command_of(struct loop *loop, struct bytes capdu)
{
	loop->keys.asked = loop->keys.counted = false;
	trace_command(&loop->trace, capdu);
}

static void
trace_response_of(struct loop *loop, const struct writer *response)
{
	if (loop->keys.asked)
		trace_service(&loop->trace, loop->keys.counted);
	trace_response(&loop->trace, writer_bytes(response));
}

static void
answer(struct loop *loop, enum card_result result, struct writer *response)
{
	if (result == CARD_PENDING)
		return;
	trace_response_of(loop, response);
	send_or_drop(loop, endpoint_response(&loop->reader, writer_bytes(response)));
	OPENSSL_cleanse(loop->response, response->len);
}

static void
transmit(struct loop *loop, const struct endpoint_request *request)
{
	struct writer response = writer_to(loop->response, sizeof(loop->response));
	enum card_result result;

	card_set_protocol(loop->card, request->protocol);
	trace_command_of(loop, request->capdu);
	result = card_transmit(loop->card, request->capdu, &response);
	endpoint_wipe(&loop->reader);
	if (result == CARD_PENDING) {
		loop->busy_at = loop_now_ms() + BUSY_EVERY_MS;
		result = keys_serve(&loop->keys, loop_now_ms(), &response);
	}
	answer(loop, result, &response);
}

static void
ask_at_pad(struct loop *loop, const struct endpoint_request *request)
{
	struct writer response = writer_to(loop->response, sizeof(loop->response));
	const uint64_t now = loop_now_ms();
	enum card_result result;

	loop->busy_at = now + BUSY_EVERY_MS;
	loop->keys.asked = loop->keys.counted = false;
	result = pad_begin(&loop->pad, now, request->kind, request->structure, &response);
	endpoint_wipe(&loop->reader);
	trace_pad(&loop->trace, loop->pad.request.header);
	answer(loop, result, &response);
}

static void
tell_ready(struct loop *loop)
{
	if (!loop->told_ready)
		events_happened(&loop->events, EVENT_READY);
	loop->told_ready = true;
}

static void
serve_request(struct loop *loop, const struct endpoint_request *request)
{
	switch (request->kind) {
	case LINK_POWER_ON:
	case LINK_RESET:
		session_watch(&loop->session);
		card_reset(loop->card);
		trace_powered(&loop->trace, card_atr(loop->card));
		tell_ready(loop);
		send_or_drop(loop, endpoint_powered(&loop->reader, card_atr(loop->card)));
		return;
	case LINK_POWER_OFF:
		card_reset(loop->card);
		trace_off(&loop->trace);
		send_or_drop(loop, endpoint_done(&loop->reader));
		return;
	case LINK_PIN_VERIFY:
	case LINK_PIN_MODIFY: ask_at_pad(loop, request); return;
	default: transmit(loop, request); return;
	}
}

static void
serve_reader(struct loop *loop)
{
	struct endpoint_request request;
	const char *why = "";

	switch (endpoint_receive(&loop->reader, &request, &why)) {
	case ENDPOINT_NOTHING: return;
	case ENDPOINT_REQUEST: serve_request(loop, &request); return;
	case ENDPOINT_FULL:
		log_warning("the reader has no free slot; take another card out with `vicar "
			    "remove`, or raise the number in DEVICENAME, reader.conf(5)");
		loop->no_slot = true;
		drop_reader(loop, "the reader has no free slot");
		return;
	case ENDPOINT_CLOSED:
		log_info("the reader has gone");
		drop_reader(loop, "the reader has gone");
		return;
	case ENDPOINT_BROKEN:
		log_warning("the reader sent %s; connection closed", why);
		drop_reader(loop, "the reader broke the link's rules");
		return;
	}
}

/* The protocol cannot say T=0 or T=1: clients get T=1 where the ATR offers it. */
static void
reset_for_vpcd(struct loop *loop)
{
	session_watch(&loop->session);
	card_reset(loop->card);
	trace_powered(&loop->trace, card_atr(loop->card));
	card_set_protocol(loop->card, 1);
}

static bool
transmit_to_vpcd(struct loop *loop, struct bytes capdu)
{
	static const uint8_t wrong_length[] = {0x67, 0x00};
	struct writer response = writer_to(loop->response, sizeof(loop->response));
	enum card_result result;
	bool sent;

	trace_command_of(loop, capdu);
	result = card_transmit(loop->card, capdu, &response);
	if (result == CARD_PENDING)
		result = keys_serve(&loop->keys, loop_now_ms(), &response);
	if (result == CARD_PENDING)
		return false;
	trace_response_of(loop, &response);
	sent = vpcd_answer(&loop->vpcd, response.len <= VPCD_BODY_MAX ? writer_bytes(&response)
								      : BYTES(wrong_length));
	OPENSSL_cleanse(loop->response, response.len);
	return sent;
}

static bool
serve_vpcd_request(struct loop *loop, const struct vpcd_request *request)
{
	switch (request->kind) {
	case VPCD_ATR: return vpcd_answer(&loop->vpcd, card_atr(loop->card));
	case VPCD_TRANSMIT: return transmit_to_vpcd(loop, request->capdu);
	case VPCD_POWER_ON: tell_ready(loop); __attribute__((fallthrough));
	default: reset_for_vpcd(loop); return true;
	}
}

static void
serve_vpcd(struct loop *loop)
{
	struct vpcd_request request;

	while (!loop->ending) {
		switch (vpcd_receive(&loop->vpcd, &request)) {
		case VPCD_NOTHING: return;
		case VPCD_REQUEST:
			loop->ending = !serve_vpcd_request(loop, &request);
			if (loop->ending)
				log_warning("the reader %s does not take what the card answers",
					    loop->vpcd.where);
			break;
		case VPCD_CLOSED:
			log_info("the reader %s has gone; start vicard again when it is back",
				 loop->vpcd.where);
			loop->ending = true;
			break;
		case VPCD_BROKEN:
			log_warning("the reader %s sent a message that vpcd's protocol does not "
				    "have; connection closed",
				    loop->vpcd.where);
			loop->ending = true;
			break;
		}
	}
}

static void
log_stranger(struct loop *loop, uid_t uid, pid_t pid)
{
	uint64_t now = loop_now_ms();

	if (loop->stranger_at != 0 && now - loop->stranger_at < STRANGER_EVERY_MS)
		return;
	loop->stranger_at = now;
	log_warning("a program of user %lu (pid %ld) wanted to be the reader and was sent away; if "
		    "it is your pcscd, set pcscd-user in vicar.conf",
		    (unsigned long)uid, (long)pid);
}

static void
accept_reader(struct loop *loop)
{
	uid_t uid;
	pid_t pid;
	int fd = listen_accept(&loop->link, &uid, &pid);

	if (fd < 0)
		return;
	if (uid != 0 && uid != loop->pcscd_uid) {
		log_stranger(loop, uid, pid);
		(void)close(fd);
		return;
	}
	if (loop->reader.fd >= 0) {
		log_warning("a second reader (pid %ld) was sent away: the card is in one already",
			    (long)pid);
		(void)close(fd);
		return;
	}
	endpoint_init(&loop->reader, fd);
	loop->no_slot = loop->told_ready = false;
	log_info("the reader is there (pid %ld)", (long)pid);
	send_or_drop(loop, endpoint_hello(&loop->reader, card_atr(loop->card)));
}

static void
serve_bridge(struct loop *loop)
{
	struct writer response = writer_to(loop->response, sizeof(loop->response));

	if (loop->pad.active)
		answer(loop, pad_continue(&loop->pad, loop_now_ms(), &response), &response);
	else if (loop->keys.use.waiting)
		answer(loop, keys_continue(&loop->keys, loop_now_ms(), &response), &response);
}

static void
serve_signals(struct loop *loop)
{
	struct signalfd_siginfo signal;

	while (read(loop->signals, &signal, sizeof(signal)) == (ssize_t)sizeof(signal)) {
		if (signal.ssi_signo == SIGCHLD)
			continue;
		log_info("ending on signal %u", signal.ssi_signo);
		loop->ending = true;
	}
}

static void
serve_session(struct loop *loop)
{
	const char *happened = session_serve(&loop->session);

	if (happened == NULL)
		return;
	card_forget_pins(loop->card);
	/* Not at the end of the turn: the machine may sleep, and write memory to a disk, as soon as
	 * session_forgotten() says that it may. */
	keys_close_unverified(&loop->keys);
	use_cancel_prompts(&loop->keys.use, happened);
	use_cancel_prompts(&loop->owner.use, happened);
	use_cancel_prompts(&loop->pad.use, happened);
	session_forgotten(&loop->session);
	log_info("%s: PINs are forgotten, prompts are cancelled", happened);
}

static void
accept_client(struct loop *loop)
{
	int fd = attend_accept(&loop->control);
	int *place = &loop->clients[loop->next_client];

	if (fd < 0)
		return;
	/* Whoever has waited longest without asking makes room. */
	if (*place >= 0)
		(void)close(*place);
	*place = fd;
	loop->next_client = (loop->next_client + 1) % LOOP_CLIENTS_MAX;
}

static void
serve_client(struct loop *loop, int *client)
{
	switch (attend(loop, *client)) {
	case ATTEND_WAIT: return;
	case ATTEND_CLOSE: break;
	case ATTEND_KEPT:
		session_watch(&loop->session);
		*client = -1;
		return;
	case ATTEND_REMOVE:
		log_info("taken out by `vicar %s`", loop->swapped ? "swap" : "remove");
		loop->ending = true;
		return;
	}
	(void)close(*client);
	*client = -1;
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Milliseconds until something is due; -1: nothing. */
static int
due_in(const struct loop *loop)
{
	uint64_t now = loop_now_ms(), due = UINT64_MAX;

	if (loop->keys.use.waiting)
		due = earlier(loop->busy_at, loop->keys.use.silent_at);
	due = earlier(due, session_due(&loop->session));
	due = earlier(due, events_due(&loop->events));
	if (loop->owner.use.waiting)
		due = earlier(due, loop->owner.use.silent_at);
	if (loop->pad.active)
		due = earlier(due, earlier(loop->busy_at, loop->pad.use.silent_at));
	due = earlier(due, bridge_due(&loop->keys.use.bridge));
	due = earlier(due, bridge_due(&loop->owner.use.bridge));
	due = earlier(due, bridge_due(&loop->pad.use.bridge));
	if (due == UINT64_MAX)
		return -1;
	return due <= now ? 0 : (int)earlier(due - now, 60000);
}

static void
serve_timers(struct loop *loop)
{
	uint64_t now = loop_now_ms();

	bridge_reap(&loop->keys.use.bridge, now);
	bridge_reap(&loop->owner.use.bridge, now);
	bridge_reap(&loop->pad.use.bridge, now);
	if ((!loop->keys.use.waiting && !loop->pad.active) || now < loop->busy_at)
		return;
	loop->busy_at = now + BUSY_EVERY_MS;
	send_or_drop(loop, endpoint_busy(&loop->reader));
}

static void
fill(const struct loop *loop, struct pollfd polled[SLOTS])
{
	polled[SLOT_SIGNALS].fd = loop->signals;
	polled[SLOT_READER].fd = loop->reader.fd;
	polled[SLOT_VPCD].fd = loop->vpcd.fd;
	polled[SLOT_BRIDGE].fd = loop->keys.use.bridge.fd;
	polled[SLOT_OWNER_BRIDGE].fd = loop->owner.use.bridge.fd;
	polled[SLOT_PAD_BRIDGE].fd = loop->pad.use.bridge.fd;
	polled[SLOT_OWNER_CLIENT].fd = loop->owner.client;
	polled[SLOT_CONTROL].fd = loop->control.fd;
	polled[SLOT_EVENTS].fd = events_fd(&loop->events);
	polled[SLOT_LINK].fd = loop->link.fd;
	for (size_t i = 0; i < LOOP_CLIENTS_MAX; i++)
		polled[SLOT_CLIENTS + i].fd = loop->clients[i];
	for (size_t i = 0; i < TRACE_WATCHERS_MAX; i++)
		polled[SLOT_WATCHERS + i].fd = loop->trace.fds[i];
	for (size_t i = 0; i < SLOTS; i++) {
		polled[i].events = POLLIN;
		polled[i].revents = 0;
	}
	polled[SLOT_SESSION].fd = session_fd(&loop->session, &polled[SLOT_SESSION].events);
}

/* The reader's own connection comes before a new one: pcscd that is started again hangs up with
 * the old before it calls with the new. */
static void
turn(struct loop *loop)
{
	struct pollfd polled[SLOTS];

	fill(loop, polled);
	if (poll(polled, SLOTS, due_in(loop)) < 0)
		return;
	if (polled[SLOT_SIGNALS].revents != 0)
		serve_signals(loop);
	if (polled[SLOT_READER].revents != 0)
		serve_reader(loop);
	if (polled[SLOT_VPCD].revents != 0)
		serve_vpcd(loop);
	serve_session(loop);
	serve_timers(loop);
	serve_bridge(loop);
	events_serve(&loop->events, loop_now_ms());
	if (polled[SLOT_OWNER_CLIENT].revents != 0)
		owner_hung_up(&loop->owner, loop_now_ms());
	/* A function with room for a bridge's message touches all its pages when it is entered. */
	if (loop->owner.active)
		owner_continue(&loop->owner, loop_now_ms());
	for (size_t i = 0; i < LOOP_CLIENTS_MAX; i++) {
		if (polled[SLOT_CLIENTS + i].revents != 0)
			serve_client(loop, &loop->clients[i]);
	}
	for (size_t i = 0; i < TRACE_WATCHERS_MAX; i++) {
		if (polled[SLOT_WATCHERS + i].revents != 0 &&
		    loop->trace.fds[i] == polled[SLOT_WATCHERS + i].fd)
			trace_remove(&loop->trace, i);
	}
	if (polled[SLOT_CONTROL].revents != 0)
		accept_client(loop);
	if (polled[SLOT_LINK].revents != 0)
		accept_reader(loop);
	keys_close_unverified(&loop->keys);
	journal_settle(loop->journal); /* the answer has left */
}

void
loop_run(struct loop *loop)
{
	loop->reader.fd = -1;
	trace_init(&loop->trace);
	for (size_t i = 0; i < LOOP_CLIENTS_MAX; i++)
		loop->clients[i] = -1;
	if (loop->vpcd.fd >= 0)
		reset_for_vpcd(loop);
	events_happened(&loop->events, EVENT_INSERT);
	events_serve(&loop->events, loop_now_ms());
	while (!loop->ending)
		turn(loop);
	listen_close(&loop->link);
	vpcd_close(&loop->vpcd);
	if (loop->reader.fd >= 0 && loop->swapped)
		endpoint_swapped(&loop->reader);
	if (loop->reader.fd >= 0)
		drop_reader(loop, "the card was taken out");
	owner_cancel(&loop->owner, loop_now_ms(), "the card was taken out");
	trace_close(&loop->trace);
	listen_close(&loop->control);
	bridge_finish(&loop->keys.use.bridge);
	session_close(&loop->session);
	bridge_finish(&loop->owner.use.bridge);
	bridge_finish(&loop->pad.use.bridge);
	card_reset(loop->card);
	keys_close_unverified(&loop->keys);
}

void
loop_let_go(struct loop *loop)
{
	for (size_t i = 0; i < LOOP_CLIENTS_MAX; i++) {
		if (loop->clients[i] >= 0)
			(void)close(loop->clients[i]);
		loop->clients[i] = -1;
	}
}
