/*
 * vicar insert, pin, remove, list, status and forget, against a vicard that is this program itself
 * under another name: what it says of the reader is in FAKE_VICARD.
 */
#include "test-vicar.h"

#include "pkcs11/filecache.h"
#include "tools/control.h"
#include "tools/paths.h"
#include "tools/vicar/cards.h"
#include "tools/vicar/command.h"
#include "tools/vicar/forget.h"
#include "tools/vicar/insert.h"
#include "tools/vicar/list.h"
#include "tools/vicar/pin.h"
#include "tools/vicar/status.h"
#include "tools/vicar/unit.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

enum { FAKE_LIFE_S = 30 };

/* ---- the fake ---- */

static int
fake_listen(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct problem error;
	char path[PATH_MAX], runtime[PATH_MAX];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	if (!paths_runtime(runtime, &error) || !paths_make(runtime, &error) ||
	    !paths_control(name, path, &error) || strlen(path) >= sizeof(address.sun_path))
		_exit(9);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4) < 0)
		_exit(9);
	return fd;
}

static void
fake_reply(int fd, const char *request, const char *reader)
{
	char reply[CONTROL_REPLY_MAX];

	if (strcmp(request, "status") == 0)
		snprintf(reply, sizeof(reply), "ok\nname: me\npid: %d\nreader: %s\nstate: idle\n",
			 (int)getpid(), reader);
	else if (strcmp(request, "pin-unblock pin1") == 0 || strcmp(request, "remove") == 0)
		snprintf(reply, sizeof(reply), "ok\n");
	else if (strcmp(request, "pin-change pin1\n9999\n4321") == 0)
		snprintf(reply, sizeof(reply),
			 "error: the fake got two values for pin1; ask better");
	else
		snprintf(reply, sizeof(reply), "error: the fake does not know %s; ask better",
			 request);
	if (send(fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
		_exit(9);
}

static int
fake_vicard(const char *name)
{
	const char *part = part_of("FAKE_VICARD"), *reader = part;
	char request[CONTROL_REQUEST_MAX + 1];
	int listener;

	alarm(FAKE_LIFE_S);
	if (strcmp(part, "refuse") == 0) {
		fprintf(stderr, "vicard: the image is broken; mend it\n");
		return 1;
	}
	if (strcmp(part, "deaf") == 0) {
		pause();
		return 0;
	}
	listener = fake_listen(name);
	for (unsigned calls = 0;; calls++) {
		const int fd = accept(listener, NULL, NULL);
		const ssize_t len = recv(fd, request, sizeof(request) - 1, 0);

		if (strcmp(part, "late") == 0)
			reader = calls < 3 ? "waiting" : "connected";
		request[len > 0 ? len : 0] = '\0';
		fake_reply(fd, request, reader);
		close(fd);
		if (strcmp(request, "remove") == 0)
			return 0;
	}
}

static char own_path[PATH_MAX];

static struct insertion
an_insertion(const char *part)
{
	setenv("FAKE_VICARD", part, 1);
	return (struct insertion){
	    .name = "me", .vicard = own_path, .start_ms = 5000, .reader_ms = 200};
}

static bool
is_in(void)
{
	char reply[CONTROL_REPLY_MAX];

	return control_call("me", "status", reply) == CONTROL_OK;
}

static int
insert_tear_down(void **state)
{
	char reply[CONTROL_REPLY_MAX];
	const enum control_result r = control_call("me", "remove", reply);

	return r == CONTROL_OK || r == CONTROL_NOBODY ? home_tear_down(state) : -1;
}

/* ---- insert ---- */

static void
a_card_that_a_reader_takes_is_connected(void **state)
{
	const struct insertion insertion = an_insertion("connected");
	struct problem error = {""};

	(void)state;
	assert_int_equal(insert_card(&insertion, &error), INSERT_CONNECTED);
}

static void
a_reader_may_take_a_moment(void **state)
{
	const struct insertion insertion = an_insertion("late");
	struct problem error = {""};

	(void)state;
	assert_int_equal(insert_card(&insertion, &error), INSERT_CONNECTED);
}

static void
without_a_reader_the_card_waits(void **state)
{
	const struct insertion insertion = an_insertion("waiting");
	struct problem error = {""};

	(void)state;
	assert_int_equal(insert_card(&insertion, &error), INSERT_WAITING);
	assert_true(is_in());
}

static void
a_full_reader_leaves_no_vicard_behind(void **state)
{
	const struct insertion insertion = an_insertion("no-free-slot");
	struct problem error = {""};

	(void)state;
	assert_int_equal(insert_card(&insertion, &error), INSERT_FAILED);
	assert_non_null(strstr(error.text, "no free slot"));
	assert_false(is_in());
}

static void
why_vicard_ended_is_the_error(void **state)
{
	const struct insertion insertion = an_insertion("refuse");
	struct problem error = {""};

	(void)state;
	assert_int_equal(insert_card(&insertion, &error), INSERT_FAILED);
	assert_string_equal(error.text, "the image is broken; mend it");
}

static void
a_vicard_that_never_answers_is_ended(void **state)
{
	struct insertion insertion = an_insertion("deaf");
	struct problem error = {""};

	(void)state;
	insertion.start_ms = 200;
	assert_int_equal(insert_card(&insertion, &error), INSERT_FAILED);
	assert_non_null(strstr(error.text, "did not answer"));
}

static void
a_card_that_is_in_is_not_inserted_again(void **state)
{
	const struct insertion insertion = an_insertion("connected");
	struct problem error = {""};

	(void)state;
	assert_int_equal(insert_card(&insertion, &error), INSERT_CONNECTED);
	assert_int_equal(insert_card(&insertion, &error), INSERT_FAILED);
	assert_non_null(strstr(error.text, "already in"));
}

static void
a_vicard_that_is_missing_is_named(void **state)
{
	struct insertion insertion = an_insertion("connected");
	struct problem error = {""};

	(void)state;
	insertion.vicard = "/nonexistent/vicard";
	assert_int_equal(insert_card(&insertion, &error), INSERT_FAILED);
	assert_non_null(strstr(error.text, "/nonexistent/vicard cannot be started"));
}

/* ---- systemd's user manager, played by a script ---- */

static void
a_systemctl(void **state, const char *script)
{
	char path[HOME_FILE_MAX + 32];

	mkdir(home_file(state, "bin"), 0700);
	home_write(state, "bin/systemctl", script, 0700);
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", home_file(state, "bin"));
	setenv("PATH", path, 1);
}

static void
a_unit_that_systemd_knows_is_used(void **state)
{
	a_systemctl(
	    state,
	    "#!/bin/sh\n[ \"$1 $2 $5\" = '--user show vicard@me.service' ] && echo loaded\n");
	assert_true(unit_is_usable("me"));
}

static void
a_unit_that_systemd_does_not_know_is_not_used(void **state)
{
	a_systemctl(state, "#!/bin/sh\necho not-found\n");
	assert_false(unit_is_usable("me"));
}

static void
without_a_user_manager_there_is_no_unit(void **state)
{
	a_systemctl(state, "#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n");
	assert_false(unit_is_usable("me"));
}

static void
a_unit_that_does_not_start_is_named(void **state)
{
	struct insertion insertion = an_insertion("connected");
	struct problem error = {""};

	insertion.vicard = NULL;
	a_systemctl(state, "#!/bin/sh\nexit 1\n");
	assert_int_equal(insert_card(&insertion, &error), INSERT_FAILED);
	assert_non_null(strstr(error.text, "journalctl --user -u vicard@me.service"));
}

static void
a_unit_would_not_find_what_this_environment_says(void **state)
{
	a_systemctl(state, "#!/bin/sh\necho loaded\n");
	assert_true(unit_is_usable("me"));
	setenv("VICAR_CONF", "/elsewhere/vicar.conf", 1);
	assert_false(unit_is_usable("me"));
	unsetenv("VICAR_CONF");
}

static void
a_unit_is_told_first_where_its_user_is_to_be_asked(void **state)
{
	char script[HOME_FILE_MAX + 64], said[128] = "";
	struct problem error = {""};
	FILE *file;

	snprintf(script, sizeof(script), "#!/bin/sh\necho $* >> %s\n", home_file(state, "said"));
	a_systemctl(state, script);
	unsetenv("DISPLAY");
	unsetenv("WAYLAND_DISPLAY");
	unsetenv("XAUTHORITY");
	unsetenv("TERM");
	setenv("GPG_TTY", "/dev/pts/9", 1);
	assert_true(unit_start("me", &error));
	unsetenv("GPG_TTY");
	file = fopen(home_file(state, "said"), "re");
	assert_non_null(file);
	said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
	(void)fclose(file);
	assert_string_equal(said, "--user import-environment GPG_TTY\n"
				  "--user start vicard@me.service\n");
}

/* ---- the commands ---- */

static int
vicar(const char *command, const char *argument, const char *other)
{
	char *argv[] = {(char[]){"vicar"}, (char *)(uintptr_t)command, (char *)(uintptr_t)argument,
			(char *)(uintptr_t)other, NULL};

	return (int)command_main(other != NULL ? 4 : argument != NULL ? 3 : 2, argv);
}

static void
insert_a_fake(void)
{
	const struct insertion insertion = an_insertion("connected");
	struct problem error = {""};

	if (insert_card(&insertion, &error) != INSERT_CONNECTED)
		fail_msg("%s", error.text);
}

static void
remove_takes_the_card_out(void **state)
{
	(void)state;
	insert_a_fake();
	assert_int_equal(vicar("remove", "me", NULL), COMMAND_OK);
	assert_false(is_in());
}

static void
removing_a_card_that_is_out_fails(void **state)
{
	(void)state;
	assert_int_equal(vicar("remove", "me", NULL), COMMAND_FAILED);
}

static void
a_card_that_its_socket_unit_keeps_in_is_out_when_that_is_stopped(void **state)
{
	char script[2 * HOME_FILE_MAX + 128];

	snprintf(script, sizeof(script),
		 "#!/bin/sh\n[ $3 = vicard@me.socket ] || exit 1\n"
		 "case $2 in is-active) echo active;; stop) touch %s;; esac\n",
		 home_file(state, "stopped"));
	a_systemctl(state, script);
	assert_int_equal(vicar("remove", "me", NULL), COMMAND_OK);
	assert_true(home_has(state, "stopped"));
	insert_a_fake();
	assert_int_equal(vicar("remove", "me", NULL), COMMAND_OK);
	assert_false(is_in());
}

static void
the_vicard_of_a_card_that_is_in_unblocks_its_pin(void **state)
{
	const struct pin_task unblock = {.name = "me", .kind = CARD_PIN_UNBLOCK};
	char counter[KEY_NAME_MAX];
	struct problem error = {""};

	create_me();
	home_write(state, ".local/share/vicar/cards/me/card.conf",
		   "[card]\nformat = 1\npersonality = fineid-v2\nserial = 12345678901234567890\n"
		   "[key auth]\nservice = cmd\ncertificate = auth.der\n",
		   0600);
	insert_a_fake();
	if (!pin_renew(&unblock, counter, &error))
		fail_msg("%s", error.text);
	assert_string_equal(counter, "pin1");
	assert_false(home_has(state, ".local/share/vicar/cards/me/state"));
}

static void
what_its_vicard_says_of_a_wrong_pin_is_the_error(void **state)
{
	const struct pin_task change = {
	    .name = "me",
	    .kind = CARD_PIN_CHANGE,
	    .pin_file = home_write(state, "pins", "old = 9999\nnew = 4321\n", 0600)};
	char counter[KEY_NAME_MAX];
	struct problem error = {""};

	create_me();
	insert_a_fake();
	assert_false(pin_renew(&change, counter, &error));
	assert_string_equal(error.text, "the fake got two values for pin1; ask better");
}

static void
the_pin_of_a_card_that_is_not_there_fails(void **state)
{
	const struct pin_task unblock = {.name = "me", .kind = CARD_PIN_UNBLOCK};
	char counter[KEY_NAME_MAX];
	struct problem error = {""};

	(void)state;
	assert_false(pin_renew(&unblock, counter, &error));
	assert_non_null(strstr(error.text, "there is no card me"));
}

static void
pin_knows_only_change_and_unblock(void **state)
{
	(void)state;
	assert_int_equal(vicar("pin", "paint", "me"), COMMAND_USAGE);
}

/* ---- cards on disk ---- */

static struct image
an_image(X509 *certificate)
{
	struct image image = {.name = "me", .personality = "cc-v1", .keys_count = 1, .lock = -1};
	int len = i2d_X509(certificate, &image.keys[0].certificate);

	assert_true(len > 0);
	image.keys[0].certificate_len = (size_t)len;
	snprintf(image.keys[0].name, sizeof(image.keys[0].name), "sign");
	snprintf(image.keys[0].service, sizeof(image.keys[0].service), "cmd");
	return image;
}

static void
a_line_of_the_list_says_whose_card_it_is(void **state)
{
	X509 *certificate = test_certificate(&(struct test_certificate){.name = "Maria"});
	struct image image = an_image(certificate);
	char *text = NULL, date[16], expected[128];
	size_t len;
	FILE *out = capture_begin(&text, &len);
	struct tm tm;
	int at;

	(void)state;
	list_card(out, &image, "out");
	fclose(out);
	ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm);
	strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	at = snprintf(expected, sizeof(expected), "%-16s %-10s %-5s %-6s %-12s ", "me", "cc-v1",
		      "out", "sign", "cmd");
	snprintf(expected + at, sizeof(expected) - (size_t)at, "%s  Maria\n", date);
	assert_string_equal(text, expected);
	free(text);
	OPENSSL_free(image.keys[0].certificate);
	X509_free(certificate);
}

/* Standard error, while the status of a certificate that ends in `days` is printed. */
static void
warning_for(void **state, long days, char *text, size_t room)
{
	X509 *certificate = test_certificate(
	    &(struct test_certificate){.name = "Maria", .from_days = -100, .to_days = days});
	struct image image = an_image(certificate);
	char *shown = NULL;
	size_t shown_len;
	FILE *out = capture_begin(&shown, &shown_len), *said;
	int saved = dup(STDERR_FILENO);

	assert_non_null(freopen(home_file(state, "stderr"), "w", stderr));
	status_certificates(out, &image, time(NULL));
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	fclose(out);
	free(shown);
	said = fopen(home_file(state, "stderr"), "re");
	assert_non_null(said);
	text[fread(text, 1, room - 1, said)] = '\0';
	fclose(said);
	OPENSSL_free(image.keys[0].certificate);
	X509_free(certificate);
}

static void
a_local_key_is_renewed_by_other_commands_than_a_remote_one(void **state)
{
	const struct image_key local = {.service = IMAGE_SERVICE_FILE}, remote = {.service = "cmd"};

	(void)state;
	assert_string_equal(chain_renewal(&local), "vicar create or vicar import");
	assert_string_equal(chain_renewal(&remote), "vicar enrol");
}

static void
a_certificate_with_a_month_left_is_warned_of(void **state)
{
	char text[512];

	warning_for(state, 29, text, sizeof(text));
	assert_non_null(strstr(text, "in 29 days"));
}

static void
a_certificate_with_more_than_a_month_left_is_not_warned_of(void **state)
{
	char text[512];

	warning_for(state, 30, text, sizeof(text));
	assert_string_equal(text, "");
}

static void
a_certificate_that_ended_is_warned_of(void **state)
{
	char text[512];

	warning_for(state, -2, text, sizeof(text));
	assert_non_null(strstr(text, "of key sign ended on"));
	assert_non_null(strstr(text, "make it again with vicar enrol"));
}

static void
without_cards_the_list_is_empty(void **state)
{
	struct problem error = {""};
	struct cards cards;

	(void)state;
	assert_true(cards_list(&cards, &error));
	assert_int_equal(cards.count, 0);
}

static void
a_created_card_is_in_the_list(void **state)
{
	struct problem error = {""};
	struct cards cards;

	(void)state;
	create_me();
	assert_true(cards_list(&cards, &error));
	assert_int_equal(cards.count, 1);
	assert_string_equal(cards.names[0], "me");
	cards_free(&cards);
}

static void
the_status_of_a_card_that_is_out_is_exit_code_1(void **state)
{
	(void)state;
	create_me();
	assert_int_equal(vicar("status", "me", NULL), COMMAND_FAILED);
}

static void
the_status_of_all_cards_is_well_when_one_is_out(void **state)
{
	(void)state;
	create_me();
	assert_int_equal(vicar("status", NULL, NULL), COMMAND_OK);
}

static void
a_forgotten_card_leaves_nothing(void **state)
{
	struct problem error = {""};

	create_me();
	assert_true(forget_card("me", &error));
	assert_int_equal(rmdir(home_file(state, ".local/share/vicar/cards")), 0);
}

static void
the_log_of_a_forgotten_card_is_gone(void **state)
{
	char reply[CONTROL_REPLY_MAX];
	struct problem error = {""};

	create_me();
	insert_a_fake();
	assert_int_equal(control_call("me", "remove", reply), CONTROL_OK);
	assert_true(home_has(state, "vicar/me.log"));
	assert_true(forget_card("me", &error));
	assert_false(home_has(state, "vicar/me.log"));
}

/* What vicar-pkcs11.so keeps: files whose names begin with the card's serial number. */
static void
the_copies_of_a_forgotten_cards_files_are_gone(void **state)
{
	static const uint8_t key[SMARTCARD_CACHE_KEY_LEN] = {1}, path[] = {0x3F, 0x00};
	struct smartcard_file file = {.key = BYTES(key), .path = BYTES(path)};
	const struct smartcard_cache cache = filecache(NULL);
	char directory[PATH_MAX], serial[SMARTCARD_SERIAL_MAX];
	uint8_t data[16];
	struct writer content = writer_to(data, sizeof(data));
	struct image_error image_error = {""};
	struct problem error = {""};
	struct image image;

	(void)state;
	unsetenv("XDG_CACHE_HOME");
	create_me();
	assert_true(cards_find("me", directory, &error));
	assert_true(image_load(&image, directory, &image_error));
	smartcard_serial_text((struct bytes){image.serial, image.serial_len}, serial);
	image_free(&image);
	file.serial = serial;
	cache.put(cache.context, &file, BYTES_TEXT("content"));
	assert_true(cache.get(cache.context, &file, &content));
	assert_true(forget_card("me", &error));
	assert_false(cache.get(cache.context, &file, &content));
}

static void
a_card_that_is_in_is_not_forgotten(void **state)
{
	struct problem error = {""};

	create_me();
	insert_a_fake();
	assert_false(forget_card("me", &error));
	assert_non_null(strstr(error.text, "vicar remove me"));
	assert_true(home_has(state, ".local/share/vicar/cards/me/card.conf"));
}

static void
a_card_with_a_broken_image_can_be_forgotten(void **state)
{
	struct problem error = {""};

	create_me();
	home_write(state, ".local/share/vicar/cards/me/card.conf", "[card]\nformat = 99\n", 0600);
	assert_true(forget_card("me", &error));
	assert_false(home_has(state, ".local/share/vicar/cards/me"));
}

static void
a_link_that_leads_nowhere_can_be_forgotten(void **state)
{
	struct problem error = {""};

	create_me();
	assert_true(forget_card("me", &error));
	assert_int_equal(symlink("nowhere", home_file(state, ".local/share/vicar/cards/me")), 0);
	assert_true(forget_card("me", &error));
	create_me();
}

static void
forgetting_without_a_terminal_needs_yes(void **state)
{
	create_me();
	assert_int_equal(vicar("forget", "me", NULL), COMMAND_FAILED);
	assert_true(home_has(state, ".local/share/vicar/cards/me"));
}

static void
forgetting_with_yes_asks_nobody(void **state)
{
	create_me();
	assert_int_equal(vicar("forget", "me", "--yes"), COMMAND_OK);
	assert_false(home_has(state, ".local/share/vicar/cards/me"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, home_set_up, insert_tear_down)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_card_that_a_reader_takes_is_connected),
	    TEST(a_reader_may_take_a_moment),
	    TEST(without_a_reader_the_card_waits),
	    TEST(a_full_reader_leaves_no_vicard_behind),
	    TEST(why_vicard_ended_is_the_error),
	    TEST(a_vicard_that_never_answers_is_ended),
	    TEST(a_card_that_is_in_is_not_inserted_again),
	    TEST(a_vicard_that_is_missing_is_named),
	    TEST(a_unit_that_systemd_knows_is_used),
	    TEST(a_unit_that_systemd_does_not_know_is_not_used),
	    TEST(without_a_user_manager_there_is_no_unit),
	    TEST(a_unit_that_does_not_start_is_named),
	    TEST(a_unit_would_not_find_what_this_environment_says),
	    TEST(a_unit_is_told_first_where_its_user_is_to_be_asked),
	    TEST(a_card_that_its_socket_unit_keeps_in_is_out_when_that_is_stopped),
	    TEST(remove_takes_the_card_out),
	    TEST(removing_a_card_that_is_out_fails),
	    TEST(the_vicard_of_a_card_that_is_in_unblocks_its_pin),
	    TEST(what_its_vicard_says_of_a_wrong_pin_is_the_error),
	    TEST(the_pin_of_a_card_that_is_not_there_fails),
	    TEST(pin_knows_only_change_and_unblock),
	    TEST(a_line_of_the_list_says_whose_card_it_is),
	    TEST(a_local_key_is_renewed_by_other_commands_than_a_remote_one),
	    TEST(a_certificate_with_a_month_left_is_warned_of),
	    TEST(a_certificate_with_more_than_a_month_left_is_not_warned_of),
	    TEST(a_certificate_that_ended_is_warned_of),
	    TEST(without_cards_the_list_is_empty),
	    TEST(a_created_card_is_in_the_list),
	    TEST(the_status_of_a_card_that_is_out_is_exit_code_1),
	    TEST(the_status_of_all_cards_is_well_when_one_is_out),
	    TEST(a_forgotten_card_leaves_nothing),
	    TEST(the_log_of_a_forgotten_card_is_gone),
	    TEST(the_copies_of_a_forgotten_cards_files_are_gone),
	    TEST(a_card_that_is_in_is_not_forgotten),
	    TEST(a_card_with_a_broken_image_can_be_forgotten),
	    TEST(a_link_that_leads_nowhere_can_be_forgotten),
	    TEST(forgetting_without_a_terminal_needs_yes),
	    TEST(forgetting_with_yes_asks_nobody),
	};
	pid_t child;
	int status;

	if (strcmp(argv[0], "vicard") == 0)
		return argc == 2 ? fake_vicard(argv[1]) : 2;
	if (readlink("/proc/self/exe", own_path, sizeof(own_path) - 1) <= 0)
		return 1;
	/* a session of its own has no terminal, wherever the tests are run from */
	if ((child = fork()) != 0)
		return waitpid(child, &status, 0) == child && WIFEXITED(status)
			   ? WEXITSTATUS(status)
			   : 1;
	setsid();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
