/* Key files that stay open: what a use of the key takes from them and when it goes to the file again. */
#include "tools/local_operation.h"

#include "cmdbridge/keyfile.h"
#include "iso7816/sw.h"

#include <openssl/ec.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PIN BYTES_TEXT("1234")
#define OTHER BYTES_TEXT("9999")

static const uint8_t hash[32] = {0x5F};

struct world {
	char top[32];
	EVP_PKEY *leading; /* in keys/sign.pin */
	struct journal journal;
	struct open_keys keys;
	uint8_t room[KEY_OUTPUT_MAX];
	size_t len;
};

static const char *
file(const struct world *world, const char *name)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", world->top, name);
	return path;
}

static void
write_key(const struct world *world, const char *name, struct bytes secret)
{
	char error[KEYFILE_ERROR_MAX];

	(void)unlink(file(world, name));
	assert_int_equal(keyfile_create(file(world, name), world->leading, secret, error),
			 KEYFILE_OK);
}

/* Two keys under one PIN: `sign` leads, `sign2` shares. */
static int
world_new(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct journal_error reason = {""};
	char error[KEYFILE_ERROR_MAX];
	EVP_PKEY *shared = EVP_EC_gen("P-256");

	assert_non_null(world);
	(void)snprintf(world->top, sizeof(world->top), "/tmp/vicar-open-XXXXXX");
	assert_non_null(mkdtemp(world->top));
	assert_int_equal(mkdir(file(world, "keys"), 0700), 0);
	world->leading = EVP_EC_gen("P-256");
	write_key(world, "keys/sign.pin", PIN);
	assert_int_equal(keyfile_create_shared(file(world, "keys/sign2.key"), "sign2", shared,
					       world->leading, error),
			 KEYFILE_OK);
	EVP_PKEY_free(shared);
	assert_true(journal_open(&world->journal, world->top, 0, &reason));
	*state = world;
	return 0;
}

static int
world_free(void **state)
{
	static const char *const names[] = {"keys/sign.pin", "keys/sign2.key", "keys", "journal",
					    ""};
	struct world *world = *state;

	for (size_t i = 0; i < OPEN_KEYS_MAX; i++)
		open_key_drop(&world->keys.keys[i]);
	journal_close(&world->journal);
	EVP_PKEY_free(world->leading);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(file(world, names[i]));
	free(world);
	return 0;
}

static uint16_t
ask(struct world *world, enum key_operation operation, const char *key, struct bytes pin)
{
	const struct key_request request = {.operation = operation,
					    .key = key,
					    .pin_key = "sign",
					    .pin = pin,
					    .input = BYTES(hash)};
	struct writer output = writer_to(world->room, sizeof(world->room));
	char error[LOCAL_ERROR_MAX];
	uint16_t sw =
	    local_fulfil(world->top, &world->journal, &world->keys, &request, &output, error);

	world->len = output.len;
	return sw;
}

static uint16_t
verify(struct world *world, struct bytes pin)
{
	return ask(world, KEY_PIN_VERIFY, "sign", pin);
}

/* With a value that opens nothing: what works is open. */
static uint16_t
sign_open(struct world *world, const char *key)
{
	return ask(world, KEY_SIGN_ECDSA, key, OTHER);
}

static void
a_key_that_is_not_open_takes_its_pin(void **state)
{
	assert_int_equal(sign_open(*state, "sign"), SW_AUTHENTICATION);
}

static void
a_right_pin_opens_the_key_that_leads_it(void **state)
{
	struct world *world = *state;

	assert_int_equal(verify(world, PIN), SW_OK);
	assert_int_equal(world->len, 0);
	assert_int_equal(sign_open(world, "sign"), SW_OK);
	assert_int_equal(world->len, 64);
	assert_int_equal(sign_open(world, "sign2"), SW_AUTHENTICATION);
}

static void
a_wrong_pin_opens_nothing_and_is_told_from_the_right_one_also_while_the_key_is_open(void **state)
{
	struct world *world = *state;

	assert_int_equal(verify(world, OTHER), SW_AUTHENTICATION);
	assert_int_equal(sign_open(world, "sign"), SW_AUTHENTICATION);
	assert_int_equal(verify(world, PIN), SW_OK);
	assert_int_equal(verify(world, OTHER), SW_AUTHENTICATION);
}

static void
a_use_opens_a_key_too_and_so_does_that_of_one_that_shares_the_pin(void **state)
{
	static const char *const names[] = {"sign", "sign2"};
	struct world *world = *state;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ask(world, KEY_SIGN_ECDSA, names[i], PIN), SW_OK);
		assert_int_equal(sign_open(world, names[i]), SW_OK);
	}
}

static void
a_key_that_was_dropped_takes_its_pin_again(void **state)
{
	struct world *world = *state;

	assert_int_equal(verify(world, PIN), SW_OK);
	open_key_drop(&world->keys.keys[0]);
	assert_int_equal(sign_open(world, "sign"), SW_AUTHENTICATION);
	assert_int_equal(ask(world, KEY_SIGN_ECDSA, "sign", PIN), SW_OK);
}

/* As by a change of the PIN, or by the image of another card in its place. */
static void
a_file_that_was_replaced_is_opened_anew(void **state)
{
	struct world *world = *state;

	assert_int_equal(verify(world, PIN), SW_OK);
	assert_int_equal(ask(world, KEY_SIGN_ECDSA, "sign2", PIN), SW_OK);
	write_key(world, "keys/sign.pin", BYTES_TEXT("5678"));
	assert_int_equal(ask(world, KEY_SIGN_ECDSA, "sign", PIN), SW_AUTHENTICATION);
	assert_int_equal(ask(world, KEY_SIGN_ECDSA, "sign2", PIN), SW_AUTHENTICATION);
	assert_int_equal(ask(world, KEY_SIGN_ECDSA, "sign", BYTES_TEXT("5678")), SW_OK);
}

static void
a_file_that_is_gone_is_not_used_from_memory(void **state)
{
	struct world *world = *state;

	assert_int_equal(verify(world, PIN), SW_OK);
	assert_int_equal(unlink(file(world, "keys/sign.pin")), 0);
	assert_int_equal(ask(world, KEY_SIGN_ECDSA, "sign", PIN), SW_MEMORY_FAILURE);
}

static void
the_key_that_came_first_makes_room_for_the_one_too_many(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct open_key_file none[2] = {{.there = false}};
	struct world *world = *state;
	EVP_PKEY *found;

	assert_int_equal(sizeof(names) / sizeof(names[0]), OPEN_KEYS_MAX + 1);
	for (size_t i = 0; i <= OPEN_KEYS_MAX; i++)
		open_keys_put(&world->keys, names[i], world->leading, none);
	assert_null(open_keys_get(&world->keys, "a", none));
	found = open_keys_get(&world->keys, "d", none);
	assert_non_null(found);
	EVP_PKEY_free(found);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_key_that_is_not_open_takes_its_pin, world_new,
					    world_free),
	    cmocka_unit_test_setup_teardown(a_right_pin_opens_the_key_that_leads_it, world_new,
					    world_free),
	    cmocka_unit_test_setup_teardown(
		a_wrong_pin_opens_nothing_and_is_told_from_the_right_one_also_while_the_key_is_open,
		world_new, world_free),
	    cmocka_unit_test_setup_teardown(
		a_use_opens_a_key_too_and_so_does_that_of_one_that_shares_the_pin, world_new,
		world_free),
	    cmocka_unit_test_setup_teardown(a_key_that_was_dropped_takes_its_pin_again, world_new,
					    world_free),
	    cmocka_unit_test_setup_teardown(a_file_that_was_replaced_is_opened_anew, world_new,
					    world_free),
	    cmocka_unit_test_setup_teardown(a_file_that_is_gone_is_not_used_from_memory, world_new,
					    world_free),
	    cmocka_unit_test_setup_teardown(the_key_that_came_first_makes_room_for_the_one_too_many,
					    world_new, world_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
