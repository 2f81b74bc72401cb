/*
 * The sockets on which vicard waits: for the reader (ifdhandler/link.h) and for `vicar`
 * (tools/control.h). Failures are logged with their next step.
 *
 * Socket activation and readiness follow sd_listen_fds(3) and sd_notify(3). They are a few lines of
 * environment and one datagram; libsystemd would be more code than the rest of vicard.
 */
#ifndef VICAR_TOOLS_VICARD_LISTEN_H
#define VICAR_TOOLS_VICARD_LISTEN_H

#include "iso7816/bytes.h"

#include <limits.h>
#include <sys/types.h>

struct listener {
	int fd; /* -1: none */
	bool inherited;
	char path[PATH_MAX];
};

/* DIRECTORY/UID-NAME.sock, mode 0666; a socket of ours on which nobody listens is replaced. */
bool listen_link(struct listener *listener, const char *directory, const char *name) MUST_USE;
/* The socket that systemd handed over, if it did: true with fd >= 0. False: it is not a listening
 * SOCK_SEQPACKET socket, or there are several. */
bool listen_inherited(struct listener *listener) MUST_USE;
/* $XDG_RUNTIME_DIR/vicar/NAME.ctl, mode 0600. */
bool listen_control(struct listener *listener, const char *name) MUST_USE;
/* Closes, and removes the socket unless it was inherited. */
void listen_close(struct listener *listener);

/* A connected peer and who it is; -1 when there is none. Never blocks. */
int listen_accept(const struct listener *listener, uid_t *uid, pid_t *pid);

/* READY=1 to $NOTIFY_SOCKET, if that is set. */
void listen_tell_ready(void);

#endif
