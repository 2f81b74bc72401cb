/*
 * The driver fineid against personality fineid-v2: T=0, RSA 2048, keys named by file.
 */
#include "test-p11-card.h"

#define SERIAL "98765432101234567890"
#define PIN1 "perustunnusluku"
#define PIN2 "allekirjoitustunnusluku"
#define AUTH_KEY "todentamis- ja salausavain"
#define SIGN_KEY "allekirjoitusavain"

/* One key and its certificate. */
static struct applet_card *
one_key(void)
{
	struct applet_card *applet = applet_new("fineid-v2", SERIAL, "");

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_insert(applet);
	return applet;
}

static struct applet_card *
two_keys(void)
{
	struct applet_card *applet = applet_new("fineid-v2", SERIAL, "");

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(applet, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	p11_add_authority(applet, applet_rsa(2048), "ca", applet_rsa(2048), "ca");
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

	assert_string_equal(smartcard_driver_name(p11->card), "fineid");
	assert_string_equal(p11->card->label, "HENKILOKORTTI");
	assert_string_equal(p11->card->manufacturer, "VRK-FINEID");
	assert_string_equal(p11->card->serial, SERIAL);
}

static void
each_key_has_its_pin_certificate_and_consent(void **state)
{
	struct p11_card *p11 = *state;
	const struct smartcard_private_key *auth = p11_able(p11, AUTH_KEY);
	const struct smartcard_private_key *sign = p11_able(p11, SIGN_KEY);

	assert_int_equal(auth->pin, p11_pin(p11, PIN1));
	assert_int_equal(sign->pin, p11_pin(p11, PIN2));
	assert_int_equal(p11->card->certificates[auth->certificate].object.id.data[0], 0x45);
	assert_int_equal(p11->card->certificates[sign->certificate].object.id.data[0], 0x46);
	assert_false(auth->user_consent);
	assert_true(sign->user_consent);
	assert_int_equal(auth->bits, 2048);
}

static void
the_authentication_key_does_everything_and_the_signature_key_does_not_decipher(void **state)
{
	struct p11_card *p11 = *state;
	const struct smartcard_abilities *auth = &p11_able(p11, AUTH_KEY)->abilities;
	const struct smartcard_abilities *sign = &p11_able(p11, SIGN_KEY)->abilities;

	assert_true(auth->pkcs1_any && auth->sign_raw && auth->decipher_pkcs1 &&
		    auth->decipher_raw);
	assert_true(sign->pkcs1_any && sign->sign_raw);
	assert_false(sign->decipher_pkcs1 || sign->decipher_raw || sign->ecdsa || sign->ecdh);
	assert_int_equal(sign->pss | sign->oaep, 0);
}

static void
certificates_are_read_once_and_whole(void **state)
{
	p11_assert_certificates(*state);
}

static void
a_key_at_a_service_is_not_offered_raw(void **state)
{
	struct applet_card *applet = applet_new("fineid-v2", SERIAL, "");
	struct p11_card *p11;

	(void)state;
	applet_add_key(applet, "sign", "cmd", 2048, SIGN_PIN);
	applet_insert(applet);
	p11 = p11_bound(applet);
	assert_int_equal(smartcard_find_abilities(p11->card, 0), SMARTCARD_OK);
	assert_true(p11->card->private_keys[0].abilities.pkcs1_any);
	assert_false(p11->card->private_keys[0].abilities.sign_raw);
	p11_free(p11);
}

static void
the_key_signs_each_digest(void **state)
{
	static const enum digest digests[] = {DIGEST_SHA1, DIGEST_SHA224, DIGEST_SHA256,
					      DIGEST_SHA384, DIGEST_SHA512};
	struct p11_card *p11 = *state;

	p11_verify(p11, PIN1, AUTH_PIN);
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PKCS1, digests[i]);
}

static void
the_key_signs_a_block_as_it_is(void **state)
{
	struct p11_card *p11 = *state;
	const size_t key = p11_key(p11, AUTH_KEY);
	uint8_t block[256] = {0x00, 0x12, 0x34}, data[SMARTCARD_OUTPUT_MAX], back[256];
	struct writer output = writer_to(data, sizeof(data));
	size_t len = sizeof(back);
	EVP_PKEY_CTX *context;
	EVP_PKEY *public;

	p11_verify(p11, PIN1, AUTH_PIN);
	assert_int_equal(smartcard_use_key(p11->card, key, SMARTCARD_SIGN_RAW, DIGEST_SHA1,
					   BYTES(block), &output),
			 SMARTCARD_OK);
	public = p11_public_key(p11, key);
	context = EVP_PKEY_CTX_new(public, NULL);
	assert_int_equal(EVP_PKEY_verify_recover_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
	assert_int_equal(EVP_PKEY_verify_recover(context, back, &len, data, output.len), 1);
	assert_memory_equal(back, block, sizeof(block));
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(public);
}

static void
the_key_deciphers(void **state)
{
	struct p11_card *p11 = *state;

	p11_verify(p11, PIN1, AUTH_PIN);
	p11_assert_deciphers(p11, p11_key(p11, AUTH_KEY), SMARTCARD_DECIPHER_PKCS1,
			     RSA_PKCS1_PADDING, DIGEST_SHA1);
}

static void
the_signature_key_wants_its_pin_for_each_signature(void **state)
{
	struct p11_card *p11 = *state;
	const size_t key = p11_key(p11, SIGN_KEY);
	uint8_t info[DIGESTINFO_LEN_MAX], data[SMARTCARD_OUTPUT_MAX];
	struct writer input = writer_to(info, sizeof(info));
	struct writer output = writer_to(data, sizeof(data));

	assert_true(digestinfo_build(DIGEST_SHA256, p11_hash(32), &input));
	p11_verify(p11, PIN2, SIGN_PIN);
	p11_assert_signs(p11, key, SMARTCARD_SIGN_PKCS1, DIGEST_SHA256);
	assert_int_equal(smartcard_use_key(p11->card, key, SMARTCARD_SIGN_PKCS1, DIGEST_SHA256,
					   writer_bytes(&input), &output),
			 SMARTCARD_NOT_VERIFIED);
	assert_int_equal(output.len, 0);
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
after_the_logout_the_key_is_closed(void **state)
{
	struct p11_card *p11 = *state;
	uint8_t data[SMARTCARD_OUTPUT_MAX];
	struct writer output = writer_to(data, sizeof(data));

	p11_verify(p11, PIN1, AUTH_PIN);
	assert_int_equal(smartcard_logout(p11->card), SMARTCARD_OK);
	assert_int_equal(smartcard_use_key(p11->card, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PKCS1,
					   DIGEST_SHA1, p11_hash(20), &output),
			 SMARTCARD_NOT_VERIFIED);
}

/* Measured: pkcs11-tool -O of OpenSC 0.23 sends 30 commands to such a card, and to each certificate
 * SELECT, GET RESPONSE and READ BINARY for each 256 bytes. */
static void
listing_everything_takes_six_tenths_of_openscs_commands(void **state)
{
	struct p11_card *p11 = p11_bound(one_key());

	(void)state;
	p11_list(p11);
	assert_true(10 * p11->commands <= 6 * (30 + 2 + p11_reads(&p11->applet->image.keys[0])));
	assert_int_equal(p11->commands, p11->card->commands);
	p11_free(p11);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_card_is_bound_with_its_names),
	    TEST(each_key_has_its_pin_certificate_and_consent),
	    TEST(the_authentication_key_does_everything_and_the_signature_key_does_not_decipher),
	    TEST(certificates_are_read_once_and_whole),
	    cmocka_unit_test(a_key_at_a_service_is_not_offered_raw),
	    TEST(the_key_signs_each_digest),
	    TEST(the_key_signs_a_block_as_it_is),
	    TEST(the_key_deciphers),
	    TEST(the_signature_key_wants_its_pin_for_each_signature),
	    TEST(a_wrong_pin_is_counted_blocks_and_is_unblocked),
	    TEST(the_pin_is_changed),
	    TEST(after_the_logout_the_key_is_closed),
	    cmocka_unit_test(listing_everything_takes_six_tenths_of_openscs_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
