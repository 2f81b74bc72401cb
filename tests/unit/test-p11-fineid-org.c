/*
 * The driver fineid against personality fineid-org: PINs as typed, the hash inside the signature's
 * command, a PUK that is verified, an ATR that IAS-ECC cards have too.
 */
#include "test-p11-card.h"

#define SERIAL "313233343536373839303132"
#define PIN1 "perustunnusluku"
#define PIN2 "allekirjoitustunnusluku"
#define AUTH_KEY "todentamis- ja salausavain"
#define SIGN_KEY "allekirjoitusavain"

static struct applet_card *
two_keys(const char *options)
{
	struct applet_card *applet = applet_new("fineid-org", SERIAL, options);

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_ec_key(applet, "sign", "P-384", SIGN_PIN);
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
teardown(void **state)
{
	p11_free(*state);
	return 0;
}

static void
the_card_of_each_maker_is_bound_and_read(void **state)
{
	static const char *const variants[] = {"citiz", "cosmo-7", "cosmo-x"};

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		char option[32];
		struct p11_card *p11;

		snprintf(option, sizeof(option), "variant=%s", variants[i]);
		p11 = p11_bound(two_keys(option));
		assert_string_equal(smartcard_driver_name(p11->card), "fineid");
		assert_int_equal(p11->card->pins[p11_pin(p11, PIN1)].stored, 0);
		p11_assert_certificates(p11);
		p11_free(p11);
	}
}

static void
over_t1_the_card_is_the_same(void **state)
{
	struct p11_card *p11 = p11_over(two_keys(""));

	(void)state;
	card_set_protocol(p11->applet->card, 1);
	p11->channel.t0 = false;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	p11_assert_certificates(p11);
	p11_verify(p11, PIN1, AUTH_PIN);
	p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PSS, DIGEST_SHA256);
	p11_free(p11);
}

static void
the_keys_sign_in_each_scheme_they_have(void **state)
{
	struct p11_card *p11 = *state;
	const size_t key = p11_key(p11, AUTH_KEY);
	const struct smartcard_abilities *abilities = &p11_able(p11, AUTH_KEY)->abilities;

	p11_verify(p11, PIN1, AUTH_PIN);
	for (enum digest digest = 0; digest < DIGEST_COUNT; digest++) {
		if ((abilities->pkcs1 & SMARTCARD_DIGEST(digest)) != 0)
			p11_assert_signs(p11, key, SMARTCARD_SIGN_PKCS1, digest);
		if ((abilities->pss & SMARTCARD_DIGEST(digest)) != 0)
			p11_assert_signs(p11, key, SMARTCARD_SIGN_PSS, digest);
	}
	p11_verify(p11, PIN2, SIGN_PIN);
	p11_assert_signs(p11, p11_key(p11, SIGN_KEY), SMARTCARD_SIGN_ECDSA, DIGEST_SHA384);
}

static void
the_key_deciphers(void **state)
{
	struct p11_card *p11 = *state;

	p11_verify(p11, PIN1, AUTH_PIN);
	p11_assert_deciphers(p11, p11_key(p11, AUTH_KEY), SMARTCARD_DECIPHER_PKCS1,
			     RSA_PKCS1_PADDING, DIGEST_SHA1);
	p11_assert_deciphers(p11, p11_key(p11, AUTH_KEY), SMARTCARD_DECIPHER_OAEP,
			     RSA_PKCS1_OAEP_PADDING, DIGEST_SHA256);
}

static void
a_wrong_pin_is_counted_blocks_and_is_unblocked(void **state)
{
	p11_assert_pin_life(*state, PIN1, AUTH_PIN, 5);
}

static void
the_pin_is_changed(void **state)
{
	p11_assert_pin_changes(*state, PIN2, SIGN_PIN);
}

static void
after_the_logout_the_key_is_closed(void **state)
{
	struct p11_card *p11 = *state;
	struct smartcard_pin_state pin;

	p11_verify(p11, PIN1, AUTH_PIN);
	assert_int_equal(smartcard_logout(p11->card), SMARTCARD_OK);
	assert_int_equal(smartcard_pin_state(p11->card, p11_pin(p11, PIN1), &pin), SMARTCARD_OK);
	assert_false(pin.verified);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_card_of_each_maker_is_bound_and_read),
	    cmocka_unit_test(over_t1_the_card_is_the_same),
	    TEST(the_keys_sign_in_each_scheme_they_have),
	    TEST(the_key_deciphers),
	    TEST(a_wrong_pin_is_counted_blocks_and_is_unblocked),
	    TEST(the_pin_is_changed),
	    TEST(after_the_logout_the_key_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
