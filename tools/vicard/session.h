/*
 * What systemd-logind tells of the user's sessions (org.freedesktop.login1(5)): when nobody sits before
 * the machine any more whose PINs the card may keep. Without a system bus, or without logind on it,
 * nothing is told.
 *
 *   lock      Session.Lock, or LockedHint becomes true
 *   sleep     Manager.PrepareForSleep; the machine waits until the PINs are forgotten (a delay inhibitor)
 *   inactive  Session.Active becomes false: another session is in front
 *
 * Sessions are those of our own user, and those that are gone before it is known whose they were. Only what
 * logind itself sends counts: any user of the bus may send us signals. Never blocks; wakes nobody up but by a
 * signal.
 */
#ifndef VICAR_TOOLS_VICARD_SESSION_H
#define VICAR_TOOLS_VICARD_SESSION_H

#include "iso7816/bytes.h"

#include <systemd/sd-bus.h>

enum { SESSION_NAME_SIZE = 256 }; /* of a name on the bus: D-Bus specification, "Valid Names" */

struct session {
	sd_bus *bus;                    /* NULL: not connected */
	char logind[SESSION_NAME_SIZE]; /* its unique name; empty: nobody is logind */
	unsigned drop_on;               /* enum config_drop */
	int inhibitor;                  /* holds sleep up; -1: none */
	bool sleeping;                  /* the machine is about to sleep, or wakes */
	bool told;                      /* that there is no bus */
	const char *happened;           /* since session_serve() was last called; NULL: nothing */
};

void session_init(struct session *session, unsigned drop_on);
/* Connects unless it is. To be called when there may soon be something to forget. */
void session_watch(struct session *session);
/* For poll(2): -1 when there is nothing to wait for. */
int session_fd(const struct session *session, short *events);
/* Milliseconds of CLOCK_MONOTONIC; UINT64_MAX: never. */
uint64_t session_due(const struct session *session);
/* When the descriptor is ready or the time has come. What happened, to follow "because"; NULL: nothing.
 * PINs are to be forgotten then, and session_forgotten() to be called. */
const char *session_serve(struct session *session) MUST_USE;
/* The machine may sleep now. */
void session_forgotten(struct session *session);
void session_close(struct session *session);

#endif
