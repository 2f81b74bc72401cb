/*
 * Whose a connection from this machine is. The kernel says so in tables of text, proc(5): /proc/net/tcp, and
 * /proc/net/tcp6 for programs that reach 127.0.0.1 through a socket of IPv6 (RFC 4291 section 2.5.5.2).
 */
#ifndef VICAR_CMDBRIDGE_TCPUSER_H
#define VICAR_CMDBRIDGE_TCPUSER_H

#include "iso7816/bytes.h"

#include <netinet/in.h>
#include <sys/types.h>

/* The user of the socket at `from` that is connected with `to`, in the table of this name. False: it is not
 * there. */
bool tcpuser_find(const char *table, const struct sockaddr_in *from, const struct sockaddr_in *to,
		  uid_t *uid) MUST_USE;
/* The other end of this connection over 127.0.0.1 is a socket of our own user. */
bool tcpuser_is_us(int fd) MUST_USE;

#endif
