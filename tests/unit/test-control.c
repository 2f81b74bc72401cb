/* The asking end of the control socket, against a vicard that says what each test wants. */
#include "tools/control.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	char runtime[64];
	char directory[80];
	char path[96];
	int listening;
	pid_t vicard;
};

static int
world_new(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	(void)snprintf(world->runtime, sizeof(world->runtime), "/tmp/vicar-control-XXXXXX");
	assert_non_null(mkdtemp(world->runtime));
	(void)snprintf(world->directory, sizeof(world->directory), "%s/vicar", world->runtime);
	(void)snprintf(world->path, sizeof(world->path), "%s/work.ctl", world->directory);
	assert_int_equal(mkdir(world->directory, 0700), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", world->runtime, 1), 0);
	world->listening = -1;
	*state = world;
	return 0;
}

static int
world_free(void **state)
{
	struct world *world = *state;

	if (world->vicard > 0) {
		(void)kill(world->vicard, SIGKILL);
		(void)waitpid(world->vicard, NULL, 0);
	}
	if (world->listening >= 0)
		(void)close(world->listening);
	(void)unlink(world->path);
	(void)rmdir(world->directory);
	(void)rmdir(world->runtime);
	free(world);
	return 0;
}

static void
listen_on(struct world *world)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->path);
	world->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(world->listening >= 0);
	assert_int_equal(bind(world->listening, (const struct sockaddr *)&address, sizeof(address)),
			 0);
	assert_int_equal(listen(world->listening, 1), 0);
}

/* Answers one request with `first`, and with `second` if that is not NULL, then closes. */
static void
answer_with(struct world *world, const char *first, const char *second)
{
	char request[CONTROL_REQUEST_MAX];
	int client;

	listen_on(world);
	world->vicard = fork();
	assert_true(world->vicard >= 0);
	if (world->vicard != 0)
		return;
	client = accept(world->listening, NULL, NULL);
	if (recv(client, request, sizeof(request), 0) > 0 && first != NULL)
		(void)send(client, first, strlen(first), MSG_NOSIGNAL);
	if (second != NULL)
		(void)send(client, second, strlen(second), MSG_NOSIGNAL);
	_exit(0);
}

static void
a_reply_is_what_follows_ok(void **state)
{
	char reply[CONTROL_REPLY_MAX];

	answer_with(*state, "ok\nname: work\npid: 7\n", NULL);
	assert_int_equal(control_call("work", "status", reply), CONTROL_OK);
	assert_string_equal(reply, "name: work\npid: 7\n");
}

static void
a_refusal_is_vicards_sentence(void **state)
{
	char reply[CONTROL_REPLY_MAX];

	answer_with(*state, "error: pin9 cannot be unblocked\n", NULL);
	assert_int_equal(control_call("work", "pin-unblock pin9", reply), CONTROL_REFUSED);
	assert_string_equal(reply, "pin9 cannot be unblocked");
}

static void
without_a_socket_nobody_serves_the_card(void **state)
{
	char reply[CONTROL_REPLY_MAX];

	(void)state;
	assert_int_equal(control_call("work", "status", reply), CONTROL_NOBODY);
	assert_string_equal(reply,
			    "card work is not in: no vicard serves it; type `vicar insert work`");
}

static void
a_dead_socket_is_nobody_too(void **state)
{
	struct world *world = *state;
	char reply[CONTROL_REPLY_MAX];

	listen_on(world);
	(void)close(world->listening);
	world->listening = -1;
	assert_int_equal(control_call("work", "status", reply), CONTROL_NOBODY);
}

static void
a_connection_that_ends_without_a_reply_is_a_failure(void **state)
{
	char reply[CONTROL_REPLY_MAX];

	answer_with(*state, NULL, NULL);
	assert_int_equal(control_call("work", "status", reply), CONTROL_FAILED);
	assert_non_null(strstr(reply, "it closed the connection"));
}

static void
a_reply_of_no_known_form_is_a_failure(void **state)
{
	char reply[CONTROL_REPLY_MAX];

	answer_with(*state, "okay\n", NULL);
	assert_int_equal(control_call("work", "status", reply), CONTROL_FAILED);
	assert_non_null(strstr(reply, "its reply is not understood"));
}

static void
a_second_reply_is_a_failure(void **state)
{
	char reply[CONTROL_REPLY_MAX];

	answer_with(*state, "ok\n", "ok\n");
	assert_int_equal(control_call("work", "status", reply), CONTROL_FAILED);
	assert_non_null(strstr(reply, "does not end"));
}

static void
without_a_runtime_directory_the_reason_is_told(void **state)
{
	char reply[CONTROL_REPLY_MAX];

	(void)state;
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/nonexistent", 1), 0);
	assert_int_equal(control_call("work", "status", reply), CONTROL_FAILED);
	assert_non_null(strstr(reply, "the runtime directory /nonexistent cannot be used"));
}

static void
a_value_is_found_by_its_whole_key(void **state)
{
	static const char reply[] = "name: work\nreader: no-free-slot\nlast:\n";
	char value[32];

	(void)state;
	assert_true(control_value(reply, "reader", value, sizeof(value)));
	assert_string_equal(value, "no-free-slot");
	assert_false(control_value(reply, "read", value, sizeof(value)));
}

static void
an_empty_value_is_a_value(void **state)
{
	char value[32] = "x";

	(void)state;
	assert_true(control_value("last: \nname: work\n", "last", value, sizeof(value)));
	assert_string_equal(value, "");
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_new, world_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WORLD_TEST(a_reply_is_what_follows_ok),
	    WORLD_TEST(a_refusal_is_vicards_sentence),
	    WORLD_TEST(without_a_socket_nobody_serves_the_card),
	    WORLD_TEST(a_dead_socket_is_nobody_too),
	    WORLD_TEST(a_connection_that_ends_without_a_reply_is_a_failure),
	    WORLD_TEST(a_reply_of_no_known_form_is_a_failure),
	    WORLD_TEST(a_second_reply_is_a_failure),
	    WORLD_TEST(without_a_runtime_directory_the_reason_is_told),
	    cmocka_unit_test(a_value_is_found_by_its_whole_key),
	    cmocka_unit_test(an_empty_value_is_a_value),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
