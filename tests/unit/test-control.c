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

/* Answers one request with these datagrams, then closes. */
static void
answer_bytes(struct world *world, const struct bytes *messages, size_t count)
{
	static char request[CONTROL_SIGN_MAX];
	int client;

	listen_on(world);
	world->vicard = fork();
	assert_true(world->vicard >= 0);
	if (world->vicard != 0)
		return;
	client = accept(world->listening, NULL, NULL);
	if (recv(client, request, sizeof(request), 0) > 0)
		for (size_t i = 0; i < count; i++)
			(void)send(client, messages[i].data, messages[i].len, MSG_NOSIGNAL);
	_exit(0);
}

static struct bytes
text(const char *of)
{
	return (struct bytes){(const uint8_t *)of, strlen(of)};
}

/* The same with none, one or two texts. */
static void
answer_with(struct world *world, const char *first, const char *second)
{
	const struct bytes messages[] = {text(first != NULL ? first : ""),
					 text(second != NULL ? second : "")};

	answer_bytes(world, messages, first == NULL ? 0 : second == NULL ? 1 : 2);
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
a_socket_whose_path_has_no_room_in_an_address_is_told(void **state)
{
	char reply[CONTROL_REPLY_MAX], name[101];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	(void)state;
	assert_int_equal(control_call(name, "status", reply), CONTROL_FAILED);
	assert_non_null(strstr(reply, "too long"));
}

static void
a_reply_that_is_too_long_is_a_failure(void **state)
{
	static const uint8_t much[CONTROL_REPLY_MAX] = {'o', 'k', '\n'};
	const struct bytes message = BYTES(much);
	char reply[CONTROL_REPLY_MAX];

	answer_bytes(*state, &message, 1);
	assert_int_equal(control_call("work", "status", reply), CONTROL_FAILED);
	assert_non_null(strstr(reply, "could not be asked"));
}

/*
 * Somebody else's socket in the place of vicard's: nothing is said to it. SO_PEERCRED names who called
 * listen().
 */
static void
impersonate(struct world *world)
{
	enum { NOBODY = 65534 };
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int ready[2];
	char byte;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->path);
	assert_int_equal(pipe(ready), 0);
	world->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(world->listening, (const struct sockaddr *)&address, sizeof(address)),
			 0);
	world->vicard = fork();
	assert_true(world->vicard >= 0);
	if (world->vicard == 0) {
		if (setuid(NOBODY) != 0 || listen(world->listening, 1) != 0 ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		(void)pause();
		_exit(0);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
}

static void
a_socket_of_another_user_is_told_nothing(void **state)
{
	static uint8_t room[CONTROL_SIGN_MAX];
	static struct bridge_request request = {.operation = BRIDGE_SIGN};
	static struct bridge_result result;
	const struct control_signing signing = {.name = "work", .request = &request};
	struct world *world = *state;
	char reply[CONTROL_REPLY_MAX];
	int client;
	char byte;

	if (geteuid() != 0) {
		print_message("SKIP: only root can be two users\n");
		skip();
	}
	impersonate(world);
	assert_int_equal(control_call("work", "status", reply), CONTROL_FAILED);
	assert_non_null(strstr(reply, "another user listens on its socket"));
	client = accept(world->listening, NULL, NULL);
	assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT),
			 0); /* closed, and nothing was said */
	(void)close(client);
	assert_int_equal(control_trace("work", reply), -1);
	assert_non_null(strstr(reply, "another user listens on its socket"));
	assert_int_equal(control_sign(&signing, room, &result, reply), CONTROL_FAILED);
	assert_non_null(strstr(reply, "another user listens on its socket"));
}

/*
 * trace
 */
static void
assert_trace_fails(struct world *world, const char *answer, const char *reason)
{
	char reply[CONTROL_REPLY_MAX];

	answer_with(world, answer, NULL);
	assert_int_equal(control_trace("work", reply), -1);
	if (strstr(reply, reason) == NULL)
		fail_msg("%s", reply);
}

static void
what_comes_after_ok_is_read_from_the_trace(void **state)
{
	char reply[CONTROL_REPLY_MAX], message[16];
	int fd;

	answer_with(*state, "ok\n", "message");
	fd = control_trace("work", reply);
	assert_true(fd >= 0);
	assert_int_equal(recv(fd, message, sizeof(message), 0), 7);
	assert_memory_equal(message, "message", 7);
	assert_int_equal(recv(fd, message, sizeof(message), 0), 0);
	assert_int_equal(close(fd), 0);
}

static void
a_refused_trace_is_vicards_sentence(void **state)
{
	assert_trace_fails(*state, "error: one watches already\n", "one watches already");
}

static void
a_trace_that_does_not_begin_is_a_failure(void **state)
{
	assert_trace_fails(*state, NULL, "it closed the connection");
}

static void
nobody_is_traced_without_a_socket(void **state)
{
	char reply[CONTROL_REPLY_MAX];

	(void)state;
	assert_int_equal(control_trace("work", reply), -1);
	assert_non_null(strstr(reply, "card work is not in"));
}

/*
 * sign
 */
struct signing {
	struct bridge_request request;
	struct bridge_result result;
	uint8_t room[CONTROL_SIGN_MAX];
	char progress[128], reply[CONTROL_REPLY_MAX];
};

static struct signing signing;

static void
note_progress(void *context, const char *words)
{
	const size_t len = strlen(signing.progress);

	(void)context;
	snprintf(signing.progress + len, sizeof(signing.progress) - len, "%s;", words);
}

static enum control_result
sign(void)
{
	const struct control_signing how = {
	    .name = "work", .request = &signing.request, .progress = note_progress};

	memset(&signing, 0, sizeof(signing));
	signing.request = (struct bridge_request){
	    .operation = BRIDGE_SIGN,
	    .documents = {{.input = BYTES_TEXT("hash")}},
	    .documents_count = 1,
	};
	return control_sign(&how, signing.room, &signing.result, signing.reply);
}

/* `ok` and a BRIDGE_RESULT of two outputs. */
static struct bytes
ok_result(void)
{
	static uint8_t data[1024];
	static struct bridge_result result = {
	    .sw = 0x9000, .outputs = {BYTES_TEXT("one"), BYTES_TEXT("two")}, .outputs_count = 2};
	struct writer writer = writer_to(data, sizeof(data));

	writer_put(&writer, BYTES_TEXT(CONTROL_OK_LINE));
	assert_true(bridge_result_encode(&result, &writer));
	return writer_bytes(&writer);
}

static void
a_signature_comes_after_what_is_waited_for(void **state)
{
	const struct bytes messages[] = {BYTES_TEXT("progress: waiting for the owner"),
					 BYTES_TEXT("progress: waiting for the code"), ok_result()};

	answer_bytes(*state, messages, 3);
	assert_int_equal(sign(), CONTROL_OK);
	assert_string_equal(signing.progress, "waiting for the owner;waiting for the code;");
	assert_int_equal(signing.result.sw, 0x9000);
	assert_int_equal(signing.result.outputs_count, 2);
	assert_true(bytes_equal(signing.result.outputs[1], BYTES_TEXT("two")));
}

static void
a_refused_signature_is_vicards_sentence(void **state)
{
	answer_with(*state, "progress: x", "error: the card is in use\n");
	assert_int_equal(sign(), CONTROL_REFUSED);
	assert_string_equal(signing.reply, "the card is in use");
}

static void
a_vicard_that_ends_while_it_signs_is_a_failure(void **state)
{
	answer_with(*state, "progress: x", NULL);
	assert_int_equal(sign(), CONTROL_FAILED);
	assert_non_null(strstr(signing.reply, "card work"));
}

static void
what_is_no_result_is_not_taken_for_a_signature(void **state)
{
	answer_with(*state, "ok\nnonsense", NULL);
	assert_int_equal(sign(), CONTROL_FAILED);
	assert_non_null(strstr(signing.reply, "its reply is not understood"));
}

static void
a_result_that_is_cut_off_is_not_taken_for_a_signature(void **state)
{
	struct bytes cut = ok_result();

	cut.len--;
	answer_bytes(*state, &cut, 1);
	assert_int_equal(sign(), CONTROL_FAILED);
	assert_non_null(strstr(signing.reply, "its reply is not understood"));
}

static void
nobody_signs_without_a_socket(void **state)
{
	(void)state;
	assert_int_equal(sign(), CONTROL_NOBODY);
	assert_non_null(strstr(signing.reply, "card work is not in"));
}

static void
documents_that_have_no_room_in_a_message_are_told(void **state)
{
	static uint8_t much[BRIDGE_MESSAGE_MAX];
	const struct control_signing how = {.name = "work", .request = &signing.request};

	listen_on(*state);
	memset(&signing, 0, sizeof(signing));
	signing.request = (struct bridge_request){.operation = BRIDGE_SIGN,
						  .certificate = BYTES(much),
						  .documents = {{.input = BYTES_TEXT("hash")}},
						  .documents_count = 1};
	assert_int_equal(control_sign(&how, signing.room, &signing.result, signing.reply),
			 CONTROL_FAILED);
	assert_non_null(strstr(signing.reply, "sign fewer at once"));
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
	    WORLD_TEST(a_socket_whose_path_has_no_room_in_an_address_is_told),
	    WORLD_TEST(a_reply_that_is_too_long_is_a_failure),
	    WORLD_TEST(a_socket_of_another_user_is_told_nothing),
	    WORLD_TEST(what_comes_after_ok_is_read_from_the_trace),
	    WORLD_TEST(a_refused_trace_is_vicards_sentence),
	    WORLD_TEST(a_trace_that_does_not_begin_is_a_failure),
	    WORLD_TEST(nobody_is_traced_without_a_socket),
	    WORLD_TEST(a_signature_comes_after_what_is_waited_for),
	    WORLD_TEST(a_refused_signature_is_vicards_sentence),
	    WORLD_TEST(a_vicard_that_ends_while_it_signs_is_a_failure),
	    WORLD_TEST(what_is_no_result_is_not_taken_for_a_signature),
	    WORLD_TEST(a_result_that_is_cut_off_is_not_taken_for_a_signature),
	    WORLD_TEST(nobody_signs_without_a_socket),
	    WORLD_TEST(documents_that_have_no_room_in_a_message_are_told),
	    cmocka_unit_test(a_value_is_found_by_its_whole_key),
	    cmocka_unit_test(an_empty_value_is_a_value),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
