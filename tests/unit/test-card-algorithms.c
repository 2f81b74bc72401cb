/*
 * Keys that do more than RSA PKCS #1 v1.5, on the made-up personality: key auth is of P-256 here,
 * key once of RSA with PSS and OAEP, key sign stays at its service.
 */
#include "emulator/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card-fixture.h"

enum { POINT_LEN = 65 };

static const struct algorithm ALGORITHMS[] = {
    FIXTURE_SIGN(0x42, SOURCE_HASH, INPUT_DIGEST, KEY_SIGN_PKCS1, DIGEST_SHA256),
    FIXTURE_SIGN(0x44, SOURCE_HASH, INPUT_DIGEST_BARE, KEY_SIGN_ECDSA, DIGEST_SHA256),
    FIXTURE_SIGN(0x54, SOURCE_HASH, INPUT_DIGEST_BARE, KEY_SIGN_ECDSA, DIGEST_SHA384),
    FIXTURE_SIGN(0x45, SOURCE_HASH, INPUT_DIGEST_BARE, KEY_SIGN_PSS, DIGEST_SHA256),
    FIXTURE_SIGN(0x05, SOURCE_HASH, INPUT_DIGEST_BARE, KEY_SIGN_PSS, DIGEST_SHA256),
    FIXTURE_SIGN(0x05, SOURCE_HASH, INPUT_DIGEST_BARE, KEY_SIGN_PSS, DIGEST_SHA384),
    FIXTURE_SIGN(0x48, SOURCE_HASH, INPUT_DIGEST, KEY_SIGN_PKCS1, DIGEST_SHA256),
    FIXTURE_SIGN(0x48, SOURCE_HASH, INPUT_DIGEST_BARE, KEY_SIGN_ECDSA, DIGEST_SHA256),
    FIXTURE_SIGN(0x49, SOURCE_HASH, INPUT_DIGEST, KEY_SIGN_PKCS1, DIGEST_SHA384),
    FIXTURE_SIGN(0x49, SOURCE_HASH, INPUT_DIGEST_BARE, KEY_SIGN_PSS, DIGEST_SHA256),
    FIXTURE_SIGN(0x65, SOURCE_COMMAND, INPUT_DIGEST_BARE, KEY_SIGN_PSS, DIGEST_SHA512),
    {.se = SE_CT,
     .reference = 0x5D,
     .operation = KEY_DECIPHER_OAEP,
     .input = INPUT_CRYPTOGRAM,
     .digest = DIGEST_SHA384},
    {.se = SE_CT, .unnamed = true, .operation = KEY_DERIVE_ECDH, .input = INPUT_CRYPTOGRAM},
};

static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	(void)image;
	for (size_t i = 0; i < sizeof(FIXTURE_PINS) / sizeof(FIXTURE_PINS[0]); i++)
		if (!card_add_pin(card, &FIXTURE_PINS[i], error))
			return false;
	for (size_t i = 0; i < sizeof(FIXTURE_KEYS) / sizeof(FIXTURE_KEYS[0]); i++) {
		struct key_spec spec = FIXTURE_KEYS[i];

		spec.algorithms = ALGORITHMS;
		spec.algorithms_count = sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]);
		if (!card_add_key(card, &spec, error))
			return false;
	}
	return true;
}

static int
set_up(void **state)
{
	struct fixture *fixture = malloc(sizeof(*fixture));
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct image_key *auth;

	assert_non_null(fixture);
	assert_non_null(key);
	fixture_init(fixture);
	auth = &fixture->image.keys[0];
	OPENSSL_free(auth->certificate);
	fixture_certificate(key, &auth->certificate, &auth->certificate_len);
	EVP_PKEY_free(key);
	fixture->personality.personalise = personalise;
	assert_true(fixture_new(fixture));
	*state = fixture;
	return 0;
}

static void
verify_once(struct fixture *fixture)
{
	assert_request(fixture, VERIFY_ONCE, KEY_PIN_VERIFY);
	assert_resumed(fixture, SW_OK, SW_OK);
}

#define HASH_SHA384                                                                        \
	"002A90A032 9030 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F" \
	"202122232425262728292A2B2C2D2E2F"

/* fineid.md 4.9, 4.10: the loaded hash goes to the key as it is, longer than its field or not. */
static void
ecdsa_gets_the_loaded_hash(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800154 840101", SW_OK);
	assert_sw(fixture, HASH_SHA384, SW_OK);
	assert_request(fixture, "002A9E9A40", KEY_SIGN_ECDSA);
	assert_bytes_hex(card_request(fixture->card)->input,
			 "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
			 "202122232425262728292A2B2C2D2E2F");
}

static void
an_ecdsa_signature_is_answered_as_it_came(void **state)
{
	struct fixture *fixture = *state;
	static const uint8_t signature[64] = {0x00, 0x77};

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800144 840101", SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_request(fixture, "002A9E9A40", KEY_SIGN_ECDSA);
	fixture_resume(fixture, SW_OK, BYTES(signature));
	assert_int_equal(fixture_sw(fixture), SW_OK);
	assert_int_equal(fixture->response_len, sizeof(signature) + 2);
	assert_memory_equal(fixture->response, signature, sizeof(signature));
}

/* fineid.md 4.9 */
static void
a_hash_of_another_algorithm_is_not_loaded(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002241B606 800144 840101", SW_OK);
	assert_sw(fixture, HASH_SHA384, SW_INCORRECT_DATA);
}

static void
pss_gets_the_algorithms_digest(void **state)
{
	struct fixture *fixture = *state;

	verify_once(fixture);
	assert_sw(fixture, "002241B606 800145 840103", SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PSS);
	assert_int_equal(card_request(fixture->card)->digest, DIGEST_SHA256);
	assert_bytes_hex(card_request(fixture->card)->input,
			 "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
}

/* personality.h: rows of one template and reference are one algorithm */
static void
the_length_of_the_hash_chooses_among_rows_of_one_reference(void **state)
{
	struct fixture *fixture = *state;

	verify_once(fixture);
	assert_sw(fixture, "002241B606 800105 840103", SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_sw(fixture, HASH_SHA384, SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PSS);
	assert_int_equal(card_request(fixture->card)->digest, DIGEST_SHA384);
}

static void
a_bare_hash_in_the_command_has_the_digests_length(void **state)
{
	struct fixture *fixture = *state;
	uint8_t command[5 + 64] = {0x00, 0x2A, 0x9E, 0x9A, 0x40};

	verify_once(fixture);
	assert_sw(fixture, "002241B606 800165 840103", SW_OK);
	assert_sw(fixture, "002A9E9A023031", SW_WRONG_LENGTH);
	fixture_send_bytes(fixture, BYTES(command));
	assert_int_equal(fixture->result, CARD_PENDING);
	assert_int_equal(card_request(fixture->card)->operation, KEY_SIGN_PSS);
	assert_int_equal(card_request(fixture->card)->digest, DIGEST_SHA512);
}

static void
oaep_gets_the_algorithms_digest(void **state)
{
	struct fixture *fixture = *state;
	uint8_t command[5 + 1 + FIXTURE_BLOCK] = {0x00, 0x2A, 0x80, 0x86, FIXTURE_BLOCK + 1, 0x81};

	verify_once(fixture);
	assert_sw(fixture, "002241B806 80015D 840103", SW_OK);
	fixture_send_bytes(fixture, BYTES(command));
	assert_int_equal(fixture->result, CARD_PENDING);
	assert_int_equal(card_request(fixture->card)->operation, KEY_DECIPHER_OAEP);
	assert_int_equal(card_request(fixture->card)->digest, DIGEST_SHA384);
	assert_int_equal(card_request(fixture->card)->input.len, FIXTURE_BLOCK);
}

/* fineid.md 4.11: MSE without an algorithm, then the indicator and 04 || X || Y. */
static void
key_agreement_gets_the_point_and_answers_x(void **state)
{
	struct fixture *fixture = *state;
	uint8_t command[5 + 1 + POINT_LEN + 1] = {0x00,          0x2A, 0x80, 0x86,
						  POINT_LEN + 1, 0x00, 0x04, 0x77};
	static const uint8_t x[32] = {0x55};

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B803 840101", SW_OK);
	fixture_send_bytes(fixture, BYTES(command));
	assert_int_equal(fixture->result, CARD_PENDING);
	assert_int_equal(card_request(fixture->card)->operation, KEY_DERIVE_ECDH);
	assert_int_equal(card_request(fixture->card)->input.len, POINT_LEN);
	assert_memory_equal(card_request(fixture->card)->input.data, command + 6, POINT_LEN);
	fixture_resume(fixture, SW_OK, BYTES(x));
	assert_int_equal(fixture_sw(fixture), SW_OK);
	assert_int_equal(fixture->response_len, sizeof(x) + 2);
}

static void
a_point_of_another_length_is_6700(void **state)
{
	struct fixture *fixture = *state;
	uint8_t command[5 + 1 + POINT_LEN] = {0x00, 0x2A, 0x80, 0x86, POINT_LEN, 0x00, 0x04};

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B803 840101", SW_OK);
	fixture_send_bytes(fixture, BYTES(command)); /* one byte short */
	assert_int_equal(fixture_sw(fixture), SW_WRONG_LENGTH);
}

static void
key_agreement_needs_the_pin(void **state)
{
	struct fixture *fixture = *state;
	uint8_t command[5 + 1 + POINT_LEN] = {0x00, 0x2A, 0x80, 0x86, POINT_LEN + 1, 0x00, 0x04};

	assert_sw(fixture, "002241B803 840101", SW_OK);
	fixture_send_bytes(fixture, BYTES(command));
	assert_int_equal(fixture_sw(fixture), SW_SECURITY_STATUS);
}

static void
a_remote_key_refuses_them_at_mse(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002241B606 800142 840102", SW_OK);
	assert_sw(fixture, "002241B606 800144 840102", SW_INCORRECT_DATA);
	assert_sw(fixture, "002241B606 800145 840102", SW_INCORRECT_DATA);
	assert_sw(fixture, "002241B806 80015D 840102", SW_INCORRECT_DATA);
	assert_sw(fixture, "002241B803 840102", SW_INCORRECT_DATA);
}

static void
the_length_chooses_only_among_rows_of_the_keys_kind(void **state)
{
	struct fixture *fixture = *state;

	fixture_verify_local(fixture);
	assert_sw(fixture, "002241B606 800148 840101", SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_ECDSA);
}

/* What a hash chose ends with it: the card hashes by the algorithm that MSE SET named. */
static void
the_choice_of_one_hash_is_not_that_of_the_next(void **state)
{
	struct fixture *fixture = *state;

	fixture->personality.rules.hash |= HASH_CONTINUED;
	verify_once(fixture);
	assert_sw(fixture, "002241B606 800105 840103", SW_OK);
	assert_sw(fixture, HASH_SHA384, SW_OK);
	assert_sw(fixture, "002A90A007 9000 8003 616263", SW_OK);
	assert_request(fixture, "002A9E9A00", KEY_SIGN_PSS);
	assert_int_equal(card_request(fixture->card)->digest, DIGEST_SHA256);
	/* FIPS 180-4, the example "abc" */
	assert_bytes_hex(card_request(fixture->card)->input,
			 "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
}

/* A service would be asked for PSS, which it cannot do. */
static void
the_length_chooses_only_among_rows_of_a_service_for_its_key(void **state)
{
	struct fixture *fixture = *state;

	assert_sw(fixture, "002241B606 800149 840102", SW_OK);
	assert_sw(fixture, HASH_SHA256, SW_INCORRECT_DATA);
}

#define algorithm_test(function) cmocka_unit_test_setup_teardown(function, set_up, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    algorithm_test(ecdsa_gets_the_loaded_hash),
	    algorithm_test(an_ecdsa_signature_is_answered_as_it_came),
	    algorithm_test(a_hash_of_another_algorithm_is_not_loaded),
	    algorithm_test(pss_gets_the_algorithms_digest),
	    algorithm_test(the_length_of_the_hash_chooses_among_rows_of_one_reference),
	    algorithm_test(the_length_chooses_only_among_rows_of_the_keys_kind),
	    algorithm_test(the_length_chooses_only_among_rows_of_a_service_for_its_key),
	    algorithm_test(the_choice_of_one_hash_is_not_that_of_the_next),
	    algorithm_test(a_bare_hash_in_the_command_has_the_digests_length),
	    algorithm_test(oaep_gets_the_algorithms_digest),
	    algorithm_test(key_agreement_gets_the_point_and_answers_x),
	    algorithm_test(a_point_of_another_length_is_6700),
	    algorithm_test(key_agreement_needs_the_pin),
	    algorithm_test(a_remote_key_refuses_them_at_mse),
	};

	return cmocka_run_group_tests_name("card-algorithms", tests, NULL, NULL);
}
