/* Where a browser comes back to, and how it is started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/browser.h"
#include "cmdbridge/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE "state-0123456789"
#define TARGET "https://service.example/csc/v1/oauth2/authorize?scope=service&state=" STATE
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { PATIENCE_MS = 10000 };

static struct loopback *loopback;
static char answered[4096];

static int
open_it(void **state)
{
	(void)state;
	loopback = loopback_open("http://127.0.0.1/callback", STATE, "<p>done");
	assert_non_null(loopback);
	loopback_lead_to(loopback, TARGET);
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	loopback_close(loopback);
	return 0;
}

static uint16_t
port_of(const char *url)
{
	const char *colon = strrchr(url, ':');

	assert_non_null(colon);
	return (uint16_t)strtoul(colon + 1, NULL, 10);
}

/* One request on a connection of its own: the status, and all of it in `answered`. */
static int
ask(const char *method, const char *path)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons(port_of(loopback_start_url(loopback))),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	char request[8192];
	size_t used = 0;
	ssize_t n;

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	snprintf(request, sizeof(request),
		 "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", method, path);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	while (used < sizeof(answered) - 1 &&
	       (n = read(fd, answered + used, sizeof(answered) - 1 - used)) > 0)
		used += (size_t)n;
	answered[used] = '\0';
	close(fd);
	assert_true(strncmp(answered, "HTTP/1.1 ", 9) == 0);
	return (int)strtol(answered + 9, NULL, 10);
}

static const char *
path_of(const char *url)
{
	return strchr(strstr(url, "://") + 3, '/');
}

static bool
is_over(unsigned wait_ms)
{
	struct pollfd polled = {loopback_fd(loopback), POLLIN, 0};

	return poll(&polled, 1, (int)wait_ms) > 0;
}

static void
the_start_leads_to_the_service(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", path_of(loopback_start_url(loopback))), 302);
	assert_non_null(strstr(answered, "\r\nLocation: " TARGET "\r\n"));
	assert_false(is_over(0));
}

static void
the_start_tells_nothing_of_the_service(void **state)
{
	const char *url = loopback_start_url(loopback);

	(void)state;
	assert_true(strlen(url) < 64);
	assert_null(strstr(url, STATE));
	assert_null(strstr(url, "service"));
}

static void
the_answer_with_the_state_is_taken(void **state)
{
	(void)state;
	assert_null(loopback_answer(loopback));
	assert_int_equal(ask("GET", "/callback?code=c%2Fo%20de&state=" STATE), 200);
	assert_non_null(strstr(answered, "<p>done"));
	assert_true(is_over(PATIENCE_MS));
	assert_string_equal(loopback_answer(loopback)->code, "c/o de");
	assert_string_equal(loopback_answer(loopback)->error, "");
}

static void
an_error_is_taken_too(void **state)
{
	(void)state;
	assert_int_equal(
	    ask("GET", "/callback?error=access_denied&error_description=no&state=" STATE), 200);
	assert_true(is_over(PATIENCE_MS));
	assert_string_equal(loopback_answer(loopback)->code, "");
	assert_string_equal(loopback_answer(loopback)->error, "access_denied");
	assert_string_equal(loopback_answer(loopback)->words, "no");
}

static void
what_is_not_the_answer_changes_nothing(void **state)
{
	static const struct {
		const char *method, *path;
		int status;
	} others[] = {
	    {"GET", "/callback?code=evil", 400},
	    {"GET", "/callback?code=evil&state=", 400},
	    {"GET", "/callback?code=evil&state=state-0123456780", 400},
	    {"GET", "/callback?code=evil&state=" STATE "0", 400},
	    {"GET", "/favicon.ico", 404},
	    {"GET", "/", 404},
	    {"GET", "/../callback?code=evil&state=x", 404},
	    {"POST", "/callback?code=evil&state=" STATE, 405},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		const int status = ask(others[i].method, others[i].path);

		if (status != others[i].status)
			fail_msg("%s: %d", others[i].path, status);
	}
	assert_false(is_over(0));
	assert_null(loopback_answer(loopback));
}

static void
only_the_first_answer_counts(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/callback?code=first&state=" STATE), 200);
	assert_int_equal(ask("GET", "/callback?code=second&state=" STATE), 400);
	assert_string_equal(loopback_answer(loopback)->code, "first");
}

static void
a_code_that_is_too_long_is_none(void **state)
{
	char path[4096] = "/callback?state=" STATE "&code=";

	(void)state;
	memset(path + strlen(path), 'x', LOOPBACK_CODE_MAX);
	/* The request's line has its own limit; whatever stops it, nothing is cut and taken. */
	(void)ask("GET", path);
	if (loopback_answer(loopback))
		assert_string_equal(loopback_answer(loopback)->code, "");
}

static void
a_port_that_is_named_is_taken(void **state)
{
	struct loopback *other;
	char uri[64];

	(void)state;
	snprintf(uri, sizeof(uri), "http://localhost:%u/x", port_of(loopback_start_url(loopback)));
	assert_null(loopback_open(uri, STATE, ""));
	assert_int_equal(errno, EADDRINUSE);
	loopback_close(loopback);
	loopback = NULL;
	other = loopback_open(uri, STATE, "");
	assert_non_null(other);
	assert_string_equal(loopback_redirect_uri(other), uri);
	loopback_close(other);
}

static void
an_address_elsewhere_is_refused(void **state)
{
	static const char *const elsewhere[] = {
	    "https://127.0.0.1/x",
	    "http://192.0.2.1/x",
	    "http://127.0.0.1.example/x",
	    "http://service.example/x",
	    "http://127.0.0.1/x?y=z",
	    "myapp:/callback",
	    "",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(elsewhere); i++) {
		assert_null(loopback_open(elsewhere[i], STATE, ""));
		assert_int_equal(errno, EINVAL);
	}
}

/* A program that writes down how it was started. */
static void
write_program(const char *path, const char *more)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	fprintf(stream, "#!/bin/sh\necho \"$1 inside=$VICAR_INSIDE\" >>%s.said\n%s\n", path, more);
	fclose(stream);
	assert_int_equal(chmod(path, 0700), 0);
}

static void
a_browser_is_no_part_of_us(void **state)
{
	char directory[] = "/tmp/vicar-browser-XXXXXX", program[64], said[80], line[128] = "";
	struct browser browser;
	FILE *stream;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(program, sizeof(program), "%s/program", directory);
	snprintf(said, sizeof(said), "%s.said", program);
	write_program(program, "");
	setenv("VICAR_INSIDE", "1", 1);
	unsetenv("INVOCATION_ID");
	assert_true(browser_open(&browser, program, "http://127.0.0.1:1/a;b $(c)"));
	for (unsigned i = 0; browser.pid != 0 && i < PATIENCE_MS; i++) {
		assert_true(browser_tend(&browser));
		usleep(1000);
	}
	stream = fopen(said, "r");
	assert_non_null(stream);
	assert_non_null(fgets(line, sizeof(line), stream));
	fclose(stream);
	assert_string_equal(line, "http://127.0.0.1:1/a;b $(c) inside=\n");
	unlink(said);
	unlink(program);
	rmdir(directory);
}

static void
a_browser_that_does_not_start_is_noticed(void **state)
{
	struct browser browser;
	bool ok = true;

	(void)state;
	unsetenv("INVOCATION_ID");
	assert_false(browser_open(&browser, "/nonexistent/browser", "http://127.0.0.1:1/"));
	assert_true(browser_open(&browser, "false", "http://127.0.0.1:1/"));
	for (unsigned i = 0; ok && i < PATIENCE_MS; i++) {
		ok = browser_tend(&browser);
		usleep(1000);
	}
	assert_false(ok);
}

static void
without_a_display_the_desktop_is_not_asked(void **state)
{
	struct browser browser;

	(void)state;
	unsetenv("DISPLAY");
	unsetenv("WAYLAND_DISPLAY");
	unsetenv("BROWSER");
	assert_false(browser_open(&browser, "xdg-open", "http://127.0.0.1:1/"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_it, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_start_leads_to_the_service),
	    TEST(the_start_tells_nothing_of_the_service),
	    TEST(the_answer_with_the_state_is_taken),
	    TEST(an_error_is_taken_too),
	    TEST(what_is_not_the_answer_changes_nothing),
	    TEST(only_the_first_answer_counts),
	    TEST(a_code_that_is_too_long_is_none),
	    TEST(a_port_that_is_named_is_taken),
	    cmocka_unit_test(an_address_elsewhere_is_refused),
	    cmocka_unit_test(a_browser_is_no_part_of_us),
	    cmocka_unit_test(a_browser_that_does_not_start_is_noticed),
	    cmocka_unit_test(without_a_display_the_desktop_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
