/* Connecting to a card's socket, and whether it is whose it says. */
#ifndef VICAR_IFDHANDLER_PEER_H
#define VICAR_IFDHANDLER_PEER_H

#include <sys/types.h>

enum peer_result {
	PEER_OK,
	PEER_LATER,   /* nobody listens there yet, or cannot take us now */
	PEER_FOREIGN, /* it is not a socket of the user it is named after */
};

/* `directory`/`file` belongs to `owner` by its name. On PEER_OK `*link` is a non-blocking
 * SOCK_SEQPACKET connection whose listener runs as `owner`; the caller closes it. Never waits. */
enum peer_result peer_connect(const char *directory, const char *file, uid_t owner, int *link)
    __attribute__((warn_unused_result));

#endif
