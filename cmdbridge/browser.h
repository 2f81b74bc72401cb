/*
 * The owner's browser, started with an address. Without a shell; in a scope of its own where we run under
 * systemd, since our own is hardened beyond what a browser can live with and ends with us.
 */
#ifndef VICAR_CMDBRIDGE_BROWSER_H
#define VICAR_CMDBRIDGE_BROWSER_H

#include "iso7816/bytes.h"

#include <sys/types.h>

struct browser {
	const char *program, *url; /* borrowed */
	unsigned next;             /* way to start it */
	pid_t pid;                 /* 0: none */
};

/* False: there is no display, or no such program. */
bool browser_open(struct browser *browser, const char *program, const char *url) MUST_USE;
/* To be called now and then: false when it could not be started after all, in no way. */
bool browser_tend(struct browser *browser) MUST_USE;

#endif
