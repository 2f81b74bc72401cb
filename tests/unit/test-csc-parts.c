/* The parts of the maker of CSC keys, each alone; vectors of csc.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/base64.h"
#include "cmdbridge/cscaccount.h"
#include "cmdbridge/cscalgorithm.h"
#include "cmdbridge/cscerror.h"
#include "cmdbridge/cscfactor.h"
#include "cmdbridge/csctoken.h"
#include "cmdbridge/form.h"
#include "cmdbridge/member.h"

#include <openssl/crypto.h>

#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct bytes
text(const char *of)
{
	return (struct bytes){(const uint8_t *)of, strlen(of)};
}

static json_t *
json(const char *of)
{
	json_t *read = json_loads(of, 0, NULL);

	assert_non_null(read);
	return read;
}

static void
a_hash_is_written_in_three_ways(void **state)
{
	static const uint8_t hash[] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
				       0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
				       0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
				       0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
	char written[BASE64_ROOM(sizeof(hash))];

	(void)state;
	base64_encode(BYTES(hash), BASE64_PLAIN, written);
	assert_string_equal(written, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
	base64_encode(BYTES(hash), BASE64_URL, written);
	assert_string_equal(written, "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
	base64_encode(BYTES(hash), BASE64_URL_PADDED, written);
	assert_string_equal(written, "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=");
}

static void
base64_is_read_in_all_its_forms_and_nothing_else(void **state)
{
	static const struct {
		const char *text, *data; /* NULL: refused */
	} forms[] = {
	    {"", ""},           {"Zg==", "f"},   {"Zg", "f"},         {"Zm8=", "fo"},
	    {"Zm8", "fo"},      {"Zm9v", "foo"}, {"Zm\r\n9v", "foo"}, {"Zm9vYg==", "foob"},
	    {"Z", NULL},        {"Zm9vY", NULL}, {"Zg=", NULL},       {"Zg===", NULL},
	    {"Zg==Zg==", NULL}, {"Zm9*", NULL},  {"=", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		uint8_t data[16];
		size_t len = 0;
		const bool ok = base64_decode(forms[i].text, data, sizeof(data), &len);

		if (ok != (forms[i].data != NULL))
			fail_msg("%s", forms[i].text);
		if (ok)
			assert_true(bytes_equal((struct bytes){data, len}, text(forms[i].data)));
	}
}

static void
base64_that_is_too_long_is_refused(void **state)
{
	uint8_t data[2];
	size_t len;

	(void)state;
	assert_false(base64_decode("Zm9v", data, sizeof(data), &len));
}

static void
members_are_taken_as_services_write_them(void **state)
{
	json_t *object = json("{\"n\":10,\"s\":\"10\",\"t\":true,\"ts\":\"true\",\"null\":null,"
			      "\"r\":3.0,\"bad\":\"1x\",\"a\":[\"x\",1],\"o\":{}}");

	(void)state;
	assert_int_equal(member_number(object, "n", -1), 10);
	assert_int_equal(member_number(object, "s", -1), 10);
	assert_int_equal(member_number(object, "t", -1), 1);
	assert_int_equal(member_number(object, "r", -1), 3);
	assert_int_equal(member_number(object, "bad", -1), -1);
	assert_int_equal(member_number(object, "null", -1), -1);
	assert_int_equal(member_number(object, "none", -1), -1);
	assert_int_equal(member_number(NULL, "n", -1), -1);
	assert_true(member_is_true(object, "t") && member_is_true(object, "ts"));
	assert_false(member_is_true(object, "n") || member_is_true(object, "null"));
	assert_null(member_text(object, "null"));
	assert_null(member_text(object, "n"));
	assert_null(member_text(NULL, "s"));
	assert_true(member_has(member_array(object, "a"), "x"));
	assert_false(member_has(member_array(object, "a"), "1"));
	assert_null(member_array(object, "o"));
	json_decref(object);
}

static void
only_a_whole_object_is_read(void **state)
{
	static const char *const others[] = {
	    "", "[]", "\"x\"", "{", "{}x", "{\"a\":1,\"a\":2}", "<html>"};
	json_t *read = member_read(text("{}"));

	(void)state;
	assert_non_null(read);
	json_decref(read);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_null(member_read(text(others[i])));
}

static void
a_form_escapes_all_that_could_mean_something(void **state)
{
	uint8_t room[128];
	struct writer form = writer_to(room, sizeof(room));

	(void)state;
	form_put(&form, "scope", "service");
	form_put(&form, "none", NULL);
	form_put(&form, "a b", "x&y=z+ü/\n");
	assert_true(
	    bytes_equal(writer_bytes(&form), text("scope=service&a%20b=x%26y%3Dz%2B%C3%BC%2F%0A")));
}

static void
the_algorithm_that_tells_its_hash_is_preferred(void **state)
{
	json_t *both = json("[\"1.2.840.113549.1.1.1\",\"1.2.840.113549.1.1.11\"]");
	json_t *plain = json("[\"1.2.840.113549.1.1.1\",\"1.2.840.113549.1.1.10\"]");
	struct csc_algorithm algorithm;

	(void)state;
	assert_true(csc_algorithm_choose(both, KEYFILE_SIGN_PKCS1, DIGEST_SHA256, &algorithm));
	assert_string_equal(algorithm.sign, "1.2.840.113549.1.1.11");
	assert_false(algorithm.hash_is_needed);
	assert_true(csc_algorithm_choose(both, KEYFILE_SIGN_PKCS1, DIGEST_SHA384, &algorithm));
	assert_string_equal(algorithm.sign, "1.2.840.113549.1.1.1");
	assert_string_equal(algorithm.hash, "2.16.840.1.101.3.4.2.2");
	assert_true(algorithm.hash_is_needed);
	assert_true(csc_algorithm_choose(plain, KEYFILE_SIGN_PSS, DIGEST_SHA512, &algorithm));
	assert_string_equal(
	    algorithm.parameters,
	    "MDSgDzANBglghkgBZQMEAgMFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgMFAKIDAgFA");
	assert_false(csc_algorithm_choose(plain, KEYFILE_SIGN_ECDSA, DIGEST_SHA256, &algorithm));
	assert_false(csc_algorithm_choose(plain, KEYFILE_SIGN_PKCS1, DIGEST_SHA1, &algorithm));
	assert_false(csc_algorithm_choose(plain, KEYFILE_SIGN_PKCS1, DIGEST_COUNT, &algorithm));
	assert_false(csc_algorithm_choose(NULL, KEYFILE_SIGN_PKCS1, DIGEST_SHA256, &algorithm));
	assert_int_equal(csc_algorithm_uses(plain), SERVICE_SIGN_PKCS1 | SERVICE_SIGN_PSS);
	json_decref(both);
	json_decref(plain);
}

static void
ecdsa_is_taken_in_both_encodings(void **state)
{
	static const uint8_t der[] = {0x30, 0x07, 0x02, 0x02, 0x01, 0x00, 0x02, 0x01, 0x05};
	static const uint8_t plain[] = {0x01, 0x00, 0x00, 0x05};
	/* r || s that begins as a SEQUENCE does. */
	static const uint8_t like_der[] = {0x30, 0x02, 0x01, 0x05};
	uint8_t room[16];
	struct writer out = writer_to(room, sizeof(room));

	(void)state;
	assert_true(csc_signature_plain(BYTES(der), 2, &out));
	assert_true(bytes_equal(writer_bytes(&out), BYTES(plain)));
	out = writer_to(room, sizeof(room));
	assert_true(csc_signature_plain(BYTES(plain), 2, &out));
	assert_true(bytes_equal(writer_bytes(&out), BYTES(plain)));
	out = writer_to(room, sizeof(room));
	assert_true(csc_signature_plain(BYTES(like_der), 2, &out));
	assert_true(bytes_equal(writer_bytes(&out), BYTES(like_der)));
	assert_false(csc_signature_plain(BYTES(der), 1, &out)); /* r does not fit */
	assert_false(csc_signature_plain((struct bytes){plain, 3}, 2, &out));
	assert_false(csc_signature_plain(BYTES_NONE, 2, &out));
}

static void
factors_of_v1(void **state)
{
	json_t *info = json(
	    "{\"PIN\":{\"presence\":\"true\",\"format\":\"N\"},"
	    "\"OTP\":{\"presence\":\"true\",\"type\":\"online\",\"ID\":\"sms\",\"format\":\"A\"}}");
	json_t *optional = json("{\"PIN\":{\"presence\":\"optional\"},"
				"\"OTP\":{\"presence\":\"optional\",\"type\":\"offline\"}}");
	json_t *none = json("{\"PIN\":null,\"OTP\":{\"presence\":\"false\"}}");
	struct csc_factors factors;

	(void)state;
	csc_factors_read(info, false, &factors);
	assert_int_equal(factors.count, 2);
	assert_int_equal(factors.list[0].kind, CSC_FACTOR_PIN);
	assert_true(factors.list[0].digits_only);
	assert_int_equal(factors.list[1].kind, CSC_FACTOR_SENT_CODE);
	assert_false(factors.list[1].digits_only);
	csc_factors_read(optional, false, &factors);
	assert_int_equal(factors.count, 1);
	assert_int_equal(factors.list[0].kind, CSC_FACTOR_PIN);
	csc_factors_read(none, false, &factors);
	assert_int_equal(factors.count, 0);
	json_decref(info);
	json_decref(optional);
	json_decref(none);
}

/* Of objects P (a PIN), T (of a device), C (sent) and A (an app). */
static void
of_a_choice_the_first_is_taken(void **state)
{
	static const struct {
		const char *expression, *taken;
	} expressions[] = {
	    {"P AND T", "PT"},
	    {"P OR T", "P"},
	    {"P XOR C", "P"},
	    {"P AND (T OR C)", "PT"},
	    {"(T XOR C) AND P", "PT"},
	    {"A", "A"},
	    {"((C))", "C"},
	    {"P AND T OR C", "PT"},
	    /* What cannot be read leaves all. */
	    {"P AND", "PTCA"},
	    {"P NAND T", "PTCA"},
	    {"(P", "PTCA"},
	    {"P)", "PTCA"},
	    {"X", "PTCA"},
	    {"", "PTCA"},
	    {"((((((((((((((((((P))))))))))))))))))", "PTCA"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(expressions); i++) {
		json_t *info = json_pack(
		    "{s:{s:s, s:[{s:s,s:s},{s:s,s:s,s:s},{s:s,s:s},{s:s,s:s}]}}", "auth",
		    "expression", expressions[i].expression, "objects", "type", "Password", "id",
		    "P", "type", "Password", "id", "T", "generator", "totp", "type",
		    "ChallengeResponse", "id", "C", "type", "ChallengeResponseOOB", "id", "A");
		struct csc_factors factors;
		char taken[CSC_FACTORS_MAX + 1] = "";

		csc_factors_read(info, true, &factors);
		for (size_t f = 0; f < factors.count; f++)
			strncat(taken, factors.list[f].id, 1);
		if (strcmp(taken, expressions[i].taken) != 0)
			fail_msg("%s: %s", expressions[i].expression, taken);
		json_decref(info);
	}
}

static void
more_objects_than_there_is_room_for_are_left_out(void **state)
{
	json_t *info = json("{\"auth\":{\"objects\":[]}}");
	json_t *objects = json_object_get(json_object_get(info, "auth"), "objects");
	struct csc_factors factors;

	(void)state;
	for (int i = 0; i < 2 * CSC_FACTORS_MAX; i++)
		json_array_append_new(objects,
				      json_pack("{s:s,s:s}", "type", "Password", "id", "x"));
	csc_factors_read(info, true, &factors);
	assert_int_equal(factors.count, CSC_FACTORS_MAX);
	json_decref(info);
}

static void
an_account_token_is_the_standards_vector(void **state)
{
	char *token = csc_account_token_of(
	    "{\"sub\":\"account-1\",\"iat\":1700000000,\"jti\":\"0f9d3a52-6c1e-4a57-9a36-"
	    "3f6f0c7f7b10\",\"iss\":\"test app\",\"azp\":\"client-1\"}",
	    "client-secret-1", false);

	(void)state;
	assert_string_equal(
	    token, "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."
		   "eyJzdWIiOiJhY2NvdW50LTEiLCJpYXQiOjE3MDAwMDAwMDAsImp0aSI6IjBmOWQzYTUyLTZjMWUtN"
		   "GE1Ny05YTM2LTNmNmYwYzdmN2IxMCIsImlzcyI6InRlc3QgYXBwIiwiYXpwIjoiY2xpZW50LTEifQ."
		   "iDqFvV4n5SufwbKzH5DMW96tPFY6pJtnTwuBvrVWyl4");
	csc_secret_free(token);
}

static void
errors_mean_what_the_standard_says(void **state)
{
	static const struct {
		long status;
		const char *body;
		enum outcome outcome;
	} errors[] = {
	    {400, "{\"error\":\"invalid_pin\"}", OUTCOME_KEY_PIN_REFUSED},
	    {400, "{\"error\":\"invalid_otp\",\"error_description\":\"The OTP is invalid\"}",
	     OUTCOME_CODE_WRONG},
	    {400, "{\"error\":\"invalid_authentication_data\"}", OUTCOME_FACTORS_REFUSED},
	    {400, "{\"error\":\"invalid_request\",\"error_description\":\"PIN locked\"}",
	     OUTCOME_KEY_LOCKED},
	    {400, "{\"error\":\"invalid_request\",\"error_description\":\"Credential locked\"}",
	     OUTCOME_KEY_LOCKED},
	    {400, "{\"error\":\"invalid_request\",\"error_description\":\"SAD expired\"}",
	     OUTCOME_CODE_EXPIRED},
	    {400, "{\"error\":\"invalid_request\",\"error_description\":\"Das geht nicht\"}",
	     OUTCOME_OTHER_CODE},
	    {400, "{\"error\":\"access_denied\"}", OUTCOME_REFUSED_THERE},
	    {401, "{\"error\":\"invalid_token\"}", OUTCOME_LOGIN_REFUSED},
	    {401, "{}", OUTCOME_CREDENTIALS},
	    {429, "{}", OUTCOME_SERVER_ERROR},
	    {500, "{\"error\":\"whatever\"}", OUTCOME_SERVER_ERROR},
	    {503, "{\"error\":\"temporarily_unavailable\"}", OUTCOME_SERVER_ERROR},
	    {400, "{\"error\":0}", OUTCOME_BAD_REQUEST},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(errors); i++) {
		json_t *body = json(errors[i].body);
		struct csc_error error;

		csc_error_read(body, &error);
		if (csc_error_outcome(errors[i].status, &error) != errors[i].outcome)
			fail_msg("%ld %s", errors[i].status, errors[i].body);
		json_decref(body);
	}
}

static void
a_services_words_keep_no_number_and_no_control(void **state)
{
	json_t *body = json("{\"error\":\"invalid_otp\",\"error_description\":\"Code 314159 sent "
			    "to\\n+351 912345678\"}");
	struct csc_error error;

	(void)state;
	csc_error_read(body, &error);
	assert_string_equal(error.words, "Code ****** sent to?+*** *********");
	json_decref(body);
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
make_home(void **state)
{
	static char home[] = "/tmp/vicar-parts-XXXXXX";

	strcpy(home, "/tmp/vicar-parts-XXXXXX");
	*state = mkdtemp(home);
	setenv("XDG_DATA_HOME", home, 1);
	return *state ? 0 : -1;
}

static int
remove_home(void **state)
{
	return nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static char service_name[] = "csc", endpoint[] = "https://one.example/csc/v1",
	    other_endpoint[] = "https://two.example/csc/v1";
static const struct service_config config = {.name = service_name, .endpoint = endpoint};
static const struct service_config moved = {.name = service_name, .endpoint = other_endpoint};
static const struct service_account maria = {.user = "maria"}, anna = {.user = "anna"};

/* Whose: NULL for none. */
static void
assert_token(const struct service_config *of, const struct service_account *account,
	     const char *wanted)
{
	char *token = csc_token_load(of, account);

	if (wanted) {
		assert_non_null(token);
		assert_string_equal(token, wanted);
	} else
		assert_null(token);
	csc_secret_free(token);
}

static void
a_token_is_for_one_account_at_one_address(void **state)
{
	(void)state;
	assert_token(&config, &maria, NULL);
	csc_token_save(&config, &maria, "first");
	csc_token_save(&config, &maria, "second");
	assert_token(&config, &maria, "second");
	assert_token(&config, &anna, NULL);
	assert_token(&moved, &maria, NULL);
	csc_token_forget(&config, &maria);
	assert_token(&config, &maria, NULL);
}

static char found[PATH_MAX];

static int
find_file(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)ftw;
	if (type == FTW_F)
		snprintf(found, sizeof(found), "%s", path);
	return 0;
}

static void
a_token_that_others_can_read_is_not_used(void **state)
{
	struct stat about;

	csc_token_save(&config, &maria, "secret");
	assert_int_equal(nftw(*state, find_file, 8, FTW_PHYS), 0);
	assert_int_equal(stat(found, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
	assert_int_equal(chmod(found, 0640), 0);
	assert_token(&config, &maria, NULL);
}

/* XDG base directory specification: ~/.local/share, and no relative path. */
static void
without_xdg_data_home_a_token_is_kept_under_home(void **state)
{
	(void)state;
	unsetenv("XDG_DATA_HOME");
	setenv("HOME", *state, 1);
	csc_token_save(&config, &maria, "kept");
	assert_token(&config, &maria, "kept");
	setenv("HOME", "relative", 1);
	assert_token(&config, &maria, NULL);
	csc_token_save(&config, &maria, "nowhere");
	assert_token(&config, &maria, NULL);
	setenv("HOME", *state, 1);
	assert_token(&config, &maria, "kept");
}

static void
an_empty_token_is_none(void **state)
{
	(void)state;
	csc_token_save(&config, &maria, "");
	assert_token(&config, &maria, NULL);
	csc_token_save(&config, &maria, "\nsecond line");
	assert_token(&config, &maria, NULL);
}

static void
a_token_that_is_too_long_is_not_kept_and_leaves_the_old_one(void **state)
{
	char *token = test_malloc(65536);

	(void)state;
	memset(token, 'a', 65535);
	token[65535] = '\0';
	csc_token_save(&config, &maria, "old");
	csc_token_save(&config, &maria, token);
	assert_token(&config, &maria, "old");
	test_free(token);
}

static void
a_token_whose_place_is_taken_is_not_kept_and_leaves_no_file_beside_it(void **state)
{
	char path[PATH_MAX];

	csc_token_save(&config, &maria, "first");
	assert_int_equal(nftw(*state, find_file, 8, FTW_PHYS), 0);
	snprintf(path, sizeof(path), "%s", found);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	found[0] = '\0';
	csc_token_save(&config, &maria, "second");
	assert_token(&config, &maria, NULL);
	assert_int_equal(nftw(*state, find_file, 8, FTW_PHYS), 0);
	assert_string_equal(found, "");
	assert_int_equal(rmdir(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_hash_is_written_in_three_ways),
	    cmocka_unit_test(base64_is_read_in_all_its_forms_and_nothing_else),
	    cmocka_unit_test(base64_that_is_too_long_is_refused),
	    cmocka_unit_test(members_are_taken_as_services_write_them),
	    cmocka_unit_test(only_a_whole_object_is_read),
	    cmocka_unit_test(a_form_escapes_all_that_could_mean_something),
	    cmocka_unit_test(the_algorithm_that_tells_its_hash_is_preferred),
	    cmocka_unit_test(ecdsa_is_taken_in_both_encodings),
	    cmocka_unit_test(factors_of_v1),
	    cmocka_unit_test(of_a_choice_the_first_is_taken),
	    cmocka_unit_test(more_objects_than_there_is_room_for_are_left_out),
	    cmocka_unit_test(an_account_token_is_the_standards_vector),
	    cmocka_unit_test(errors_mean_what_the_standard_says),
	    cmocka_unit_test(a_services_words_keep_no_number_and_no_control),
	    cmocka_unit_test_setup_teardown(a_token_is_for_one_account_at_one_address, make_home,
					    remove_home),
	    cmocka_unit_test_setup_teardown(a_token_that_others_can_read_is_not_used, make_home,
					    remove_home),
	    cmocka_unit_test_setup_teardown(without_xdg_data_home_a_token_is_kept_under_home,
					    make_home, remove_home),
	    cmocka_unit_test_setup_teardown(an_empty_token_is_none, make_home, remove_home),
	    cmocka_unit_test_setup_teardown(
		a_token_that_is_too_long_is_not_kept_and_leaves_the_old_one, make_home,
		remove_home),
	    cmocka_unit_test_setup_teardown(
		a_token_whose_place_is_taken_is_not_kept_and_leaves_no_file_beside_it, make_home,
		remove_home),
	};

	if (CRYPTO_secure_malloc_init(65536, 16) != 1)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
