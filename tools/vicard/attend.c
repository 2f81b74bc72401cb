/*
 * vicard's end of the control socket, tools/vicard/attend.h.
 */
#include "attend.h"

#include "log.h"
#include "tools/control.h"
#include "tools/pin_renewal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int
attend_accept(const struct listener *control)
{
	uid_t uid;
	pid_t pid;
	int fd = listen_accept(control, &uid, &pid);

	if (fd >= 0 && uid != geteuid()) {
		log_warning("a program of user %lu (pid %ld) was sent away from the control socket",
			    (unsigned long)uid, (long)pid);
		(void)close(fd);
		return -1;
	}
	return fd;
}

__attribute__((format(printf, 2, 3))) static void
reply(int client, const char *format, ...)
{
	char text[CONTROL_REPLY_MAX];
	va_list list;
	int len;

	va_start(list, format);
	len = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(text))
		len = (int)sizeof(text) - 1;
	if (send(client, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_warning("a request on the control socket could not be answered: %s",
			    strerror(errno));
}

static void
put_tries(const struct loop *loop, char *text, size_t room)
{
	struct image_counter counters[IMAGE_COUNTERS_MAX];
	size_t count = card_counters(loop->card, counters, IMAGE_COUNTERS_MAX), len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count && i < IMAGE_COUNTERS_MAX && len < room; i++) {
		int put = snprintf(text + len, room - len, "%s%s=%u", i > 0 ? " " : "",
				   counters[i].name, counters[i].tries_left);

		len += put > 0 ? (size_t)put : 0;
	}
}

/* Whatever is being asked of the owner. */
static const char *
state_of(const struct loop *loop)
{
	if (loop->owner.active)
		return loop->owner.use.state;
	return loop->pad.active ? loop->pad.use.state : loop->keys.use.state;
}

static void
reply_status(const struct loop *loop, int client)
{
	char tries[IMAGE_COUNTERS_MAX * (KEY_NAME_MAX + 12)];
	const bool vpcd = loop->vpcd.fd >= 0;
	const char *reader = loop->reader.fd >= 0 || vpcd ? "connected"
			     : loop->no_slot              ? "no-free-slot"
							  : "waiting";

	put_tries(loop, tries, sizeof(tries));
	reply(client,
	      "ok\nname: %s\npersonality: %s\npid: %ld\nsocket: %s\nreader: %s\npowered: %s\n"
	      "state: %s\ntries: %s\nlast: %s\n",
	      loop->image->name, loop->image->personality, (long)getpid(),
	      vpcd ? loop->vpcd.where : loop->link.path, reader,
	      loop->reader.fd >= 0 && loop->reader.powered ? "yes" : "no", state_of(loop), tries,
	      loop->journal->last);
}

static struct bytes
line_of(char **at)
{
	const char *line = strsep(at, "\n");

	return line == NULL ? BYTES_NONE : (struct bytes){(const uint8_t *)line, strlen(line)};
}

/* COUNTER, and the values in the lines below it. */
static void
renew_pin(struct loop *loop, int client, enum card_renewal kind, char *request)
{
	char *at = request;
	const char *counter = strsep(&at, "\n");
	const struct pin_policy policy = pin_policy_of(loop->keys.config);
	struct pin_renewal renewal = {.kind = kind, .counter = counter, .policy = &policy};
	struct problem error = {""};

	renewal.first = line_of(&at);
	renewal.new_value = line_of(&at);
	if (!pin_renewal_do(loop->image, loop->card, loop->journal, &renewal, &error)) {
		log_warning("%s", error.text);
		reply(client, "error: %s\n", error.text);
		return;
	}
	log_info("%s was %s by its owner", counter,
		 kind == CARD_PIN_CHANGE ? "changed" : "unblocked");
	reply(client, "ok\n");
}

static enum attend_result
begin_trace(struct loop *loop, int client)
{
	if (trace_full(&loop->trace)) {
		reply(client, "error: %d programs watch the card already; end a `vicar trace`\n",
		      (int)TRACE_WATCHERS_MAX);
		return ATTEND_CLOSE;
	}
	reply(client, "ok\n");
	return trace_add(&loop->trace, client) ? ATTEND_KEPT : ATTEND_CLOSE;
}

static enum attend_result
answer(struct loop *loop, int client, char *request)
{
	static const struct {
		const char *word;
		enum card_renewal kind;
	} renewals[] = {{"pin-change ", CARD_PIN_CHANGE}, {"pin-unblock ", CARD_PIN_UNBLOCK}};

	if (strcmp(request, CONTROL_REMOVE) == 0 || strcmp(request, CONTROL_SWAP) == 0) {
		loop->swapped = strcmp(request, CONTROL_SWAP) == 0;
		reply(client, "ok\n");
		return ATTEND_REMOVE;
	}
	if (strcmp(request, "status") == 0) {
		reply_status(loop, client);
		return ATTEND_CLOSE;
	}
	if (strcmp(request, CONTROL_TRACE) == 0)
		return begin_trace(loop, client);
	for (size_t i = 0; i < sizeof(renewals) / sizeof(renewals[0]); i++) {
		const size_t len = strlen(renewals[i].word);

		if (strncmp(request, renewals[i].word, len) != 0)
			continue;
		renew_pin(loop, client, renewals[i].kind, request + len);
		return ATTEND_CLOSE;
	}
	reply(client, "error: the request is unknown; there are status, remove, swap, trace, "
		      "pin-change COUNTER, "
		      "pin-unblock COUNTER and sign\n");
	return ATTEND_CLOSE;
}

/* No PIN is in this one, so that it need not be where those are. */
static enum attend_result
receive_sign(struct loop *loop, int client)
{
	const size_t head = strlen(CONTROL_SIGN);
	enum attend_result result = ATTEND_CLOSE;
	uint8_t *request = malloc(CONTROL_SIGN_MAX);
	struct problem error = {""};
	ssize_t got = -1;

	if (request != NULL)
		got = recv(client, request, CONTROL_SIGN_MAX, MSG_DONTWAIT | MSG_TRUNC);
	if (got < (ssize_t)head || got > CONTROL_SIGN_MAX)
		goto out;
	session_watch(&loop->session);
	if (owner_begin(&loop->owner, loop_now_ms(), client,
			(struct bytes){request + head, (size_t)got - head}, &error))
		result = ATTEND_KEPT;
	else
		reply(client, "error: %s\n", error.text);
out:
	free(request);
	return result;
}

static bool
wants_to_sign(int client)
{
	char head[sizeof(CONTROL_SIGN) - 1];
	ssize_t got;

	do
		got = recv(client, head, sizeof(head), MSG_DONTWAIT | MSG_PEEK);
	while (got < 0 && errno == EINTR);
	return got == sizeof(head) && memcmp(head, CONTROL_SIGN, sizeof(head)) == 0;
}

static enum attend_result
receive(struct loop *loop, int client, char *request)
{
	ssize_t got;

	do
		got = recv(client, request, CONTROL_REQUEST_MAX, MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return ATTEND_WAIT;
	if (got <= 0 || got > CONTROL_REQUEST_MAX)
		return ATTEND_CLOSE;
	request[got] = '\0';
	return answer(loop, client, request);
}

enum attend_result
attend(struct loop *loop, int client)
{
	enum attend_result result = ATTEND_CLOSE;
	char *request;

	if (wants_to_sign(client))
		return receive_sign(loop, client);
	/* A request may hold PINs. */
	request = OPENSSL_secure_malloc(CONTROL_REQUEST_MAX + 1);
	if (request != NULL)
		result = receive(loop, client, request);
	OPENSSL_secure_clear_free(request, CONTROL_REQUEST_MAX + 1);
	return result;
}
