/*
 * Personality cc-v2 against iasecc.md 9.1 to 9.3 and 9.5: what the Portuguese middleware sends, each
 * through card_transmit() with an image in memory.
 */
#include "applet-card.h"

#define SERIAL "990000000101000F"
#define EID "00A4040C07 604632FF000004"
#define NATIONAL "00A4040C07 604632FF000005"
#define VERIFY_AUTH "0020008108 31323334FFFFFFFF"
#define VERIFY_SIGN "0020008208 313233343536FFFF"
#define SHA256_OF_ABC "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"

static struct applet_card *
card_on(const char *curve)
{
	struct applet_card *card = applet_new("cc-v2", SERIAL, "");

	applet_add_ec_key(card, "auth", curve, AUTH_PIN);
	applet_add_ec_key(card, "sign", curve, SIGN_PIN);
	applet_insert(card);
	return card;
}

static int
setup(void **state)
{
	*state = card_on("P-256");
	return 0;
}

static int
setup_p384(void **state)
{
	*state = card_on("P-384");
	return 0;
}

static int
teardown(void **state)
{
	applet_free(*state);
	return 0;
}

/* 9.1: the historical bytes are those of the contactless ATR; the frame is ours. */
static void
the_atr_has_the_historical_bytes_of_section_9_1(void **state)
{
	struct applet_card *card = *state;
	char text[2 * ATR_LEN_MAX + 1];

	bytes_to_hex(card_atr(card->card), text);
	assert_string_equal(text, "3BFF9600008131FE43"
				  "803180"
				  "65B085050011120FFF829000"
				  "E1");
}

/* 9.3, item 1 */
static void
the_middleware_finds_the_card(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00A4040C07 604632FF000002", "6A82");
	assert_answer(card, NATIONAL, "9000");
	assert_answer(card, EID, "9000");
	assert_answer(card, "00A4040C07 604632FF000006", "9000");
}

/* 9.3, item 2 */
static void
the_serial_number_is_in_the_production_data(void **state)
{
	const char *cplc = applet_send(*state, "00CA9F7F2D");

	assert_int_equal(strncmp(cplc, "9F7F2A", 6), 0);
	assert_int_equal(strncmp(cplc + (size_t)2 * 13, SERIAL, 16), 0);
	assert_int_equal(strlen(cplc), 2 * (3 + 0x2A) + 4);
}

static void
assert_certificate(struct applet_card *card, const char *fid, const struct image_key *key)
{
	static char text[8192];
	char command[32];

	snprintf(command, sizeof(command), "00A4080C04 5F00%s", fid);
	assert_answer(card, command, "9000");
	bytes_to_hex((struct bytes){key->certificate, key->certificate_len}, text);
	assert_string_equal(applet_read(card), text);
}

/* 9.5: EF02 and EF04 */
static void
each_certificate_is_in_its_file(void **state)
{
	struct applet_card *card = *state;

	assert_certificate(card, "EF02", &card->image.keys[0]);
	assert_certificate(card, "EF04", &card->image.keys[1]);
}

/* 9.2 */
static void
an_fci_is_that_of_a_card_of_2024(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, NATIONAL, "9000");
	assert_answer(card, "00A4020002 010E 00",
		      "6F11 800300021D 820101 8302010E 86034001FF 9000");
}

/* 9.5: over BAC or PACE, and there is neither */
static void
national_data_is_not_read_with_contacts(void **state)
{
	static const char *const files[] = {"0101", "0102", "010D", "010E", "010F"};
	struct applet_card *card = *state;

	assert_answer(card, NATIONAL, "9000");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char command[32];

		snprintf(command, sizeof(command), "00A4020C02 %s", files[i]);
		assert_answer(card, command, "9000");
		assert_answer(card, "00B0000000", "6982");
	}
}

/* 9.5: SFI 1D, offset D2 */
static void
cards_with_different_certificates_have_different_cache_keys(void **state)
{
	struct applet_card *other = card_on("P-256");
	char first[64];

	assert_answer((struct applet_card *)*state, NATIONAL, "9000");
	assert_answer(other, NATIONAL, "9000");
	snprintf(first, sizeof(first), "%.63s", applet_send(*state, "00B09DD210"));
	assert_int_equal(strlen(first), 2 * 16 + 4);
	assert_string_not_equal(applet_send(other, "00B09DD210"), first);
	applet_free(other);
}

static void
assert_signs(struct applet_card *card, const char *key, const char *pin, EVP_PKEY *with)
{
	static const struct {
		const char *algorithm, *length;
		size_t hash_len;
	} rows[] = {{"14", "1614", 20},
		    {"44", "2220", 32},
		    {"54", "3230", 48},
		    {"64", "4240", 64},
		    {"04", "1E1C", 28}};

	assert_answer(card, EID, "9000");
	assert_answer(card, pin, "9000");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char command[256], hash[129] = "";

		memset(hash, '5', 2 * rows[i].hash_len);
		snprintf(command, sizeof(command), "002241B606 8001%s 8401%s", rows[i].algorithm,
			 key);
		assert_answer(card, command, "9000");
		snprintf(command, sizeof(command), "002A90A0%.2s90%s%s", rows[i].length,
			 rows[i].length + 2, hash);
		assert_answer(card, command, "9000");
		applet_assert_ecdsa(with, applet_send(card, "002A9E9A00"), hash);
	}
}

/* 9.5: auth 06, sign 08; algorithm bytes 14, 44, 54, 64 */
static void
both_keys_sign_hashes_of_each_length(void **state)
{
	struct applet_card *card = *state;

	assert_signs(card, "06", VERIFY_AUTH, card->keys[0].key);
	assert_signs(card, "08", VERIFY_SIGN, card->keys[1].key);
}

/* 9.3, item 6: "6985 = algorithm not allowed" */
static void
rsa_is_not_allowed(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "002241B606 800142 840108", "6985");
	assert_answer(card, "002241B606 800145 840108", "6985");
	assert_answer(card, "002241B606 800144 840102", "6A88");
}

static void
a_signature_needs_the_pin_of_its_key(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, VERIFY_AUTH, "9000");
	assert_answer(card, "002241B606 800144 840108", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	assert_answer(card, "002A9E9A00", "6982");
	assert_int_equal(card->requests, 1);
}

/* 9.5: "then 00 20 FF ref 00 to drop the PIN state", each PIN command after a SELECT */
static void
the_pin_is_dropped_when_the_middleware_says_so_and_not_before(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, EID, "9000");
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, EID, "9000");
	assert_answer(card, "0020008200", "9000");
	assert_answer(card, "0020FF8200", "9000");
	assert_answer(card, "0020008200", "63C3");
}

/* 9.3, item 5 */
static void
a_blocked_pin_is_unblocked_by_its_puk_in_both_forms(void **state)
{
	struct applet_card *card = *state;

	for (char tries = '2'; tries >= '0'; tries--) {
		const char expected[] = {'6', '3', 'C', tries, '\0'};

		assert_answer(card, "0020008108 39393939FFFFFFFF", expected);
	}
	assert_answer(card, VERIFY_AUTH, "6983");
	assert_answer(card, "002C018108 3132333435363738", "9000");
	assert_answer(card, VERIFY_AUTH, "9000");
	assert_answer(card, "002C008110 3132333435363738 34333231FFFFFFFF", "9000");
	assert_answer(card, "0020008108 34333231FFFFFFFF", "9000");
}

static void
change_takes_old_and_new_padded(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0024008110 31323334FFFFFFFF 34333231FFFFFFFF", "9000");
	assert_answer(card, VERIFY_AUTH, "63C2");
	assert_answer(card, "0020008108 34333231FFFFFFFF", "9000");
}

static void
assert_no_card(struct applet_card *card, const char *reason)
{
	const struct card_host host = {.save = applet_save, .context = &card->image};
	struct image_error error = {""};

	card->card = card_new(&card->image, registry_find("cc-v2"), &host, &error);
	assert_null(card->card);
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	applet_free(card);
}

static void
an_rsa_key_is_refused(void **state)
{
	struct applet_card *card = applet_new("cc-v2", SERIAL, "");

	(void)state;
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	assert_no_card(card, "p256 or p384");
}

static void
another_curve_is_refused(void **state)
{
	struct applet_card *card = applet_new("cc-v2", SERIAL, "");

	(void)state;
	applet_add_ec_key(card, "sign", "P-521", SIGN_PIN);
	assert_no_card(card, "p256 or p384");
}

static void
a_services_key_is_refused(void **state)
{
	struct applet_card *card = applet_new("cc-v2", SERIAL, "");
	struct image_key *key = &card->image.keys[0];

	(void)state;
	applet_add_ec_key(card, "sign", "P-256", SIGN_PIN);
	snprintf(key->service, sizeof(key->service), "cmd");
	assert_no_card(card, "key \"sign\", of the kind p256, is at the service cmd, which does "
			     "nothing of what a cc-v2 card does");
}

static void
a_key_at_a_service_that_does_ecdsa_signs(void **state)
{
	struct applet_card *card = applet_new("cc-v2", SERIAL, "");
	struct image_key *key = &card->image.keys[0];

	(void)state;
	applet_add_ec_key(card, "sign", "P-256", SIGN_PIN);
	snprintf(key->service, sizeof(key->service), "hsm");
	key->uses = 1 << KEY_SIGN_ECDSA;
	applet_insert(card);
	assert_answer(card, EID, "9000");
	assert_answer(card, VERIFY_SIGN, "9000");
	assert_answer(card, "002241B606 800144 840108", "9000");
	assert_answer(card, "002A90A022 9020" SHA256_OF_ABC, "9000");
	applet_assert_ecdsa(card->keys[0].key, applet_send(card, "002A9E9A00"), SHA256_OF_ABC);
	assert_int_equal(card->starts, 1);
	applet_free(card);
}

/* What card.conf says of a key is possible although no file of this card lists it. */
static void
a_key_may_be_said_to_sign(void **state)
{
	struct applet_card *card = applet_new("cc-v2", SERIAL, "");

	(void)state;
	applet_add_ec_key(card, "auth", "P-256", AUTH_PIN);
	card->image.keys[0].usage = IMAGE_USAGE_SIGN;
	applet_insert(card);
	assert_answer(card, "002241B606 800144 840106", "9000");
	applet_free(card);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
#define TEST_P384(function) cmocka_unit_test_setup_teardown(function, setup_p384, teardown)
	    TEST(the_atr_has_the_historical_bytes_of_section_9_1),
	    TEST(the_middleware_finds_the_card),
	    TEST(the_serial_number_is_in_the_production_data),
	    TEST(each_certificate_is_in_its_file),
	    TEST(an_fci_is_that_of_a_card_of_2024),
	    TEST(national_data_is_not_read_with_contacts),
	    TEST(cards_with_different_certificates_have_different_cache_keys),
	    TEST(both_keys_sign_hashes_of_each_length),
	    TEST_P384(both_keys_sign_hashes_of_each_length),
	    TEST(rsa_is_not_allowed),
	    TEST(a_signature_needs_the_pin_of_its_key),
	    TEST(the_pin_is_dropped_when_the_middleware_says_so_and_not_before),
	    TEST(a_blocked_pin_is_unblocked_by_its_puk_in_both_forms),
	    TEST(change_takes_old_and_new_padded),
	    cmocka_unit_test(a_key_may_be_said_to_sign),
	    cmocka_unit_test(an_rsa_key_is_refused),
	    cmocka_unit_test(another_curve_is_refused),
	    cmocka_unit_test(a_services_key_is_refused),
	    cmocka_unit_test(a_key_at_a_service_that_does_ecdsa_signs),
#undef TEST
#undef TEST_P384
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
