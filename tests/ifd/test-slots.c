/* Several slots, several readers, and who gets which card. design.md; ifdhandler.md 2, 7, 10.1. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stage.h"

static void
is_card(struct host *host, char name)
{
	assert_true(host_saw(host, 1, 0, SOON_MS));
	assert_int_equal(host->atr[4], name);
}

static void
close_both(struct stage *stage)
{
	host_close(&stage->second);
	host_close(&stage->host);
}

static void
slots_are_filled_in_the_order_of_names(void **state)
{
	struct stage *stage = *state;
	static struct fake_card a, b;

	start_card(&b, stage, "b", FAKE_GOOD);
	start_card(&a, stage, "a", FAKE_GOOD);
	start_two_slots(stage);
	is_card(&stage->host, 'a');
	is_card(&stage->second, 'b');

	close_both(stage);
	fake_card_stop(&a);
	fake_card_stop(&b);
}

/* 0x0400 ms */
static void *
exchange_slowly(void *host)
{
	char text[64];

	host_exchange(host, "80120400", text);
	return NULL;
}

static void
a_slow_request_in_one_slot_holds_nothing_up_in_the_other(void **state)
{
	struct stage *stage = *state;
	static struct fake_card a, b;
	pthread_t slow;
	char text[64];
	int64_t start;

	start_card(&a, stage, "a", FAKE_GOOD);
	start_two_slots(stage);
	is_card(&stage->host, 'a');

	assert_int_equal(pthread_create(&slow, NULL, exchange_slowly, &stage->host), 0);
	while (atomic_load(&a.requests) == 0)
		;
	start = host_clock_ms();
	start_card(&b, stage, "b", FAKE_GOOD);
	is_card(&stage->second, 'b');
	assert_string_equal(host_exchange(&stage->second, "00A40000", text), "6D00");
	assert_in_range(host_clock_ms() - start, 0, 900);
	pthread_join(slow, NULL);

	close_both(stage);
	fake_card_stop(&a);
	fake_card_stop(&b);
}

static void
a_card_too_many_is_told_so_once_and_taken_when_there_is_room(void **state)
{
	struct stage *stage = *state;
	static struct fake_card a, b;

	start_card(&a, stage, "a", FAKE_GOOD);
	start_card(&b, stage, "b", FAKE_GOOD);
	start_reader(stage);
	is_card(&stage->host, 'a');
	assert_false(host_saw(&stage->host, 2, 0, 200));
	assert_int_equal(atomic_load(&b.full), 1);
	assert_int_equal(atomic_load(&b.connections), 1);

	fake_card_stop(&a);
	assert_true(host_saw(&stage->host, 2, 1, SOON_MS));
	assert_int_equal(stage->host.atr[4], 'b');

	host_close(&stage->host);
	fake_card_stop(&b);
}

static void
a_card_takes_the_first_free_slot_whichever_was_left_last(void **state)
{
	struct stage *stage = *state;
	static struct fake_card a, b, c;

	start_card(&a, stage, "a", FAKE_GOOD);
	start_card(&b, stage, "b", FAKE_GOOD);
	start_two_slots(stage);
	is_card(&stage->host, 'a');
	is_card(&stage->second, 'b');
	fake_card_stop(&a);
	assert_true(host_saw(&stage->host, 1, 1, SOON_MS));
	fake_card_stop(&b);
	assert_true(host_saw(&stage->second, 1, 1, SOON_MS));
	start_card(&c, stage, "c", FAKE_GOOD);
	assert_true(host_saw(&stage->host, 2, 1, SOON_MS));
	assert_int_equal(stage->host.atr[4], 'c');

	close_both(stage);
	fake_card_stop(&c);
}

/* The first slot is free too, and comes first in the order. */
static void
a_card_that_is_swapped_for_another_leaves_it_its_slot_even_in_mid_request(void **state)
{
	struct stage *stage = *state;
	static struct fake_card a, b, c;
	char text[64];

	start_card(&a, stage, "a", FAKE_GOOD);
	start_card(&b, stage, "b", FAKE_GOOD);
	start_two_slots(stage);
	is_card(&stage->host, 'a');
	is_card(&stage->second, 'b');
	fake_card_stop(&a);
	assert_true(host_saw(&stage->host, 1, 1, SOON_MS));
	assert_string_equal(host_exchange(&stage->second, "801F0000", text), "612");
	assert_true(host_saw(&stage->second, 1, 1, SOON_MS));
	start_card(&c, stage, "c", FAKE_GOOD);
	assert_true(host_saw(&stage->second, 2, 1, SOON_MS));
	assert_int_equal(stage->second.atr[4], 'c');

	close_both(stage);
	fake_card_stop(&b);
	fake_card_stop(&c);
}

/* A crashed card's socket stays behind; the next of that name takes its place. */
static void
a_card_that_comes_back_is_not_told_that_its_own_slot_is_taken(void **state)
{
	struct stage *stage = *state;
	static struct fake_card card;

	start_card(&card, stage, "a", FAKE_GOOD);
	start_reader(stage);
	for (unsigned i = 1; i <= 20; i++) {
		assert_true(host_saw(&stage->host, i, i - 1, SOON_MS));
		fake_card_stop(&card);
		start_card(&card, stage, "a", FAKE_GOOD);
		assert_true(host_saw(&stage->host, i + 1, i, SOON_MS));
		assert_int_equal(atomic_load(&card.full), 0);
	}

	host_close(&stage->host);
	fake_card_stop(&card);
}

static void
two_readers_on_one_directory_share_its_cards(void **state)
{
	struct stage *stage = *state;
	static struct fake_card a, b;

	start_card(&a, stage, "a", FAKE_GOOD);
	start_card(&b, stage, "b", FAKE_GOOD);
	assert_true(host_open(&stage->host, 0, stage->device));
	assert_true(host_open(&stage->second, 0x10000, stage->device));
	host_run(&stage->host);
	host_run(&stage->second);
	is_card(&stage->host, 'a');
	is_card(&stage->second, 'b');
	assert_int_equal(atomic_load(&a.connections), 1);

	close_both(stage);
	fake_card_stop(&a);
	fake_card_stop(&b);
}

static void
a_card_is_sent_away_only_when_every_reader_is_full(void **state)
{
	struct stage *stage = *state;
	static struct fake_card a, b;

	start_card(&a, stage, "a", FAKE_GOOD);
	assert_true(host_open(&stage->host, 0, stage->device));
	assert_true(host_open(&stage->second, 0x10000, stage->device));
	host_run(&stage->host);
	is_card(&stage->host, 'a');
	start_card(&b, stage, "b", FAKE_GOOD);
	assert_false(host_saw(&stage->host, 2, 0, 100));
	assert_int_equal(atomic_load(&b.full), 0);
	host_run(&stage->second);
	is_card(&stage->second, 'b');

	close_both(stage);
	fake_card_stop(&a);
	fake_card_stop(&b);
}

static void
a_device_name_that_is_wrong_is_refused_and_the_next_reader_works(void **state)
{
	struct stage *stage = *state;
	static struct fake_card a;
	struct host wrong;

	start_card(&a, stage, "a", FAKE_GOOD);
	assert_false(host_open(&wrong, 0, "vicar:run/vicar"));
	assert_int_equal(IFDHICCPresence(0), IFD_ICC_NOT_PRESENT);
	start_reader(stage);
	is_card(&stage->host, 'a');

	host_close(&stage->host);
	fake_card_stop(&a);
}

static void
a_device_name_that_is_wrong_is_explained(void **state)
{
	struct host wrong;
	char error[512];

	(void)state;
	assert_false(host_open(&wrong, 0, "vicar:/run/vicar:99"));
	host_last_error(error);
	assert_string_equal(error,
			    "vicar: DEVICENAME vicar:/run/vicar:99 in reader.conf: SLOTS must "
			    "be 1 to 16; correct it and restart pcscd. This reader is left "
			    "out.");
}

/* pcscd closes what it has opened when it has no context left for the next slot. */
static void
a_reader_that_pcscd_has_no_room_for_is_explained(void **state)
{
	struct stage *stage = *state;
	struct host other;
	char error[512], expected[512];

	assert_true(host_open(&stage->host, 0, stage->two_slots));
	assert_int_equal(IFDHCloseChannel(0), IFD_SUCCESS);
	host_last_error(error);
	snprintf(expected, sizeof expected,
		 "vicar: %s: pcscd has no room for its 2 slots, it takes 16 of all readers "
		 "together; give it fewer in reader.conf, or remove another reader there, and "
		 "restart pcscd. This reader is left out.",
		 stage->two_slots);
	assert_string_equal(error, expected);

	assert_true(host_open(&stage->host, 0, stage->device));
	assert_false(host_open(&other, 0x10000, "vicar:/run/vicar:99"));
	host_last_error(expected);
	assert_int_equal(IFDHCloseChannel(0), IFD_SUCCESS);
	host_last_error(error);
	assert_string_equal(error, expected);
}

static void
a_lun_is_opened_once_and_within_the_slots(void **state)
{
	struct stage *stage = *state;
	struct host other;

	assert_true(host_open(&stage->host, 0, stage->two_slots));
	assert_false(host_open(&other, 0, stage->two_slots));
	assert_false(host_open(&other, 2, stage->two_slots));
	assert_true(host_open(&other, 1, stage->two_slots));
	assert_int_equal(IFDHCloseChannel(1), IFD_SUCCESS);
	assert_int_equal(IFDHCloseChannel(1), IFD_COMMUNICATION_ERROR);
	assert_true(host_open(&other, 1, stage->two_slots));

	IFDHCloseChannel(1);
	IFDHCloseChannel(0);
}

static void
a_slot_that_is_closed_takes_no_card(void **state)
{
	struct stage *stage = *state;
	static struct fake_card a, b;

	assert_true(host_open(&stage->host, 0, stage->two_slots));
	assert_true(host_open(&stage->second, 1, stage->two_slots));
	IFDHCloseChannel(0);
	host_run(&stage->second);
	start_card(&a, stage, "a", FAKE_GOOD);
	is_card(&stage->second, 'a');
	start_card(&b, stage, "b", FAKE_GOOD);
	assert_false(host_saw(&stage->second, 2, 0, 100));
	assert_int_equal(atomic_load(&b.full), 1);

	host_close(&stage->second);
	fake_card_stop(&a);
	fake_card_stop(&b);
}

/* A card serves one connection at a time; a second one would wait. */
static bool
has_no_other_caller(const struct fake_card *card)
{
	struct pollfd wait = {.fd = card->listener, .events = POLLIN};

	return poll(&wait, 1, 0) == 0;
}

static void
a_card_whose_socket_gets_another_mode_is_not_taken_a_second_time(void **state)
{
	struct stage *stage = *state;
	static struct fake_card a, b;

	start_card(&a, stage, "a", FAKE_GOOD);
	start_two_slots(stage);
	is_card(&stage->host, 'a');
	assert_int_equal(chmod(a.address.sun_path, 0660), 0);
	start_card(&b, stage, "b", FAKE_GOOD);
	is_card(&stage->second, 'b');
	assert_true(has_no_other_caller(&a));

	close_both(stage);
	fake_card_stop(&a);
	fake_card_stop(&b);
}

/* So that nothing new can be opened: every number below the lowest free one is taken. */
static void
use_up_descriptors(struct rlimit *before)
{
	int free_one = dup(STDIN_FILENO);
	struct rlimit none;

	close(free_one);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
	none = (struct rlimit){(rlim_t)free_one, before->rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

/* It listens, under a name that is no card's yet. */
static void
prepare_card(struct fake_card *card, struct stage *stage, const char *name)
{
	char path[STAGE_PATH];

	assert_int_equal(fake_card_bind(card, stage->directory, name, FAKE_GOOD), 0);
	assert_int_equal(rename(card->address.sun_path, stage_path(stage, name, path)), 0);
	assert_int_equal(fake_card_listen(card), 0);
}

/* pcscd's clients are descriptors too, and every user may have many. */
static void
a_card_that_comes_while_descriptors_are_used_up_is_found_later(void **state)
{
	struct stage *stage = *state;
	static struct fake_card a, b;
	struct rlimit before;
	char path[STAGE_PATH];

	start_card(&a, stage, "a", FAKE_GOOD);
	start_two_slots(stage);
	is_card(&stage->host, 'a');
	prepare_card(&b, stage, "b");
	use_up_descriptors(&before);
	assert_int_equal(rename(stage_path(stage, "b", path), b.address.sun_path), 0);
	assert_false(host_saw(&stage->second, 1, 0, 100));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	is_card(&stage->second, 'b');
	assert_true(has_no_other_caller(&a));

	close_both(stage);
	fake_card_stop(&a);
	fake_card_stop(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_up, stage_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(slots_are_filled_in_the_order_of_names),
	    TEST(a_slow_request_in_one_slot_holds_nothing_up_in_the_other),
	    TEST(a_card_too_many_is_told_so_once_and_taken_when_there_is_room),
	    TEST(a_card_takes_the_first_free_slot_whichever_was_left_last),
	    TEST(a_card_that_is_swapped_for_another_leaves_it_its_slot_even_in_mid_request),
	    TEST(a_card_that_comes_back_is_not_told_that_its_own_slot_is_taken),
	    TEST(two_readers_on_one_directory_share_its_cards),
	    TEST(a_card_is_sent_away_only_when_every_reader_is_full),
	    TEST(a_device_name_that_is_wrong_is_refused_and_the_next_reader_works),
	    TEST(a_device_name_that_is_wrong_is_explained),
	    TEST(a_reader_that_pcscd_has_no_room_for_is_explained),
	    TEST(a_lun_is_opened_once_and_within_the_slots),
	    TEST(a_slot_that_is_closed_takes_no_card),
	    TEST(a_card_whose_socket_gets_another_mode_is_not_taken_a_second_time),
	    TEST(a_card_that_comes_while_descriptors_are_used_up_is_found_later),
	};

	return cmocka_run_group_tests_name("reader: slots", tests, NULL, NULL);
}
