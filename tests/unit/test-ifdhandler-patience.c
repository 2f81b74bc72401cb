/* A card that never stops talking, and a signal at the wrong moment, hold nothing up. link.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "ifdhandler/clock.h"
#include "ifdhandler/farewell.h"
#include "ifdhandler/message.h"
#include "ifdhandler/slot.h"

enum { TOTAL_MS = 100, FLOOD_MS = 1500, MOUTHS = 8, LOOKS = 200000 };

static void
make_link(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

/* Says BUSY as fast as it can. */
static void *
flood(void *link)
{
	const int64_t end = clock_ms() + FLOOD_MS;
	const uint8_t busy = LINK_BUSY;

	while (clock_ms() < end && send(*(int *)link, &busy, 1, MSG_NOSIGNAL) == 1)
		;
	return NULL;
}

static void
busy_without_end_does_not_outlast_the_whole_time(void **state)
{
	const struct request power_on = {.kind = LINK_POWER_ON};
	const struct patience patience = {.quiet_ms = TOTAL_MS, .total_ms = TOTAL_MS};
	uint8_t answer[LINK_ATR_MAX];
	size_t answer_len;
	pthread_t mouths[MOUTHS];
	int64_t start;
	int ends[2];

	(void)state;
	make_link(ends);
	for (unsigned i = 0; i < MOUTHS; i++)
		assert_int_equal(pthread_create(&mouths[i], NULL, flood, &ends[1]), 0);
	start = clock_ms();
	assert_int_equal(
	    message_exchange(ends[0], &power_on, &patience, answer, sizeof answer, &answer_len),
	    MESSAGE_SILENT);
	assert_in_range(clock_ms() - start, TOTAL_MS, FLOOD_MS / 2);

	close(ends[0]);
	for (unsigned i = 0; i < MOUTHS; i++)
		pthread_join(mouths[i], NULL);
	close(ends[1]);
}

/* A hello may cross the news; nothing else is to be said. */
static void
a_card_that_was_sent_away_and_talks_on_is_cut_off(void **state)
{
	struct farewells farewells;
	int ends[2];

	(void)state;
	make_link(ends);
	farewells_init(&farewells);
	farewells_add(&farewells, ends[0], clock_ms());
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(send(ends[1], "\x05", 1, MSG_NOSIGNAL), 1);
	assert_true(farewells_look(&farewells, clock_ms()) == CLOCK_NEVER);
	assert_int_equal(send(ends[1], "\x05", 1, MSG_NOSIGNAL), -1);

	farewells_done(&farewells);
	close(ends[1]);
}

static void
a_card_whose_hello_crossed_the_news_has_time_to_read_it(void **state)
{
	struct farewells farewells;
	int ends[2];

	(void)state;
	make_link(ends);
	farewells_init(&farewells);
	farewells_add(&farewells, ends[0], clock_ms());
	assert_int_equal(send(ends[1], "\x01\x01\x3B\x00", 4, MSG_NOSIGNAL), 4);
	assert_true(farewells_look(&farewells, clock_ms()) != CLOCK_NEVER);

	farewells_done(&farewells);
	close(ends[1]);
}

static void
ignore(int number)
{
	(void)number;
}

struct nuisance {
	pthread_t victim;
	atomic_bool done;
};

static void *
interrupt(void *context)
{
	struct nuisance *nuisance = context;

	while (!atomic_load(&nuisance->done))
		pthread_kill(nuisance->victim, SIGUSR1);
	return NULL;
}

/* pcscd has a handler for SIGUSR1, its hot-plug signal. */
static void
a_signal_takes_no_card_out(void **state)
{
	struct sigaction action = {.sa_handler = ignore};
	struct nuisance nuisance = {.victim = pthread_self()};
	struct slot slot;
	enum slot_link link = SLOT_READY;
	pthread_t thread;
	int ends[2];

	(void)state;
	make_link(ends);
	assert_int_equal(send(ends[1], "\x01\x01\x3B\x00", 4, MSG_NOSIGNAL), 4);
	assert_true(slot_init(&slot, 1000));
	slot_greet(&slot, ends[0], &message_wire, clock_ms() + 1000);
	assert_int_equal(slot_attend(&slot, clock_ms()), SLOT_READY);

	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, interrupt, &nuisance), 0);
	for (unsigned i = 0; i < LOOKS && link == SLOT_READY; i++)
		link = slot_attend(&slot, clock_ms());
	atomic_store(&nuisance.done, true);
	pthread_join(thread, NULL);
	assert_int_equal(link, SLOT_READY);

	slot_done(&slot);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(busy_without_end_does_not_outlast_the_whole_time),
	    cmocka_unit_test(a_card_that_was_sent_away_and_talks_on_is_cut_off),
	    cmocka_unit_test(a_card_whose_hello_crossed_the_news_has_time_to_read_it),
	    cmocka_unit_test(a_signal_takes_no_card_out),
	};

	return cmocka_run_group_tests_name("reader: patience", tests, NULL, NULL);
}
