/*
 * A program that asks the person in our place, for one question: started, waited for with a deadline
 * and an eye on the parent, ended. It dies with the bridge, however that ends.
 */
#ifndef VICAR_CMDBRIDGE_ASKER_H
#define VICAR_CMDBRIDGE_ASKER_H

#include "prompt.h"

#include <time.h>

struct asker {
	const struct peer *peer; /* borrowed */
	int lease;               /* borrowed; -1: none. Its hanging up cancels the question */
	pid_t pid;               /* -1: none */
	int pidfd;
	struct timespec deadline;
};

/* A descriptor of ours, and the number that it has in the program; all others are closed there. */
struct asker_fd {
	int from, to;
};

enum { ASKER_FDS_MAX = 4, ASKER_NOT_STARTED = 127 /* its exit code when it cannot be executed */ };

/* `seconds` from now is the deadline of all waiting. */
void asker_init(struct asker *asker, const struct prompt_config *config, const struct peer *peer,
		unsigned seconds);
/* argv[0] is looked up in PATH when without a slash. Standard streams that are not given are
 * /dev/null. With a lease the program does not see the desktop, so that it takes the terminal. False: errno
 * says why. */
bool asker_start(struct asker *asker, char *const argv[], const struct asker_fd *fds,
		 size_t count) MUST_USE;
/* Until `fd` can be read or is hung up: PROMPT_OK. */
enum prompt_result asker_wait(const struct asker *asker, int fd) MUST_USE;
/* Ends the process: by itself if it `may_finish`, else by signals. True: it ended by itself, with this
 * status of waitpid(). */
bool asker_end(struct asker *asker, bool may_finish, int *status);

#endif
