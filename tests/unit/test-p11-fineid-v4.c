/*
 * The driver fineid against personality fineid-v4: T=0, P-384, PIN containers.
 */
#include "test-p11-card.h"

#define SERIAL "313233343536373839303132"
#define PIN1 "perustunnusluku"
#define PIN2 "allekirjoitustunnusluku"
#define PUK "aktivointitunnusluku"
#define AUTH_KEY "todentamis- ja salausavain"
#define SIGN_KEY "allekirjoitusavain"

static struct applet_card *
two_keys(const char *options)
{
	struct applet_card *applet = applet_new("fineid-v4", SERIAL, options);

	applet_add_ec_key(applet, "auth", "P-384", AUTH_PIN);
	applet_add_ec_key(applet, "sign", "P-384", SIGN_PIN);
	p11_add_authority(applet, applet_rsa(2048), "ca", applet_rsa(2048), "ca");
	applet_insert(applet);
	return applet;
}

static int
setup(void **state)
{
	*state = p11_bound(two_keys(""));
	return 0;
}

static int
setup_4_1(void **state)
{
	*state = p11_bound(two_keys("variant=4.1"));
	return 0;
}

static int
teardown(void **state)
{
	p11_free(*state);
	return 0;
}

static void
the_card_is_bound_with_its_names(void **state)
{
	struct p11_card *p11 = *state;

	assert_string_equal(smartcard_driver_name(p11->card), "fineid");
	assert_string_equal(p11->card->label, "HENKILOKORTTI");
	assert_string_equal(p11->card->serial, "123456789012");
}

static void
pins_have_their_lengths_and_the_puk(void **state)
{
	struct p11_card *p11 = *state;
	const struct smartcard_pin *pin1 = &p11->card->pins[p11_pin(p11, PIN1)];
	const struct smartcard_pin *pin2 = &p11->card->pins[p11_pin(p11, PIN2)];

	assert_int_equal(pin1->min, 4);
	assert_int_equal(pin2->min, 6);
	assert_int_equal(pin2->max, 12);
	assert_int_equal(pin1->puk, p11_pin(p11, PUK));
	assert_true(p11->card->pins[pin1->puk].unblocking);
}

static void
certificates_are_read_once_and_whole(void **state)
{
	p11_assert_certificates(*state);
}

static void
the_keys_do_ecdsa_and_the_first_agrees_too(void **state)
{
	struct p11_card *p11 = *state;
	const struct smartcard_private_key *auth = p11_able(p11, AUTH_KEY);
	const struct smartcard_private_key *sign = p11_able(p11, SIGN_KEY);

	assert_int_equal(auth->bits, 384);
	assert_true(auth->abilities.ecdsa && auth->abilities.ecdh);
	assert_true(sign->abilities.ecdsa);
	assert_false(sign->abilities.ecdh);
	assert_true(sign->user_consent);
}

static void
every_digest_is_signed(void **state)
{
	static const enum digest digests[] = {DIGEST_SHA1, DIGEST_SHA224, DIGEST_SHA256,
					      DIGEST_SHA384, DIGEST_SHA512};
	struct p11_card *p11 = *state;

	p11_verify(p11, PIN1, AUTH_PIN);
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_ECDSA, digests[i]);
}

static void
a_hash_of_no_digests_length_is_signed(void **state)
{
	struct p11_card *p11 = *state;
	const size_t key = p11_key(p11, AUTH_KEY);
	uint8_t data[SMARTCARD_OUTPUT_MAX];
	EVP_PKEY *public = p11_public_key(p11, key);

	p11_verify(p11, PIN1, AUTH_PIN);
	for (size_t len = 1; len <= DIGEST_LEN_MAX; len += 9) {
		struct writer signature = writer_to(data, sizeof(data));

		assert_int_equal(smartcard_use_key(p11->card, key, SMARTCARD_SIGN_ECDSA,
						   DIGEST_SHA1, p11_hash(len), &signature),
				 SMARTCARD_OK);
		assert_int_equal(signature.len, 96);
		assert_true(p11_is_signature(public, 0, DIGEST_SHA1, p11_hash(len),
					     writer_bytes(&signature)));
	}
	EVP_PKEY_free(public);
}

static void
the_signature_key_wants_its_pin_for_each_signature(void **state)
{
	struct p11_card *p11 = *state;
	const size_t key = p11_key(p11, SIGN_KEY);
	uint8_t data[SMARTCARD_OUTPUT_MAX];
	struct writer output = writer_to(data, sizeof(data));

	p11_verify(p11, PIN2, SIGN_PIN);
	p11_assert_signs(p11, key, SMARTCARD_SIGN_ECDSA, DIGEST_SHA384);
	assert_int_equal(smartcard_use_key(p11->card, key, SMARTCARD_SIGN_ECDSA, DIGEST_SHA384,
					   p11_hash(48), &output),
			 SMARTCARD_NOT_VERIFIED);
}

/* SEC 1 3.3.1: both sides come to the same X. */
static void
a_secret_is_agreed_on(void **state)
{
	struct p11_card *p11 = *state;
	const size_t key = p11_key(p11, AUTH_KEY);
	EVP_PKEY *public = p11_public_key(p11, key), *other = EVP_EC_gen("P-384");
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(other, NULL);
	uint8_t point[97], ours[48], data[SMARTCARD_OUTPUT_MAX];
	struct writer theirs = writer_to(data, sizeof(data));
	size_t point_len = 0, ours_len = sizeof(ours);

	assert_int_equal(
	    EVP_PKEY_get_octet_string_param(other, "pub", point, sizeof(point), &point_len), 1);
	assert_int_equal(EVP_PKEY_derive_init(context), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(context, public), 1);
	assert_int_equal(EVP_PKEY_derive(context, ours, &ours_len), 1);
	p11_verify(p11, PIN1, AUTH_PIN);
	assert_int_equal(smartcard_use_key(p11->card, key, SMARTCARD_DERIVE_ECDH, DIGEST_SHA1,
					   (struct bytes){point, point_len}, &theirs),
			 SMARTCARD_OK);
	assert_true(bytes_equal(writer_bytes(&theirs), BYTES(ours)));
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(public);
	EVP_PKEY_free(other);
}

static void
a_point_of_another_length_is_not_sent(void **state)
{
	struct p11_card *p11 = *state;
	const uint8_t point[65] = {0x04};
	uint8_t data[SMARTCARD_OUTPUT_MAX];
	struct writer output = writer_to(data, sizeof(data));
	const unsigned before = p11->commands;

	assert_int_equal(smartcard_use_key(p11->card, p11_key(p11, AUTH_KEY), SMARTCARD_DERIVE_ECDH,
					   DIGEST_SHA1, BYTES(point), &output),
			 SMARTCARD_BAD_INPUT);
	assert_int_equal(p11->commands, before);
}

static void
what_the_key_cannot_do_is_not_sent(void **state)
{
	struct p11_card *p11 = *state;
	uint8_t data[SMARTCARD_OUTPUT_MAX];
	struct writer output = writer_to(data, sizeof(data));
	const unsigned before = p11->commands;

	assert_int_equal(smartcard_use_key(p11->card, p11_key(p11, SIGN_KEY), SMARTCARD_DERIVE_ECDH,
					   DIGEST_SHA1, p11_hash(48), &output),
			 SMARTCARD_UNSUPPORTED);
	assert_int_equal(p11->commands, before);
}

static void
the_counter_of_the_puk_is_read(void **state)
{
	struct p11_card *p11 = *state;
	struct smartcard_pin_state puk;

	assert_int_equal(
	    smartcard_unblock(p11->card, p11_pin(p11, PIN1), PIN("87654321"), PIN("765432")),
	    SMARTCARD_PIN_WRONG);
	assert_int_equal(smartcard_pin_state(p11->card, p11_pin(p11, PUK), &puk), SMARTCARD_OK);
	assert_true(puk.known);
	assert_int_equal(puk.tries_left, 4);
}

static void
a_wrong_pin_is_counted_blocks_and_is_unblocked(void **state)
{
	p11_assert_pin_life(*state, PIN2, SIGN_PIN, 5);
}

static void
the_pin_is_changed(void **state)
{
	p11_assert_pin_changes(*state, PIN1, AUTH_PIN);
}

static void
a_pin_of_a_wrong_length_or_form_is_not_sent(void **state)
{
	struct p11_card *p11 = *state;
	const size_t pin = p11_pin(p11, PIN2);
	const unsigned before = p11->commands;

	assert_int_equal(smartcard_verify(p11->card, pin, PIN("12345")), SMARTCARD_PIN_LENGTH);
	assert_int_equal(smartcard_verify(p11->card, pin, PIN("1234567890123")),
			 SMARTCARD_PIN_LENGTH);
	assert_int_equal(smartcard_verify(p11->card, pin, PIN("12345a")), SMARTCARD_PIN_INVALID);
	assert_int_equal(p11->commands, before);
}

static void
after_the_logout_the_key_is_closed(void **state)
{
	struct p11_card *p11 = *state;
	uint8_t data[SMARTCARD_OUTPUT_MAX];
	struct writer output = writer_to(data, sizeof(data));

	p11_verify(p11, PIN1, AUTH_PIN);
	assert_int_equal(smartcard_logout(p11->card), SMARTCARD_OK);
	assert_int_equal(smartcard_use_key(p11->card, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_ECDSA,
					   DIGEST_SHA384, p11_hash(48), &output),
			 SMARTCARD_NOT_VERIFIED);
}

/* As when another program has used the travel document: nothing of ours is known until the application
 * is selected by name. */
static uint16_t elsewhere_sw;
static bool elsewhere;

static enum channel_result
after_another_application(void *context, struct bytes command, struct writer *response)
{
	static const uint8_t by_name[] = {0x00, 0xA4, 0x04};

	if (command.len > sizeof(by_name) && memcmp(command.data, by_name, sizeof(by_name)) == 0)
		elsewhere = false;
	if (elsewhere) {
		writer_u16(response, elsewhere_sw);
		return CHANNEL_OK;
	}
	return p11_transmit(context, command, response);
}

static void
an_application_that_others_left_is_selected_again(void **state)
{
	static const uint16_t words[] = {0x6A82, 0x6D00, 0x6E00, 0x6982, 0x6A88};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct p11_card *p11 = p11_over(two_keys(""));
		uint8_t data[SMARTCARD_OUTPUT_MAX];
		struct writer output = writer_to(data, sizeof(data));

		p11->channel.transmit = after_another_application;
		elsewhere_sw = words[i];
		elsewhere = true;
		assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
		smartcard_lost_place(p11->card);
		elsewhere = true;
		p11_verify(p11, PIN1, AUTH_PIN);
		p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_ECDSA, DIGEST_SHA384);
		smartcard_lost_place(p11->card);
		elsewhere = true;
		assert_int_equal(smartcard_use_key(p11->card, p11_key(p11, AUTH_KEY),
						   SMARTCARD_SIGN_ECDSA, DIGEST_SHA384,
						   p11_hash(48), &output),
				 SMARTCARD_NOT_VERIFIED);
		p11_free(p11);
	}
}

static void
a_login_lasts_from_transaction_to_transaction(void **state)
{
	struct p11_card *p11 = *state;

	p11_verify(p11, PIN1, AUTH_PIN);
	smartcard_lost_place(p11->card);
	p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_ECDSA, DIGEST_SHA384);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_card_is_bound_with_its_names),
	    TEST(pins_have_their_lengths_and_the_puk),
	    TEST(certificates_are_read_once_and_whole),
	    cmocka_unit_test_setup_teardown(the_card_is_bound_with_its_names, setup_4_1, teardown),
	    TEST(the_keys_do_ecdsa_and_the_first_agrees_too),
	    TEST(every_digest_is_signed),
	    TEST(a_hash_of_no_digests_length_is_signed),
	    TEST(the_signature_key_wants_its_pin_for_each_signature),
	    TEST(a_secret_is_agreed_on),
	    TEST(a_point_of_another_length_is_not_sent),
	    TEST(what_the_key_cannot_do_is_not_sent),
	    TEST(the_counter_of_the_puk_is_read),
	    TEST(a_wrong_pin_is_counted_blocks_and_is_unblocked),
	    TEST(the_pin_is_changed),
	    TEST(a_pin_of_a_wrong_length_or_form_is_not_sent),
	    TEST(after_the_logout_the_key_is_closed),
	    cmocka_unit_test(an_application_that_others_left_is_selected_again),
	    TEST(a_login_lasts_from_transaction_to_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
