/*
 * Personality iasecc against iasecc.md: the security data objects.
 */
#include "test-iasecc.h"

/* 4.4, the examples */
static void
the_user_pin_is_an_object_of_the_root(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, PIN_BODY("01"), "700D BF810109 7F4106 800108 810104 9000");
	assert_answer(card, PIN_DOCP("01"),
		      "7016 BF810112 A010 9A0103 9B0103 A108 8C06 F30000 12FF00 9000");
	assert_answer(card, PIN_BODY("05"), "6A88");
	enter_adf(card);
	assert_answer(card, PIN_BODY("01"), "6A88");
}

static void
the_counter_in_a_pin_object_is_that_of_verify(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "0020000104 39393939", "63C2");
	assert_answer(card, PIN_DOCP("01"),
		      "7016 BF810112 A010 9A0103 9B0102 A108 8C06 F30000 12FF00 9000");
}

/* 5.3: min and max of the PUK agree, so that OpenSC would pad it; it is full */
static void
the_puk_is_an_object_that_nobody_changes(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, PIN_BODY("02"), "700D BF810209 7F4106 800108 810108 9000");
	assert_answer(card, PIN_DOCP("02"),
		      "7016 BF810212 A010 9A0103 9B0103 A108 8C06 F3FF00 FFFF00 9000");
}

/* 4.4: "PIN 85 is asked as BF 81 05" */
static void
the_local_pin_is_an_object_of_the_adf(void **state)
{
	struct applet_card *card = *state;

	enter_adf(card);
	assert_answer(card, PIN_BODY("05"), "700D BF810509 7F4106 800108 810104 9000");
	assert_answer(card, PIN_DOCP("05"),
		      "7016 BF810512 A010 9A0103 9B0103 A108 8C06 F30000 12FF00 9000");
}

/* 4.4, the examples; 8.7, item 1: the size */
static void
private_keys_are_objects_of_the_adf(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, KEY_BODY("01"), "6A88");
	enter_adf(card);
	assert_answer(card, KEY_BODY("01"), "700A BF900106 7F4803 800100 9000");
	assert_answer(card, KEY_DOCP("01"),
		      "7015 BF900111 A00F 80020100 A109 8C07 FB131313 FFFF00 9000");
	assert_answer(card, KEY_DOCP("02"),
		      "7015 BF900211 A00F 80020100 A109 8C07 FB1414FF FFFF00 9000");
	assert_answer(card, KEY_BODY("03"), "6A88");
}

static void
a_public_key_object_has_modulus_and_exponent(void **state)
{
	static const char begin[] = "70820117BFA00182"
				    "01117F4982010C81820100";
	struct applet_card *card = *state;
	const char *object;
	uint8_t *der = NULL;
	char key[2 * 300];
	int len = i2d_PublicKey(applet_rsa(2048), &der);

	enter_adf(card);
	object = applet_fetch(card, PUBLIC_BODY("01"));
	bytes_to_hex((struct bytes){der, (size_t)len}, key);
	OPENSSL_free(der);
	assert_int_equal(strncmp(object, begin, sizeof(begin) - 1), 0);
	assert_int_equal(strncmp(object + sizeof(begin) - 1, key + (size_t)2 * 9, 512), 0);
	assert_string_equal(object + sizeof(begin) - 1 + 512, "82030100018001009000");
	assert_answer(card, PUBLIC_DOCP("01"),
		      "7012 BFA0010E A00C 80020100 A106 8C04 93FFFF00 9000");
}

/* 7.5 with the algorithms 3 and 4 of 7.3, which are for PSO COMPUTE DIGITAL SIGNATURE: what the list
 * names MSE SET takes, and what the rules forbid is not named. */
static void
a_key_for_non_repudiation_names_no_authentication(void **state)
{
	struct applet_card *card = applet_new("iasecc", SERIAL, "");

	(void)state;
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	card->image.keys[0].usage = IMAGE_USAGE_NON_REPUDIATION;
	applet_insert(card);
	enter_adf(card);
	assert_filled(content_of(card, "7002"),
		      "3038 3011 0C08 5369676E206B6579 03020780 040103"
		      "3017 040146 0303060040 030203B8 020102 A106 020103 020104"
		      "A10A 3008 30020400 02020800",
		      256);
	assert_answer(card, KEY_DOCP("02"),
		      "7015 BF900211 A00F 80020100 A109 8C07 FB14FFFF FFFF00 9000");
	assert_answer(card, "002241A406 840182 800102", "6A80");
	assert_answer(card, "002241B606 840182 800112", "9000");
	assert_answer(card, "002241B606 840182 800142", "9000");
	applet_free(card);
}

static void
a_key_that_only_deciphers_names_no_signature(void **state)
{
	struct applet_card *card = applet_new("iasecc", SERIAL, "");

	(void)state;
	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	card->image.keys[0].usage = IMAGE_USAGE_DECRYPT;
	applet_insert(card);
	enter_adf(card);
	assert_filled(content_of(card, "7002"),
		      "3034 3011 0C08 41757468206B6579 03020780 040101"
		      "3013 040145 03020244 030203B8 020101 A103 020106"
		      "A10A 3008 30020400 02020800",
		      256);
	applet_free(card);
}

/* 4.4, the example; 8.7, item 7: inside 70 */
static void
a_security_environment_names_its_pin(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, SE_OBJECT("03"), "700E BFFB030A 7B08 A406 950108 830101 9000");
	assert_answer(card, SE_OBJECT("02"), "700E BFFB020A 7B08 A406 950108 830102 9000");
	assert_answer(card, SE_OBJECT("04"), "6A88");
	enter_adf(card);
	assert_answer(card, SE_OBJECT("04"), "700E BFFB040A 7B08 A406 950108 830185 9000");
}

/* 4.4: 6A88 there is no such object; 8.7, item 6 */
static void
what_get_data_cannot_give_is_refused(void **state)
{
	struct applet_card *card = *state;

	assert_answer(card, "00CB3FFF0A 4D08 7006 BF8A01 02 A280 00", "6A88");
	assert_answer(card, "00CB3FFF0B 4D09 7007 BF8101 03 7F4880 00", "6A80");
	assert_answer(card, "00CB3FFF04 4D02 7006 00", "6A80");
	assert_answer(card, "00CB3FFF06 4D04 FFA00180 00", "6A80"); /* 9.6, another card's form */
	assert_answer(card, "00CB3FFF00", "6700");
	assert_answer(card, "00CB00FF0A B603830144 7F49028100 00", "6A86");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	    TEST(the_user_pin_is_an_object_of_the_root),
	    TEST(the_counter_in_a_pin_object_is_that_of_verify),
	    TEST(the_puk_is_an_object_that_nobody_changes),
	    TEST(the_local_pin_is_an_object_of_the_adf),
	    TEST(private_keys_are_objects_of_the_adf),
	    TEST(a_public_key_object_has_modulus_and_exponent),
	    cmocka_unit_test(a_key_for_non_repudiation_names_no_authentication),
	    cmocka_unit_test(a_key_that_only_deciphers_names_no_signature),
	    TEST(a_security_environment_names_its_pin),
	    TEST(what_get_data_cannot_give_is_refused),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
