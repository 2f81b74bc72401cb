/*
 * One HTTPS request over libcurl: TLS 1.2 or newer, certificates always verified, no redirects,
 * credentials in the first request, bounded answer, nothing kept between two requests, and a precise
 * word about how far the request can have come.
 *
 * The proxy is that of vicar.conf; without one, what https_proxy and no_proxy of the environment say
 * (libcurl-env(3)).
 */
#ifndef VICAR_CMDBRIDGE_HTTP_H
#define VICAR_CMDBRIDGE_HTTP_H

#include "peer.h"
#include "service.h"

enum { HTTP_BODY_MAX = 1024 * 1024, HTTP_ERROR_MAX = 320 };

enum http_result {
	HTTP_ANSWERED,    /* `status` and `body` are there, whatever the status */
	HTTP_NO_NAME,     /* not sent: DNS does not know the name, or does not answer */
	HTTP_UNREACHABLE, /* not sent: no connection, or the proxy makes none */
	HTTP_NO_TLS,      /* not sent: cut off, or time over, in the TLS handshake */
	HTTP_UNTRUSTED,   /* not sent: certificate, TLS version or the CA file is not acceptable */
	HTTP_PROXY_REFUSED, /* not sent: the proxy wants other credentials (407) */
	HTTP_MISCONFIGURED, /* not sent: no https URL, a header of two lines, no memory */
	HTTP_LOST,          /* it may have left; no complete answer came */
	HTTP_TOO_LONG,      /* answered with more than HTTP_BODY_MAX */
	HTTP_GONE,          /* the parent hung up; everything was broken off */
};

enum http_method { HTTP_POST, HTTP_GET };

/* NULL is "none" everywhere but in `url`. Of `user` and `bearer` at most one is given. */
struct http_request {
	enum http_method method;
	const char *url;            /* https */
	const char *content_type;   /* of the body */
	const char *const *headers; /* "Name: value", ends with a NULL */
	const char *user;           /* Basic, RFC 7617; secret */
	const char *password;
	const char *bearer; /* token, RFC 6750; secret */
	const char
	    *proxy_user; /* for the proxy, whichever gave its address; "" is none, too; secret */
	const char *proxy_password;
	const char *certificate; /* of the client, for TLS; path of a PEM file */
	const char *key;         /* its key; NULL: in the same file */
	struct bytes body;       /* POST */
};

/* `body` is freed with http_answer_free(); `error` is one phrase for people, never with secrets. */
struct http_answer {
	long status;
	uint8_t *body;
	size_t len;
	char error[HTTP_ERROR_MAX];
};

/* Of `config` the CA file, the proxy and the times count. `answer` needs http_answer_free() in any
 * case. */
enum http_result http_send(const struct service_config *config, const struct peer *peer,
			   const struct http_request *request, struct http_answer *answer) MUST_USE;
void http_answer_free(struct http_answer *answer);

/* What a result other than HTTP_ANSWERED is to the person; `harmless` says that the request cannot
 * have changed or cost anything. */
enum outcome http_outcome(enum http_result result, bool harmless);

#endif
