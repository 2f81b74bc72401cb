/* HTTPS against a server of our own that behaves and misbehaves on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/http.h"
#include "test-issue.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

enum { REQUEST_MAX = 8192, FOR_EVER_S = 60 };

struct behaviour {
	bool close_before_handshake;
	bool hang_before_handshake;
	bool close_before_request;
	bool close_after_request;
	bool hang_after_request;
	bool endless;         /* a body that never ends */
	const char *priority; /* of GnuTLS; NULL: its own */

	bool ipv6;
	const char *answer; /* what is sent */
	unsigned pause_ms;  /* before the last byte of it */
};

/* What the server saw; shared with it. */
struct seen {
	unsigned connections;
	char request[REQUEST_MAX];
};

static struct issued issued, stranger;
static char ca_file[64], strange_ca_file[64], endpoint[128];
static struct seen *seen;
static pid_t server = -1;
static struct http_answer answer;
static struct service_config config;

static const struct peer nobody = {-1};
static const char *const headers[] = {"SOAPAction: \"urn:x\"", NULL};
static const struct http_request post = {
    .url = endpoint,
    .content_type = "text/xml; charset=utf-8",
    .headers = headers,
    .user = "vicar",
    .password = "p:ss w%rd",
    .body = BYTES_TEXT("<Envelope/>"),
};

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static void
forget_proxies(void)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
					    "ALL_PROXY",   "no_proxy",    "NO_PROXY"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

static int
issue_certificates(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	strcpy(ca_file, "/tmp/vicar-http-XXXXXX");
	strcpy(strange_ca_file, "/tmp/vicar-http-XXXXXX");
	issued = issue_self_signed(-1, 1, 2048);
	stranger = issue_self_signed(-1, 1, 2048);
	issue_write(&issued, ca_file);
	issue_write(&stranger, strange_ca_file);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	forget_proxies();
	return seen == MAP_FAILED ? -1 : 0;
}

static int
remove_certificates(void **state)
{
	(void)state;
	unlink(ca_file);
	unlink(strange_ca_file);
	issue_free(&issued);
	issue_free(&stranger);
	return munmap(seen, sizeof(*seen));
}

/* The tests' bodies are short, so one has come when its end has. */
static bool
is_whole(const char *request)
{
	return strstr(request, strncmp(request, "GET", 3) == 0 ? "\r\n\r\n" : "<Envelope/>");
}

static void
read_request(gnutls_session_t tls)
{
	size_t used = 0;
	ssize_t n;

	do {
		n = gnutls_record_recv(tls, seen->request + used, sizeof(seen->request) - 1 - used);
		used += n > 0 ? (size_t)n : 0;
		seen->request[used] = '\0';
	} while (n > 0 && !is_whole(seen->request));
}

static void
write_answer(gnutls_session_t tls, const struct behaviour *behaviour)
{
	static char filler[16384];
	size_t len = strlen(behaviour->answer);

	gnutls_record_send(tls, behaviour->answer, len - 1);
	usleep(behaviour->pause_ms * 1000);
	gnutls_record_send(tls, behaviour->answer + len - 1, 1);
	while (behaviour->endless && gnutls_record_send(tls, filler, sizeof(filler)) > 0)
		;
	gnutls_bye(tls, GNUTLS_SHUT_WR);
}

static void
serve_one(gnutls_certificate_credentials_t certificate, int connection,
	  const struct behaviour *behaviour)
{
	gnutls_session_t tls;

	seen->connections++;
	gnutls_init(&tls, GNUTLS_SERVER);
	gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, certificate);
	if (behaviour->priority)
		gnutls_priority_set_direct(tls, behaviour->priority, NULL);
	else
		gnutls_set_default_priority(tls);
	gnutls_transport_set_int(tls, connection);
	if (behaviour->hang_before_handshake)
		sleep(FOR_EVER_S);
	if (!behaviour->close_before_handshake && gnutls_handshake(tls) == GNUTLS_E_SUCCESS &&
	    !behaviour->close_before_request) {
		read_request(tls);
		if (behaviour->hang_after_request)
			sleep(FOR_EVER_S);
		if (!behaviour->close_after_request)
			write_answer(tls, behaviour);
	}
	gnutls_deinit(tls);
	close(connection);
}

static gnutls_datum_t
pem(int (*write)(BIO *))
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	assert_int_equal(write(bio), 1);
	len = BIO_get_mem_data(bio, &text);
	return (gnutls_datum_t){(uint8_t *)text, (unsigned)len};
}

static int
write_certificate(BIO *bio)
{
	return PEM_write_bio_X509(bio, issued.certificate);
}

static int
write_key(BIO *bio)
{
	return PEM_write_bio_PrivateKey(bio, issued.key, NULL, NULL, 0, NULL, NULL);
}

static void
serve(int listener, const struct behaviour *behaviour)
{
	gnutls_certificate_credentials_t certificate;
	gnutls_datum_t certificate_pem = pem(write_certificate), key_pem = pem(write_key);
	int connection;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	gnutls_certificate_allocate_credentials(&certificate);
	gnutls_certificate_set_x509_key_mem(certificate, &certificate_pem, &key_pem,
					    GNUTLS_X509_FMT_PEM);
	while ((connection = accept(listener, NULL, NULL)) >= 0)
		serve_one(certificate, connection, behaviour);
	_exit(0);
}

static void
start_server(struct behaviour behaviour)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int listener;

	if (behaviour.ipv6)
		address.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
						   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	memset(seen, 0, sizeof(*seen));
	if (!behaviour.answer)
		behaviour.answer = OK_ANSWER;
	listener = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, &address.any, len), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(getsockname(listener, &address.any, &len), 0);
	server = fork();
	if (server == 0)
		serve(listener, &behaviour);
	close(listener);
	/* The port stands at one place in both. */
	snprintf(endpoint, sizeof(endpoint), "https://%s:%u/Ama/SCMDService.svc",
		 behaviour.ipv6 ? "[::1]" : "127.0.0.1", ntohs(address.v4.sin_port));
	config = (struct service_config){
	    .ca_file = ca_file,
	    .connect_timeout_ms = 700,
	    .transfer_timeout_ms = 700,
	};
}

static int
stop_server(void **state)
{
	(void)state;
	forget_proxies();
	http_answer_free(&answer);
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	server = -1;
	return 0;
}

static enum http_result
send_request(const struct http_request *request)
{
	http_answer_free(&answer);
	return http_send(&config, &nobody, request, &answer);
}

static enum http_result
send_post(void)
{
	return send_request(&post);
}

static void
an_answer_has_status_and_body(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	assert_int_equal(send_post(), HTTP_ANSWERED);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer.len, 5);
	assert_memory_equal(answer.body, "hello", 5);
}

/* cmd.md 2. */
static void
the_first_request_has_everything(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	assert_int_equal(send_post(), HTTP_ANSWERED);
	assert_int_equal(seen->connections, 1);
	assert_non_null(strstr(seen->request, "POST /Ama/SCMDService.svc HTTP/1.1\r\n"));
	assert_non_null(strstr(seen->request, "Content-Type: text/xml; charset=utf-8\r\n"));
	assert_non_null(strstr(seen->request, "SOAPAction: \"urn:x\"\r\n"));
	/* RFC 7617: base64 of vicar:p:ss w%rd */
	assert_non_null(strstr(seen->request, "Authorization: Basic dmljYXI6cDpzcyB3JXJk\r\n"));
	assert_non_null(strstr(seen->request, "Content-Length: 11\r\n"));
	assert_null(strstr(seen->request, "Expect:"));
}

static void
an_error_status_is_an_answer(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer =
					    "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\n"
					    "Content-Length: 3\r\n\r\nno!"});
	assert_int_equal(send_post(), HTTP_ANSWERED);
	assert_int_equal(answer.status, 401);
	assert_int_equal(seen->connections, 1);
}

static void
a_redirect_is_not_followed(void **state)
{
	(void)state;
	start_server((struct behaviour){
	    .answer = "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 1\r\n\r\nx"});
	assert_int_equal(send_post(), HTTP_ANSWERED);
	assert_int_equal(answer.status, 302);
	assert_int_equal(seen->connections, 1);
}

static void
another_authority_is_not_trusted(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	config.ca_file = strange_ca_file;
	assert_int_equal(send_post(), HTTP_UNTRUSTED);
	assert_string_equal(seen->request, "");
}

static void
the_system_does_not_trust_us(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	config.ca_file = NULL;
	assert_int_equal(send_post(), HTTP_UNTRUSTED);
}

static void
another_name_is_not_trusted(void **state)
{
	char by_name[sizeof(endpoint)];

	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	snprintf(by_name, sizeof(by_name), "https://localhost%s", strrchr(endpoint, ':'));
	memcpy(endpoint, by_name, sizeof(endpoint));
	assert_int_equal(send_post(), HTTP_UNTRUSTED);
	assert_string_equal(seen->request, "");
}

static void
an_old_tls_is_not_trusted(void **state)
{
	(void)state;
	start_server((struct behaviour){.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0"});
	assert_int_equal(send_post(), HTTP_UNTRUSTED);
	assert_string_equal(seen->request, "");
}

static void
tls_1_2_is_enough(void **state)
{
	(void)state;
	start_server((struct behaviour){.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2"});
	assert_int_equal(send_post(), HTTP_ANSWERED);
}

static void
a_missing_ca_file_trusts_nobody(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	config.ca_file = (char *)(uintptr_t) "/nonexistent/ca.pem";
	assert_int_equal(send_post(), HTTP_UNTRUSTED);
	assert_string_equal(seen->request, "");
}

static void
clear_text_is_not_spoken(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	memmove(endpoint + 4, endpoint + 5, strlen(endpoint + 5) + 1);
	assert_int_equal(strncmp(endpoint, "http:", 5), 0);
	assert_int_equal(send_post(), HTTP_MISCONFIGURED);
	assert_int_equal(seen->connections, 0);
}

static void
nobody_listening_is_unreachable(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	stop_server(NULL);
	assert_int_equal(send_post(), HTTP_UNREACHABLE);
	assert_true(strlen(answer.error) > 0);
}

static void
a_name_that_is_none_is_not_found(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	strcpy(endpoint, "https://service.invalid/x");
	assert_int_equal(send_post(), HTTP_NO_NAME);
}

static void
hanging_up_before_the_handshake_is_no_tls(void **state)
{
	(void)state;
	start_server((struct behaviour){.close_before_handshake = true});
	assert_int_equal(send_post(), HTTP_NO_TLS);
}

static void
silence_before_the_handshake_is_no_tls(void **state)
{
	(void)state;
	start_server((struct behaviour){.hang_before_handshake = true});
	assert_int_equal(send_post(), HTTP_NO_TLS);
}

/* The client cannot know how much the server took in. */
static void
hanging_up_after_the_handshake_is_a_loss(void **state)
{
	(void)state;
	start_server((struct behaviour){.close_before_request = true});
	assert_int_equal(send_post(), HTTP_LOST);
}

static void
hanging_up_after_the_request_is_a_loss(void **state)
{
	(void)state;
	start_server((struct behaviour){.close_after_request = true});
	assert_int_equal(send_post(), HTTP_LOST);
	assert_int_equal(seen->connections, 1); /* and nothing was sent twice */
}

static void
silence_after_the_request_is_a_loss(void **state)
{
	(void)state;
	start_server((struct behaviour){.hang_after_request = true});
	assert_int_equal(send_post(), HTTP_LOST);
	assert_int_equal(seen->connections, 1);
}

static void
half_an_answer_is_a_loss(void **state)
{
	(void)state;
	start_server(
	    (struct behaviour){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"});
	assert_int_equal(send_post(), HTTP_LOST);
}

static void
what_is_no_http_is_a_loss(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = "220 mail.example ESMTP\r\n"});
	assert_int_equal(send_post(), HTTP_LOST);
}

static void
a_slow_answer_is_waited_for(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER, .pause_ms = 500});
	assert_int_equal(send_post(), HTTP_ANSWERED);
	assert_int_equal(answer.len, 5);
}

static void
an_endless_answer_is_cut_off(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = "HTTP/1.1 200 OK\r\n\r\n", .endless = true});
	config.transfer_timeout_ms = 20000;
	assert_int_equal(send_post(), HTTP_TOO_LONG);
	assert_true(answer.len <= HTTP_BODY_MAX);
	assert_string_equal(answer.error, "longer than 1048576 bytes");
}

static void
a_large_announced_answer_is_cut_off(void **state)
{
	(void)state;
	start_server((struct behaviour){
	    .answer = "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", .endless = true});
	config.transfer_timeout_ms = 20000;
	assert_int_equal(send_post(), HTTP_TOO_LONG);
}

/* RFC 6750 2.1: what a JSON service is asked with. */
static void
a_get_with_a_token_has_no_body_and_no_basic_credentials(void **state)
{
	static const char *const wants[] = {"Accept: application/json", NULL};
	const struct http_request get = {
	    .method = HTTP_GET, .url = endpoint, .headers = wants, .bearer = "to.ken-1"};

	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	assert_int_equal(send_request(&get), HTTP_ANSWERED);
	assert_non_null(strstr(seen->request, "GET /Ama/SCMDService.svc HTTP/1.1\r\n"));
	assert_non_null(strstr(seen->request, "Authorization: Bearer to.ken-1\r\n"));
	assert_non_null(strstr(seen->request, "Accept: application/json\r\n"));
	assert_null(strstr(seen->request, "Basic"));
	assert_null(strstr(seen->request, "Content-"));
}

static void
nobody_is_named_without_credentials(void **state)
{
	struct http_request request = post;

	(void)state;
	request.user = NULL;
	start_server((struct behaviour){.answer = OK_ANSWER});
	assert_int_equal(send_request(&request), HTTP_ANSWERED);
	assert_null(strstr(seen->request, "Authorization"));
}

static void
an_error_status_has_its_body(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = "HTTP/1.1 400 Bad\r\nContent-Length: 27\r\n\r\n"
						  "{\"error\":\"invalid_request\"}"});
	assert_int_equal(send_post(), HTTP_ANSWERED);
	assert_int_equal(answer.status, 400);
	assert_int_equal(answer.len, 27);
	assert_memory_equal(answer.body, "{\"error\":\"invalid_request\"}", 27);
}

static void
a_header_of_two_lines_is_not_sent(void **state)
{
	static const char *const two[] = {"X: 1\r\nY: 2", NULL};
	struct http_request request = post;

	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	request.headers = two;
	assert_int_equal(send_request(&request), HTTP_MISCONFIGURED);
	request.headers = NULL;
	request.user = NULL;
	request.bearer = "token\r\nY: 2";
	assert_int_equal(send_request(&request), HTTP_MISCONFIGURED);
	assert_int_equal(seen->connections, 0);
}

static void
a_second_request_is_a_second_connection(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	assert_int_equal(send_post(), HTTP_ANSWERED);
	assert_int_equal(send_post(), HTTP_ANSWERED);
	assert_int_equal(seen->connections, 2);
}

static bool
machine_has_ipv6(void)
{
	const struct sockaddr_in6 address = {.sin6_family = AF_INET6,
					     .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has =
	    probe >= 0 && bind(probe, (const struct sockaddr *)&address, sizeof(address)) == 0;

	if (probe >= 0)
		close(probe);
	return has;
}

static void
a_service_may_have_an_ipv6_address(void **state)
{
	(void)state;
	if (!machine_has_ipv6())
		skip();
	start_server((struct behaviour){.ipv6 = true});
	assert_non_null(strstr(endpoint, "https://[::1]:"));
	assert_int_equal(send_post(), HTTP_ANSWERED);
}

/* A proxy speaks clear text to us: `nc`-like, one fixed answer. */
static void
serve_proxy(int listener, const char *reply)
{
	int connection;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((connection = accept(listener, NULL, NULL)) >= 0) {
		ssize_t n = read(connection, seen->request, sizeof(seen->request) - 1);

		seen->connections++;
		if (n > 0 && write(connection, reply, strlen(reply)) > 0)
			shutdown(connection, SHUT_WR);
		close(connection);
	}
	_exit(0);
}

#define PROXY_407 \
	"HTTP/1.1 407 Proxy\r\nProxy-Authenticate: Basic realm=p\r\nContent-Length: 0\r\n\r\n"
#define PROXY_502 "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"

/* At 127.0.0.1:`port`; the service behind it is gone. */
static unsigned
start_proxy(const char *reply)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	start_server((struct behaviour){.answer = OK_ANSWER});
	stop_server(NULL);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	server = fork();
	if (server == 0)
		serve_proxy(listener, reply);
	close(listener);
	return ntohs(address.sin_port);
}

static void
a_proxy_may_refuse(void **state)
{
	struct http_request with_proxy = post;
	char proxy[64];

	(void)state;
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", start_proxy(PROXY_407));
	config.proxy = proxy;
	with_proxy.proxy_user = "gate";
	with_proxy.proxy_password = "keeper";
	assert_int_equal(send_request(&with_proxy), HTTP_PROXY_REFUSED);
	assert_non_null(strstr(seen->request, "CONNECT 127.0.0.1:"));
	/* RFC 7617: base64 of gate:keeper; the service's own credentials stay away from it. */
	assert_non_null(strstr(seen->request, "Proxy-Authorization: Basic Z2F0ZTprZWVwZXI=\r\n"));
	assert_null(strstr(seen->request, "\r\nAuthorization:"));
}

static void
a_proxy_that_makes_no_connection_is_unreachable(void **state)
{
	char proxy[64];

	(void)state;
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", start_proxy(PROXY_502));
	config.proxy = proxy;
	assert_int_equal(send_post(), HTTP_UNREACHABLE);
	assert_non_null(strstr(answer.error, "502"));
}

static void
a_proxy_without_a_name_in_dns_is_not_found(void **state)
{
	char proxy[] = "http://proxy.invalid:3128";

	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	config.proxy = proxy;
	assert_int_equal(send_post(), HTTP_NO_NAME);
}

/* With credentials in its URL, libcurl-env(3). */
static void
the_environment_may_name_the_proxy(void **state)
{
	char proxy[64];

	(void)state;
	snprintf(proxy, sizeof(proxy), "http://gate:keeper@127.0.0.1:%u", start_proxy(PROXY_407));
	setenv("https_proxy", proxy, 1);
	assert_int_equal(send_post(), HTTP_PROXY_REFUSED);
	assert_non_null(strstr(seen->request, "Proxy-Authorization: Basic Z2F0ZTprZWVwZXI=\r\n"));
	assert_null(strstr(answer.error, "keeper"));
}

static void
the_environment_may_spare_a_host_from_its_proxy(void **state)
{
	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER});
	setenv("https_proxy", "http://proxy.invalid:3128", 1);
	setenv("no_proxy", "127.0.0.1", 1);
	assert_int_equal(send_post(), HTTP_ANSWERED);
}

static void
a_configured_proxy_stands_above_the_environment(void **state)
{
	char proxy[64];

	(void)state;
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", start_proxy(PROXY_407));
	config.proxy = proxy;
	setenv("https_proxy", "http://proxy.invalid:3128", 1);
	setenv("no_proxy", "127.0.0.1", 1);
	assert_int_equal(send_post(), HTTP_PROXY_REFUSED);
}

static void
each_result_is_a_word_for_people(void **state)
{
	(void)state;
	assert_int_equal(http_outcome(HTTP_NO_NAME, false), OUTCOME_NO_NAME);
	assert_int_equal(http_outcome(HTTP_UNREACHABLE, false), OUTCOME_UNREACHABLE);
	assert_int_equal(http_outcome(HTTP_NO_TLS, false), OUTCOME_NO_TLS);
	assert_int_equal(http_outcome(HTTP_UNTRUSTED, false), OUTCOME_UNTRUSTED);
	assert_int_equal(http_outcome(HTTP_PROXY_REFUSED, false), OUTCOME_PROXY_CREDENTIALS);
	assert_int_equal(http_outcome(HTTP_LOST, false), OUTCOME_FATE_UNKNOWN);
	assert_int_equal(http_outcome(HTTP_LOST, true), OUTCOME_SILENT);
	assert_int_equal(http_outcome(HTTP_GONE, true), OUTCOME_GONE);
}

static void
a_parent_that_hangs_up_breaks_it_off(void **state)
{
	struct timespec start, end;
	struct peer peer;
	int ends[2];
	pid_t hand;

	(void)state;
	start_server((struct behaviour){.hang_after_request = true});
	config.transfer_timeout_ms = 20000;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	peer.fd = ends[0];
	hand = fork();
	if (hand == 0) {
		close(ends[0]);
		usleep(300 * 1000);
		_exit(0);
	}
	close(ends[1]);
	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(http_send(&config, &peer, &post, &answer), HTTP_GONE);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - start.tv_sec <= 2);
	close(ends[0]);
	waitpid(hand, NULL, 0);
}

static long
cpu_ms(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* What is to be cancelled is a prompt: the call goes on, and waits as calmly as before. */
static void
a_parent_that_cancels_changes_nothing(void **state)
{
	static const uint8_t cancel = BRIDGE_CANCEL;
	struct peer peer;
	int ends[2];
	long begun;

	(void)state;
	start_server((struct behaviour){.answer = OK_ANSWER, .pause_ms = 1000});
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	peer.fd = ends[0];
	assert_int_equal(send(ends[1], &cancel, 1, 0), 1);
	begun = cpu_ms();
	assert_int_equal(http_send(&config, &peer, &post, &answer), HTTP_ANSWERED);
	assert_true(cpu_ms() - begun < 100);
	close(ends[0]);
	close(ends[1]);
}

#define TEST(function) cmocka_unit_test_teardown(function, stop_server)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_answer_has_status_and_body),
	    TEST(the_first_request_has_everything),
	    TEST(an_error_status_is_an_answer),
	    TEST(a_redirect_is_not_followed),
	    TEST(another_authority_is_not_trusted),
	    TEST(the_system_does_not_trust_us),
	    TEST(another_name_is_not_trusted),
	    TEST(an_old_tls_is_not_trusted),
	    TEST(tls_1_2_is_enough),
	    TEST(a_missing_ca_file_trusts_nobody),
	    TEST(clear_text_is_not_spoken),
	    TEST(nobody_listening_is_unreachable),
	    TEST(a_name_that_is_none_is_not_found),
	    TEST(hanging_up_before_the_handshake_is_no_tls),
	    TEST(silence_before_the_handshake_is_no_tls),
	    TEST(hanging_up_after_the_handshake_is_a_loss),
	    TEST(hanging_up_after_the_request_is_a_loss),
	    TEST(silence_after_the_request_is_a_loss),
	    TEST(half_an_answer_is_a_loss),
	    TEST(what_is_no_http_is_a_loss),
	    TEST(a_slow_answer_is_waited_for),
	    TEST(an_endless_answer_is_cut_off),
	    TEST(a_large_announced_answer_is_cut_off),
	    TEST(a_get_with_a_token_has_no_body_and_no_basic_credentials),
	    TEST(nobody_is_named_without_credentials),
	    TEST(an_error_status_has_its_body),
	    TEST(a_header_of_two_lines_is_not_sent),
	    TEST(a_second_request_is_a_second_connection),
	    TEST(a_service_may_have_an_ipv6_address),
	    TEST(a_proxy_may_refuse),
	    TEST(a_proxy_that_makes_no_connection_is_unreachable),
	    TEST(a_proxy_without_a_name_in_dns_is_not_found),
	    TEST(the_environment_may_name_the_proxy),
	    TEST(the_environment_may_spare_a_host_from_its_proxy),
	    TEST(a_configured_proxy_stands_above_the_environment),
	    TEST(each_result_is_a_word_for_people),
	    TEST(a_parent_that_hangs_up_breaks_it_off),
	    TEST(a_parent_that_cancels_changes_nothing),
	};

	return cmocka_run_group_tests(tests, issue_certificates, remove_certificates);
}
