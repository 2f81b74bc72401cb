#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ifdhandler/clock.h"
#include "ifdhandler/log.h"
#include "ifdhandler/port.h"
#include "ifdhandler/vpcd.h"

enum {
	/* Whoever calls and is gone again at once does not keep pcscd busy. */
	SHORT_MS = 1000,
	PAUSE_MS = 5,
	/* Nor does one that says nothing keep others waiting. */
	HELLO_MS = 2000,
	BACKLOG = 16,
};

bool
port_open(struct port *port, unsigned number, bool everywhere)
{
	const struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)number),
	    .sin_addr = {htonl(everywhere ? INADDR_ANY : INADDR_LOOPBACK)},
	};
	const int on = 1;
	int reason;

	*port = (struct port){.listener = -1};
	port->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* pcscd that is started again within TIME_WAIT. */
	if (port->listener >= 0 &&
	    setsockopt(port->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(port->listener, (const struct sockaddr *)&address, sizeof address) == 0 &&
	    listen(port->listener, BACKLOG) == 0)
		return true;
	reason = errno;
	port_close(port);
	errno = reason;
	return false;
}

void
port_close(struct port *port)
{
	if (port->listener >= 0)
		close(port->listener);
	port->listener = -1;
}

/* -1 when nobody calls. */
static int
let_in(const struct port *port)
{
	const int on = 1, room = 2 * (VPCD_PREFIX + VPCD_BODY_MAX);
	int link = accept4(port->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (link < 0)
		return -1;
	/* Each message leaves at once and whole. */
	if (setsockopt(link, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
	    setsockopt(link, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0)
		return link;
	close(link);
	return -1;
}

int64_t
port_serve(struct port *port, struct slot *slot, int64_t now, struct pollfd *wait)
{
	int link;

	wait->fd = -1;
	if (slot_attend(slot, now) != SLOT_EMPTY)
		return CLOCK_NEVER;
	if (port->called && now - port->since < SHORT_MS)
		port->due = now + PAUSE_MS;
	port->called = false;
	if (now < port->due)
		return port->due;
	link = let_in(port);
	if (link < 0) {
		wait->fd = port->listener;
		wait->events = POLLIN;
		return CLOCK_NEVER;
	}
	log_line(LOG_DEBUG, "a card has called");
	port->called = true;
	port->since = now;
	slot_greet(slot, link, &vpcd_wire,
		   now + (slot->silence_ms < HELLO_MS ? slot->silence_ms : HELLO_MS));
	return CLOCK_NEVER;
}
