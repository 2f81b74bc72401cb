/*
 * Everything at once: pollers, clients' threads, attributes, stops and cards that come, go and
 * misbehave, on two slots. What is tested is that it ends, that no answer is another's, and that the
 * sanitizers have nothing to say.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <reader.h>

#include "stage.h"

enum { STORM_MS = 1500, CARDS = 3 };

static atomic_bool over;

struct client {
	struct host *host;
	unsigned answers;
	bool mixed_up;
};

/* A known answer, or none at all. */
static void *
transmit(void *argument)
{
	static const char *commands[] = {"80140000", "80150000", "80160000", "80110000",
					 "80110000", "80110000", "80120014", "80110000"};
	struct client *client = argument;
	char text[64];

	for (unsigned i = 0; !atomic_load(&over); i++) {
		const char *command = commands[i % (sizeof commands / sizeof commands[0])];
		const char *answer = host_exchange(client->host, command, text);

		if (strcmp(answer, "612") == 0)
			continue;
		client->answers++;
		if (strcmp(command, "80110000") == 0)
			client->mixed_up |= strcmp(answer, "000000049000") != 0;
		else
			client->mixed_up |= strcmp(answer, "9000") != 0;
	}
	return NULL;
}

static void *
power(void *argument)
{
	struct client *client = argument;
	const DWORD actions[] = {IFD_RESET, IFD_POWER_UP, IFD_POWER_DOWN, IFD_POWER_UP};

	for (unsigned i = 0; !atomic_load(&over); i++) {
		UCHAR atr[MAX_ATR_SIZE];
		DWORD atr_len = 0;
		RESPONSECODE r = host_power(client->host, actions[i % 4], atr, &atr_len);

		client->mixed_up |= r == IFD_SUCCESS && atr_len != 0 && atr_len != 6;
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	}
	return NULL;
}

/* What pcscd calls without the slot's mutex. */
static void *
ask(void *argument)
{
	struct client *client = argument;
	UCHAR value[264];

	while (!atomic_load(&over)) {
		DWORD length = sizeof value;

		(void)IFDHGetCapabilities(client->host->lun, SCARD_ATTR_ATR_STRING, &length, value);
		(void)IFDHSetCapabilities(client->host->lun, SCARD_ATTR_ATR_STRING, length, value);
		client->host->stop(client->host->lun);
		nanosleep(&(struct timespec){0, 500000}, NULL);
	}
	return NULL;
}

static void *
come_and_go(void *argument)
{
	struct stage *stage = argument;
	const char *names[CARDS] = {"a", "b", "c"};
	const int manners[] = {FAKE_GOOD, FAKE_GOOD, FAKE_MUTE, FAKE_GOOD, FAKE_WRONG_VERSION};

	for (unsigned i = 0; !atomic_load(&over); i++) {
		struct fake_card cards[CARDS];

		for (unsigned j = 0; j < CARDS; j++)
			if (fake_card_start(&cards[j], stage->directory, names[j],
					    manners[(i + j) % 5]) != 0)
				abort();
		nanosleep(&(struct timespec){0, (long)(i % 7) * 5000000}, NULL);
		for (unsigned j = 0; j < CARDS; j++)
			fake_card_stop(&cards[j]);
	}
	return NULL;
}

static void
a_storm_ends_and_mixes_nothing_up(void **state)
{
	struct stage *stage = *state;
	struct client clients[6] = {{.host = &stage->host}, {.host = &stage->second},
				    {.host = &stage->host}, {.host = &stage->second},
				    {.host = &stage->host}, {.host = &stage->second}};
	void *(*const doings[6])(void *) = {transmit, transmit, power, power, ask, ask};
	pthread_t threads[6], cards;
	static struct fake_card last;

	atomic_store(&over, false);
	start_two_slots(stage);
	assert_int_equal(pthread_create(&cards, NULL, come_and_go, stage), 0);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, doings[i], &clients[i]), 0);
	nanosleep(&(struct timespec){STORM_MS / 1000, STORM_MS % 1000 * 1000000L}, NULL);
	atomic_store(&over, true);
	for (unsigned i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	pthread_join(cards, NULL);
	for (unsigned i = 0; i < 6; i++)
		assert_false(clients[i].mixed_up);
	assert_true(clients[0].answers > 0);

	/* And the reader still works. */
	start_card(&last, stage, "z", FAKE_GOOD);
	for (int64_t end = host_clock_ms() + SOON_MS;
	     !host_is_present(&stage->host) && !host_is_present(&stage->second);)
		assert_true(host_clock_ms() < end);
	host_close(&stage->second);
	host_close(&stage->host);
	fake_card_stop(&last);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_storm_ends_and_mixes_nothing_up, stage_up,
					    stage_down),
	};

	return cmocka_run_group_tests_name("reader: storm", tests, NULL, NULL);
}
