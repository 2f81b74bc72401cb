/*
 * HTTPS on the loopback interface in front of a simulated service.
 *
 * One thread: the caller's loop waits and calls sim_server_step(). Answers that are late or never
 * come are suspended connections, so they hold up nobody else.
 */
#ifndef VICAR_TOOLS_SIMULATOR_SERVER_H
#define VICAR_TOOLS_SIMULATOR_SERVER_H

#include "answer.h"
#include "directory.h"
#include "form.h"
#include "tls.h"

enum { SIM_BODY_MAX = 65536 };

/* All borrowed; headers are NULL when there are none. */
struct sim_http_request {
	const char *origin; /* of this server: https://127.0.0.1:PORT */
	const char *method, *path;
	const char *authorization, *content_type, *soap_action;
	struct sim_form query;
	struct bytes body;
	bool too_big; /* over SIM_BODY_MAX; `body` is a part of it */
};

struct sim_service {
	const char *path;          /* what the endpoint has behind host and port */
	const struct sim_tls *tls; /* NULL: normal */
	bool
	    record; /* every request, as it came out of TLS, goes to the directory's file `requests` */
	void *context; /* outlives the server */
	/* The head is here, the body is not: true when `answer` can do without. What it leaves in
	 * `answer` is there again in `serve`. */
	bool (*refuses)(void *context, const struct sim_http_request *request,
			struct sim_answer *answer);
	/* The whole request. */
	void (*serve)(void *context, const struct sim_http_request *request,
		      struct sim_answer *answer);
};

struct sim_server;

/* Listens on 127.0.0.1, port 0: a free one, with private/tls.key and tls.pem of the directory, and
 * writes the address to its file `endpoint`. NULL on failure. The directory outlives the server. */
struct sim_server *sim_server_start(const struct sim_service *service,
				    const struct sim_directory *directory, uint16_t port,
				    struct problem *error) MUST_USE;
/* https://127.0.0.1:PORT and the service's path */
const char *sim_server_endpoint(const struct sim_server *server);
/* Readable when there is something to do. */
int sim_server_fd(const struct sim_server *server);
/* Milliseconds until sim_server_step() must be called at the latest; -1: only when readable. */
int sim_server_wait_ms(const struct sim_server *server);
void sim_server_step(struct sim_server *server);
/* Removes the file `endpoint`. */
void sim_server_stop(struct sim_server *server);

#endif
