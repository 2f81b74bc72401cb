/*
 * Any bytes at all: seeded random commands, and real ones with bytes changed. What is checked is
 * that each gets an answer of the right form; the sanitizers see the rest.
 */
#include "emulator/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"

enum { ROUNDS = 20000, COMMAND_MAX = 300 };

/* xorshift32: the same bytes on every machine. */
static uint32_t random_state;

static uint32_t
random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static const char sign_digestinfo[] = "002A9E9A33" DIGESTINFO_SHA256;

static const char *const seeds[] = {
    "00A4080C0450005001",
    "00A40000025000",
    "00A4040005A0000000AA00",
    "00B0000000",
    "00B09E0000",
    VERIFY_LOCAL,
    VERIFY_REMOTE,
    VERIFY_ONCE,
    "0024000110 3132333400000000 3536373800000000",
    "002C000110 3837363534333231 3536373800000000",
    "0020001204 70756B21",
    SET_LOCAL_DIGESTINFO,
    SET_REMOTE_HASH,
    "002241B806 80011A 840101",
    HASH_SHA256,
    "002A9E9A00",
    sign_digestinfo,
    "102A9E9A0230 31",
    "002A808603 003031",
    "00C0000000",
    "0084000008",
    "8010010500",
};

static size_t
random_command(uint8_t command[COMMAND_MAX])
{
	size_t len = random_next() % 12;

	if (random_next() % 16 == 0)
		len = random_next() % COMMAND_MAX;
	for (size_t i = 0; i < len; i++)
		command[i] = (uint8_t)random_next();
	return len;
}

static size_t
changed_seed(uint8_t command[COMMAND_MAX])
{
	struct hex seed = hex(seeds[random_next() % (sizeof(seeds) / sizeof(seeds[0]))]);
	size_t len = seed.len;

	memcpy(command, seed.data, seed.len);
	if (random_next() % 2 == 0)
		command[random_next() % len] = (uint8_t)random_next();
	if (random_next() % 8 == 0)
		len = random_next() % (len + 1);
	return len;
}

/* From a buffer as long as the command, so that a sanitizer sees a read beyond it. */
static void
send_exact(struct fixture *fixture, const uint8_t *command, size_t len)
{
	uint8_t *exact = malloc(len + (len == 0));

	assert_non_null(exact);
	memcpy(exact, command, len);
	fixture_send_bytes(fixture, (struct bytes){exact, len});
	free(exact);
}

static void
answer_request(struct fixture *fixture)
{
	static const uint16_t results[] = {SW_OK, SW_AUTHENTICATION, SW_FATE_UNKNOWN,
					   SW_PROMPT_CANCELLED, SW_UNKNOWN};
	static const uint8_t output[FIXTURE_BLOCK];
	const struct key_request *request = card_request(fixture->card);

	assert_non_null(request);
	if (request->remote && random_next() % 4 != 0)
		assert_true(card_start(fixture->card));
	if (random_next() % 16 == 0) {
		card_reset(fixture->card);
		return;
	}
	fixture_resume(fixture, results[random_next() % 5],
		       random_next() % 8 == 0 ? BYTES_NONE : (struct bytes)BYTES(output));
}

static void
run(struct fixture *fixture, uint32_t seed)
{
	uint8_t command[COMMAND_MAX];

	random_state = seed;
	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t len =
		    random_next() % 4 == 0 ? random_command(command) : changed_seed(command);

		send_exact(fixture, command, len);
		if (fixture->result == CARD_PENDING)
			answer_request(fixture);
		else
			assert_in_range(fixture_sw(fixture) >> 12, 6, 9);
		if (random_next() % 256 == 0)
			card_reset(fixture->card);
		/* Blocked for good, nothing would happen any more. */
		if (random_next() % 512 == 0)
			assert_true(fixture_new(fixture));
		assert_true(fixture_tries(fixture, "pin") <= 3);
		assert_true(fixture_tries(fixture, "sign-pin") <= 2);
	}
}

static void
garbage_on_t1_is_answered(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, 1);
}

static void
garbage_on_t0_is_answered(void **state)
{
	struct fixture *fixture = *state;

	fixture_use_t0(fixture);
	run(fixture, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    card_test(garbage_on_t1_is_answered),
	    card_test(garbage_on_t0_is_answered),
	};

	return cmocka_run_group_tests_name("card-garbage", tests, NULL, NULL);
}
