/*
 * The TCP port of one slot, DEVICENAME vpcd:PORT, on which a card of vsmartcard's protocol calls. One card at
 * a time; whoever calls meanwhile waits. All of it is for the thread that polls the slot.
 */
#ifndef VICAR_IFDHANDLER_PORT_H
#define VICAR_IFDHANDLER_PORT_H

#include <poll.h>

#include "ifdhandler/slot.h"

struct port {
	int listener;
	bool called;   /* the slot has, or had, a caller that was not looked back at */
	int64_t since; /* when it called */
	int64_t due;   /* nobody is let in before */
};

/* On 127.0.0.1, or on every address of the machine. False: errno says why. */
bool port_open(struct port *port, unsigned number, bool everywhere)
    __attribute__((warn_unused_result));
void port_close(struct port *port);

/* Lets the next caller in when the slot is empty. Returns when it is to be looked at again; until then `wait`
 * is what to wait for. */
int64_t port_serve(struct port *port, struct slot *slot, int64_t now, struct pollfd *wait);

#endif
