/*
 * cmd-simulator: trouble on demand, what is written down, and mistakes in accounts.conf.
 */
#include "tests/unit/test-simulator.h"

/* Trouble on demand */

static void
a_wrong_signature_is_one_of_another_hash(void **state)
{
	char process[2048], code[SIM_CODE_MAX];
	uint8_t input[128], output[512];
	size_t len = 0;

	assert_true(sim_base64_decode(HASH, input, sizeof(input), &len));
	set_knobs(*state, "trouble = wrong-signature");
	start_signature(*state, process, code);
	(void)validate_otp(*state, process, code);

	assert_int_equal(recover(*state, "maria", output), len);
	assert_memory_not_equal(input, output, len);
}

static void
a_reversed_list_begins_with_the_last_document(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	set_knobs(*state, "trouble = reversed-list");
	(void)scmd_multiple_sign(
	    *state, "<a:HashStructure>" A("Hash", HASH) A("Name", "a")
			A("id", "0") "</a:HashStructure><a:HashStructure>" A("Hash", HASH_ABC)
			    A("Name", "b") A("id", "1") "</a:HashStructure>");
	(void)member(*state, "ProcessId", process);
	read_code(*state, code);
	(void)validate_otp(*state, process, code);

	assert_member(*state, "id", "1");
}

static void
a_nil_process_is_nil(void **state)
{
	struct client *client = *state;

	set_knobs(client, "trouble = nil-process");
	(void)scmd_sign(client, PHONE, "271828", HASH);

	assert_non_null(strstr(client->answer.body, "<a:ProcessId i:nil=\"true\"/>"));
}

static void
a_nil_value_is_a_good_status_without_a_signature(void **state)
{
	struct client *client = *state;
	char process[2048], code[SIM_CODE_MAX];

	set_knobs(client, "trouble = nil-value");
	start_signature(client, process, code);
	(void)validate_otp(client, process, code);

	assert_member(client, "Code", "200");
	assert_non_null(strstr(client->answer.body, "<a:Signature i:nil=\"true\"/>"));
}

static void
a_nil_result_is_nil(void **state)
{
	struct client *client = *state;

	set_knobs(client, "trouble = nil-result");
	(void)scmd_sign(client, PHONE, "271828", HASH);

	assert_non_null(strstr(client->answer.body, "<SCMDSignResult i:nil=\"true\""));
}

static void
each_trouble_on_the_way_leaves_the_request_undone(void **state)
{
	static const struct {
		const char *name;
		int how;
		unsigned status;
	} troubles[] = {
	    {"hang", SIM_ANSWER_NEVER, 0}, {"drop-before", SIM_ANSWER_DROP, 0},
	    {"http-401", SIM_ANSWER, 401}, {"http-407", SIM_ANSWER, 407},
	    {"http-500", SIM_ANSWER, 500}, {"http-503", SIM_ANSWER, 503},
	    {"fault", SIM_ANSWER, 500},    {"garbage", SIM_ANSWER, 200},
	};
	struct client *client = *state;
	size_t before = count_lines(client, "messages");

	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		char knobs[64];

		(void)snprintf(knobs, sizeof(knobs), "trouble = %s", troubles[i].name);
		set_knobs(client, knobs);
		(void)scmd_sign(client, PHONE, "271828", HASH);

		if ((int)client->answer.how != troubles[i].how ||
		    client->answer.http_status != troubles[i].status)
			fail_msg("%s: how %d, status %u", troubles[i].name, client->answer.how,
				 client->answer.http_status);
		assert_call(client, CALL_RESULT, troubles[i].name);
	}
	assert_int_equal(count_lines(client, "messages"), before);
}

static void
a_drop_after_lets_the_request_be_done_first(void **state)
{
	struct client *client = *state;
	size_t before = count_lines(client, "messages");

	set_knobs(client, "trouble = drop-after");
	(void)scmd_sign(client, PHONE, "271828", HASH);

	assert_int_equal(client->answer.how, SIM_ANSWER_DROP);
	assert_int_equal(count_lines(client, "messages"), before + 1);
	assert_call(client, CALL_RESULT, "200,drop-after");
}

static void
trouble_may_be_for_some_operations_only(void **state)
{
	struct client *client = *state;

	set_knobs(client, "trouble = http-503\non = ValidateOtp, ForceSMS");
	(void)scmd_sign(client, PHONE, "271828", HASH);

	assert_int_equal(client->answer.http_status, 200);
}

static void
trouble_of_one_account_is_not_that_of_another(void **state)
{
	struct client *client = *state;

	set_knobs(client, "trouble = http-503");
	(void)scmd_sign(client, "+351 961111111", "31415926", HASH);

	assert_int_equal(client->answer.http_status, 200);
}

static void
an_expired_certificate_is_of_the_same_key(void **state)
{
	struct client *client = *state;
	X509 *good = NULL, *expired = NULL;
	struct problem error;

	set_knobs(client, "expired = yes");
	(void)get_certificate(client, PHONE);
	assert_true(sim_certificate_read(&client->simulator.directory, "certificates/maria.pem",
					 &good, &error));
	assert_true(sim_certificate_read(&client->simulator.directory,
					 "certificates/maria-expired.pem", &expired, &error));

	assert_int_equal(X509_cmp_time(X509_get0_notAfter(expired), NULL), -1);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(good), X509_get0_pubkey(expired)), 1);
	X509_free(good);
	X509_free(expired);
}

/* What is written down */

static void
a_call_is_written_down_with_its_document(void **state)
{
	(void)scmd_sign(*state, PHONE, "271828", HASH);

	assert_call(*state, CALL_OPERATION, "SCMDSign");
	assert_call(*state, CALL_ACCOUNT, "maria");
	assert_call(*state, CALL_RESULT, "200");
	assert_call(*state, CALL_VALID, "yes");
	assert_call(*state, CALL_DOC_NAME, "contrato.pdf");
}

static void
a_request_that_is_not_described_is_written_down_as_such(void **state)
{
	struct client *client = *state;

	post_body(client, ACTION("GetCertificate"),
		  ENVELOPE("GetCertificate", "<userId/><applicationId/>"));

	assert_call(client, CALL_VALID, "no");
}

static void
a_text_message_names_the_document(void **state)
{
	char *line;

	(void)scmd_sign(*state, PHONE, "271828", HASH);
	line = last_line(*state, "messages");

	assert_non_null(strstr(line, "\tmaria\tcontrato.pdf\t"));
	test_free(line);
}

static void
control_characters_of_a_name_cannot_make_a_line(void **state)
{
	struct client *client = *state;
	char *user = encrypted(client, PHONE), *pin = encrypted(client, "271828");
	size_t before = count_lines(client, "calls");

	sign_with_members(client,
			  A("ApplicationId", "%s") A("DocName", "a&#10;b&#9;c") A("Hash", "%s")
			      A("Pin", "%s") A("UserId", "%s"),
			  client->application, HASH, pin, user);
	test_free(user);
	test_free(pin);

	assert_int_equal(count_lines(client, "calls"), before + 1);
	assert_call(client, CALL_DOC_NAME, "a?b?c");
}

static void
no_pin_code_or_phone_is_among_the_calls(void **state)
{
	struct client *client = *state;
	char process[2048], code[SIM_CODE_MAX], *data = NULL;
	struct problem error;
	size_t len = 0;

	set_knobs(client, "code = 998877");
	start_signature(client, process, code);
	(void)validate_otp(client, process, code);
	assert_true(sim_directory_read(&client->simulator.directory, "calls", &data, &len, &error));

	assert_non_null(strstr(data, "ValidateOtp"));
	assert_null(strstr(data, "271828"));
	assert_null(strstr(data, "998877"));
	assert_null(strstr(data, "912345678"));
	OPENSSL_clear_free(data, len + 1);
}

static void
a_second_simulator_is_kept_out_of_the_directory(void **state)
{
	struct client *client = *state;
	struct sim_options options = {.validate = false};
	struct simulator second;
	struct problem error = {""};

	assert_false(simulator_open(&second, client->directory, &options, &error));
	assert_non_null(strstr(error.text, "another cmd-simulator"));
}

/* accounts.conf */

static void
each_mistake_in_accounts_conf_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text, *told;
	} mistakes[] = {
	    {"[accounts]\npin = 1\n",
	     "accounts.conf:2: accounts: a section is [account NAME] or [server]"},
	    {"[account Maria]\npin = 1234\n", "accounts.conf:2: account: a name is a-z"},
	    {"[account a]\nphone = 912345678\n", "accounts.conf:2: phone: + and 5 to 19 digits"},
	    {"[account a]\npin = 123\n", "accounts.conf:2: pin: 4 to 8 digits"},
	    {"[account a]\npin = 123456789\n", "accounts.conf:2: pin: 4 to 8 digits"},
	    {"[account a]\n\nkey = rsa1024\n", "accounts.conf:3: key: rsa2048 or rsa3072"},
	    {"[account a]\nstate = idle\n", "accounts.conf:2: state: active, inactive"},
	    {"[account a]\ntrouble = rain\n", "accounts.conf:2: trouble: none, or hang"},
	    {"[account a]\non = Sign\n", "accounts.conf:2: on: names of operations"},
	    {"[account a]\ncode = 12345\n", "accounts.conf:2: code: 6 digits"},
	    {"[account a]\nlatency = soon\n", "accounts.conf:2: latency: a number"},
	    {"[account a]\nexpired = 1\n", "accounts.conf:2: expired: yes or no"},
	    {"[account a]\nserial-number = BI 1\n", "accounts.conf:2: serial-number: letters"},
	    {"[account a]\ncolour = red\n", "accounts.conf:2: colour: no such key"},
	    {"[server]\ntrouble = wrong-signature\n", "accounts.conf:2: trouble: none, or hang"},
	    {"[account a]\nphone\n", "accounts.conf:2: neither a [section] nor"},
	    {"[account a]\npin = 1234\n", "a: an account needs phone and pin"},
	    {ACCOUNT_START "[account b]\nphone = +351912345678\npin = 1234\n",
	     "b: another account has this phone"},
	    {ACCOUNT_START "pin-tries = 0\n", "maria: pin-tries and code-tries start at 1"},
	};
	struct client *client = *state;

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct sim_accounts accounts;
		struct problem error = {""};

		write_accounts(client, mistakes[i].text);
		if (sim_accounts_load(&client->simulator.directory, &accounts, &error))
			fail_msg("accepted: %s", mistakes[i].text);
		if (strstr(error.text, mistakes[i].told) == NULL)
			fail_msg("%s: %s", mistakes[i].told, error.text);
	}
}

static void
a_line_that_is_too_long_is_not_cut(void **state)
{
	struct client *client = *state;
	struct sim_accounts accounts;
	struct problem error = {""};
	char text[512];

	(void)snprintf(text, sizeof(text), "[account a]\nsurname = %0300d\n", 1);
	write_accounts(client, text);

	assert_false(sim_accounts_load(&client->simulator.directory, &accounts, &error));
	assert_non_null(
	    strstr(error.text, "accounts.conf:2: the line has 310 bytes; 197 are allowed"));
}

static void
accounts_may_come_while_the_simulator_runs(void **state)
{
	struct client *client = *state;

	write_accounts(client,
		       "[account nova]\nphone = +44 7700900123\npin = 2222\nkey = rsa2048\n");
	(void)scmd_sign(client, "+44 7700900123", "2222", HASH);

	assert_member(client, "Code", "200");
	assert_call(client, CALL_ACCOUNT, "nova");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_wrong_signature_is_one_of_another_hash),
	    TEST(a_reversed_list_begins_with_the_last_document),
	    TEST(a_nil_process_is_nil),
	    TEST(a_nil_value_is_a_good_status_without_a_signature),
	    TEST(a_nil_result_is_nil),
	    TEST(each_trouble_on_the_way_leaves_the_request_undone),
	    TEST(a_drop_after_lets_the_request_be_done_first),
	    TEST(trouble_may_be_for_some_operations_only),
	    TEST(trouble_of_one_account_is_not_that_of_another),
	    TEST(an_expired_certificate_is_of_the_same_key),
	    TEST(a_call_is_written_down_with_its_document),
	    TEST(a_request_that_is_not_described_is_written_down_as_such),
	    TEST(a_text_message_names_the_document),
	    TEST(control_characters_of_a_name_cannot_make_a_line),
	    TEST(no_pin_code_or_phone_is_among_the_calls),
	    TEST(a_second_simulator_is_kept_out_of_the_directory),
	    TEST(each_mistake_in_accounts_conf_is_told_with_its_line),
	    TEST(a_line_that_is_too_long_is_not_cut),
	    TEST(accounts_may_come_while_the_simulator_runs),
	};

	return cmocka_run_group_tests(tests, client_set_up, client_tear_down);
}
