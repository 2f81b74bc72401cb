/* Tells when the cards' directory is worth reading again. It may not exist yet, or go and return. */
#ifndef VICAR_IFDHANDLER_WATCH_H
#define VICAR_IFDHANDLER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* inotify tells of a socket from inside bind(): the first connect nearly always comes too early. */
enum { RETRY_FIRST_MS = 1, RETRY_LONGEST_MS = 1000 };

struct watch {
	int inotify; /* readable when the directory has changed; -1 when the system has no more */
	int descriptor; /* -1 while the directory is not watched */
	unsigned delay_ms;
	int64_t due; /* when to look for the directory again; CLOCK_NEVER while it is watched */
};

void watch_init(struct watch *watch);
void watch_done(struct watch *watch);

/* True when the directory must be read: it has changed, or could not be watched until now. */
bool watch_look(struct watch *watch, const char *directory, int64_t now);

#endif
