/*
 * The process vicar-bridge, as its parent sees it: started for one use of a remote key, spoken to
 * by the messages of cmdbridge/bridge.h, ended by closing its socket and, if that is not enough, by
 * a signal. One at a time.
 */
#ifndef VICAR_TOOLS_VICARD_BRIDGE_H
#define VICAR_TOOLS_VICARD_BRIDGE_H

#include "cmdbridge/bridge.h"

#include <sys/types.h>

enum { BRIDGE_GRACE_MS = 500 };

struct bridge_process {
	int fd;           /* -1: none, or it is being ended */
	pid_t pid;        /* 0: none */
	uint64_t kill_at; /* when fd is -1 and pid is not 0 */
};

enum bridge_event {
	BRIDGE_MESSAGE, /* `message` is a view into `room` */
	BRIDGE_NOTHING,
	BRIDGE_GONE, /* it closed the socket, ended, or sent more than BRIDGE_MESSAGE_MAX */
};

void bridge_init(struct bridge_process *bridge);
/* Starts the program that paths_program() finds, and sends the
 * encoded REQUEST. A bridge that is still being ended is killed first. False: it was logged. */
bool bridge_start(struct bridge_process *bridge, uint64_t now_ms, struct bytes request) MUST_USE;
/* `room` has BRIDGE_MESSAGE_MAX bytes. Never blocks. */
enum bridge_event bridge_receive(const struct bridge_process *bridge, uint8_t *room,
				 struct bytes *message) MUST_USE;
bool bridge_go(const struct bridge_process *bridge) MUST_USE;
/* Whatever it asks of the owner is cancelled, now and later. */
void bridge_cancel(const struct bridge_process *bridge);
/* Closes the socket; the process has BRIDGE_GRACE_MS to end by itself. */
void bridge_end(struct bridge_process *bridge, uint64_t now_ms);
/* After SIGCHLD, and when kill_at has come. */
void bridge_reap(struct bridge_process *bridge, uint64_t now_ms);
/* When kill_at comes; UINT64_MAX: it is not being ended. */
uint64_t bridge_due(const struct bridge_process *bridge);
/* Waits until it is gone, BRIDGE_GRACE_MS at most, then kills it. */
void bridge_finish(struct bridge_process *bridge);

#endif
