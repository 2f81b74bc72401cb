/*
 * The terminal that `vicar prompt here` lends for the prompts of this user's cards: how vicar-bridge
 * comes by it.
 *
 * $XDG_RUNTIME_DIR/vicar/prompt.here, mode 0600, SOCK_SEQPACKET; both ends check by SO_PEERCRED that the
 * other is the same user. The one that is started last has it. One request, one reply, each one datagram
 * of text:
 *
 *   terminal   the reply is lines of `key: value`: name (of its device), type (TERM). The connection
 *              stays open as long as the terminal is used. When it is to be given back the lender
 *              hangs up its half, and waits until the other half is hung up too.
 *   leave      no reply; another `vicar prompt here` takes over, and this one ends
 */
#ifndef VICAR_TOOLS_PROMPT_HERE_H
#define VICAR_TOOLS_PROMPT_HERE_H

#include "cmdbridge/prompt.h"
#include "tools/problem.h"

#include <limits.h>
#include <sys/un.h>

#define PROMPT_HERE_TERMINAL "terminal"
#define PROMPT_HERE_LEAVE "leave"

enum { PROMPT_HERE_MESSAGE_MAX = PATH_MAX + 256 };

struct prompt_here {
	struct prompt_terminal terminal; /* views into this */
	char name[PATH_MAX];
	char type[128];
};

bool prompt_here_path(char path[PATH_MAX], struct problem *error) MUST_USE;
/* False: the path does not fit. */
bool prompt_here_address(const char *path, struct sockaddr_un *address) MUST_USE;
/* The other end is a process of our own user. */
bool prompt_here_same_user(int fd) MUST_USE;
/* A connection to who lends a terminal now; -1: nobody does. */
int prompt_here_connect(void) MUST_USE;
/* False: nobody lends one. Else the lease ends when terminal.lease is closed, or the process ends. */
bool prompt_here_borrow(struct prompt_here *here) MUST_USE;

#endif
