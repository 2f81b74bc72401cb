#include "server.h"

#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <microhttpd.h>
#include <openssl/crypto.h>

enum {
	ENDPOINT_MAX = 128,
	NEVER_MS = 600 * 1000, /* an answer that never comes: until then */
	BLOCK_BYTES = 4096,
	QUICK_TURNS = 16,
	SLOW_TURN_MS = 1,
};

/* One request on its way. */
struct exchange {
	struct sim_server *server;
	struct MHD_Connection *connection;
	char *uri;  /* as sent, with its query; owned */
	bool begun; /* the head has been seen */
	uint8_t body[SIM_BODY_MAX];
	struct sim_http_request request;
	bool answered; /* `answer` is filled */
	bool waiting;  /* suspended until `due_ms` */
	bool stalled;  /* half of the answer has left */
	uint64_t due_ms;
	struct sim_answer answer;
	struct exchange *next;
};

struct sim_server {
	struct sim_service service;
	const struct sim_directory *directory;
	struct MHD_Daemon *daemon;
	unsigned turns; /* since there was news */
	int fd;
	char origin[ENDPOINT_MAX];
	char endpoint[ENDPOINT_MAX];
	struct exchange *exchanges;
	struct sim_wire wire; /* of service.record */
};

static uint64_t
clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A socket that does not linger is closed by a reset (socket(7), SO_LINGER). */
static void
make_reset(const struct exchange *exchange)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	const union MHD_ConnectionInfo *socket_of =
	    MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (socket_of != NULL)
		(void)setsockopt(socket_of->connect_fd, SOL_SOCKET, SO_LINGER, &at_once,
				 sizeof(at_once));
}

static void
suspend(struct exchange *exchange, unsigned delay_ms)
{
	exchange->waiting = true;
	exchange->due_ms = clock_ms() + delay_ms;
	MHD_suspend_connection(exchange->connection);
}

/* Half of the body, then an error, which closes the connection. */
static ssize_t
read_half(void *user, uint64_t at, char *data, size_t room)
{
	struct exchange *exchange = user;
	size_t half = strlen(exchange->answer.body) / 2, len;

	if (at < half) {
		len = half - (size_t)at < room ? half - (size_t)at : room;
		memcpy(data, exchange->answer.body + at, len);
		return (ssize_t)len;
	}
	if (exchange->answer.how == SIM_ANSWER_STALL && !exchange->stalled) {
		exchange->stalled = true;
		suspend(exchange, NEVER_MS);
		return 0;
	}
	if (exchange->answer.how == SIM_ANSWER_RESET_HALFWAY)
		make_reset(exchange);
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static bool
is_halved(const struct sim_answer *answer)
{
	return answer->how == SIM_ANSWER_CUT || answer->how == SIM_ANSWER_RESET_HALFWAY ||
	       answer->how == SIM_ANSWER_STALL;
}

static struct MHD_Response *
make_response(struct exchange *exchange)
{
	const struct sim_answer *answer = &exchange->answer;
	char *body = answer->body != NULL ? answer->body : (char[]){""};
	struct MHD_Response *response;

	if (is_halved(answer) && *body != '\0')
		response = MHD_create_response_from_callback(strlen(body), BLOCK_BYTES, read_half,
							     exchange, NULL);
	else
		response =
		    MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_COPY);
	if (response == NULL)
		return NULL;
	if (answer->content_type != NULL)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
					      answer->content_type);
	for (size_t i = 0; i < answer->headers_count; i++)
		(void)MHD_add_response_header(response, answer->headers[i].name,
					      answer->headers[i].value);
	return response;
}

/* Sends the answer, or puts it off. */
static enum MHD_Result
deliver(struct exchange *exchange)
{
	const struct sim_answer *answer = &exchange->answer;
	unsigned delay = answer->how == SIM_ANSWER_NEVER ? NEVER_MS : answer->latency_ms;
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!exchange->answered) {
		exchange->answered = true;
		if (delay > 0) {
			suspend(exchange, delay);
			return MHD_YES;
		}
	}
	if (answer->how == SIM_ANSWER_RESET)
		make_reset(exchange);
	if (answer->how != SIM_ANSWER && !is_halved(answer))
		return MHD_NO;
	response = make_response(exchange);
	if (response == NULL)
		return MHD_NO;
	result = MHD_queue_response(exchange->connection, answer->http_status, response);
	MHD_destroy_response(response);
	return result;
}

/* MHD_OPTION_URI_LOG_CALLBACK: the only place where the query is to be had as it was sent. What it
 * returns is the first `context` of handle(). */
static void *
begin(void *user, const char *uri, struct MHD_Connection *connection)
{
	struct sim_server *server = user;
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange == NULL)
		return NULL;
	exchange->server = server;
	exchange->connection = connection;
	exchange->uri = strdup(uri);
	exchange->next = server->exchanges;
	server->exchanges = exchange;
	return exchange;
}

/* Fills what the head says; false without memory. */
static bool
take_head(struct exchange *exchange, const char *url, const char *method)
{
	struct sim_http_request *request = &exchange->request;
	const char *query = exchange->uri != NULL ? strchr(exchange->uri, '?') : NULL;
	const struct {
		const char *name, **value;
	} headers[] = {{MHD_HTTP_HEADER_AUTHORIZATION, &request->authorization},
		       {MHD_HTTP_HEADER_CONTENT_TYPE, &request->content_type},
		       {"SOAPAction", &request->soap_action}};

	request->origin = exchange->server->origin;
	request->path = url;
	request->method = method;
	request->body.data = exchange->body;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		*headers[i].value = MHD_lookup_connection_value(exchange->connection,
								MHD_HEADER_KIND, headers[i].name);
	query = query != NULL ? query + 1 : "";
	return sim_form_parse((struct bytes){(const uint8_t *)query, strlen(query)},
			      &request->query);
}

static void
collect(struct exchange *exchange, const char *data, size_t len)
{
	struct bytes *body = &exchange->request.body;

	if (len > sizeof(exchange->body) - body->len) {
		exchange->request.too_big = true;
		return;
	}
	memcpy(exchange->body + body->len, data, len);
	body->len += len;
}

/* Called first with the head, then for each piece of the body, then once without, and once more
 * after each suspension. */
static enum MHD_Result
handle(void *user, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *data, size_t *len, void **context)
{
	struct sim_server *server = user;
	const struct sim_service *service = &server->service;
	struct exchange *exchange = *context;

	(void)version;
	if (exchange == NULL)
		return MHD_NO;
	if (!exchange->begun) {
		exchange->begun = true;
		sim_wire_head(&server->wire, connection, method, exchange->uri);
		if (!take_head(exchange, url, method))
			return MHD_NO;
		return service->refuses(service->context, &exchange->request, &exchange->answer)
			   ? deliver(exchange)
			   : MHD_YES;
	}
	if (*len > 0) {
		sim_wire_body(&server->wire, (struct bytes){(const uint8_t *)data, *len});
		collect(exchange, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (!exchange->answered)
		service->serve(service->context, &exchange->request, &exchange->answer);
	return deliver(exchange);
}

static void
exchange_free(struct exchange *exchange)
{
	sim_answer_clear(&exchange->answer);
	sim_form_free(&exchange->request.query);
	if (exchange->uri != NULL)
		OPENSSL_cleanse(exchange->uri, strlen(exchange->uri));
	free(exchange->uri);
	OPENSSL_cleanse(exchange, sizeof(*exchange));
	free(exchange);
}

static void
completed(void *user, struct MHD_Connection *connection, void **context,
	  enum MHD_RequestTerminationCode code)
{
	struct sim_server *server = user;
	struct exchange *exchange = *context;

	(void)connection;
	(void)code;
	for (struct exchange **link = &server->exchanges; *link != NULL; link = &(*link)->next)
		if (*link == exchange) {
			*link = exchange->next;
			break;
		}
	if (exchange != NULL)
		exchange_free(exchange);
	*context = NULL;
}

static bool
write_endpoint(struct sim_server *server, struct problem *error)
{
	const union MHD_DaemonInfo *port =
	    MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
	const union MHD_DaemonInfo *epoll =
	    MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	char line[ENDPOINT_MAX + 1];

	if (port == NULL || port->port == 0 || epoll == NULL)
		return problem(error, "libmicrohttpd does not tell its port; it must have "
				      "epoll and be 0.9.75 or newer");
	server->fd = epoll->epoll_fd;
	(void)snprintf(server->origin, sizeof(server->origin), "https://127.0.0.1:%u", port->port);
	(void)snprintf(server->endpoint, sizeof(server->endpoint), "https://127.0.0.1:%u%s",
		       port->port, server->service.path);
	(void)snprintf(line, sizeof(line), "%s\n", server->endpoint);
	return sim_directory_write(server->directory, "endpoint", 0644,
				   (struct bytes){(const uint8_t *)line, strlen(line)}, error);
}

/* Starts MHD; the PEM texts are needed only for that long. */
static bool
start_daemon(struct sim_server *server, uint16_t port, struct problem *error)
{
	const struct sim_directory *directory = server->directory;
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct sim_tls *tls = server->service.tls;
	struct MHD_OptionItem priorities[] = {
	    {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls->priorities},
	    {MHD_OPTION_END, 0, NULL},
	};
	char *key = NULL, *certificate = NULL;
	size_t key_len = 0, certificate_len = 0;

	if (tls->priorities == NULL)
		priorities[0].option = MHD_OPTION_END;

	if (!sim_directory_read(directory, "private/tls.key", &key, &key_len, error) ||
	    !sim_directory_read(directory, tls->certificate, &certificate, &certificate_len, error))
		goto out;
	errno = 0;
	server->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME, port, NULL, NULL, handle,
	    server, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_HTTPS_MEM_KEY,
	    key, MHD_OPTION_HTTPS_MEM_CERT, certificate, MHD_OPTION_URI_LOG_CALLBACK, begin, server,
	    MHD_OPTION_NOTIFY_COMPLETED, completed, server, MHD_OPTION_ARRAY, priorities,
	    MHD_OPTION_END);
	if (server->daemon == NULL)
		(void)problem(error,
			      "cannot serve HTTPS on 127.0.0.1 port %u: %s; give another "
			      "--port",
			      port, errno != 0 ? strerror(errno) : "refused");
out:
	OPENSSL_clear_free(key, key_len + 1);
	OPENSSL_clear_free(certificate, certificate_len + 1);
	return server->daemon != NULL;
}

struct sim_server *
sim_server_start(const struct sim_service *service, const struct sim_directory *directory,
		 uint16_t port, struct problem *error)
{
	struct sim_server *server = calloc(1, sizeof(*server));

	if (server == NULL) {
		(void)problem(error, "out of memory; free some and start again");
		return NULL;
	}
	server->service = *service;
	if (server->service.tls == NULL)
		server->service.tls = sim_tls_find("normal");
	server->directory = directory;
	server->wire = (struct sim_wire){-1};
	sim_directory_remove(directory, "endpoint");
	if ((!service->record || sim_wire_open(&server->wire, directory, error)) &&
	    start_daemon(server, port, error) && write_endpoint(server, error))
		return server;
	sim_server_stop(server);
	return NULL;
}

const char *
sim_server_endpoint(const struct sim_server *server)
{
	return server->endpoint;
}

int
sim_server_fd(const struct sim_server *server)
{
	return server->fd;
}

int
sim_server_wait_ms(const struct sim_server *server)
{
	MHD_UNSIGNED_LONG_LONG daemon_ms;
	uint64_t now = clock_ms(), wait = INT_MAX;

	if (MHD_get_timeout(server->daemon, &daemon_ms) == MHD_YES && daemon_ms < wait)
		wait = daemon_ms > 0 || server->turns < QUICK_TURNS ? daemon_ms : SLOW_TURN_MS;
	for (const struct exchange *e = server->exchanges; e != NULL; e = e->next)
		if (e->waiting && (e->due_ms <= now ? 0 : e->due_ms - now) < wait)
			wait = e->due_ms <= now ? 0 : e->due_ms - now;
	return wait == INT_MAX ? -1 : (int)wait;
}

static void
resume(struct sim_server *server, uint64_t until_ms)
{
	for (struct exchange *e = server->exchanges; e != NULL; e = e->next)
		if (e->waiting && e->due_ms <= until_ms) {
			e->waiting = false;
			MHD_resume_connection(e->connection);
		}
}

/* With epoll and TLS libmicrohttpd 0.9.75 wants to run again at once, and again, while it waits for the other
 * side in a handshake: it would take the processor from whoever it waits for. */
static void
count_turns(struct sim_server *server)
{
	struct pollfd news = {.fd = server->fd, .events = POLLIN};

	if (poll(&news, 1, 0) > 0)
		server->turns = 0;
	else if (server->turns < QUICK_TURNS)
		server->turns++;
}

void
sim_server_step(struct sim_server *server)
{
	count_turns(server);
	resume(server, clock_ms());
	(void)MHD_run(server->daemon);
}

void
sim_server_stop(struct sim_server *server)
{
	if (server->daemon != NULL) {
		/* MHD does not end while a connection is suspended. */
		resume(server, UINT64_MAX);
		(void)MHD_run(server->daemon);
		MHD_stop_daemon(server->daemon);
		sim_directory_remove(server->directory, "endpoint");
	}
	sim_wire_close(&server->wire);
	/* Those whose head never came as a whole. */
	while (server->exchanges != NULL) {
		struct exchange *next = server->exchanges->next;

		exchange_free(server->exchanges);
		server->exchanges = next;
	}
	OPENSSL_cleanse(server, sizeof(*server));
	free(server);
}
