/* csc-simulator: what authorises a credential: PIN, code, app (csc.md 4, 5 and 8). */
#include "test-rssp.h"

static void
numbers_of_signatures_have_bounds(void **state)
{
	static const struct {
		const char *value, *description;
	} rows[] = {
	    {"null", "Missing (or invalid type) integer parameter numSignatures"},
	    {"\"1\"", "Missing (or invalid type) integer parameter numSignatures"},
	    {"1.5", "Missing (or invalid type) integer parameter numSignatures"},
	    {"0", "Invalid value for parameter numSignatures"},
	    {"-1", "Invalid value for parameter numSignatures"},
	    {"11", "Numbers of signatures is too high"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		post_with(*state, "v1/credentials/authorize",
			  "{\"credentialID\":\"sign\",\"hash\":[\"" HASH "\"],"
			  "\"numSignatures\":%s}",
			  rows[i].value);
		assert_invalid(*state, rows[i].description);
	}
}

static void
scal_2_needs_hashes(void **state)
{
	static const struct {
		const char *value, *description;
	} rows[] = {
	    {"null", "Missing (or invalid type) array parameter hash"},
	    {"\"" HASH "\"", "Missing (or invalid type) array parameter hash"},
	    {"[]", "Empty hash array"},
	    {"[1]", "Invalid Base64 hash string parameter"},
	    {"[\"?\"]", "Invalid Base64 hash string parameter"},
	    {"[\"" HASH "\",\"" HASH_ABC "\"]", "Invalid value for parameter numSignatures"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		post_with(*state, "v1/credentials/authorize",
			  "{\"credentialID\":\"sign\",\"numSignatures\":1,\"hash\":%s}",
			  rows[i].value);
		assert_invalid(*state, rows[i].description);
	}
}

static void
hashes_of_v2_come_with_their_algorithm(void **state)
{
	post(*state, "v2/credentials/authorize",
	     "{\"credentialID\":\"sign\",\"numSignatures\":1,\"hashes\":[\"" HASH "\"]}");
	assert_invalid(*state, "Missing (or invalid type) string parameter hashAlgorithmOID");
	post(*state, "v2/credentials/authorize",
	     "{\"credentialID\":\"sign\",\"numSignatures\":1,\"hashes\":[\"" HASH "\"],"
	     "\"hashAlgorithmOID\":\"1.3.14.3.2.26\"}");
	assert_invalid(*state, "Invalid parameter hashAlgorithmOID");
}

static void
a_credential_may_be_disabled(void **state)
{
	set_keys(*state, "status = disabled", "");
	authorize(*state, "1234", "123456");
	assert_invalid(*state, "The credential identified by credentialID is disabled");
}

static void
each_factor_must_be_there(void **state)
{
	struct service *service = *state;
	const char *start =
	    "{\"credentialID\":\"sign\",\"numSignatures\":1,\"hash\":[\"" HASH "\"]";

	post_with(service, "v1/credentials/authorize", "%s,\"OTP\":\"123456\"}", start);
	assert_invalid(service, "Missing (or invalid type) string parameter PIN");
	post_with(service, "v1/credentials/authorize", "%s,\"PIN\":\"1234\"}", start);
	assert_invalid(service, "Missing (or invalid type) string parameter OTP");
}

static void
an_optional_factor_may_be_missing_but_not_be_wrong(void **state)
{
	struct service *service = *state;
	const char *start =
	    "{\"credentialID\":\"sign\",\"numSignatures\":1,\"hash\":[\"" HASH "\"]";

	set_keys(service, "pin-presence = optional\notp-presence = optional", "");
	post_with(service, "v1/credentials/authorize", "%s}", start);
	assert_status(service, 200);
	post_with(service, "v1/credentials/authorize", "%s,\"PIN\":\"9999\"}", start);
	assert_refused(service, 400, "invalid_pin", "The PIN is invalid");
}

static void
wrong_pins_lock_and_a_right_one_forgives(void **state)
{
	struct service *service = *state;
	char code[SIM_CODE_MAX];

	for (int i = 0; i < 2; i++) {
		authorize(service, "9999", "123456");
		assert_refused(service, 400, "invalid_pin", "The PIN is invalid");
	}
	send_code(service, code);
	authorize(service, "1234", code);
	assert_status(service, 200);
	for (int i = 0; i < 3; i++) {
		authorize(service, "9999", "123456");
		assert_refused(service, 400, "invalid_pin", "The PIN is invalid");
	}
	send_code(service, code);
	authorize(service, "1234", code);
	assert_invalid(service, "PIN locked");
}

static void
another_pin_unlocks(void **state)
{
	struct service *service = *state;
	char code[SIM_CODE_MAX];

	set_keys(service, "pin-tries = 1", "");
	authorize(service, "9999", "123456");
	set_keys(service, "pin-tries = 1\npin = abcd", "");
	send_code(service, code);
	authorize(service, "abcd", code);
	assert_status(service, 200);
}

static void
wrong_codes_lock(void **state)
{
	struct service *service = *state;
	char code[SIM_CODE_MAX];

	for (int i = 0; i < 3; i++) {
		send_code(service, code);
		authorize(service, "1234", strcmp(code, "000000") == 0 ? "000001" : "000000");
		assert_refused(service, 400, "invalid_otp", "The OTP is invalid");
	}
	authorize(service, "1234", code);
	assert_invalid(service, "OTP locked");
}

static void
a_wrong_pin_leaves_the_code(void **state)
{
	struct service *service = *state;
	char code[SIM_CODE_MAX];

	send_code(service, code);
	authorize(service, "9999", code);
	assert_refused(service, 400, "invalid_pin", "The PIN is invalid");
	authorize(service, "1234", code);
	assert_status(service, 200);
}

static void
a_code_is_good_once(void **state)
{
	struct service *service = *state;
	char code[SIM_CODE_MAX];

	send_code(service, code);
	authorize(service, "1234", code);
	assert_status(service, 200);
	authorize(service, "1234", code);
	assert_refused(service, 400, "invalid_otp", "The OTP is invalid");
}

static void
a_code_grows_old(void **state)
{
	struct service *service = *state;
	char code[SIM_CODE_MAX];

	send_code(service, code);
	set_keys(service, "", "clock = 121");
	authorize(service, "1234", code);
	assert_refused(service, 400, "invalid_otp", "The OTP is invalid");
}

static void
a_newer_code_replaces_the_older_one(void **state)
{
	struct service *service = *state;
	char old[SIM_CODE_MAX], code[SIM_CODE_MAX];

	send_code(service, old);
	do
		send_code(service, code);
	while (strcmp(old, code) == 0);
	authorize(service, "1234", old);
	assert_refused(service, 400, "invalid_otp", "The OTP is invalid");
	authorize(service, "1234", code);
	assert_status(service, 200);
}

static void
a_device_has_its_own_code_and_none_is_sent(void **state)
{
	set_keys(*state, "otp = offline\ncode = 271828", "");
	post(*state, "v1/credentials/sendOTP", "{\"credentialID\":\"sign\"}");
	assert_invalid(*state, "The credential has no online OTP");
	authorize(*state, "1234", "271828");
	assert_status(*state, 200);
}

/* authData of v2; `data` is the array. */
static void
authorize_v2(struct service *service, const char *data)
{
	post_with(service, "v2/credentials/authorize",
		  "{\"credentialID\":\"sign\",\"numSignatures\":1,\"hashes\":[\"" HASH "\"],"
		  "\"hashAlgorithmOID\":\"" SHA256_OID "\",\"authData\":%s}",
		  data);
}

static void
wrong_factors_of_v2_have_one_error(void **state)
{
	struct service *service = *state;

	authorize_v2(service, "[{\"id\":\"PIN\",\"value\":\"1234\"}]");
	assert_invalid(service, "Missing (or invalid type) array parameter authData");
	authorize_v2(service, "{}");
	assert_invalid(service, "Missing (or invalid type) array parameter authData");
	authorize_v2(service, "[{\"id\":\"X\",\"value\":\"1\"}]");
	assert_invalid(service, "Invalid parameter authData");
	for (int i = 0; i < 3; i++) {
		authorize_v2(service, "[{\"id\":\"PIN\",\"value\":\"9999\"}]");
		assert_refused(service, 400, "invalid_authentication_data",
			       "The authentication data is invalid");
	}
	authorize_v2(service, "[{\"id\":\"PIN\",\"value\":\"1234\"}]");
	assert_invalid(service, "Credential locked");
}

static void
a_challenge_may_be_answered_at_once(void **state)
{
	struct service *service = *state;

	set_keys(service, "challenge = 4711", "");
	post(service, "v2/credentials/getChallenge",
	     "{\"credentialID\":\"sign\",\"authObjectID\":\"OTP\"}");
	assert_status(service, 200);
	assert_string_equal(text(service, "challenge"), "4711");
	post(service, "v2/credentials/getChallenge",
	     "{\"credentialID\":\"sign\",\"authObjectID\":\"PIN\"}");
	assert_invalid(service, "Invalid parameter authObjectID");
}

static void
the_person_in_the_app_may_refuse_or_wait(void **state)
{
	struct service *service = *state;

	set_keys(service, "mode = implicit\nconfirm = refuses", "");
	authorize(service, "", "");
	assert_refused(service, 400, "access_denied", "The user refused");
	set_keys(service, "mode = implicit\nconfirm = waits", "");
	authorize(service, "", "");
	assert_int_equal(service->answer.how, SIM_ANSWER_NEVER);
	set_keys(service, "mode = implicit\nconfirm-after = 700", "");
	authorize(service, "", "");
	assert_status(service, 200);
	assert_int_equal(service->answer.latency_ms, 700);
}

static void
a_handle_waits_for_the_person(void **state)
{
	struct service *service = *state;

	set_keys(service, "mode = implicit\nconfirm-after = 60000", "");
	authorize_v2(service, "[{\"id\":\"APP\"}]");
	assert_status(service, 202);
	post_with(service, "v2/credentials/authorizeCheck", "{\"handle\":\"%s\"}",
		  text(service, "handle"));
	assert_status(service, 202);
	set_keys(service, "mode = implicit\nconfirm-after = 60000", "clock = 60");
	post_with(service, "v2/credentials/authorizeCheck", "{\"handle\":\"%s\"}",
		  text(service, "handle"));
	assert_status(service, 200);
	assert_string_not_equal(text(service, "SAD"), "");
}

static void
a_browser_is_not_got_around(void **state)
{
	set_keys(*state, "mode = oauth2code", "");
	authorize(*state, "1234", "123456");
	assert_refused(*state, 400, "access_denied",
		       "The credential is authorized with oauth2/authorize");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(numbers_of_signatures_have_bounds),
	    TEST(scal_2_needs_hashes),
	    TEST(hashes_of_v2_come_with_their_algorithm),
	    TEST(a_credential_may_be_disabled),
	    TEST(each_factor_must_be_there),
	    TEST(an_optional_factor_may_be_missing_but_not_be_wrong),
	    TEST(wrong_pins_lock_and_a_right_one_forgives),
	    TEST(another_pin_unlocks),
	    TEST(wrong_codes_lock),
	    TEST(a_wrong_pin_leaves_the_code),
	    TEST(a_code_is_good_once),
	    TEST(a_code_grows_old),
	    TEST(a_newer_code_replaces_the_older_one),
	    TEST(a_device_has_its_own_code_and_none_is_sent),
	    TEST(wrong_factors_of_v2_have_one_error),
	    TEST(a_challenge_may_be_answered_at_once),
	    TEST(the_person_in_the_app_may_refuse_or_wait),
	    TEST(a_handle_waits_for_the_person),
	    TEST(a_browser_is_not_got_around),
	};

	return cmocka_run_group_tests(tests, service_set_up, service_tear_down);
}
