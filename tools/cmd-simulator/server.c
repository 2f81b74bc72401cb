#include "server.h"

#include "field.h"
#include "wsdl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <microhttpd.h>
#include <openssl/crypto.h>

#define SERVICE_PATH "/Ama.Authentication.Frontend/SCMDService.svc"
#define XML_TYPE "text/xml"

enum {
	ENDPOINT_MAX = 128,
	AUTHORIZATION_MAX = 256,
	NEVER_MS = 600 * 1000, /* an answer that never comes: until then */
};

/* One request on its way. */
struct exchange {
	struct sim_server *server;
	struct MHD_Connection *connection;
	uint8_t body[SIM_BODY_MAX];
	size_t len;
	bool too_big;
	bool answered; /* `answer` is filled */
	bool waiting;  /* suspended until `due_ms` */
	uint64_t due_ms;
	struct sim_answer answer;
	struct exchange *next;
};

struct sim_server {
	struct simulator *simulator;
	struct MHD_Daemon *daemon;
	int fd;
	char endpoint[ENDPOINT_MAX];
	char authorization[AUTHORIZATION_MAX]; /* what the header must say */
	struct exchange *exchanges;
};

static uint64_t
clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool
fill_authorization(struct sim_server *server)
{
	const struct sim_credentials *credentials = &server->simulator->credentials;
	char plain[2 * SIM_CREDENTIAL_MAX];
	int len;

	len = snprintf(plain, sizeof(plain), "%s:%s", credentials->user, credentials->password);
	memcpy(server->authorization, "Basic ", sizeof("Basic "));
	sim_field_to_base64((struct bytes){(const uint8_t *)plain, (size_t)len},
			    server->authorization + strlen("Basic "));
	OPENSSL_cleanse(plain, sizeof(plain));
	return len > 0;
}

/* RFC 7617; the scheme's name in any case. */
static bool
is_authorised(const struct exchange *exchange)
{
	const char *expected = exchange->server->authorization;
	const size_t scheme = strlen("Basic ");
	const char *given = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
							MHD_HTTP_HEADER_AUTHORIZATION);

	return given != NULL && strncasecmp(given, expected, scheme) == 0 &&
	       strlen(given) == strlen(expected) &&
	       CRYPTO_memcmp(given + scheme, expected + scheme, strlen(expected) - scheme) == 0;
}

static bool
has_xml_type(const struct exchange *exchange)
{
	const char *type = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_CONTENT_TYPE);
	const size_t len = strlen(XML_TYPE);

	return type != NULL && strncasecmp(type, XML_TYPE, len) == 0 &&
	       (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

static enum MHD_Result
queue(struct MHD_Connection *connection, unsigned status, const char *content_type,
      const char *body, size_t len)
{
	/* MHD copies, and promises not to write to what it is given. */
	struct MHD_Response *response =
	    MHD_create_response_from_buffer(len, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_SERVER, "Microsoft-IIS/10.0");
	if (content_type != NULL)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	if (status == MHD_HTTP_UNAUTHORIZED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					      "Basic realm=\"localhost\"");
	if (status == MHD_HTTP_PROXY_AUTHENTICATION_REQUIRED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_PROXY_AUTHENTICATE,
					      "Basic realm=\"proxy\"");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
serve_get(struct sim_server *server, struct MHD_Connection *connection)
{
	static const char help[] =
	    "<html><head><title>SCMDService Service</title></head><body>"
	    "<h1>SCMDService Service</h1><p>Simulated. The description is at "
	    "<a href=\"SCMDService.svc?wsdl\">?wsdl</a>.</p></body></html>";
	enum MHD_Result result;
	xmlChar *text;
	int len = 0;

	if (MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "wsdl", 4, NULL,
					  NULL) == MHD_NO)
		return queue(connection, MHD_HTTP_OK, "text/html; charset=utf-8", help,
			     sizeof(help) - 1);
	text = sim_wsdl_for(server->endpoint, &len);
	if (text == NULL)
		return MHD_NO;
	result = queue(connection, MHD_HTTP_OK, "text/xml; charset=utf-8", (const char *)text,
		       (size_t)len);
	xmlFree(text);
	return result;
}

/* Fills the answer to a request that is here as a whole. */
static void
find_answer(struct exchange *exchange)
{
	struct simulator *simulator = exchange->server->simulator;
	struct sim_answer *answer = &exchange->answer;
	const char *action =
	    MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "SOAPAction");

	if (!is_authorised(exchange))
		simulator_answer_http(simulator, MHD_HTTP_UNAUTHORIZED, answer);
	else if (!has_xml_type(exchange))
		simulator_answer_http(simulator, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, answer);
	else if (exchange->too_big)
		simulator_answer_http(simulator, MHD_HTTP_CONTENT_TOO_LARGE, answer);
	else
		simulator_answer(simulator, (struct bytes){exchange->body, exchange->len}, action,
				 answer);
}

/* Sends the answer, or puts it off. */
static enum MHD_Result
deliver(struct exchange *exchange)
{
	struct sim_answer *answer = &exchange->answer;
	unsigned delay = answer->how == SIM_ANSWER_NEVER ? NEVER_MS : answer->latency_ms;

	if (!exchange->answered) {
		exchange->answered = true;
		if (delay > 0) {
			exchange->waiting = true;
			exchange->due_ms = clock_ms() + delay;
			MHD_suspend_connection(exchange->connection);
			return MHD_YES;
		}
	}
	if (answer->how != SIM_ANSWER)
		return MHD_NO;
	return queue(exchange->connection, answer->http_status, answer->content_type,
		     answer->body != NULL ? answer->body : "",
		     answer->body != NULL ? strlen(answer->body) : 0);
}

static struct exchange *
exchange_new(struct sim_server *server, struct MHD_Connection *connection)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange == NULL)
		return NULL;
	exchange->server = server;
	exchange->connection = connection;
	exchange->next = server->exchanges;
	server->exchanges = exchange;
	return exchange;
}

static void
collect(struct exchange *exchange, const char *data, size_t len)
{
	if (len > sizeof(exchange->body) - exchange->len) {
		exchange->too_big = true;
		return;
	}
	memcpy(exchange->body + exchange->len, data, len);
	exchange->len += len;
}

/* Called first with the head, then for each piece of the body, then once without, and once more
 * after each suspension. */
static enum MHD_Result
handle(void *user, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *data, size_t *len, void **context)
{
	struct sim_server *server = user;
	struct exchange *exchange = *context;

	(void)version;
	if (strcmp(url, SERVICE_PATH) != 0)
		return queue(connection, MHD_HTTP_NOT_FOUND, NULL, "", 0);
	if (strcmp(method, MHD_HTTP_METHOD_GET) == 0)
		return serve_get(server, connection);
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		return queue(connection, MHD_HTTP_METHOD_NOT_ALLOWED, NULL, "", 0);
	if (exchange == NULL) {
		*context = exchange = exchange_new(server, connection);
		if (exchange == NULL)
			return MHD_NO;
		/* Trouble of the whole server comes before the body is read. */
		return simulator_refuses(server->simulator, &exchange->answer) ? deliver(exchange)
									       : MHD_YES;
	}
	if (*len > 0) {
		collect(exchange, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (!exchange->answered)
		find_answer(exchange);
	return deliver(exchange);
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
	if (exchange != NULL) {
		free(exchange->answer.body);
		OPENSSL_cleanse(exchange, sizeof(*exchange));
		free(exchange);
	}
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
	(void)snprintf(server->endpoint, sizeof(server->endpoint), "https://127.0.0.1:%u%s",
		       port->port, SERVICE_PATH);
	(void)snprintf(line, sizeof(line), "%s\n", server->endpoint);
	return sim_directory_write(&server->simulator->directory, "endpoint", 0644,
				   (struct bytes){(const uint8_t *)line, strlen(line)}, error);
}

/* Starts MHD; the PEM texts are needed only for that long. */
static bool
start_daemon(struct sim_server *server, uint16_t port, struct problem *error)
{
	const struct sim_directory *directory = &server->simulator->directory;
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	char *key = NULL, *certificate = NULL;
	size_t key_len = 0, certificate_len = 0;

	if (!sim_directory_read(directory, "private/tls.key", &key, &key_len, error) ||
	    !sim_directory_read(directory, "tls.pem", &certificate, &certificate_len, error))
		goto out;
	errno = 0;
	server->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME, port, NULL, NULL, handle,
	    server, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_HTTPS_MEM_KEY,
	    key, MHD_OPTION_HTTPS_MEM_CERT, certificate, MHD_OPTION_NOTIFY_COMPLETED, completed,
	    server, MHD_OPTION_END);
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
sim_server_start(struct simulator *simulator, uint16_t port, struct problem *error)
{
	struct sim_server *server = calloc(1, sizeof(*server));

	if (server == NULL) {
		(void)problem(error, "out of memory; free some and start again");
		return NULL;
	}
	server->simulator = simulator;
	sim_directory_remove(&simulator->directory, "endpoint");
	if (fill_authorization(server) && start_daemon(server, port, error) &&
	    write_endpoint(server, error))
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
		wait = daemon_ms;
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

void
sim_server_step(struct sim_server *server)
{
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
		sim_directory_remove(&server->simulator->directory, "endpoint");
	}
	OPENSSL_cleanse(server, sizeof(*server));
	free(server);
}
