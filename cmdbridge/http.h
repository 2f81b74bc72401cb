/*
 * One HTTPS POST over libcurl: TLS 1.2 or newer, certificates always verified, no redirects, Basic
 * credentials in the first request (reference: cmd.md 2), bounded answer, and a precise word about
 * whether the request can have left.
 */
#ifndef VICAR_CMDBRIDGE_HTTP_H
#define VICAR_CMDBRIDGE_HTTP_H

#include "peer.h"
#include "service.h"

enum { HTTP_BODY_MAX = 1024 * 1024, HTTP_ERROR_MAX = 320 };

enum http_result {
	HTTP_ANSWERED,    /* `status` and `body` are there, whatever the status */
	HTTP_UNREACHABLE, /* not sent: name, connection, handshake, or time over before that */
	HTTP_UNTRUSTED,   /* not sent: certificate, TLS version or the CA file is not acceptable */
	HTTP_PROXY_REFUSED, /* not sent: the proxy wants other credentials (407) */
	HTTP_MISCONFIGURED, /* not sent: no https URL, no memory */
	HTTP_LOST,          /* it may have left; no complete answer came */
	HTTP_TOO_LONG,      /* answered with more than HTTP_BODY_MAX */
	HTTP_GONE,          /* the parent hung up; everything was broken off */
};

struct http_post {
	const char *soap_action; /* with its quotes */
	struct bytes body;
};

/* `body` is freed with http_answer_free(); `error` is one phrase for people, never with secrets. */
struct http_answer {
	long status;
	uint8_t *body;
	size_t len;
	char error[HTTP_ERROR_MAX];
};

/* Connection by connection: nothing is kept between two calls. `answer` needs http_answer_free() in
 * any case. */
enum http_result http_post(const struct service_config *config,
			   const struct service_credentials *credentials, const struct peer *peer,
			   const struct http_post *post, struct http_answer *answer) MUST_USE;
void http_answer_free(struct http_answer *answer);

#endif
