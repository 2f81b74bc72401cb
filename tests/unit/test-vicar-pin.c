/*
 * vicar pin change and unblock on a card that is out: at a pseudo terminal, and from a file.
 */
#include "test-vicar.h"

#include "cmdbridge/keyfile.h"
#include "test-terminal.h"
#include "tools/vicar/pin.h"

#include <sys/ioctl.h>

#define ME ".local/share/vicar/cards/me"

static const struct pin_task CHANGE = {.name = "me", .kind = CARD_PIN_CHANGE};
static const struct pin_task UNBLOCK = {.name = "me", .kind = CARD_PIN_UNBLOCK};

static int
set_up(void **state)
{
	if (home_set_up(state) != 0)
		return -1;
	create_me();
	return 0;
}

/* What is done at the terminal. */
typedef bool task_function(const void *task, struct problem *error);

/* In a process of its own, whose controlling terminal is the typist's. */
static void
run_at(const struct terminal *terminal, task_function *run, const void *task, int told)
{
	struct problem error = {""};

	if (setsid() < 0 || ioctl(terminal->slave, TIOCSCTTY, 0) < 0)
		_exit(9);
	if (run(task, &error))
		_exit(0);
	_exit(write(told, error.text, strlen(error.text)) < 0 ? 9 : 1);
}

static bool
renew(const void *task, struct problem *error)
{
	char counter[KEY_NAME_MAX];

	return pin_renew(task, counter, error);
}

/* "" or the error. */
static const char *
run_with(task_function *run, const void *task, const struct keystroke *keystrokes, size_t count)
{
	static char text[PROBLEM_MAX];
	struct terminal terminal = terminal_open();
	int ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	terminal_start(&terminal, keystrokes, count);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		run_at(&terminal, run, task, ends[1]);
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(terminal_close(&terminal));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return text;
}

static const char *
at_the_terminal(const struct pin_task *task, const struct keystroke *keystrokes, size_t count)
{
	return run_with(renew, task, keystrokes, count);
}

static bool
from_a_file(void **state, struct pin_task task, const char *lines, struct problem *error)
{
	char counter[KEY_NAME_MAX];

	task.pin_file = home_write(state, "pins", lines, 0600);
	return pin_renew(&task, counter, error);
}

static void
assert_renewed(void **state, struct pin_task task, const char *lines)
{
	struct problem error = {""};

	if (!from_a_file(state, task, lines, &error))
		fail_msg("%s", error.text);
}

static void
assert_refused(void **state, struct pin_task task, const char *lines, const char *reason)
{
	struct problem error = {""};

	assert_false(from_a_file(state, task, lines, &error));
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
}

static void
assert_opens(void **state, const char *pin)
{
	char error[KEYFILE_ERROR_MAX];

	assert_int_equal(keyfile_check(home_file(state, ME "/keys/auth.pin"),
				       (struct bytes){(const uint8_t *)pin, strlen(pin)}, error),
			 KEYFILE_OK);
}

static void
assert_tries(void **state, const char *counter, unsigned left)
{
	struct image image;
	struct image_error error;
	bool seen = false;

	if (!image_load(&image, home_file(state, ME), &error))
		fail_msg("%s", error.text);
	for (size_t i = 0; i < image.counters_count; i++) {
		if (strcmp(image.counters[i].name, counter) != 0)
			continue;
		assert_int_equal(image.counters[i].tries_left, left);
		seen = true;
	}
	assert_true(seen);
	image_free(&image);
}

static void
block(void **state)
{
	for (unsigned i = 0; i < 5; i++)
		assert_refused(state, CHANGE, "old = 9999\nnew = 4321\n", "wrong");
	assert_tries(state, "pin1", 0);
}

/* ---- at the terminal ---- */

static void
a_pin_is_changed_at_the_terminal(void **state)
{
	static const struct keystroke keystrokes[] = {
	    {"Old PIN: ", "1234\n", 0},
	    {"New PIN (4 to 8 digits): ", "43210\n", 0},
	    {"The same PIN again: ", "43210\n", 0},
	};

	assert_string_equal(at_the_terminal(&CHANGE, keystrokes, 3), "");
	assert_opens(state, "43210");
}

static void
a_pin_is_unblocked_at_the_terminal(void **state)
{
	static const struct keystroke keystrokes[] = {
	    {"PUK: ", "12345678\n", 0},
	    {"New PIN (4 to 8 digits): ", "43210\n", 0},
	    {"The same PIN again: ", "43210\n", 0},
	};

	block(state);
	assert_string_equal(at_the_terminal(&UNBLOCK, keystrokes, 3), "");
	assert_opens(state, "43210");
	assert_tries(state, "pin1", 5);
}

static void
two_new_pins_that_differ_change_nothing(void **state)
{
	static const struct keystroke keystrokes[] = {
	    {"Old PIN: ", "1234\n", 0},
	    {"New PIN (4 to 8 digits): ", "43210\n", 0},
	    {"The same PIN again: ", "43211\n", 0},
	};

	assert_string_equal(at_the_terminal(&CHANGE, keystrokes, 3),
			    "the two PINs differ; start again");
	assert_opens(state, "1234");
}

static void
a_new_pin_that_is_too_short_is_said_before_anything_is_tried(void **state)
{
	static const struct keystroke keystrokes[] = {
	    {"Old PIN: ", "1234\n", 0},
	    {"New PIN (4 to 8 digits): ", "432\n", 0},
	};

	(void)state;
	assert_string_equal(at_the_terminal(&CHANGE, keystrokes, 2),
			    "the PIN has 4 to 8 digits and nothing else; start again");
}

static bool
ask_for_a_new_card(const void *personality, struct problem *error)
{
	struct registry_key keys[2];
	struct pin_plan plan;

	return registry_key(registry_find(personality), 0, &keys[0]) &&
	       registry_key(registry_find(personality), 1, &keys[1]) &&
	       pin_plan_make(&plan, keys, 2, NULL, error) &&
	       pins_ask(plan.values, plan.count, error) &&
	       strcmp(pin_plan_value(&plan, "pin2"), "654321") == 0;
}

/* fineid.md 5.1: PIN 1 has at least four digits, PIN 2 six, the PUK eight; none more than 12. */
static void
each_pin_of_a_new_card_is_asked_with_its_lengths(void **state)
{
	static const struct keystroke keystrokes[] = {
	    {"New PIN pin1 (4 to 12 digits): ", "1234\n", 0},
	    {"The same PIN pin1 again: ", "1234\n", 0},
	    {"New PIN pin2 (6 to 12 digits): ", "654321\n", 0},
	    {"The same PIN pin2 again: ", "654321\n", 0},
	    {"New PUK (8 to 12 digits): ", "12345678\n", 0},
	    {"The same PUK again: ", "12345678\n", 0},
	};

	(void)state;
	assert_string_equal(run_with(ask_for_a_new_card, "fineid-v4", keystrokes, 6), "");
}

/* ---- while a program uses the card ---- */

/* VERIFY of PIN 1 with 1234. */
static const uint8_t VERIFY[] = {0x00, 0x20, 0x00, 0x01, 0x08, '1', '2', '3', '4', 0, 0, 0, 0};

static void
while_a_command_is_at_work_nothing_is_changed(void **state)
{
	const struct pin_renewal renewal = {.kind = CARD_PIN_CHANGE,
					    .counter = "pin1",
					    .first = BYTES_TEXT("1234"),
					    .new_value = BYTES_TEXT("4321")};
	uint8_t room[RAPDU_LEN_MAX];
	struct writer response = writer_to(room, sizeof(room));
	struct journal journal = {.fd = -1};
	struct image_error reason;
	struct problem error = {""};
	struct image image;
	struct card *card;

	assert_true(image_load(&image, home_file(state, ME), &reason));
	card = issue_trial(&image, &error);
	assert_non_null(card);
	assert_int_equal(card_transmit(card, (struct bytes){VERIFY, sizeof(VERIFY)}, &response),
			 CARD_PENDING);
	assert_false(pin_renewal_do(&image, card, &journal, &renewal, &error));
	assert_non_null(strstr(error.text, "card me is at work for a program"));
	card_free(card);
	image_free(&image);
	assert_opens(state, "1234");
}

/* ---- from a file ---- */

static void
a_pin_is_changed_from_a_file(void **state)
{
	assert_renewed(state, CHANGE, "old = 1234\nnew = 4321\n");
	assert_opens(state, "4321");
}

static void
a_pin_file_of_another_operation_is_refused(void **state)
{
	assert_refused(state, CHANGE, "puk = 12345678\nnew = 4321\n", "only the keys old, new");
	assert_refused(state, UNBLOCK, "old = 1234\nnew = 4321\n", "only the keys puk, new");
}

static void
a_wrong_old_pin_is_counted_and_the_tries_left_are_said(void **state)
{
	assert_refused(state, CHANGE, "old = 9999\nnew = 4321\n", "tries left: 4");
	assert_tries(state, "pin1", 4);
	assert_opens(state, "1234");
}

static void
a_right_old_pin_fills_the_counter(void **state)
{
	assert_refused(state, CHANGE, "old = 9999\nnew = 4321\n", "tries left: 4");
	assert_renewed(state, CHANGE, "old = 1234\nnew = 4321\n");
	assert_tries(state, "pin1", 5);
}

static void
the_last_wrong_old_pin_blocks_and_says_the_way_back(void **state)
{
	for (unsigned i = 0; i < 4; i++)
		assert_refused(state, CHANGE, "old = 9999\nnew = 4321\n", "tries left");
	assert_refused(state, CHANGE, "old = 9999\nnew = 4321\n",
		       "vicar pin unblock me --pin pin1");
	assert_refused(state, CHANGE, "old = 1234\nnew = 4321\n", "pin1 of card me is blocked");
	assert_opens(state, "1234");
}

static void
a_blocked_pin_is_unblocked_from_a_file(void **state)
{
	block(state);
	assert_renewed(state, UNBLOCK, "puk = 12345678\nnew = 4321\n");
	assert_tries(state, "pin1", 5);
	assert_opens(state, "4321");
}

static void
a_wrong_puk_is_counted_until_it_is_blocked(void **state)
{
	block(state);
	for (unsigned left = 4; left > 0; left--) {
		char text[32];

		snprintf(text, sizeof(text), "tries left: %u", left);
		assert_refused(state, UNBLOCK, "puk = 99999999\nnew = 4321\n", text);
	}
	assert_refused(state, UNBLOCK, "puk = 99999999\nnew = 4321\n", "now blocked");
	assert_refused(state, UNBLOCK, "puk = 12345678\nnew = 4321\n", "is blocked; forget");
	assert_tries(state, "puk", 0);
	assert_tries(state, "pin1", 0);
}

static void
a_puk_and_an_unknown_counter_are_refused_by_name(void **state)
{
	struct pin_task task = CHANGE;

	task.counter = "puk";
	assert_refused(state, task, "old = 12345678\nnew = 4321\n", "is a PUK");
	task.counter = "pin9";
	assert_refused(state, task, "old = 1234\nnew = 4321\n", "has no PIN pin9; it has pin1");
}

static void
a_card_that_is_held_by_somebody_else_is_left_alone(void **state)
{
	struct image image;
	struct image_error error;
	int holder;

	assert_true(image_load(&image, home_file(state, ME), &error));
	assert_true(image_lock(&image, &holder, &error));
	assert_refused(state, CHANGE, "old = 1234\nnew = 4321\n", "is served by process");
	image_free(&image);
	assert_opens(state, "1234");
}

static void
a_key_file_that_is_gone_costs_no_try(void **state)
{
	assert_int_equal(unlink(home_file(state, ME "/keys/auth.pin")), 0);
	assert_refused(state, CHANGE, "old = 1234\nnew = 4321\n", "keys/auth.pin");
	assert_refused(state, CHANGE, "old = 1234\nnew = 4321\n", "restore the file");
	assert_tries(state, "pin1", 5);
}

static void
the_journal_tells_of_both_and_has_no_pin(void **state)
{
	char text[4096] = "";
	FILE *file;

	assert_refused(state, CHANGE, "old = 9999\nnew = 4321\n", "wrong");
	assert_renewed(state, CHANGE, "old = 1234\nnew = 4321\n");
	file = fopen(home_file(state, ME "/journal"), "re");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_non_null(strstr(text, "pin1 was not changed"));
	assert_non_null(strstr(text, "pin1 was changed by its owner"));
	assert_null(strstr(text, "9999"));
	assert_null(strstr(text, "4321"));
}

/* ---- a remote PIN ---- */

static void
make_remote(void **state)
{
	home_write(state, ME "/card.conf",
		   "[card]\nformat = 1\npersonality = fineid-v2\nserial = 12345678901234567890\n"
		   "[key auth]\nservice = cmd\ncertificate = auth.der\n",
		   0600);
	home_write(state, ME "/state", "[state]\nformat = 1\n[counters]\npin1 = 0\n", 0600);
}

static void
a_remote_pin_is_changed_at_its_service(void **state)
{
	make_remote(state);
	assert_refused(state, CHANGE, "old = 1234\nnew = 4321\n",
		       "belongs to the service cmd, which alone can change it");
}

static void
a_remote_pin_is_unblocked_without_a_question(void **state)
{
	char counter[KEY_NAME_MAX];
	struct problem error = {""};

	make_remote(state);
	if (!pin_renew(&UNBLOCK, counter, &error))
		fail_msg("%s", error.text);
	assert_string_equal(counter, "pin1");
	assert_tries(state, "pin1", 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, home_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_pin_is_changed_at_the_terminal),
	    TEST(a_pin_is_unblocked_at_the_terminal),
	    TEST(two_new_pins_that_differ_change_nothing),
	    TEST(a_new_pin_that_is_too_short_is_said_before_anything_is_tried),
	    TEST(each_pin_of_a_new_card_is_asked_with_its_lengths),
	    TEST(while_a_command_is_at_work_nothing_is_changed),
	    TEST(a_pin_is_changed_from_a_file),
	    TEST(a_pin_file_of_another_operation_is_refused),
	    TEST(a_wrong_old_pin_is_counted_and_the_tries_left_are_said),
	    TEST(a_right_old_pin_fills_the_counter),
	    TEST(the_last_wrong_old_pin_blocks_and_says_the_way_back),
	    TEST(a_blocked_pin_is_unblocked_from_a_file),
	    TEST(a_wrong_puk_is_counted_until_it_is_blocked),
	    TEST(a_puk_and_an_unknown_counter_are_refused_by_name),
	    TEST(a_card_that_is_held_by_somebody_else_is_left_alone),
	    TEST(a_key_file_that_is_gone_costs_no_try),
	    TEST(the_journal_tells_of_both_and_has_no_pin),
	    TEST(a_remote_pin_is_changed_at_its_service),
	    TEST(a_remote_pin_is_unblocked_without_a_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
