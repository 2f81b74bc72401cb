/* Cards that come and go, and what pcscd is told of it. ifdhandler.md 5, 6, 16; design.md. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "stage.h"

static void
pause_ms(int ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

static void
a_card_that_is_there_is_present_when_the_channel_is_created(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;

	start_card(&card, stage, "anna", FAKE_GOOD);
	assert_true(host_open(&stage->host, 0, stage->device));
	assert_int_equal(IFDHICCPresence(0), IFD_ICC_PRESENT);

	IFDHCloseChannel(0);
	fake_card_stop(&card);
}

static void
a_mute_card_holds_the_channel_up_for_a_fifth_of_a_second(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;
	int64_t start, took;

	start_card(&card, stage, "anna", FAKE_MUTE);
	start = host_clock_ms();
	assert_true(host_open(&stage->host, 0, stage->device));
	took = host_clock_ms() - start;
	assert_in_range(took, 200, SILENCE_MS - 1);
	assert_int_equal(IFDHICCPresence(0), IFD_ICC_NOT_PRESENT);

	IFDHCloseChannel(0);
	fake_card_stop(&card);
}

static void
an_empty_directory_holds_nothing_up(void **state)
{
	struct stage *stage = *state;
	int64_t start = host_clock_ms();

	assert_true(host_open(&stage->host, 0, stage->device));
	assert_in_range(host_clock_ms() - start, 0, 100);

	IFDHCloseChannel(0);
}

static void
a_card_that_comes_later_is_seen_and_powered(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;

	start_reader(stage);
	start_card(&card, stage, "anna", FAKE_GOOD);
	assert_true(host_saw(&stage->host, 1, 0, SOON_MS));
	assert_int_equal(stage->host.power, IFD_SUCCESS);
	assert_int_equal(stage->host.atr_len, 6);
	assert_int_equal(stage->host.atr[4], 'a');

	host_close(&stage->host);
	fake_card_stop(&card);
}

static void
an_idle_card_that_hangs_up_is_seen_to_go(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;

	start_card(&card, stage, "anna", FAKE_GOOD);
	start_reader(stage);
	assert_true(host_saw(&stage->host, 1, 0, SOON_MS));
	fake_card_stop(&card);
	assert_true(host_saw(&stage->host, 1, 1, SOON_MS));

	host_close(&stage->host);
}

static void
a_card_out_and_in_at_once_is_one_removal_and_one_insertion(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;

	start_card(&card, stage, "anna", FAKE_GOOD);
	start_reader(stage);
	for (unsigned i = 1; i <= 20; i++) {
		assert_true(host_saw(&stage->host, i, i - 1, SOON_MS));
		fake_card_stop(&card);
		start_card(&card, stage, "anna", FAKE_GOOD);
	}
	assert_true(host_saw(&stage->host, 21, 20, SOON_MS));

	host_close(&stage->host);
	fake_card_stop(&card);
}

/* No poller: what a single caller sees. */
static void
a_removal_is_told_once_even_when_the_card_is_back(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;
	char text[64];

	start_card(&card, stage, "anna", FAKE_GOOD);
	open_powered(stage);
	assert_string_equal(host_exchange(&stage->host, "80140000", text), "612");
	while (atomic_load(&card.connections) < 2)
		stage->host.poll(0, 0);
	pause_ms(20);
	stage->host.poll(0, 0);
	assert_int_equal(IFDHICCPresence(0), IFD_ICC_NOT_PRESENT);
	assert_int_equal(IFDHICCPresence(0), IFD_ICC_PRESENT);
	assert_int_equal(IFDHICCPresence(0), IFD_ICC_PRESENT);

	IFDHCloseChannel(0);
	fake_card_stop(&card);
}

/* pcscd asks for presence before each power-up, in the client's thread. */
static void *
ask_for_presence(void *answer)
{
	*(RESPONSECODE *)answer = IFDHICCPresence(0);
	return NULL;
}

static void
a_clients_question_does_not_swallow_the_removal(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;
	pthread_t client;
	RESPONSECODE answer = 0;

	start_card(&card, stage, "anna", FAKE_GOOD);
	assert_true(host_open(&stage->host, 0, stage->device));
	stage->host.poll(0, 0);
	assert_int_equal(IFDHICCPresence(0), IFD_ICC_PRESENT);
	fake_card_stop(&card);
	stage->host.poll(0, SOON_MS);
	assert_int_equal(pthread_create(&client, NULL, ask_for_presence, &answer), 0);
	pthread_join(client, NULL);
	assert_int_equal(answer, IFD_ICC_NOT_PRESENT);
	start_card(&card, stage, "anna", FAKE_GOOD);
	while (atomic_load(&card.connections) < 1)
		stage->host.poll(0, 0);
	assert_int_equal(IFDHICCPresence(0), IFD_ICC_NOT_PRESENT);

	IFDHCloseChannel(0);
	fake_card_stop(&card);
}

static void
a_socket_nobody_listens_on_yet_is_tried_again(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;

	assert_int_equal(fake_card_bind(&card, stage->directory, "anna", FAKE_GOOD), 0);
	start_reader(stage);
	assert_false(host_saw(&stage->host, 1, 0, 100));
	assert_int_equal(fake_card_listen(&card), 0);
	assert_true(host_saw(&stage->host, 1, 0, SOON_MS));

	host_close(&stage->host);
	fake_card_stop(&card);
}

static void
a_directory_that_is_made_later_is_found(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;

	rmdir(stage->directory);
	start_reader(stage);
	assert_false(host_saw(&stage->host, 1, 0, 50));
	assert_int_equal(mkdir(stage->directory, 0755), 0);
	start_card(&card, stage, "anna", FAKE_GOOD);
	assert_true(host_saw(&stage->host, 1, 0, SOON_MS));

	host_close(&stage->host);
	fake_card_stop(&card);
}

static void
a_directory_that_goes_and_returns_is_found(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;

	start_reader(stage);
	assert_false(host_saw(&stage->host, 1, 0, 50));
	assert_int_equal(rmdir(stage->directory), 0);
	assert_int_equal(mkdir(stage->directory, 0755), 0);
	start_card(&card, stage, "anna", FAKE_GOOD);
	assert_true(host_saw(&stage->host, 1, 0, SOON_MS));

	host_close(&stage->host);
	fake_card_stop(&card);
}

static void
a_mute_card_gives_its_slot_up_to_the_next(void **state)
{
	struct stage *stage = *state;
	static struct fake_card mute, good;

	start_card(&mute, stage, "anna", FAKE_MUTE);
	start_reader(stage);
	start_card(&good, stage, "berta", FAKE_GOOD);
	assert_true(host_saw(&stage->host, 1, 0, SOON_MS));
	assert_int_equal(stage->host.atr[4], 'a');

	host_close(&stage->host);
	fake_card_stop(&good);
	fake_card_stop(&mute);
}

static void
a_card_of_another_version_stays_out(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;

	start_card(&card, stage, "anna", FAKE_WRONG_VERSION);
	start_reader(stage);
	assert_false(host_saw(&stage->host, 1, 0, 200));
	assert_true(host_saw(&stage->host, 0, 0, 0));

	host_close(&stage->host);
	fake_card_stop(&card);
}

static void
stays_out(struct stage *stage, struct fake_card *card)
{
	start_reader(stage);
	assert_false(host_saw(&stage->host, 1, 0, 200));
	assert_int_equal(atomic_load(&card->requests), 0);
	host_close(&stage->host);
}

static void
a_socket_named_after_another_user_stays_out(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;
	char path[STAGE_PATH], name[32];

	start_card(&card, stage, "anna", FAKE_GOOD);
	snprintf(name, sizeof name, "%u-anna.sock", (unsigned)getuid() + 1);
	assert_int_equal(rename(card.address.sun_path, stage_path(stage, name, path)), 0);
	stays_out(stage, &card);
	assert_int_equal(atomic_load(&card.connections), 0);

	fake_card_stop(&card);
}

static void
a_socket_given_to_another_user_stays_out(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;
	char path[STAGE_PATH];

	if (getuid() != 0)
		skip();
	start_card(&card, stage, "anna", FAKE_GOOD);
	/* Name and file say 1000, who listens is root: SO_PEERCRED tells. */
	stage_path(stage, "1000-anna.sock", path);
	assert_int_equal(rename(card.address.sun_path, path), 0);
	assert_int_equal(chown(path, 1000, 1000), 0);
	stays_out(stage, &card);

	fake_card_stop(&card);
}

static void
a_socket_whose_file_is_another_users_stays_out(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;

	if (getuid() != 0)
		skip();
	start_card(&card, stage, "anna", FAKE_GOOD);
	assert_int_equal(chown(card.address.sun_path, 1000, 1000), 0);
	stays_out(stage, &card);
	assert_int_equal(atomic_load(&card.connections), 0);

	fake_card_stop(&card);
}

static void
a_link_to_a_socket_stays_out(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;
	char hidden[STAGE_PATH];

	start_card(&card, stage, "anna", FAKE_GOOD);
	assert_int_equal(rename(card.address.sun_path, stage_path(stage, "hidden", hidden)), 0);
	assert_int_equal(symlink(hidden, card.address.sun_path), 0);
	stays_out(stage, &card);
	assert_int_equal(atomic_load(&card.connections), 0);

	fake_card_stop(&card);
}

static void
a_stop_ends_the_polling_function_at_once(void **state)
{
	struct stage *stage = *state;
	int64_t start;

	assert_true(host_open(&stage->host, 0, stage->device));
	host_run(&stage->host);
	pause_ms(50);
	start = host_clock_ms();
	host_close(&stage->host);
	assert_in_range(host_clock_ms() - start, 0, 1000);
}

static void
a_stop_while_nobody_polls_costs_one_early_return(void **state)
{
	struct stage *stage = *state;
	int64_t start;

	assert_true(host_open(&stage->host, 0, stage->device));
	stage->host.poll(0, 0);
	stage->host.stop(0);
	stage->host.stop(0);
	start = host_clock_ms();
	assert_int_equal(stage->host.poll(0, 10000), IFD_SUCCESS);
	assert_in_range(host_clock_ms() - start, 0, 1000);
	start = host_clock_ms();
	assert_int_equal(stage->host.poll(0, 100), IFD_SUCCESS);
	assert_in_range(host_clock_ms() - start, 100, 2000);

	IFDHCloseChannel(0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_up, stage_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_card_that_is_there_is_present_when_the_channel_is_created),
	    TEST(a_mute_card_holds_the_channel_up_for_a_fifth_of_a_second),
	    TEST(an_empty_directory_holds_nothing_up),
	    TEST(a_card_that_comes_later_is_seen_and_powered),
	    TEST(an_idle_card_that_hangs_up_is_seen_to_go),
	    TEST(a_card_out_and_in_at_once_is_one_removal_and_one_insertion),
	    TEST(a_removal_is_told_once_even_when_the_card_is_back),
	    TEST(a_clients_question_does_not_swallow_the_removal),
	    TEST(a_socket_nobody_listens_on_yet_is_tried_again),
	    TEST(a_directory_that_is_made_later_is_found),
	    TEST(a_directory_that_goes_and_returns_is_found),
	    TEST(a_mute_card_gives_its_slot_up_to_the_next),
	    TEST(a_card_of_another_version_stays_out),
	    TEST(a_socket_named_after_another_user_stays_out),
	    TEST(a_socket_given_to_another_user_stays_out),
	    TEST(a_socket_whose_file_is_another_users_stays_out),
	    TEST(a_link_to_a_socket_stays_out),
	    TEST(a_stop_ends_the_polling_function_at_once),
	    TEST(a_stop_while_nobody_polls_costs_one_early_return),
	};

	return cmocka_run_group_tests_name("reader: presence", tests, NULL, NULL);
}
