/*
 * Where secrets are, and from when on they are nowhere: looked for in all the memory of a card.
 */
#include "emulator/card.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"
#include "emulator/engine.h"

static const uint8_t OLD_PIN[] = {'9', '1', '8', '2', '7', '3'};
static const uint8_t NEW_PIN[] = {'6', '4', '5', '5', '4', '6'};

#define VERIFY_OLD "0020000108 3931383237330000"
#define CHANGE "0024000110 3931383237330000 3634353534360000"

/* Blocks that OpenSSL gave back while a PIN was still in them. */
static unsigned dirty_blocks;

static bool
holds(const void *memory, size_t len, const uint8_t *secret, size_t secret_len)
{
	return memmem(memory, len, secret, secret_len) != NULL;
}

static bool
holds_a_pin(const void *memory, size_t len)
{
	return holds(memory, len, OLD_PIN, sizeof(OLD_PIN)) ||
	       holds(memory, len, NEW_PIN, sizeof(NEW_PIN));
}

static void *
allocate(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return calloc(1, len);
}

static void *
reallocate(void *block, size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return realloc(block, len);
}

static void
give_back(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	if (block != NULL && holds_a_pin(block, malloc_usable_size(block)))
		dirty_blocks++;
	free(block);
}

static bool
card_holds_a_pin(const struct card *card)
{
	return holds_a_pin(card, sizeof(*card)) ||
	       holds_a_pin(card->secrets, sizeof(*card->secrets));
}

static void
verify(struct fixture *fixture)
{
	assert_request(fixture, VERIFY_OLD, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_OK, SW_OK);
}

static void
a_verified_pin_is_in_the_secret_memory_only(void **state)
{
	struct fixture *fixture = *state;
	struct card *card = fixture->card;

	verify(fixture);
	assert_true(holds_a_pin(card->secrets, sizeof(*card->secrets)));
	assert_false(holds_a_pin(card, sizeof(*card)));
}

static void
a_pending_pin_is_in_the_secret_memory_only(void **state)
{
	struct fixture *fixture = *state;
	struct card *card = fixture->card;

	assert_request(fixture, CHANGE, KEY_PIN_CHANGE);
	assert_true(holds_a_pin(card->secrets, sizeof(*card->secrets)));
	assert_false(holds_a_pin(card, sizeof(*card)));
}

static void
a_wrong_pin_is_wiped(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, VERIFY_OLD, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C2);
	assert_false(card_holds_a_pin(fixture->card));
}

static void
a_reset_wipes_the_verified_pin(void **state)
{
	struct fixture *fixture = *state;

	verify(fixture);
	card_reset(fixture->card);
	assert_false(card_holds_a_pin(fixture->card));
}

static void
a_reset_wipes_the_pins_of_a_pending_request(void **state)
{
	struct fixture *fixture = *state;

	assert_request(fixture, CHANGE, KEY_PIN_CHANGE);
	card_reset(fixture->card);
	assert_false(card_holds_a_pin(fixture->card));
}

static void
a_change_leaves_neither_value(void **state)
{
	struct fixture *fixture = *state;

	verify(fixture);
	assert_request(fixture, CHANGE, KEY_PIN_CHANGE);
	assert_resumed(fixture, SW_OK, SW_OK);
	assert_false(card_holds_a_pin(fixture->card));
}

static void
a_remote_pin_is_nowhere_after_its_call(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "0020008208 393138323733FFFF", SW_OK);
	assert_sw(fixture, SET_REMOTE_HASH, SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PKCS1);
	assert_true(card_start(fixture->card));
	assert_resumed(fixture, SW_AUTHENTICATION, 0x63C1);
	assert_sw(fixture, "0020008208 393138323733FFFF", 0x63C1); /* known, by its fingerprint */
	assert_false(card_holds_a_pin(fixture->card));
}

static void
a_deciphered_message_is_nowhere_once_it_has_left(void **state)
{
	struct fixture *fixture = *state;
	uint8_t command[5 + 1 + FIXTURE_BLOCK + 1] = {0x00, 0x2A, 0x80, 0x86, FIXTURE_BLOCK + 1};

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B806 80011A 840101", SW_OK);
	fixture_send_bytes(fixture, BYTES(command));
	fixture_resume(fixture, SW_OK, BYTES(OLD_PIN)); /* any text that can be looked for */
	assert_int_equal(fixture_sw(fixture), SW_OK);
	assert_false(card_holds_a_pin(fixture->card));
}

static void
a_message_that_nobody_fetched_is_wiped_by_the_next_command(void **state)
{
	struct fixture *fixture = *state;
	uint8_t command[5 + 1 + FIXTURE_BLOCK] = {0x00, 0x2A, 0x80, 0x86, FIXTURE_BLOCK + 1};

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B806 80011A 840101", SW_OK);
	fixture_send_bytes(fixture, BYTES(command));
	fixture_resume(fixture, SW_OK, BYTES(OLD_PIN));
	assert_int_equal(fixture_sw(fixture), 0x6106);
	assert_true(card_holds_a_pin(fixture->card));
	assert_sw(fixture, "00A4000C023F00", SW_OK);
	assert_false(card_holds_a_pin(fixture->card));
}

static void
memory_is_given_back_without_pins(void **state)
{
	struct fixture *fixture = *state;

	dirty_blocks = 0;
	verify(fixture);
	assert_request(fixture, CHANGE, KEY_PIN_CHANGE);
	card_free(fixture->card);
	fixture->card = NULL;
	assert_int_equal(dirty_blocks, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    card_test(a_verified_pin_is_in_the_secret_memory_only),
	    card_test(a_pending_pin_is_in_the_secret_memory_only),
	    card_test(a_wrong_pin_is_wiped),
	    card_test(a_reset_wipes_the_verified_pin),
	    card_test(a_reset_wipes_the_pins_of_a_pending_request),
	    card_test(a_change_leaves_neither_value),
	    card_test(a_remote_pin_is_nowhere_after_its_call),
	    card_test(a_deciphered_message_is_nowhere_once_it_has_left),
	    card_test(a_message_that_nobody_fetched_is_wiped_by_the_next_command),
	    card_test(memory_is_given_back_without_pins),
	};

	/* Before OpenSSL's first allocation; not the secure heap, so that both kinds pass here. */
	if (CRYPTO_set_mem_functions(allocate, reallocate, give_back) != 1)
		return 1;
	return cmocka_run_group_tests_name("card-secrets", tests, NULL, NULL);
}
