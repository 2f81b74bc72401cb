/*
 * The driver cc against personality cc-v2: no directory files, P-256 and P-384.
 */
#include "test-p11-card.h"

#define SERIAL "990000000101000F"
#define PIN_AUTH "PIN da Autenticação"
#define PIN_SIGN "PIN da Assinatura"
#define AUTH_KEY "CITIZEN AUTHENTICATION KEY"
#define SIGN_KEY "CITIZEN SIGNATURE KEY"

static struct applet_card *
two_keys(void)
{
	struct applet_card *applet = applet_new("cc-v2", SERIAL, "");

	applet_add_ec_key(applet, "auth", "P-256", AUTH_PIN);
	applet_add_ec_key(applet, "sign", "P-384", SIGN_PIN);
	applet_insert(applet);
	return applet;
}

static int
setup(void **state)
{
	*state = p11_bound(two_keys());
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

	assert_string_equal(smartcard_driver_name(p11->card), "cc");
	assert_string_equal(p11->card->label, "CARTAO DE CIDADAO");
	assert_string_equal(p11->card->serial, SERIAL);
}

static void
certificates_are_read_once_and_whole(void **state)
{
	p11_assert_certificates(*state);
}

static void
a_key_that_is_not_there_is_not_listed(void **state)
{
	struct applet_card *applet = applet_new("cc-v2", SERIAL, "");
	struct p11_card *p11;

	(void)state;
	applet_add_ec_key(applet, "sign", "P-256", SIGN_PIN);
	applet_insert(applet);
	p11 = p11_bound(applet);
	assert_int_equal(p11->card->private_keys_count, 1);
	assert_int_equal(p11->card->pins_count, 1);
	assert_string_equal(p11->card->private_keys[0].object.common.label, SIGN_KEY);
	p11_free(p11);
}

static void
the_size_of_a_key_is_its_certificates(void **state)
{
	struct p11_card *p11 = *state;

	assert_int_equal(p11_able(p11, AUTH_KEY)->bits, 256);
	assert_int_equal(p11_able(p11, SIGN_KEY)->bits, 384);
}

static void
each_key_signs_each_digest(void **state)
{
	static const enum digest digests[] = {DIGEST_SHA1, DIGEST_SHA224, DIGEST_SHA256,
					      DIGEST_SHA384, DIGEST_SHA512};
	struct p11_card *p11 = *state;

	p11_verify(p11, PIN_AUTH, AUTH_PIN);
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_ECDSA, digests[i]);
		p11_verify(p11, PIN_SIGN, SIGN_PIN);
		p11_assert_signs(p11, p11_key(p11, SIGN_KEY), SMARTCARD_SIGN_ECDSA, digests[i]);
	}
}

static void
after_a_signature_its_pin_is_dropped_and_the_other_not(void **state)
{
	struct p11_card *p11 = *state;
	struct smartcard_pin_state auth, sign;

	p11_verify(p11, PIN_AUTH, AUTH_PIN);
	p11_verify(p11, PIN_SIGN, SIGN_PIN);
	p11_assert_signs(p11, p11_key(p11, SIGN_KEY), SMARTCARD_SIGN_ECDSA, DIGEST_SHA384);
	assert_int_equal(smartcard_pin_state(p11->card, p11_pin(p11, PIN_AUTH), &auth),
			 SMARTCARD_OK);
	assert_int_equal(smartcard_pin_state(p11->card, p11_pin(p11, PIN_SIGN), &sign),
			 SMARTCARD_OK);
	assert_true(auth.verified);
	assert_false(sign.verified);
}

static void
a_wrong_pin_is_counted_blocks_and_is_unblocked(void **state)
{
	p11_assert_pin_life(*state, PIN_SIGN, SIGN_PIN, 3);
}

static void
the_pin_is_changed(void **state)
{
	p11_assert_pin_changes(*state, PIN_AUTH, AUTH_PIN);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_card_is_bound_with_its_names),
	    TEST(certificates_are_read_once_and_whole),
	    cmocka_unit_test(a_key_that_is_not_there_is_not_listed),
	    TEST(the_size_of_a_key_is_its_certificates),
	    TEST(each_key_signs_each_digest),
	    TEST(after_a_signature_its_pin_is_dropped_and_the_other_not),
	    TEST(a_wrong_pin_is_counted_blocks_and_is_unblocked),
	    TEST(the_pin_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
