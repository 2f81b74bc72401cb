/*
 * The driver cc against personality cc-v1: T=1, RSA 2048 and 3072, hashes loaded into the card.
 */
#include "test-p11-card.h"

#define SERIAL "990000000101000F"
#define PIN_AUTH "PIN da Autenticação"
#define PIN_SIGN "PIN da Assinatura"
#define AUTH_KEY "CITIZEN AUTHENTICATION KEY"
#define SIGN_KEY "CITIZEN SIGNATURE KEY"

/* One key and its certificate. */
static struct applet_card *
one_key(void)
{
	struct applet_card *applet = applet_new("cc-v1", SERIAL, "");

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_insert(applet);
	return applet;
}

static struct applet_card *
two_keys(const char *options)
{
	struct applet_card *applet = applet_new("cc-v1", SERIAL, options);

	applet_add_key(applet, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(applet, "sign", IMAGE_SERVICE_FILE, 3072, SIGN_PIN);
	p11_add_authority(applet, applet_rsa(2048), "ca", applet_rsa(2048), "root");
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
setup_v4(void **state)
{
	*state = p11_bound(two_keys("applet=v4"));
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
	assert_string_equal(p11->card->manufacturer, "GEMALTO");
	assert_string_equal(p11->card->serial, SERIAL);
}

static void
certificates_are_read_once_and_whole(void **state)
{
	p11_assert_certificates(*state);
}

static void
an_older_applet_has_no_pss_and_the_shorter_hashes(void **state)
{
	struct p11_card *p11 = *state;
	const struct smartcard_abilities *abilities = &p11_able(p11, AUTH_KEY)->abilities;

	assert_int_equal(abilities->pss, 0);
	assert_int_equal(abilities->pkcs1,
			 SMARTCARD_DIGEST(DIGEST_SHA1) | SMARTCARD_DIGEST(DIGEST_SHA256));
	assert_false(abilities->pkcs1_any || abilities->sign_raw || abilities->decipher_pkcs1);
}

static void
a_digest_that_the_card_does_not_wrap_is_not_sent(void **state)
{
	struct p11_card *p11 = *state;
	uint8_t info[DIGESTINFO_LEN_MAX], data[SMARTCARD_OUTPUT_MAX];
	struct writer input = writer_to(info, sizeof(info));
	struct writer output = writer_to(data, sizeof(data));
	unsigned before;

	p11_able(p11, AUTH_KEY);
	before = p11->commands;
	assert_true(digestinfo_build(DIGEST_MD5, p11_hash(16), &input));
	assert_int_equal(smartcard_use_key(p11->card, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PKCS1,
					   DIGEST_MD5, writer_bytes(&input), &output),
			 SMARTCARD_BAD_INPUT);
	assert_int_equal(p11->commands, before);
}

static void
each_key_signs(void **state)
{
	struct p11_card *p11 = *state;

	p11_verify(p11, PIN_AUTH, AUTH_PIN);
	p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PKCS1, DIGEST_SHA1);
	p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PKCS1, DIGEST_SHA256);
	p11_verify(p11, PIN_SIGN, SIGN_PIN);
	p11_assert_signs(p11, p11_key(p11, SIGN_KEY), SMARTCARD_SIGN_PKCS1, DIGEST_SHA256);
}

static void
a_newer_applet_signs_pss_and_longer_hashes(void **state)
{
	static const enum digest digests[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384,
					      DIGEST_SHA512};
	struct p11_card *p11 = *state;

	p11_verify(p11, PIN_AUTH, AUTH_PIN);
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PKCS1, digests[i]);
		p11_assert_signs(p11, p11_key(p11, AUTH_KEY), SMARTCARD_SIGN_PSS, digests[i]);
	}
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

static void
a_verified_pin_says_so_until_the_logout(void **state)
{
	struct p11_card *p11 = *state;
	const size_t pin = p11_pin(p11, PIN_AUTH);
	struct smartcard_pin_state before, after;

	p11_verify(p11, PIN_AUTH, AUTH_PIN);
	assert_int_equal(smartcard_pin_state(p11->card, pin, &before), SMARTCARD_OK);
	assert_int_equal(smartcard_logout(p11->card), SMARTCARD_OK);
	assert_int_equal(smartcard_pin_state(p11->card, pin, &after), SMARTCARD_OK);
	assert_true(before.verified);
	assert_false(after.verified);
}

static void
what_the_service_says_of_its_pin_is_a_wrong_pin(void **state)
{
	struct applet_card *applet = applet_new("cc-v1", SERIAL, "");
	uint8_t info[DIGESTINFO_LEN_MAX], data[SMARTCARD_OUTPUT_MAX];
	struct writer input = writer_to(info, sizeof(info));
	struct writer output = writer_to(data, sizeof(data));
	struct p11_card *p11;

	(void)state;
	applet_add_key(applet, "sign", "cmd", 3072, SIGN_PIN);
	applet_insert(applet);
	p11 = p11_bound(applet);
	assert_true(digestinfo_build(DIGEST_SHA256, p11_hash(32), &input));
	assert_int_equal(smartcard_verify(p11->card, 0, PIN("999999")), SMARTCARD_OK);
	assert_int_equal(smartcard_use_key(p11->card, 0, SMARTCARD_SIGN_PKCS1, DIGEST_SHA256,
					   writer_bytes(&input), &output),
			 SMARTCARD_PIN_WRONG);
	assert_int_equal(p11->card->tries_left, 1);
	assert_int_equal(applet->starts, 1);
	p11_free(p11);
}

static void
trouble_of_the_service_keeps_its_status_word(void **state)
{
	struct applet_card *applet = applet_new("cc-v1", SERIAL, "");
	uint8_t info[DIGESTINFO_LEN_MAX], data[SMARTCARD_OUTPUT_MAX];
	struct writer input = writer_to(info, sizeof(info));
	struct writer output = writer_to(data, sizeof(data));
	struct p11_card *p11;

	(void)state;
	applet_add_key(applet, "sign", "cmd", 3072, SIGN_PIN);
	applet->service_sw = 0x6F17;
	applet_insert(applet);
	p11 = p11_bound(applet);
	assert_true(digestinfo_build(DIGEST_SHA256, p11_hash(32), &input));
	assert_int_equal(smartcard_verify(p11->card, 0, PIN(SIGN_PIN)), SMARTCARD_OK);
	assert_int_equal(smartcard_use_key(p11->card, 0, SMARTCARD_SIGN_PKCS1, DIGEST_SHA256,
					   writer_bytes(&input), &output),
			 SMARTCARD_REFUSED);
	assert_int_equal(p11->card->sw, 0x6F17);
	assert_int_equal(applet->starts, 1);
	p11_free(p11);
}

/* EF.AOD of iasecc.md 9.4 with a length that is not the card's. */
static enum channel_result
boast(void *context, struct bytes command, struct writer *response)
{
	static const uint8_t lengths[] = {0x0A, 0x01, 0x01, 0x02, 0x01, 0x04, 0x02, 0x01, 0x08};
	enum channel_result result = p11_transmit(context, command, response);

	for (size_t i = 0; i + sizeof(lengths) < response->len; i++)
		if (memcmp(response->data + i, lengths, sizeof(lengths)) == 0)
			response->data[i + 8] = 0x7F;
	return result;
}

static void
a_pin_has_eight_digits_at_most_whatever_its_directory_says(void **state)
{
	struct p11_card *p11 = p11_over(two_keys(""));
	size_t pin;

	(void)state;
	p11->channel.transmit = boast;
	assert_int_equal(smartcard_bind(&p11->channel, NULL, &p11->card), SMARTCARD_OK);
	pin = p11_pin(p11, PIN_AUTH);
	assert_int_equal(p11->card->pins[pin].object.stored_len, 0x7F);
	assert_int_equal(p11->card->pins[pin].max, 8);
	assert_int_equal(p11->card->pins[pin].stored, 8);
	assert_int_equal(smartcard_verify(p11->card, pin, PIN("123456789")), SMARTCARD_PIN_LENGTH);
	p11_verify(p11, PIN_AUTH, AUTH_PIN);
	p11_free(p11);
}

/* Though the card should say that its key can. */
static void
what_the_card_cannot_is_not_sent(void **state)
{
	struct p11_card *p11 = *state;
	const size_t index = p11_key(p11, AUTH_KEY);
	struct smartcard_private_key *key = &p11->card->private_keys[index];
	uint8_t block[256] = {0}, data[SMARTCARD_OUTPUT_MAX];
	struct writer output = writer_to(data, sizeof(data));
	unsigned before;

	p11_able(p11, AUTH_KEY);
	key->abilities.sign_raw = key->abilities.pkcs1_any = true;
	before = p11->commands;
	assert_int_equal(smartcard_use_key(p11->card, index, SMARTCARD_SIGN_RAW, DIGEST_SHA256,
					   BYTES(block), &output),
			 SMARTCARD_UNSUPPORTED);
	assert_int_equal(smartcard_use_key(p11->card, index, SMARTCARD_SIGN_PKCS1, DIGEST_SHA256,
					   BYTES_TEXT("no DigestInfo"), &output),
			 SMARTCARD_BAD_INPUT);
	assert_int_equal(p11->commands, before);
	assert_int_equal(output.len, 0);
}

static void
a_key_of_another_kind_does_nothing(void **state)
{
	static const struct smartcard_abilities none = {.ecdh = false};
	struct p11_card *p11 = *state;
	const size_t index = p11_key(p11, AUTH_KEY);
	const unsigned before = p11->commands;
	uint8_t data[SMARTCARD_OUTPUT_MAX];
	struct writer output = writer_to(data, sizeof(data));

	p11->card->private_keys[index].object.kind = PKCS15_KEY_EC;
	assert_int_equal(smartcard_find_abilities(p11->card, index), SMARTCARD_OK);
	assert_memory_equal(&p11->card->private_keys[index].abilities, &none, sizeof(none));
	assert_int_equal(smartcard_use_key(p11->card, index, SMARTCARD_SIGN_ECDSA, DIGEST_SHA256,
					   p11_hash(32), &output),
			 SMARTCARD_UNSUPPORTED);
	assert_int_equal(p11->commands, before);
}

/* What EF.PuKD says of a key with a certificate, the certificate says too. */
static void
public_keys_of_certificates_are_not_read(void **state)
{
	struct p11_card *p11 = *state;

	assert_int_equal(p11->card->public_keys_count, 0);
}

static void
the_card_gives_random_bytes(void **state)
{
	struct p11_card *p11 = *state;
	uint8_t data[20];
	struct writer random = writer_to(data, sizeof(data));

	assert_true(smartcard_has_random(p11->card));
	assert_int_equal(smartcard_random(p11->card, sizeof(data), &random), SMARTCARD_OK);
	assert_int_equal(random.len, sizeof(data));
}

/* Measured: pkcs11-tool -O of OpenSC 0.23 sends 18 commands to such a card, and to each certificate
 * SELECT and READ BINARY for each 256 bytes. */
static void
listing_everything_takes_six_tenths_of_openscs_commands(void **state)
{
	struct p11_card *p11 = p11_bound(one_key());

	(void)state;
	p11_list(p11);
	assert_true(10 * p11->commands <= 6 * (18 + 1 + p11_reads(&p11->applet->image.keys[0])));
	assert_int_equal(p11->commands, p11->card->commands);
	p11_free(p11);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_card_is_bound_with_its_names),
	    TEST(certificates_are_read_once_and_whole),
	    TEST(an_older_applet_has_no_pss_and_the_shorter_hashes),
	    TEST(a_digest_that_the_card_does_not_wrap_is_not_sent),
	    TEST(each_key_signs),
	    cmocka_unit_test_setup_teardown(a_newer_applet_signs_pss_and_longer_hashes, setup_v4,
					    teardown),
	    TEST(a_wrong_pin_is_counted_blocks_and_is_unblocked),
	    TEST(the_pin_is_changed),
	    TEST(a_verified_pin_says_so_until_the_logout),
	    cmocka_unit_test(what_the_service_says_of_its_pin_is_a_wrong_pin),
	    cmocka_unit_test(trouble_of_the_service_keeps_its_status_word),
	    cmocka_unit_test(a_pin_has_eight_digits_at_most_whatever_its_directory_says),
	    TEST(what_the_card_cannot_is_not_sent),
	    TEST(a_key_of_another_kind_does_nothing),
	    TEST(public_keys_of_certificates_are_not_read),
	    TEST(the_card_gives_random_bytes),
	    cmocka_unit_test(listing_everything_takes_six_tenths_of_openscs_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
