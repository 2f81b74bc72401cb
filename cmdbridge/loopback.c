#include "loopback.h"
#include "base64.h"
#include "tcpuser.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { START_BYTES = 16, PATH_ROOM = 128, CONNECTIONS_MAX = 16, IDLE_S = 10, PORT_MAX = 65535 };

struct loopback {
	struct MHD_Daemon *daemon;
	int event;
	char redirect_uri[LOOPBACK_URL_MAX];
	char start_url[LOOPBACK_URL_MAX];
	char path[PATH_ROOM];                     /* of the redirect URI */
	char start[1 + BASE64_ROOM(START_BYTES)]; /* path of the start URL */
	char *state, *page;
	const char *target;
	pthread_mutex_t mutex; /* for what the listener's thread writes */
	bool answered;
	struct loopback_answer answer;
};

/* Marks, as a request's context, the one whose end is the end of it all. */
static char last;

static enum MHD_Result
reply(struct MHD_Connection *connection, unsigned status, const char *page, const char *location)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    strlen(page), (void *)(uintptr_t)page, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Content-Security-Policy", "default-src 'none'");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Connection", "close");
	if (location)
		MHD_add_response_header(response, "Location", location);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static void
take(struct MHD_Connection *connection, const char *name, char *value, size_t room)
{
	const char *given = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);

	snprintf(value, room, "%s", given && strlen(given) < room ? given : "");
}

/* Only the one who was sent out knows the state. Somebody else's request is refused and changes
 * nothing. */
static bool
take_answer(struct loopback *loopback, struct MHD_Connection *connection)
{
	const char *state = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "state");
	struct loopback_answer *answer = &loopback->answer;
	bool taken = false;

	if (!state || strlen(state) != strlen(loopback->state) ||
	    CRYPTO_memcmp(state, loopback->state, strlen(state)) != 0)
		return false;
	pthread_mutex_lock(&loopback->mutex);
	if (!loopback->answered) {
		take(connection, "code", answer->code, sizeof(answer->code));
		take(connection, "error", answer->error, sizeof(answer->error));
		take(connection, "error_description", answer->words, sizeof(answer->words));
		loopback->answered = taken = true;
	}
	pthread_mutex_unlock(&loopback->mutex);
	return taken;
}

/* The start URL can be read in the list of processes, and it leads to the state. */
static bool
is_owner(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info && tcpuser_is_us(info->connect_fd);
}

static enum MHD_Result
serve(void *context, struct MHD_Connection *connection, const char *path, const char *method,
      const char *version, const char *body, size_t *body_len, void **request)
{
	struct loopback *loopback = context;

	(void)version;
	(void)body;
	(void)body_len;
	if (!is_owner(connection))
		return reply(connection, MHD_HTTP_FORBIDDEN, "", NULL);
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "", NULL);
	if (strcmp(path, loopback->start) == 0 && loopback->target)
		return reply(connection, MHD_HTTP_FOUND, "", loopback->target);
	if (strcmp(path, loopback->path) != 0)
		return reply(connection, MHD_HTTP_NOT_FOUND, "", NULL);
	if (!take_answer(loopback, connection))
		return reply(connection, MHD_HTTP_BAD_REQUEST, "", NULL);
	*request = &last;
	return reply(connection, MHD_HTTP_OK, loopback->page, NULL);
}

/* The browser has the page, or is gone. */
static void
finished(void *context, struct MHD_Connection *connection, void **request,
	 enum MHD_RequestTerminationCode why)
{
	struct loopback *loopback = context;
	const uint64_t one = 1;

	(void)connection;
	(void)why;
	if (*request == &last)
		(void)!TEMP_FAILURE_RETRY(write(loopback->event, &one, sizeof(one)));
}

/* The parts of the redirect URI; false: it is not http on this machine. */
static bool
read_uri(const char *uri, struct loopback *loopback, char host[PATH_ROOM], unsigned *port)
{
	CURLU *url = curl_url();
	char *scheme = NULL, *name = NULL, *number = NULL, *path = NULL, *query = NULL;
	bool ok = false;

	*port = 0;
	if (!url || curl_url_set(url, CURLUPART_URL, uri, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &name, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_QUERY, &query, 0) == CURLUE_OK)
		goto out;
	if (curl_url_get(url, CURLUPART_PORT, &number, 0) == CURLUE_OK)
		*port = (unsigned)strtoul(number, NULL, 10);
	ok = strcmp(scheme, "http") == 0 && *port <= PORT_MAX &&
	     (strcmp(name, "127.0.0.1") == 0 || strcmp(name, "localhost") == 0) &&
	     snprintf(host, PATH_ROOM, "%s", name) < PATH_ROOM &&
	     snprintf(loopback->path, PATH_ROOM, "%s", path) < PATH_ROOM;
out:
	curl_free(scheme);
	curl_free(name);
	curl_free(number);
	curl_free(path);
	curl_free(query);
	curl_url_cleanup(url);
	return ok;
}

static bool
listen_on(struct loopback *loopback, const char *host, unsigned port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const union MHD_DaemonInfo *bound;

	loopback->daemon = MHD_start_daemon(
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, (uint16_t)port, NULL, NULL, serve,
	    loopback, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)IDLE_S, MHD_OPTION_NOTIFY_COMPLETED, finished, loopback, MHD_OPTION_END);
	bound = loopback->daemon ? MHD_get_daemon_info(loopback->daemon, MHD_DAEMON_INFO_BIND_PORT)
				 : NULL;
	if (!bound)
		return false;
	return snprintf(loopback->redirect_uri, LOOPBACK_URL_MAX, "http://%s:%u%s", host,
			bound->port, loopback->path) < LOOPBACK_URL_MAX &&
	       snprintf(loopback->start_url, LOOPBACK_URL_MAX, "http://127.0.0.1:%u%s", bound->port,
			loopback->start) < LOOPBACK_URL_MAX;
}

struct loopback *
loopback_open(const char *redirect_uri, const char *state, const char *page)
{
	struct loopback *loopback = calloc(1, sizeof(*loopback));
	char host[PATH_ROOM];
	uint8_t random[START_BYTES];
	unsigned port;

	if (!loopback)
		return NULL;
	pthread_mutex_init(&loopback->mutex, NULL);
	loopback->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loopback->state = strdup(state);
	loopback->page = strdup(page);
	errno = EINVAL;
	if (loopback->event < 0 || !loopback->state || !loopback->page ||
	    RAND_bytes(random, sizeof(random)) != 1 ||
	    !read_uri(redirect_uri, loopback, host, &port))
		goto failed;
	loopback->start[0] = '/';
	base64_encode(BYTES(random), BASE64_URL, loopback->start + 1);
	if (listen_on(loopback, host, port))
		return loopback;
failed:
	loopback_close(loopback);
	return NULL;
}

void
loopback_close(struct loopback *loopback)
{
	const int error = errno;

	if (!loopback)
		return;
	if (loopback->daemon)
		MHD_stop_daemon(loopback->daemon);
	if (loopback->event >= 0)
		close(loopback->event);
	free(loopback->state);
	free(loopback->page);
	pthread_mutex_destroy(&loopback->mutex);
	OPENSSL_cleanse(loopback, sizeof(*loopback));
	free(loopback);
	errno = error;
}

const char *
loopback_redirect_uri(const struct loopback *loopback)
{
	return loopback->redirect_uri;
}

const char *
loopback_start_url(const struct loopback *loopback)
{
	return loopback->start_url;
}

void
loopback_lead_to(struct loopback *loopback, const char *url)
{
	loopback->target = url;
}

int
loopback_fd(const struct loopback *loopback)
{
	return loopback->event;
}

const struct loopback_answer *
loopback_answer(struct loopback *loopback)
{
	bool answered;

	pthread_mutex_lock(&loopback->mutex);
	answered = loopback->answered;
	pthread_mutex_unlock(&loopback->mutex);
	return answered ? &loopback->answer : NULL;
}
