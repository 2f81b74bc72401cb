/*
 * Making a card out of an image (applets/build.h), with roles of a made-up card: "auth" is an RSA key
 * or one on P-256, and "sign" and "sign2", RSA and P-384, have one PIN.
 */
#include "applet-card.h"
#include "applets/build.h"

#define PIN_SPEC(name, byte, of_key)                                                       \
	{                                                                                  \
		.counter = (name), .reference = (byte), .key = (of_key), .puk = "puk",     \
		.digits_only = true, .length_min = 4, .length_max = 8, .length_stored = 8, \
		.tries = 3                                                                 \
	}
#define PUK_SPEC                                                                           \
	{                                                                                  \
		.counter = "puk", .reference = PIN_NO_REFERENCE, .is_puk = true,           \
		.digits_only = true, .length_min = 8, .length_max = 8, .length_stored = 8, \
		.tries = 3                                                                 \
	}

static const struct algorithm ALGORITHMS[] = {
    {.se = SE_DST,
     .reference = 0x42,
     .operation = KEY_SIGN_PKCS1,
     .input = INPUT_DIGEST,
     .digest = DIGEST_SHA256},
    {.se = SE_DST,
     .reference = 0x42, /* the same, of an EC key */
     .operation = KEY_SIGN_ECDSA,
     .input = INPUT_DIGEST_BARE,
     .digest = DIGEST_SHA256},
    {.se = SE_CT, .reference = 0x1A, .operation = KEY_DECIPHER_PKCS1, .input = INPUT_CRYPTOGRAM},
};

#define KEY_SPEC(which, byte, pin_byte)                                                            \
	{                                                                                          \
		.name = (which), .reference = (byte), .pin = (pin_byte), .algorithms = ALGORITHMS, \
		.algorithms_count = 3                                                              \
	}
/* NOLINTBEGIN(bugprone-macro-parentheses): `takes` is an initialiser */
#define ROLE(which, byte, takes, pin_name, pin_byte, usages)                                 \
	{                                                                                    \
		.key = (which), .purpose = "tests", .kinds = takes, .puk = PUK_SPEC,         \
		.pin = PIN_SPEC(pin_name, pin_byte, which),                                  \
		.private_key_spec = KEY_SPEC(which, byte, pin_byte),                         \
		.pin_object = {.common = {.label = (pin_name)},                              \
			       .id = {{(pin_byte)}, 1},                                      \
			       .min_len = 4,                                                 \
			       .stored_len = 8},                                             \
		.private_key = {.common = {.label = (which)},                                \
				.id = {{(byte)}, 1},                                         \
				.usage = (usages),                                           \
				.path = {.kind = PKCS15_PATH_NULL}},                         \
		.certificate = {.common = {.label = (which)},                                \
				.id = {{(byte)}, 1},                                         \
				.path = {PKCS15_PATH_FILE, {0x44, (byte)}, 2, false, 0, 0}}, \
		.certificate_path = {                                                        \
			0x4400 + (byte)                                                      \
		}                                                                            \
	}
#define LIST(...)           \
	{                   \
		__VA_ARGS__ \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct role ROLE[] = {
    ROLE("auth", 1, LIST("rsa2048", "p256"), "pin1", 0x01,
	 PKCS15_USAGE_SIGN | PKCS15_USAGE_DECRYPT | PKCS15_USAGE_DERIVE),
    ROLE("sign", 2, LIST("rsa2048"), "pin2", 0x82, PKCS15_USAGE_NON_REPUDIATION),
    ROLE("sign2", 3, LIST("p384"), "pin2", 0x82, PKCS15_USAGE_NON_REPUDIATION),
};
static const size_t SERIAL_LENS[] = {4, 8, 10, 0};
static const struct roles ROLES = {
    .role = ROLE,
    .count = sizeof(ROLE) / sizeof(ROLE[0]),
    .serial_lens = SERIAL_LENS,
    .further_path = {0x4411},
    .further_object = {PKCS15_PATH_FILE, {0x44, 0x11}, 2, false, 0, 0},
    .further_id = 0x60,
};

static const struct file_spec PINS = {.path = {0x4001}, .kind = FILE_EF, .read = ACCESS_IS_ALWAYS};
static const struct file_spec KEYS = {.path = {0x4002}, .kind = FILE_EF, .read = ACCESS_IS_ALWAYS};

static const struct file_spec CERTIFICATES = {
    .path = {0x4003}, .kind = FILE_EF, .read = ACCESS_IS_ALWAYS};

static bool
personalise(struct card *card, const struct image *image, struct image_error *error)
{
	struct build build = {.card = card, .image = image, .error = error, .ok = true};
	uint8_t data[BUILD_DIRECTORY_MAX];
	struct writer content = writer_to(data, sizeof(data));

	build_check(&build, &ROLES);
	build_pins(&build, &ROLES, &PINS);
	build_private_keys(&build, &ROLES, &KEYS, true);
	build_encoded(&build, &CERTIFICATES, build_certificates(&build, &ROLES, &content),
		      &content);
	build_roles(&build, &ROLES);
	return build.ok;
}

static void
no_fci(const struct file *file, uint8_t p2, struct writer *writer)
{
	(void)file;
	(void)p2;
	(void)writer;
}

static const uint8_t ATR[] = {0x3B, 0x80, 0x01, 0x81};

static const struct personality MADE_UP = {
    .name = "made-up",
    .atr = {ATR, sizeof(ATR)},
    .roles = &ROLES,
    .rules = {.select = SELECT_FID | SELECT_NO_DATA, .pin = CHANGE_OLD_NEW | RESET_PUK_NEW},
    .personalise = personalise,
    .fci = no_fci,
};

static struct applet_card *
new_card(void)
{
	return applet_new("made-up", "01020304", "");
}

static void
insert(struct applet_card *card)
{
	const struct card_host host = {.context = &card->image, .save = applet_save};
	struct image_error error = {""};

	card->card = card_new(&card->image, &MADE_UP, &host, &error);
	if (card->card == NULL)
		fail_msg("%s", error.text);
}

static void
assert_refused(struct applet_card *card, const char *reason)
{
	const struct card_host host = {.context = &card->image, .save = applet_save};
	struct image_error error = {""};

	assert_null(card_new(&card->image, &MADE_UP, &host, &error));
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	applet_free(card);
}

/* auth, sign and sign2, all local. */
static struct applet_card *
three_keys(void)
{
	struct applet_card *card = new_card();

	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	applet_add_ec_key(card, "sign2", "P-384", "");
	insert(card);
	return card;
}

/* The objects of a directory file. */
static struct reader
objects(struct applet_card *card, const char *fid, uint8_t *data, size_t room)
{
	char command[32];
	size_t len;

	snprintf(command, sizeof(command), "00A4000C02%s", fid);
	assert_answer(card, command, "9000");
	assert_true(bytes_from_hex(applet_read(card), data, room, &len));
	return reader_of((struct bytes){data, len});
}

static void
roles_of_one_counter_have_one_pin_and_one_object(void **state)
{
	struct applet_card *card = three_keys();
	struct image_counter counters[IMAGE_COUNTERS_MAX];
	uint8_t data[1024];
	struct reader pins = objects(card, "4001", data, sizeof(data));
	struct pkcs15_pin pin;

	(void)state;
	assert_int_equal(card_counters(card->card, counters, IMAGE_COUNTERS_MAX), 3);
	assert_true(pkcs15_decode_pin(&pins, &pin));
	assert_string_equal(pin.common.label, "pin1");
	assert_true(pkcs15_decode_pin(&pins, &pin));
	assert_string_equal(pin.common.label, "pin2");
	assert_false(pkcs15_decode_pin(&pins, &pin));
	applet_free(card);
}

#define VERIFY_PIN2 "0020008208 3132333435360000"
#define USE_SIGN2 "002241B606 800142 840103"
#define SIGN_A_HASH "002A9E9A20 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F 00"

static void
a_further_key_is_used_with_the_pin_of_the_leading_one(void **state)
{
	struct applet_card *card = three_keys();

	(void)state;
	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, USE_SIGN2, "9000");
	applet_send(card, SIGN_A_HASH);
	assert_int_equal(strlen(card->answer), 2 * (96 + 2)); /* r and s of P-384 */
	applet_free(card);
}

static void
after_a_change_the_new_pin_is_that_of_both_keys(void **state)
{
	struct applet_card *card = three_keys();

	(void)state;
	assert_answer(card, "0024008210 3132333435360000 3938373635340000", "9000");
	assert_string_equal(card->keys[1].pin, "987654");
	assert_string_equal(card->keys[2].pin, "");
	assert_answer(card, "0020008208 3938373635340000", "9000");
	assert_answer(card, USE_SIGN2, "9000");
	applet_send(card, SIGN_A_HASH);
	assert_int_equal(strlen(card->answer), 2 * (96 + 2));
	applet_free(card);
}

/* So that a key which is added to a card later never takes the lead from one that is there. */
static void
the_first_key_of_the_image_leads(void **state)
{
	struct applet_card *card = new_card();

	(void)state;
	applet_add_ec_key(card, "sign2", "P-384", SIGN_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, "");
	assert_string_equal(build_leading_key(&card->image, &ROLES, &ROLE[1]), "sign2");
	assert_null(build_leading_key(&card->image, &ROLES, &ROLE[0]));
	insert(card);
	assert_answer(card, VERIFY_PIN2, "9000");
	assert_answer(card, "002241B606 800142 840102", "9000");
	applet_send(card, SIGN_A_HASH);
	assert_int_equal(strlen(card->answer), 2 * (256 + 2));
	applet_free(card);
}

static void
keys_of_two_services_do_not_share_a_pin(void **state)
{
	struct applet_card *card = new_card();

	(void)state;
	applet_add_key(card, "sign", "cmd", 2048, SIGN_PIN);
	applet_add_ec_key(card, "sign2", "P-384", "");
	assert_refused(card,
		       "card \"test\": keys \"sign\" and \"sign2\" of a made-up card have one PIN");
}

static void
the_object_of_a_key_is_of_its_certificates_kind(void **state)
{
	struct applet_card *card = new_card();
	uint8_t data[1024];
	struct reader keys;
	struct pkcs15_key key;

	(void)state;
	applet_add_ec_key(card, "auth", "P-256", AUTH_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	insert(card);
	keys = objects(card, "4002", data, sizeof(data));
	assert_true(pkcs15_decode_key(&keys, &key));
	assert_int_equal(key.kind, PKCS15_KEY_EC);
	assert_int_equal(key.bits, 256);
	assert_int_equal(key.usage, PKCS15_USAGE_SIGN | PKCS15_USAGE_DERIVE);
	assert_true(pkcs15_decode_key(&keys, &key));
	assert_int_equal(key.kind, PKCS15_KEY_RSA);
	assert_int_equal(key.bits, 2048);
	applet_free(card);
}

static void
an_rsa_key_of_the_same_role_deciphers_and_does_not_agree(void **state)
{
	struct applet_card *card = three_keys();
	uint8_t data[1024];
	struct reader keys = objects(card, "4002", data, sizeof(data));
	struct pkcs15_key key;

	(void)state;
	assert_true(pkcs15_decode_key(&keys, &key));
	assert_int_equal(key.usage, PKCS15_USAGE_SIGN | PKCS15_USAGE_DECRYPT);
	applet_free(card);
}

static void
an_algorithm_of_another_kind_of_key_is_refused_at_mse(void **state)
{
	struct applet_card *card = three_keys();

	(void)state;
	assert_answer(card, "002241B806 80011A 840101", "9000");
	assert_answer(card, "002241B806 80011A 840103", "6A80");
	applet_free(card);
}

static void
each_role_has_its_own_kinds(void **state)
{
	struct applet_card *card = new_card();

	(void)state;
	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_ec_key(card, "sign2", "P-256", SIGN_PIN);
	assert_refused(card,
		       "key \"sign2\" is of the kind p256, and that of a made-up card is p384");
}

static void
the_names_of_all_roles_are_told(void **state)
{
	struct applet_card *card = new_card();

	(void)state;
	applet_add_key(card, "other", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	assert_refused(card, "is called auth, sign or sign2");
}

static void
a_serial_number_has_one_of_the_lengths(void **state)
{
	struct applet_card *card = applet_new("made-up", "010203", "");

	(void)state;
	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	assert_refused(card, "has 4, 8 or 10 bytes, not 3");
}

static void
labels_of_card_conf_stand_in_the_place_of_the_roles(void **state)
{
	struct applet_card *card = new_card();
	uint8_t data[1024];
	struct reader reader;
	struct pkcs15_key key;
	struct pkcs15_certificate certificate;

	(void)state;
	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	snprintf(card->image.keys[0].label, sizeof(card->image.keys[0].label), "Työ");
	snprintf(card->image.keys[1].certificate_label,
		 sizeof(card->image.keys[1].certificate_label), "2026");
	insert(card);
	reader = objects(card, "4002", data, sizeof(data));
	assert_true(pkcs15_decode_key(&reader, &key));
	assert_string_equal(key.common.label, "Työ");
	assert_true(pkcs15_decode_key(&reader, &key));
	assert_string_equal(key.common.label, "sign");
	reader = objects(card, "4003", data, sizeof(data));
	assert_true(pkcs15_decode_certificate(&reader, &certificate));
	assert_string_equal(certificate.common.label, "auth");
	assert_true(pkcs15_decode_certificate(&reader, &certificate));
	assert_string_equal(certificate.common.label, "2026");
	applet_free(card);
}

static void
a_key_is_used_for_what_card_conf_says(void **state)
{
	struct applet_card *card = new_card();
	uint8_t data[1024];
	struct reader keys;
	struct pkcs15_key key;

	(void)state;
	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	card->image.keys[0].usage = IMAGE_USAGE_DECRYPT;
	insert(card);
	keys = objects(card, "4002", data, sizeof(data));
	assert_true(pkcs15_decode_key(&keys, &key));
	assert_int_equal(key.usage, PKCS15_USAGE_DECRYPT);
	assert_answer(card, "002241B806 80011A 840101", "9000");
	assert_answer(card, "002241B606 800142 840101", "6A80");
	applet_free(card);
}

/* Else a word that the role has not would let MSE SET take what the object does not list. */
static void
a_usage_beside_those_of_the_role_gives_nothing(void **state)
{
	struct applet_card *card = new_card();
	uint8_t data[1024];
	struct reader keys;
	struct pkcs15_key key;

	(void)state;
	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	card->image.keys[0].usage = IMAGE_USAGE_DECRYPT | IMAGE_USAGE_NON_REPUDIATION;
	insert(card);
	keys = objects(card, "4002", data, sizeof(data));
	assert_true(pkcs15_decode_key(&keys, &key));
	assert_int_equal(key.usage, PKCS15_USAGE_DECRYPT);
	assert_answer(card, "002241B806 80011A 840101", "9000");
	assert_answer(card, "002241B606 800142 840101", "6A80");
	applet_free(card);
}

/* Services have neither PKCS #1 deciphering nor ECDSA: the role's algorithms say so. */
static void
the_object_of_a_services_key_does_not_decipher(void **state)
{
	struct applet_card *card = new_card();
	uint8_t data[1024];
	struct reader keys;
	struct pkcs15_key key;

	(void)state;
	applet_add_key(card, "auth", "cmd", 2048, AUTH_PIN);
	insert(card);
	keys = objects(card, "4002", data, sizeof(data));
	assert_true(pkcs15_decode_key(&keys, &key));
	assert_int_equal(key.usage, PKCS15_USAGE_SIGN);
	applet_free(card);
}

static void
a_services_key_that_could_do_nothing_is_refused(void **state)
{
	struct applet_card *card = new_card();

	(void)state;
	applet_add_ec_key(card, "auth", "P-256", AUTH_PIN);
	snprintf(card->image.keys[0].service, sizeof(card->image.keys[0].service), "cmd");
	assert_refused(card, "key \"auth\", of the kind p256, is at the service cmd");
}

static void
a_usage_that_no_service_has_is_refused(void **state)
{
	struct applet_card *card = new_card();

	(void)state;
	applet_add_key(card, "auth", "cmd", 2048, AUTH_PIN);
	card->image.keys[0].usage = IMAGE_USAGE_DECRYPT;
	assert_refused(card, "with key \"auth\" of a made-up card; write sign in");
}

static void
a_puk_is_tried_on_the_leading_key(void **state)
{
	struct applet_card *card = new_card();

	(void)state;
	applet_add_key(card, "auth", "cmd", 2048, AUTH_PIN);
	assert_null(build_key_of_puk(&card->image, &ROLES));
	applet_add_ec_key(card, "sign2", "P-384", SIGN_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, "");
	assert_string_equal(build_key_of_puk(&card->image, &ROLES), "sign2");
	applet_free(card);
}

static void
a_usage_that_leaves_nothing_is_refused(void **state)
{
	struct applet_card *card = new_card();

	(void)state;
	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	card->image.keys[0].usage = IMAGE_USAGE_DERIVE;
	assert_refused(card, "with key \"auth\" of a made-up card; write sign or decrypt in");
}

/* Freed with the card. */
static void
add_further(struct applet_card *card, const char *name, const char *key, unsigned bits)
{
	struct image_certificate *further =
	    &card->image.certificates[card->image.certificates_count++];

	snprintf(further->name, sizeof(further->name), "%s", name);
	snprintf(further->key, sizeof(further->key), "%s", key);
	further->certificate = applet_certificate(applet_rsa(bits), "Maria", applet_rsa(2048), "ca",
						  &further->certificate_len);
}

static void
further_certificates_have_objects_and_files(void **state)
{
	struct applet_card *card = new_card();
	uint8_t data[1024];
	char text[2 * 4096];
	struct reader objects_of;
	struct pkcs15_certificate object;

	(void)state;
	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	add_further(card, "old", "auth", 2048);
	add_further(card, "friend", "", 3072);
	snprintf(card->image.certificates[0].label, sizeof(card->image.certificates[0].label),
		 "2021");
	insert(card);
	objects_of = objects(card, "4003", data, sizeof(data));
	assert_true(pkcs15_decode_certificate(&objects_of, &object));
	assert_true(pkcs15_decode_certificate(&objects_of, &object));
	assert_string_equal(object.common.label, "2021");
	assert_int_equal(object.id.data[0], 1); /* that of auth */
	assert_int_equal(object.path.file[1], 0x11);
	assert_true(pkcs15_decode_certificate(&objects_of, &object));
	assert_string_equal(object.common.label, "Maria");
	assert_int_equal(object.id.data[0], 0x61);
	assert_int_equal(object.path.file[1], 0x12);
	assert_false(object.authority);
	assert_answer(card, "00A4000C024412", "9000");
	bytes_to_hex((struct bytes){card->image.certificates[1].certificate,
				    card->image.certificates[1].certificate_len},
		     text);
	assert_string_equal(applet_read(card), text);
	applet_free(card);
}

static void
a_further_certificate_of_another_key_is_refused(void **state)
{
	struct applet_card *card = new_card();

	(void)state;
	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	add_further(card, "old", "auth", 3072);
	assert_refused(card, "the certificate \"old\" is not for key \"auth\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(roles_of_one_counter_have_one_pin_and_one_object),
	    cmocka_unit_test(a_further_key_is_used_with_the_pin_of_the_leading_one),
	    cmocka_unit_test(after_a_change_the_new_pin_is_that_of_both_keys),
	    cmocka_unit_test(the_first_key_of_the_image_leads),
	    cmocka_unit_test(keys_of_two_services_do_not_share_a_pin),
	    cmocka_unit_test(the_object_of_a_key_is_of_its_certificates_kind),
	    cmocka_unit_test(an_rsa_key_of_the_same_role_deciphers_and_does_not_agree),
	    cmocka_unit_test(an_algorithm_of_another_kind_of_key_is_refused_at_mse),
	    cmocka_unit_test(each_role_has_its_own_kinds),
	    cmocka_unit_test(the_names_of_all_roles_are_told),
	    cmocka_unit_test(a_serial_number_has_one_of_the_lengths),
	    cmocka_unit_test(labels_of_card_conf_stand_in_the_place_of_the_roles),
	    cmocka_unit_test(a_key_is_used_for_what_card_conf_says),
	    cmocka_unit_test(a_usage_that_leaves_nothing_is_refused),
	    cmocka_unit_test(a_usage_beside_those_of_the_role_gives_nothing),
	    cmocka_unit_test(the_object_of_a_services_key_does_not_decipher),
	    cmocka_unit_test(a_services_key_that_could_do_nothing_is_refused),
	    cmocka_unit_test(a_usage_that_no_service_has_is_refused),
	    cmocka_unit_test(a_puk_is_tried_on_the_leading_key),
	    cmocka_unit_test(further_certificates_have_objects_and_files),
	    cmocka_unit_test(a_further_certificate_of_another_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
