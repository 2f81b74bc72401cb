/*
 * Where a browser comes back to after the owner has agreed at a service (RFC 8252 section 7.3): a listener
 * on 127.0.0.1 for one answer, which must carry `state` (RFC 6749 section 10.12).
 *
 * The browser is also sent out from here, so that what it is started with, which other users can read, is
 * a short address, and the service's own is not: GET on it redirects to the service. Only programs of the
 * same user get more than a refusal (403), tcpuser.h.
 */
#ifndef VICAR_CMDBRIDGE_LOOPBACK_H
#define VICAR_CMDBRIDGE_LOOPBACK_H

#include "iso7816/bytes.h"

enum {
	LOOPBACK_URL_MAX = 256,
	LOOPBACK_CODE_MAX = 2048,
	LOOPBACK_ERROR_MAX = 64,
	LOOPBACK_WORDS_MAX = 512,
};

/* What the service has sent with the browser; "" when it did not. */
struct loopback_answer {
	char code[LOOPBACK_CODE_MAX];
	char error[LOOPBACK_ERROR_MAX];
	char words[LOOPBACK_WORDS_MAX];
};

struct loopback;

/* `redirect_uri` is http on 127.0.0.1 or localhost; without a port a free one is taken. `page` is what the
 * browser shows in the end. NULL: `redirect_uri` is none of these, or its port is taken; errno says. */
struct loopback *loopback_open(const char *redirect_uri, const char *state,
			       const char *page) MUST_USE;
void loopback_close(struct loopback *loopback);

/* The same with the port that was taken. */
const char *loopback_redirect_uri(const struct loopback *loopback);
/* Where the owner's browser is to be sent: http://127.0.0.1:PORT/RANDOM. */
const char *loopback_start_url(const struct loopback *loopback);
/* Where the start URL leads. Before the browser starts; borrowed. */
void loopback_lead_to(struct loopback *loopback, const char *url);
/* Readable when the answer is there. */
int loopback_fd(const struct loopback *loopback);
/* NULL until then. */
const struct loopback_answer *loopback_answer(struct loopback *loopback);

#endif
