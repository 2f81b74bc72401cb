/*
 * The driver pkcs15: cards of ours whose ATR says nothing, so that only their directory files speak.
 */
#include "test-p11-card.h"

#define SERIAL "98765432101234567890"
#define PIN1 "perustunnusluku"
#define AUTH_KEY "todentamis- ja salausavain"

/* No historical bytes; T=0 and T=1. */
static const uint8_t ATR_T0[] = {0x3B, 0x00};
static const uint8_t ATR_T1[] = {0x3B, 0x80, 0x01, 0x81};
/* Card service data A8: EF.DIR is there and is read by READ BINARY. */
static const uint8_t ATR_DIR[] = {0x3B, 0x83, 0x01, 0x80, 0x31, 0xA8, 0x9B};

static struct p11_card *
unnamed(struct applet_card *applet, struct bytes atr)
{
	struct p11_card *p11 = p11_over(applet);

	p11->channel.atr = atr;
	return p11;
}

static struct applet_card *
fineid(void)
{
	struct applet_card *applet = applet_new("fineid-v2", SERIAL, "");

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(applet, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	applet_insert(applet);
	return applet;
}

static struct applet_card *
iasecc(void)
{
	struct applet_card *applet = applet_new("iasecc", "990000000101000F", "");

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_insert(applet);
	return applet;
}

static void
an_application_that_is_selected_by_name_is_bound(void **state)
{
	struct p11_card *p11 = unnamed(fineid(), BYTES(ATR_T0));

	(void)state;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	assert_string_equal(smartcard_driver_name(p11->card), "pkcs15");
	assert_string_equal(p11->card->label, "HENKILOKORTTI");
	p11_assert_certificates(p11);
	p11_free(p11);
}

static void
an_application_of_ef_dir_is_bound(void **state)
{
	struct p11_card *p11 = unnamed(iasecc(), BYTES(ATR_DIR));

	(void)state;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	assert_string_equal(smartcard_driver_name(p11->card), "pkcs15");
	assert_string_equal(p11->card->label, "ECC eID");
	p11_assert_certificates(p11);
	p11_free(p11);
}

static void
its_keys_do_what_its_algorithms_name(void **state)
{
	struct p11_card *p11 = unnamed(fineid(), BYTES(ATR_T0));
	const struct smartcard_abilities *abilities;

	(void)state;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	abilities = &p11_able(p11, AUTH_KEY)->abilities;
	assert_true(abilities->pkcs1_any && abilities->decipher_pkcs1);
	assert_false(abilities->sign_raw || abilities->decipher_raw);
	p11_verify(p11, PIN1, AUTH_PIN);
	p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PKCS1, DIGEST_SHA256);
	p11_assert_deciphers(p11, p11_key(p11, AUTH_KEY), SMARTCARD_DECIPHER_PKCS1,
			     RSA_PKCS1_PADDING, DIGEST_SHA1);
	p11_free(p11);
}

static void
its_pins_are_counted(void **state)
{
	struct p11_card *p11 = unnamed(fineid(), BYTES(ATR_T0));
	struct smartcard_pin_state pin;

	(void)state;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	assert_int_equal(smartcard_verify(p11->card, p11_pin(p11, PIN1), PIN("999999")),
			 SMARTCARD_PIN_WRONG);
	assert_int_equal(smartcard_pin_state(p11->card, p11_pin(p11, PIN1), &pin), SMARTCARD_OK);
	assert_int_equal(pin.tries_left, 4);
	p11_free(p11);
}

/* iasecc.md 7.6: the file of a public key, that of a key without a certificate. */
static void
a_public_key_is_read_from_its_file(void **state)
{
	static const struct pkcs15_path file = {
	    .kind = PKCS15_PATH_FILE, .file = {0xB2, 0x01}, .file_len = 2};
	struct p11_card *p11 = unnamed(iasecc(), BYTES(ATR_DIR));
	uint8_t data[1024];
	struct writer spki = writer_to(data, sizeof(data));
	const uint8_t *at = data;
	EVP_PKEY *public, *expected;

	(void)state;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	p11->card->public_keys = calloc(1, sizeof(*p11->card->public_keys));
	p11->card->public_keys_count = 1;
	p11->card->public_keys[0].object.path = file;
	p11->card->public_keys[0].certificate = SMARTCARD_NONE;
	assert_int_equal(smartcard_read_public_key(p11->card, 0, &spki), SMARTCARD_OK);
	public = d2i_PUBKEY(NULL, &at, (long)spki.len);
	expected = p11_public_key(p11, 0);
	assert_int_equal(EVP_PKEY_eq(public, expected), 1);
	EVP_PKEY_free(public);
	EVP_PKEY_free(expected);
	p11_free(p11);
}

/* An application of that name is not on it. */
static void
a_card_without_an_application_is_left_alone_after_one_select(void **state)
{
	struct p11_card *p11 = unnamed(iasecc(), BYTES(ATR_T1));

	(void)state;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_UNKNOWN);
	assert_null(p11->card);
	assert_int_equal(p11->commands, 1);
	assert_int_equal(p11->selects, 1);
	p11_free(p11);
}

/* The ATR of ID.me cards, with which IAS-ECC cards are made too, but without FINEID's application. */
static void
an_ias_ecc_card_with_the_atr_of_a_finnish_one_is_bound_as_what_it_is(void **state)
{
	static const uint8_t atr[] = {0x3B, 0xDD, 0x96, 0x00, 0x80, 0x31, 0xFE, 0x45,
				      0x00, 0x31, 0xB8, 0x64, 0x04, 0x29, 0xEC, 0xC1,
				      0x73, 0x94, 0x01, 0x80, 0x82, 0x48};
	struct p11_card *p11 = unnamed(iasecc(), BYTES(atr));

	(void)state;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	assert_string_equal(smartcard_driver_name(p11->card), "iasecc");
	p11_free(p11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_application_that_is_selected_by_name_is_bound),
	    cmocka_unit_test(an_application_of_ef_dir_is_bound),
	    cmocka_unit_test(its_keys_do_what_its_algorithms_name),
	    cmocka_unit_test(its_pins_are_counted),
	    cmocka_unit_test(a_public_key_is_read_from_its_file),
	    cmocka_unit_test(a_card_without_an_application_is_left_alone_after_one_select),
	    cmocka_unit_test(an_ias_ecc_card_with_the_atr_of_a_finnish_one_is_bound_as_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
