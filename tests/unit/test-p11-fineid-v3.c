/*
 * The driver fineid against personality fineid-v3: RSA keys whose hash is loaded, a second key for
 * signatures on P-256 under the same PIN.
 */
#include "test-p11-card.h"

#define SERIAL "313233343536373839303132"
#define PIN1 "perustunnusluku"
#define PIN2 "allekirjoitustunnusluku"
#define AUTH_KEY "todentamis- ja salausavain"
#define SIGN_KEY "allekirjoitusavain"
#define SIGN2_KEY "allekirjoitusavain 2"

static struct applet_card *
three_keys(const char *options)
{
	struct applet_card *applet = applet_new("fineid-v3", SERIAL, options);

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(applet, "sign", IMAGE_SERVICE_FILE, 3072, SIGN_PIN);
	applet_add_ec_key(applet, "sign2", "P-256", SIGN_PIN);
	applet_insert(applet);
	return applet;
}

static int
setup(void **state)
{
	*state = p11_bound(three_keys(""));
	return 0;
}

static int
setup_3_0(void **state)
{
	*state = p11_bound(three_keys("variant=3.0"));
	return 0;
}

static int
teardown(void **state)
{
	p11_free(*state);
	return 0;
}

static void
the_card_is_bound_and_its_certificates_read(void **state)
{
	struct p11_card *p11 = *state;

	assert_string_equal(smartcard_driver_name(p11->card), "fineid");
	assert_int_equal(p11->card->private_keys_count, 3);
	assert_int_equal(p11->card->pins_count, 3);
	p11_assert_certificates(p11);
}

static void
keys_do_what_the_card_names(void **state)
{
	enum {
		NAMED = SMARTCARD_DIGEST(DIGEST_SHA256) | SMARTCARD_DIGEST(DIGEST_SHA384) |
			SMARTCARD_DIGEST(DIGEST_SHA512),
		WITH_SHA1 = NAMED | SMARTCARD_DIGEST(DIGEST_SHA1)
	};
	struct p11_card *p11 = *state;
	const struct smartcard_abilities *auth = &p11_able(p11, AUTH_KEY)->abilities;
	const struct smartcard_abilities *sign = &p11_able(p11, SIGN_KEY)->abilities;
	const struct smartcard_abilities *sign2 = &p11_able(p11, SIGN2_KEY)->abilities;

	assert_false(auth->pkcs1_any || auth->sign_raw || auth->decipher_raw);
	assert_int_equal(auth->pkcs1, WITH_SHA1);
	assert_int_equal(auth->pss, NAMED);
	assert_int_equal(auth->oaep, WITH_SHA1);
	assert_true(auth->decipher_pkcs1);
	assert_int_equal(sign->pkcs1, WITH_SHA1);
	assert_int_equal(sign->oaep, 0);
	assert_false(sign->decipher_pkcs1);
	assert_true(sign2->ecdsa);
	assert_false(sign2->ecdh || sign2->pkcs1 != 0);
}

static void
a_key_at_a_service_does_pkcs1_only(void **state)
{
	struct applet_card *applet = applet_new("fineid-v3", SERIAL, "");
	struct p11_card *p11;

	(void)state;
	applet_add_key(applet, "auth", "cmd", 3072, AUTH_PIN);
	applet_insert(applet);
	p11 = p11_bound(applet);
	assert_int_not_equal(p11_able(p11, AUTH_KEY)->abilities.pkcs1, 0);
	assert_int_equal(p11_able(p11, AUTH_KEY)->abilities.pss, 0);
	assert_false(p11_able(p11, AUTH_KEY)->abilities.decipher_pkcs1);
	p11_free(p11);
}

static void
the_key_signs_in_each_scheme_it_has(void **state)
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
}

static void
the_key_deciphers_in_each_scheme_it_has(void **state)
{
	struct p11_card *p11 = *state;
	const size_t key = p11_key(p11, AUTH_KEY);
	const struct smartcard_abilities *abilities = &p11_able(p11, AUTH_KEY)->abilities;

	p11_verify(p11, PIN1, AUTH_PIN);
	p11_assert_deciphers(p11, key, SMARTCARD_DECIPHER_PKCS1, RSA_PKCS1_PADDING, DIGEST_SHA1);
	for (enum digest digest = 0; digest < DIGEST_COUNT; digest++)
		if ((abilities->oaep & SMARTCARD_DIGEST(digest)) != 0)
			p11_assert_deciphers(p11, key, SMARTCARD_DECIPHER_OAEP,
					     RSA_PKCS1_OAEP_PADDING, digest);
}

static void
both_keys_of_pin2_sign_after_a_verification_each(void **state)
{
	struct p11_card *p11 = *state;

	p11_verify(p11, PIN2, SIGN_PIN);
	p11_assert_signs(p11, p11_key(p11, SIGN_KEY), SMARTCARD_SIGN_PSS, DIGEST_SHA256);
	p11_verify(p11, PIN2, SIGN_PIN);
	p11_assert_signs(p11, p11_key(p11, SIGN2_KEY), SMARTCARD_SIGN_ECDSA, DIGEST_SHA256);
	p11_verify(p11, PIN2, SIGN_PIN);
	p11_assert_signs(p11, p11_key(p11, SIGN2_KEY), SMARTCARD_SIGN_ECDSA, DIGEST_SHA512);
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

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_card_is_bound_and_its_certificates_read),
	    cmocka_unit_test_setup_teardown(the_card_is_bound_and_its_certificates_read, setup_3_0,
					    teardown),
	    TEST(keys_do_what_the_card_names),
	    cmocka_unit_test(a_key_at_a_service_does_pkcs1_only),
	    TEST(the_key_signs_in_each_scheme_it_has),
	    TEST(the_key_deciphers_in_each_scheme_it_has),
	    TEST(both_keys_of_pin2_sign_after_a_verification_each),
	    TEST(a_wrong_pin_is_counted_blocks_and_is_unblocked),
	    TEST(the_pin_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
