/* vicar create, and the PINs that it is given. */
#include "test-vicar.h"

#include "cmdbridge/keyfile.h"
#include "tools/vicar/pins.h"
#include "tools/vicar/self_signed.h"

#include <sys/wait.h>
#include <time.h>

static struct creation
a_creation(void)
{
	return (struct creation){
	    .name = "cc",
	    .personality = "fineid-v2",
	    .subject = "/C=FI/CN=MEIKAELAEINEN MATTI 99900001N",
	    .options = "",
	};
}

static void
a_created_card_opens_with_pin_and_puk(void **state)
{
	struct creation creation = a_creation();
	char error[KEYFILE_ERROR_MAX];
	struct problem text = {""};

	if (!create_chosen(&creation, "auth", NULL, &text))
		fail_msg("%s", text.text);
	assert_int_equal(
	    keyfile_check(home_file(state, CARD "/keys/auth.pin"), BYTES_TEXT("1234"), error),
	    KEYFILE_OK);
	assert_int_equal(
	    keyfile_check(home_file(state, CARD "/keys/auth.puk"), BYTES_TEXT("12345678"), error),
	    KEYFILE_OK);
}

static void
a_created_card_keeps_the_options_of_its_kind(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};
	struct image image;

	creation.personality = "iasecc";
	creation.options = "variant=gemalto";
	assert_true(create_chosen(&creation, "auth", NULL, &text));
	image = load_card(state);
	assert_string_equal(image.options, "variant=gemalto");
	image_free(&image);
}

static void
an_option_that_the_card_does_not_know_is_refused(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};

	creation.options = "variant=gemalto";
	assert_false(create_chosen(&creation, "auth", NULL, &text));
	assert_non_null(strstr(text.text, "no option \"variant=gemalto\""));
	assert_non_null(strstr(text.text, "nothing was written"));
	assert_int_not_equal(access(home_file(state, CARD), F_OK), 0);
}

static void
a_label_that_card_conf_cannot_hold_makes_no_card(void **state)
{
	static const char *const labels[] = {"", " a", "a ", "a ; b", "a\nusage = sign", "\xFF"};
	struct creation creation = a_creation();
	struct problem text;

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		creation.label = labels[i];
		assert_false(create_chosen(&creation, "auth", NULL, &text));
		assert_non_null(strstr(text.text, "choose another"));
		assert_false(home_has(state, CARD));
	}
}

static void
a_created_card_has_a_certificate_for_its_role(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};
	struct image image;
	struct chain chain;

	assert_true(create_chosen(&creation, "auth", NULL, &text));
	image = load_card(state);
	assert_true(
	    chain_read((struct bytes){image.keys[0].certificate, image.keys[0].certificate_len},
		       &chain, &text));
	assert_int_equal(X509_get_key_usage(chain.certificates[0]),
			 KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT);
	assert_true(chain_check(&chain, time(NULL), &text));
	chain_free(&chain);
	image_free(&image);
}

static void
a_created_fineid_card_has_a_serial_of_digits(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};
	struct image image;

	assert_true(create_chosen(&creation, "auth", NULL, &text));
	image = load_card(state);
	assert_int_equal(image.serial_len, 10);
	for (size_t i = 0; i < image.serial_len; i++)
		assert_true((image.serial[i] & 0x0F) <= 9 && image.serial[i] >> 4 <= 9);
	image_free(&image);
}

static void
a_subject_that_is_none_makes_no_card(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};

	creation.subject = "/NOSUCH=1";
	assert_false(create_chosen(&creation, "auth", NULL, &text));
	assert_non_null(strstr(text.text, "/NOSUCH=1"));
	assert_false(home_has(state, CARD));
}

static void
a_fineid_card_of_3072_bits_is_not_made(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};

	assert_false(create_chosen(&creation, NULL, "rsa3072", &text));
	assert_non_null(strstr(text.text, "the key auth of a fineid-v2 card cannot be rsa3072"));
	assert_false(home_has(state, CARD));
}

static void
an_ec_key_that_the_card_cannot_have_makes_no_card(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};

	assert_false(create_chosen(&creation, "auth", "p256", &text));
	assert_non_null(strstr(text.text, "use one of: rsa2048"));
	assert_false(home_has(state, CARD));
}

static void
a_created_fineid_v4_card_has_a_key_on_p384(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};
	struct image image;

	creation.personality = "fineid-v4";
	if (!create_chosen(&creation, "auth", NULL, &text))
		fail_msg("%s", text.text);
	image = load_card(state);
	assert_int_equal(image.serial_len, 12);
	for (size_t i = 0; i < image.serial_len; i++)
		assert_in_range(image.serial[i], '0', '9');
	image_free(&image);
}

/* ---- which keys, of which kinds ---- */

static void
without_a_role_a_card_gets_all_its_usual_keys(void **state)
{
	struct creation creation = a_creation();
	char error[KEYFILE_ERROR_MAX];
	struct problem text = {""};
	struct image image;

	if (!create_chosen(&creation, NULL, NULL, &text))
		fail_msg("%s", text.text);
	image = load_card(state);
	assert_int_equal(image.keys_count, 2);
	assert_string_equal(image.keys[0].name, "auth");
	assert_string_equal(image.keys[1].name, "sign");
	image_free(&image);
	assert_int_equal(
	    keyfile_check(home_file(state, CARD "/keys/sign.pin"), BYTES_TEXT("1234"), error),
	    KEYFILE_OK);
	assert_int_equal(
	    keyfile_check(home_file(state, CARD "/keys/sign.puk"), BYTES_TEXT("12345678"), error),
	    KEYFILE_OK);
}

static void
every_personality_can_be_made_with_all_its_usual_keys(void **state)
{
	for (const struct personality *const *at = registry_all(); *at != NULL; at++) {
		struct problem error = {""};

		create_named("cc", (*at)->name, NULL);
		assert_true(issue_undo(home_file(state, CARD), &error));
	}
}

static void
a_role_that_the_card_does_not_have_is_refused_with_those_it_has(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};

	(void)state;
	assert_false(create_chosen(&creation, "dance", NULL, &text));
	assert_non_null(
	    strstr(text.text, "has no key dance; choose with --role one of: auth, sign"));
}

static const char *
kind_of_key(void **state, size_t index)
{
	struct image image = load_card(state);
	const unsigned char *at = image.keys[index].certificate;
	X509 *certificate = d2i_X509(NULL, &at, (long)image.keys[index].certificate_len);
	const struct key_kind *kind = key_kind_of(X509_get0_pubkey(certificate));

	X509_free(certificate);
	image_free(&image);
	return kind->name;
}

static void
each_role_may_have_a_kind_of_its_own(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};

	creation.personality = "cc-v1";
	if (!create_chosen(&creation, NULL, "auth=rsa2048,sign=rsa3072", &text))
		fail_msg("%s", text.text);
	assert_string_equal(kind_of_key(state, 0), "rsa2048");
	assert_string_equal(kind_of_key(state, 1), "rsa3072");
}

static void
a_role_without_a_kind_of_its_own_has_the_usual_one(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};

	creation.personality = "cc-v1";
	if (!create_chosen(&creation, NULL, "sign=rsa3072", &text))
		fail_msg("%s", text.text);
	assert_string_equal(kind_of_key(state, 0), "rsa2048");
}

static void
a_kind_for_a_key_that_the_card_is_not_to_have_is_refused(void **state)
{
	struct creation creation = a_creation();
	struct problem text = {""};

	(void)state;
	assert_false(create_chosen(&creation, "auth", "sign=rsa2048", &text));
	assert_non_null(strstr(text.text, "sign=rsa2048 does not say what key it is for"));
}

/* ---- which PINs ---- */

static struct pin_plan *
plan_for(const char *personality, const struct image *image)
{
	static struct pin_plan plan;
	struct registry_key keys[IMAGE_KEYS_MAX];
	struct problem text = {""};
	size_t count = 0;

	while (count < IMAGE_KEYS_MAX &&
	       registry_key(registry_find(personality), count, &keys[count]))
		count++;
	assert_true(pin_plan_make(&plan, keys, count, image, &text));
	return &plan;
}

static void
keys_with_one_puk_need_it_once(void **state)
{
	struct pin_plan *plan = plan_for("fineid-v2", NULL);

	(void)state;
	assert_int_equal(plan->count, 3);
	assert_string_equal(plan->values[0].key, "pin1");
	assert_string_equal(plan->values[1].key, "pin2");
	assert_string_equal(plan->values[2].key, "puk");
	assert_true(plan->values[2].is_new);
	pin_plan_free(plan);
}

static void
a_pin_of_a_key_that_is_there_is_not_new(void **state)
{
	struct image image = {.personality = "fineid-v2", .keys_count = 1, .lock = -1};
	struct pin_plan *plan;

	(void)state;
	snprintf(image.keys[0].name, sizeof(image.keys[0].name), "auth");
	snprintf(image.keys[0].service, sizeof(image.keys[0].service), "file");
	plan = plan_for("fineid-v2", &image);
	assert_false(plan->values[0].is_new);
	assert_true(plan->values[1].is_new);
	assert_false(plan->values[2].is_new);
	assert_string_equal(plan->values[2].name, "PUK of the card");
	pin_plan_free(plan);
}

static void
a_remote_key_has_no_puk_that_could_be_asked_for(void **state)
{
	struct image image = {.personality = "fineid-v2", .keys_count = 1, .lock = -1};
	struct pin_plan *plan;

	(void)state;
	snprintf(image.keys[0].name, sizeof(image.keys[0].name), "auth");
	snprintf(image.keys[0].service, sizeof(image.keys[0].service), "cmd");
	plan = plan_for("fineid-v2", &image);
	assert_true(plan->values[2].is_new);
	pin_plan_free(plan);
}

/* ---- certificates of EC keys ---- */

static void
assert_ec_certificate(const char *curve, const char *role, int signature, uint32_t usage)
{
	struct problem text = {""};
	EVP_PKEY *key = EVP_EC_gen(curve);
	X509 *certificate = self_signed(key, key_use_of(role), "Name", &text);

	if (certificate == NULL)
		fail_msg("%s", text.text);
	assert_int_equal(X509_get_signature_nid(certificate), signature);
	assert_int_equal(X509_get_key_usage(certificate), usage);
	assert_int_equal(X509_verify(certificate, key), 1);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

/* RFC 5480 section 4 */
static void
an_ec_certificate_is_signed_with_a_hash_as_strong_as_the_key(void **state)
{
	const uint32_t usage = KU_NON_REPUDIATION;

	(void)state;
	assert_ec_certificate("prime256v1", "sign", NID_ecdsa_with_SHA256, usage);
	assert_ec_certificate("brainpoolP256r1", "sign", NID_ecdsa_with_SHA256, usage);
	assert_ec_certificate("secp384r1", "sign", NID_ecdsa_with_SHA384, usage);
	assert_ec_certificate("brainpoolP384r1", "sign", NID_ecdsa_with_SHA384, usage);
	assert_ec_certificate("secp521r1", "sign", NID_ecdsa_with_SHA512, usage);
}

/* fineid.md 7.4 */
static void
an_ec_key_for_logging_in_may_agree_on_keys(void **state)
{
	(void)state;
	assert_ec_certificate("secp384r1", "auth", NID_ecdsa_with_SHA384,
			      KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT);
}

/* ---- PIN files ---- */

static const struct pins_value PIN_AND_PUK[2] = {
    {.key = "pin", .name = "PIN", .min = 4, .max = 8, .is_new = true},
    {.key = "puk", .name = "PUK", .min = 8, .max = 8, .is_new = true},
};

static void
assert_pin_file_refused(void **state, const char *text, mode_t mode, const char *reason)
{
	const char *path = home_write(state, "pins", text, mode);
	struct pins_value pins[2];
	struct problem error = {""};

	memcpy(pins, PIN_AND_PUK, sizeof(pins));
	assert_false(pins_read(path, pins, 2, &error));
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	assert_string_equal(pins[0].value, "");
}

static void
a_pin_file_is_read(void **state)
{
	const char *path =
	    home_write(state, "pins", "# mine\npin = 1234\r\n\n puk=87654321 \n", 0600);
	struct pins_value pins[2];
	struct problem error = {""};

	memcpy(pins, PIN_AND_PUK, sizeof(pins));
	assert_true(pins_read(path, pins, 2, &error));
	assert_string_equal(pins[0].value, "1234");
	assert_string_equal(pins[1].value, "87654321");
}

static void
a_pin_file_that_others_may_read_is_refused(void **state)
{
	assert_pin_file_refused(state, "pin = 1234\npuk = 12345678\n", 0640, "chmod 600");
}

static void
a_pin_file_without_a_puk_is_refused(void **state)
{
	assert_pin_file_refused(state, "pin = 1234\n", 0600, "has no puk");
}

static void
a_pin_that_is_too_short_is_refused(void **state)
{
	assert_pin_file_refused(state, "pin = 123\npuk = 12345678\n", 0600, "4 to 8 digits");
}

static void
a_pin_with_a_letter_is_refused(void **state)
{
	assert_pin_file_refused(state, "pin = 12a4\npuk = 12345678\n", 0600, "line 1");
}

static void
a_pin_that_is_there_twice_is_refused(void **state)
{
	assert_pin_file_refused(state, "pin = 1234\npin = 1234\npuk = 12345678\n", 0600, "twice");
}

static void
an_unknown_line_in_a_pin_file_is_refused(void **state)
{
	assert_pin_file_refused(state, "pin = 1234\npuk = 12345678\nso = 1\n", 0600, "line 3");
}

static void
a_line_of_a_pin_file_that_is_no_key_and_value_is_refused(void **state)
{
	assert_pin_file_refused(state, "pin = 1234\npuk 12345678\n", 0600,
				"line 2 is not `KEY = DIGITS` with one of the keys pin, puk");
}

static void
a_pin_file_with_more_values_than_any_command_takes_is_refused(void **state)
{
	static const char keys[][3] = {"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8",
				       "a9", "b0", "b1", "b2", "b3", "b4", "b5", "b6"};
	enum { COUNT = sizeof(keys) / sizeof(keys[0]) };
	struct pins_value pins[COUNT] = {{.key = NULL}};
	struct problem error = {""};
	char text[COUNT * 16];
	size_t len = 0;

	for (size_t i = 0; i < COUNT; i++) {
		pins[i] = (struct pins_value){.key = keys[i], .min = 4, .max = 8};
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s = 1234\n", keys[i]);
	}
	assert_false(pins_read(home_write(state, "pins", text, 0600), pins, COUNT, &error));
	assert_non_null(strstr(error.text, "more than 16 lines"));
	assert_string_equal(pins[0].value, "");
}

/* A process of a session of its own has no terminal. */
static void
without_a_terminal_it_is_said_what_a_pin_file_holds(void **state)
{
	struct problem error = {""};
	int status = -1;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		struct pins_value pins[2];

		memcpy(pins, PIN_AND_PUK, sizeof(pins));
		_exit(setsid() >= 0 && !pins_ask(pins, 2, &error) &&
			      strstr(error.text, "put the lines pin, puk, each with = DIGITS")
			  ? 0
			  : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The rule for new PINs, pin-rules of vicar.conf, is judged for those of a file as well. */
static void
a_new_pin_of_a_file_that_the_rules_forbid_is_refused(void **state)
{
	struct pins_value pins[2];
	struct problem error = {""};

	memcpy(pins, PIN_AND_PUK, sizeof(pins));
	assert_false(pins_get(home_write(state, "pins", "pin = 1111\npuk = 12345678\n", 0600), pins,
			      2, &error));
	assert_memory_equal(error.text, "PIN: ", 5);
	assert_null(strstr(error.text, "1111"));
	assert_string_equal(pins[0].value, "");
	assert_string_equal(pins[1].value, "");
}

static void
an_error_about_a_pin_file_never_holds_the_pin(void **state)
{
	const char *path = home_write(state, "pins", "pin = 123456789\n", 0600);
	struct pins_value pins[2];
	struct problem error = {""};

	memcpy(pins, PIN_AND_PUK, sizeof(pins));
	assert_false(pins_read(path, pins, 2, &error));
	assert_null(strstr(error.text, "123456789"));
}

static void
one_line_may_stand_for_several_pins(void **state)
{
	const char *path = home_write(state, "pins", "puk = 12345678\npin = 1234\n", 0600);
	struct pin_plan *plan = plan_for("fineid-v2", NULL);
	struct problem error = {""};

	if (!pins_read(path, plan->values, plan->count, &error))
		fail_msg("%s", error.text);
	assert_string_equal(pin_plan_value(plan, "pin1"), "1234");
	assert_string_equal(pin_plan_value(plan, "pin2"), "1234");
	pin_plan_free(plan);
}

static void
a_line_of_its_own_goes_before_one_for_all(void **state)
{
	const char *path =
	    home_write(state, "pins", "pin2 = 654321\npuk = 12345678\npin = 1234\n", 0600);
	struct pin_plan *plan = plan_for("fineid-v2", NULL);
	struct problem error = {""};

	if (!pins_read(path, plan->values, plan->count, &error))
		fail_msg("%s", error.text);
	assert_string_equal(pin_plan_value(plan, "pin1"), "1234");
	assert_string_equal(pin_plan_value(plan, "pin2"), "654321");
	pin_plan_free(plan);
}

static void
the_pin_that_a_file_lacks_is_named_with_its_line(void **state)
{
	const char *path = home_write(state, "pins", "pin1 = 1234\npuk = 12345678\n", 0600);
	struct pin_plan *plan = plan_for("fineid-v2", NULL);
	struct problem error = {""};

	assert_false(pins_read(path, plan->values, plan->count, &error));
	assert_non_null(strstr(error.text, "has no pin2; add the line: pin2 = DIGITS"));
	pin_plan_free(plan);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, home_set_up, home_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_created_card_opens_with_pin_and_puk),
	    TEST(a_created_card_keeps_the_options_of_its_kind),
	    TEST(an_option_that_the_card_does_not_know_is_refused),
	    TEST(a_label_that_card_conf_cannot_hold_makes_no_card),
	    TEST(a_created_card_has_a_certificate_for_its_role),
	    TEST(a_created_fineid_card_has_a_serial_of_digits),
	    TEST(a_subject_that_is_none_makes_no_card),
	    TEST(a_fineid_card_of_3072_bits_is_not_made),
	    TEST(an_ec_key_that_the_card_cannot_have_makes_no_card),
	    TEST(a_created_fineid_v4_card_has_a_key_on_p384),
	    TEST(without_a_role_a_card_gets_all_its_usual_keys),
	    TEST(every_personality_can_be_made_with_all_its_usual_keys),
	    TEST(a_role_that_the_card_does_not_have_is_refused_with_those_it_has),
	    TEST(each_role_may_have_a_kind_of_its_own),
	    TEST(a_role_without_a_kind_of_its_own_has_the_usual_one),
	    TEST(a_kind_for_a_key_that_the_card_is_not_to_have_is_refused),
	    TEST(keys_with_one_puk_need_it_once),
	    TEST(a_pin_of_a_key_that_is_there_is_not_new),
	    TEST(a_remote_key_has_no_puk_that_could_be_asked_for),
	    TEST(one_line_may_stand_for_several_pins),
	    TEST(a_line_of_its_own_goes_before_one_for_all),
	    TEST(the_pin_that_a_file_lacks_is_named_with_its_line),
	    TEST(an_ec_certificate_is_signed_with_a_hash_as_strong_as_the_key),
	    TEST(an_ec_key_for_logging_in_may_agree_on_keys),
	    TEST(a_pin_file_is_read),
	    TEST(a_pin_file_that_others_may_read_is_refused),
	    TEST(a_pin_file_without_a_puk_is_refused),
	    TEST(a_pin_that_is_too_short_is_refused),
	    TEST(a_pin_with_a_letter_is_refused),
	    TEST(a_pin_that_is_there_twice_is_refused),
	    TEST(an_unknown_line_in_a_pin_file_is_refused),
	    TEST(an_error_about_a_pin_file_never_holds_the_pin),
	    TEST(a_line_of_a_pin_file_that_is_no_key_and_value_is_refused),
	    TEST(a_pin_file_with_more_values_than_any_command_takes_is_refused),
	    TEST(without_a_terminal_it_is_said_what_a_pin_file_holds),
	    TEST(a_new_pin_of_a_file_that_the_rules_forbid_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
