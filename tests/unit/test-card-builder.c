/*
 * Building a card: what a personality may add, and what it is told when it contradicts itself.
 */
#include "emulator/card.h"

#include <openssl/ec.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"

/* What the next personalise() does; false makes it fail. */
static bool (*add)(struct card *card, struct image_error *error);

static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	(void)image;
	return add(card, error);
}

/* The card cannot be made, and the text says why. */
#define assert_no_card(fixture, function, reason)                             \
	do {                                                                  \
		add = (function);                                             \
		(fixture)->personality.personalise = personalise;             \
		assert_false(fixture_new(fixture));                           \
		assert_non_null(strstr((fixture)->error.text, (reason)));     \
		assert_non_null(strstr((fixture)->error.text, "\"tested\"")); \
	} while (0)

static bool
add_file(struct card *card, const struct file_spec *spec, struct image_error *error)
{
	static const uint8_t content[] = {1, 2};

	return card_add_file(
	    card, spec, spec->kind == FILE_DF ? BYTES_NONE : (struct bytes)BYTES(content), error);
}

#define FILE_CASE(function, ...)                                           \
	static bool function(struct card *card, struct image_error *error) \
	{                                                                  \
		const struct file_spec spec = {__VA_ARGS__};               \
		return add_file(card, &spec, error);                       \
	}

FILE_CASE(without_parent, .path = {0x5000, 0x5001}, .kind = FILE_EF)
FILE_CASE(sfi_31, .path = {0x5000}, .kind = FILE_EF, .sfi = 31)
FILE_CASE(named_ef, .path = {0x5000}, .kind = FILE_EF, .name = {FIXTURE_NAME_A, 5})
FILE_CASE(long_name, .path = {0x5000}, .kind = FILE_DF, .name = {FIXTURE_NAME_A, 17})
FILE_CASE(sized_df, .path = {0x5000}, .kind = FILE_DF, .size = 5)
FILE_CASE(too_large, .path = {0x5000}, .kind = FILE_EF, .size = FILE_SIZE_MAX + 1)
FILE_CASE(too_small, .path = {0x5000}, .kind = FILE_EF, .size = 1)
FILE_CASE(updated_df, .path = {0x5000}, .kind = FILE_DF, .update = ACCESS_IS_ALWAYS)
FILE_CASE(mf_as_ef, .path = {0}, .kind = FILE_EF)
FILE_CASE(mf_again, .path = {0x3F00}, .kind = FILE_DF)

static bool
twice(struct card *card, struct image_error *error)
{
	const struct file_spec spec = {.path = {0x5000}, .kind = FILE_EF};

	return add_file(card, &spec, error) && add_file(card, &spec, error);
}

static bool
below_an_ef(struct card *card, struct image_error *error)
{
	const struct file_spec ef = {.path = {0x5000}, .kind = FILE_EF};
	const struct file_spec below = {.path = {0x5000, 0x5001}, .kind = FILE_EF};

	return add_file(card, &ef, error) && add_file(card, &below, error);
}

static bool
sixty_five(struct card *card, struct image_error *error)
{
	struct file_spec spec = {.kind = FILE_EF};

	for (spec.path[0] = 1; spec.path[0] < 65; spec.path[0]++)
		if (!add_file(card, &spec, error))
			return false;
	return true;
}

/* image.h: files/ holds as many as were written, and no more are read. */
static bool
nine_updated(struct card *card, struct image_error *error)
{
	struct file_spec spec = {.kind = FILE_EF, .update = ACCESS_IS_ALWAYS};

	for (spec.path[0] = 1; spec.path[0] <= IMAGE_FILES_MAX + 1; spec.path[0]++)
		if (!add_file(card, &spec, error))
			return false;
	return true;
}

static void
a_file_that_cannot_be_is_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_no_card(fixture, without_parent, "5001: the DF above it");
	assert_no_card(fixture, sfi_31, "short identifier");
	assert_no_card(fixture, named_ef, "only a DF has a name");
	assert_no_card(fixture, long_name, "16 bytes");
	assert_no_card(fixture, sized_df, "no content");
	assert_no_card(fixture, updated_df, "only an EF is updated");
	assert_no_card(fixture, too_large, "32768");
	assert_no_card(fixture, too_small, "larger than its size");
	assert_no_card(fixture, mf_as_ef, "3F00: the MF is a DF");
	assert_no_card(fixture, mf_again, "there is one already");
	assert_no_card(fixture, twice, "5000: there is one already");
	assert_no_card(fixture, below_an_ef, "the DF above it");
	assert_no_card(fixture, sixty_five, "64 files");
	assert_no_card(fixture, nine_updated, "0009: 8 files at most are updated");
}

static bool
filled_file(struct card *card, struct image_error *error)
{
	const struct file_spec mf = {.kind = FILE_DF, .name = {FIXTURE_NAME_B, 5}};
	const struct file_spec spec = {
	    .path = {0x5000}, .kind = FILE_EF, .size = 4, .read = ACCESS_IS_ALWAYS};

	return card_add_file(card, &mf, BYTES_NONE, error) && add_file(card, &spec, error);
}

static void
content_is_filled_with_zeros_and_the_mf_may_have_a_name(void **state)
{
	struct fixture *fixture = *state;

	add = filled_file;
	fixture->personality.personalise = personalise;
	assert_true(fixture_new(fixture));
	assert_answer(fixture, "00A4040005A0000000BB00", "6F0483023F00 9000");
	assert_sw(fixture, "00A4000C025000", SW_OK);
	assert_answer(fixture, "00B0000000", "01020000 9000");
}

static const struct pin_spec PIN = {.counter = "p",
				    .reference = 1,
				    .key = "auth",
				    .length_min = 4,
				    .length_max = 8,
				    .length_stored = 8,
				    .tries = 3};

#define PIN_CASE(function, change)                                         \
	static bool function(struct card *card, struct image_error *error) \
	{                                                                  \
		struct pin_spec spec = PIN;                                \
		change;                                                    \
		return card_add_pin(card, &spec, error);                   \
	}

PIN_CASE(pin_without_tries, spec.tries = 0)
PIN_CASE(pin_with_16_tries, spec.tries = 16)
PIN_CASE(pin_of_length_0, spec.length_min = 0)
PIN_CASE(pin_min_above_max, spec.length_min = 9)
PIN_CASE(pin_max_above_stored, spec.length_max = 9)
PIN_CASE(pin_too_long, spec.length_max = spec.length_stored = 65)
PIN_CASE(pin_of_no_key, spec.key = "none")
PIN_CASE(pin_without_key, spec.key = NULL)
PIN_CASE(pin_without_its_puk, spec.puk = "puk")
PIN_CASE(pin_without_name, spec.counter = "")
PIN_CASE(pin_of_long_name, spec.counter = "abcdefghijabcdefghijabcdefghijab")
PIN_CASE(pin_of_high_reference, spec.reference = 0x101)

static bool
pin_reference_twice(struct card *card, struct image_error *error)
{
	struct pin_spec other = PIN;

	other.counter = "q";
	return card_add_pin(card, &PIN, error) && card_add_pin(card, &other, error);
}

static bool
pin_counter_twice(struct card *card, struct image_error *error)
{
	struct pin_spec other = PIN;

	other.reference = 2;
	return card_add_pin(card, &PIN, error) && card_add_pin(card, &other, error);
}

static bool
nine_pins(struct card *card, struct image_error *error)
{
	static const char *const counters[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
	struct pin_spec spec = PIN;

	for (size_t i = 0; i < 9; i++) {
		spec.counter = counters[i];
		spec.reference = (uint16_t)(i + 1);
		if (!card_add_pin(card, &spec, error))
			return false;
	}
	return true;
}

static bool
puk_that_is_a_pin(struct card *card, struct image_error *error)
{
	struct pin_spec other = PIN;

	other.counter = "q";
	other.reference = 2;
	other.puk = PIN.counter;
	return card_add_pin(card, &PIN, error) && card_add_pin(card, &other, error);
}

static void
a_pin_that_cannot_be_is_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_no_card(fixture, pin_without_tries, "PIN p of personality made-up: its tries");
	assert_no_card(fixture, pin_with_16_tries, "tries");
	assert_no_card(fixture, pin_of_length_0, "lengths");
	assert_no_card(fixture, pin_min_above_max, "lengths");
	assert_no_card(fixture, pin_max_above_stored, "lengths");
	assert_no_card(fixture, pin_too_long, "lengths");
	assert_no_card(fixture, pin_of_no_key, "no such key");
	assert_no_card(fixture, pin_without_key, "no such key");
	assert_no_card(fixture, pin_without_its_puk, "its PUK");
	assert_no_card(fixture, pin_without_name, "name");
	assert_no_card(fixture, pin_of_long_name, "name");
	assert_no_card(fixture, pin_of_high_reference, "reference");
	assert_no_card(fixture, pin_reference_twice, "reference");
	assert_no_card(fixture, pin_counter_twice, "there is one already");
	assert_no_card(fixture, nine_pins, "8 PINs");
	assert_no_card(fixture, puk_that_is_a_pin, "its PUK");
}

static bool
key_of_no_name(struct card *card, struct image_error *error)
{
	const struct key_spec spec = {.name = "none", .pin = 1};

	return card_add_pin(card, &PIN, error) && card_add_key(card, &spec, error);
}

static bool
key_without_pin(struct card *card, struct image_error *error)
{
	const struct key_spec spec = {.name = "auth", .pin = 1};

	return card_add_key(card, &spec, error);
}

static bool
key_of_a_service_under_a_local_pin(struct card *card, struct image_error *error)
{
	const struct key_spec spec = {.name = "sign", .pin = 1};

	return card_add_pin(card, &PIN, error) && card_add_key(card, &spec, error);
}

static bool
one_key(struct card *card, struct image_error *error)
{
	const struct key_spec spec = {.name = "auth",
				      .reference = 1,
				      .pin = 1,
				      .algorithms = FIXTURE_ALGORITHMS,
				      .algorithms_count = FIXTURE_ALGORITHMS_COUNT};

	return card_add_pin(card, &PIN, error) && card_add_key(card, &spec, error);
}

static bool
nine_keys(struct card *card, struct image_error *error)
{
	const struct key_spec spec = {.name = "auth", .pin = 1};

	if (!card_add_pin(card, &PIN, error))
		return false;
	for (size_t i = 0; i < 9; i++)
		if (!card_add_key(card, &spec, error))
			return false;
	return true;
}

static void
a_key_that_cannot_be_is_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_no_card(fixture, key_of_no_name, "the image has none");
	assert_no_card(fixture, key_without_pin, "key auth of personality made-up: the PIN");
	assert_no_card(fixture, key_of_a_service_under_a_local_pin,
		       "keys \"auth\" and \"sign\" of a made-up card have one PIN");
	assert_no_card(fixture, key_of_a_service_under_a_local_pin, "\"sign\" service = cmd; make");
	assert_no_card(fixture, nine_keys, "8 keys");
	fixture->image.keys[0].certificate_len = 10;
	assert_no_card(fixture, one_key, "certificate");
}

static bool
one_ec_key(struct card *card, struct image_error *error)
{
	static const struct algorithm agreement = {
	    .se = SE_CT, .unnamed = true, .operation = KEY_DERIVE_ECDH, .input = INPUT_CRYPTOGRAM};
	const struct key_spec spec = {.name = "auth",
				      .reference = 1,
				      .pin = 1,
				      .algorithms = &agreement,
				      .algorithms_count = 1};

	return card_add_pin(card, &PIN, error) && card_add_key(card, &spec, error);
}

static void
an_elliptic_curve_keys_block_is_a_point(void **state)
{
	struct fixture *fixture = *state;
	EVP_PKEY *key = EVP_EC_gen("P-384");
	uint8_t command[5 + 1 + 97] = {0x00, 0x2A, 0x80, 0x86, 98, 0x00, 0x04};

	/* fineid.md 4.11: 00, 04, X and Y of 48 bytes. */
	OPENSSL_free(fixture->image.keys[0].certificate);
	fixture_certificate(key, &fixture->image.keys[0].certificate,
			    &fixture->image.keys[0].certificate_len);
	EVP_PKEY_free(key);
	add = one_ec_key;
	fixture->personality.personalise = personalise;
	assert_true(fixture_new(fixture));
	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B803 840101", SW_OK);
	fixture_send_bytes(fixture, BYTES(command));
	assert_int_equal(fixture->result, CARD_PENDING);
	assert_int_equal(card_request(fixture->card)->input.len, 97);
}

static const uint8_t BROKEN_ATR[] = {0x3B, 0x80};

static bool
broken_atr(struct card *card, struct image_error *error)
{
	return card_set_atr(card, BYTES(BROKEN_ATR), error);
}

static bool
other_atr(struct card *card, struct image_error *error)
{
	return card_set_atr(card, BYTES(FIXTURE_ATR_T0), error) && one_key(card, error);
}

static void
a_personality_may_choose_its_atr_for_the_image(void **state)
{
	struct fixture *fixture = *state;

	assert_no_card(fixture, broken_atr, "ATR");
	add = other_atr;
	assert_true(fixture_new(fixture));
	assert_true(bytes_equal(card_atr(fixture->card), BYTES(FIXTURE_ATR_T0)));
	assert_answer(fixture, "00A40000023F00", "6106"); /* T=0 */
}

static void
a_malformed_atr_of_the_personality_is_refused(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.atr = (struct bytes)BYTES(BROKEN_ATR);
	assert_false(fixture_new(fixture));
	assert_non_null(strstr(fixture->error.text, "ATR of personality made-up"));
}

static void
an_option_that_nobody_knows_is_refused(void **state)
{
	struct fixture *fixture = *state;

	set_text(fixture->image.options, "loud quiet=yes");
	assert_false(fixture_new(fixture));
	assert_non_null(strstr(fixture->error.text, "no option \"quiet=yes\""));
	assert_non_null(strstr(fixture->error.text, "/nowhere/tested/card.conf"));
	set_text(fixture->image.options, "  loud=3  ");
	assert_true(fixture_new(fixture));
}

static void
without_options_of_its_own_a_personality_has_pin_tries_only(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.options = NULL;
	set_text(fixture->image.options, "pin-tries=3");
	assert_true(fixture_new(fixture));
	set_text(fixture->image.options, "loud");
	assert_false(fixture_new(fixture));
}

static void
pin_tries_is_1_to_15(void **state)
{
	static const char *const bad[] = {
	    "pin-tries",    "pin-tries=",   "pin-tries=0",  "pin-tries=16",
	    "pin-tries=-1", "pin-tries=2x", "pin-tries= 2", "pin-tries=99999999999999999999"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_text(fixture->image.options, bad[i]);
		assert_false(fixture_new(fixture));
		if (strcmp(bad[i], "pin-tries= 2") != 0)
			assert_non_null(strstr(fixture->error.text, "1 to 15"));
	}
}

static void
counters_come_from_the_image(void **state)
{
	struct fixture *fixture = *state;
	struct image_counter counters[2];

	set_text(fixture->image.counters[0].name, "other");
	set_text(fixture->image.counters[1].name, "pin");
	fixture->image.counters[1].tries_left = 1;
	fixture->image.counters_count = 2;
	assert_true(fixture_new(fixture));
	assert_int_equal(fixture_tries(fixture, "pin"), 1);
	assert_int_equal(fixture_tries(fixture, "puk"), 2);
	assert_int_equal(card_counters(fixture->card, counters, 2), 5);
	assert_string_equal(counters[1].name, "pin");
}

static void
handlers_see_the_state_of_pins(void **state)
{
	struct fixture *fixture = *state;
	const struct access none = {.rule = ACCESS_ANY_PIN};
	const struct access all_of_none = {.rule = ACCESS_ALL_PINS};
	bool verified;
	unsigned tries;

	fixture_verify_local(fixture);
	assert_true(card_pin_state(fixture->card, 0x01, &verified, &tries));
	assert_true(verified);
	assert_int_equal(tries, 3);
	assert_false(card_pin_state(fixture->card, 0x77, &verified, &tries));
	assert_false(card_may(fixture->card, &none));
	assert_false(card_may(fixture->card, &all_of_none));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    card_test(a_file_that_cannot_be_is_refused),
	    card_test(content_is_filled_with_zeros_and_the_mf_may_have_a_name),
	    card_test(a_pin_that_cannot_be_is_refused),
	    card_test(a_key_that_cannot_be_is_refused),
	    card_test(an_elliptic_curve_keys_block_is_a_point),
	    card_test(a_personality_may_choose_its_atr_for_the_image),
	    card_test(a_malformed_atr_of_the_personality_is_refused),
	    card_test(an_option_that_nobody_knows_is_refused),
	    card_test(without_options_of_its_own_a_personality_has_pin_tries_only),
	    card_test(pin_tries_is_1_to_15),
	    card_test(counters_come_from_the_image),
	    card_test(handlers_see_the_state_of_pins),
	};

	return cmocka_run_group_tests_name("card-builder", tests, NULL, NULL);
}
