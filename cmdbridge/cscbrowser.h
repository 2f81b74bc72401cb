/*
 * The owner at the service's page: a browser is started, or its address is shown where none can be, and
 * what it comes back with is waited for.
 */
#ifndef VICAR_CMDBRIDGE_CSCBROWSER_H
#define VICAR_CMDBRIDGE_CSCBROWSER_H

#include "csccall.h"
#include "loopback.h"

/* `signs`: what is agreed to is a signature, not a login. OUTCOME_OK: `came` is there, and the
 * loopback's. Waits at most code-lifetime-s. */
enum outcome csc_browser_wait(struct csc *csc, struct loopback *loopback, bool signs,
			      const struct loopback_answer **came) MUST_USE;
/* What the browser shows in the end, HTML. */
const char *csc_browser_page(void);

#endif
