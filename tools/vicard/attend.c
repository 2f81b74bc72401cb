/*
 * vicard's end of the control socket, tools/vicard/attend.h.
 */
#include "attend.h"

#include "log.h"
#include "tools/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
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

static void
reply_status(const struct loop *loop, int client)
{
	char tries[IMAGE_COUNTERS_MAX * (KEY_NAME_MAX + 12)];
	const char *reader = loop->reader.fd >= 0 ? "connected"
			     : loop->no_slot      ? "no-free-slot"
						  : "waiting";

	put_tries(loop, tries, sizeof(tries));
	reply(client,
	      "ok\nname: %s\npersonality: %s\npid: %ld\nsocket: %s\nreader: %s\npowered: %s\n"
	      "state: %s\ntries: %s\nlast: %s\n",
	      loop->image->name, loop->image->personality, (long)getpid(), loop->link.path, reader,
	      loop->reader.fd >= 0 && loop->reader.powered ? "yes" : "no", loop->keys.state, tries,
	      loop->journal->last);
}

static void
unblock(struct loop *loop, int client, const char *counter)
{
	char tries[IMAGE_COUNTERS_MAX * (KEY_NAME_MAX + 12)];

	if (card_pin_unblock(loop->card, counter)) {
		log_info("the counter %s is at its maximum again, by `vicar pin unblock`", counter);
		journal_note(loop->journal, time(NULL), "the PIN was unblocked by its owner");
		reply(client, "ok\n");
		return;
	}
	put_tries(loop, tries, sizeof(tries));
	reply(client,
	      "error: %s cannot be unblocked so: it is no PIN of a remote key of this card, or the "
	      "counter cannot be written; the card counts %s\n",
	      counter, tries);
}

enum attend_result
attend(struct loop *loop, int client)
{
	static const char unblock_word[] = "pin-unblock ";
	char request[CONTROL_REQUEST_MAX + 1];
	ssize_t got;

	do
		got = recv(client, request, CONTROL_REQUEST_MAX, MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return ATTEND_WAIT;
	if (got <= 0 || got > CONTROL_REQUEST_MAX)
		return ATTEND_CLOSE;
	request[got] = '\0';
	if (strcmp(request, "remove") == 0) {
		reply(client, "ok\n");
		return ATTEND_REMOVE;
	}
	if (strcmp(request, "status") == 0)
		reply_status(loop, client);
	else if (strncmp(request, unblock_word, sizeof(unblock_word) - 1) == 0)
		unblock(loop, client, request + sizeof(unblock_word) - 1);
	else
		reply(client, "error: the request is unknown; there are status, remove and "
			      "pin-unblock COUNTER\n");
	return ATTEND_CLOSE;
}
