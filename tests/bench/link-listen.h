/* A card's socket in a reader's directory. */
#ifndef VICAR_TESTS_BENCH_LINK_LISTEN_H
#define VICAR_TESTS_BENCH_LINK_LISTEN_H

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ifdhandler/link.h"

/* DIRECTORY/UID-NAME.sock, UID being the caller's; one that is left over is replaced. -1, and said why. */
static inline int
link_listen(const char *directory, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%u-%s" LINK_SUFFIX,
			      directory, (unsigned)geteuid(), name);

	if (length < 0 || (size_t)length >= sizeof address.sun_path) {
		fprintf(stderr, "%s: too long for a socket\n", directory);
		return -1;
	}
	unlink(address.sun_path);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
	    listen(listener, 1) == 0)
		return listener;
	perror(address.sun_path);
	return -1;
}

#endif
