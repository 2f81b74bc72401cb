/*
 * cmd-simulator: who gets which code, the life of a process, what the deserialiser sees, and what
 * is written down (cmd.md 3, 9, 13 and 17).
 */
#include "tests/unit/test-simulator.h"

/* Starts a signature; its process and code. */
static void
start(struct client *client, char process[2048], char code[SIM_CODE_MAX])
{
	(void)scmd_sign(client, PHONE, "271828", HASH);
	(void)member(client, "ProcessId", process);
	read_code(client, code);
}

static void
make_wrong(char code[SIM_CODE_MAX])
{
	code[0] = (char)(code[0] == '9' ? '0' : code[0] + 1);
}

/* Start calls: section 17's table */

static void
an_unknown_application_gets_900(void **state)
{
	struct client *client = *state;
	char right[sizeof(client->application)];

	memcpy(right, client->application, sizeof(right));
	/* "0245588e-e217-5a2f-ae28-eae31dd8a56a", cmd-examples/vectors.txt */
	memcpy(client->application, "MDI0NTU4OGUtZTIxNy01YTJmLWFlMjgtZWFlMzFkZDhhNTZh", 49);
	(void)scmd_sign(client, PHONE, "271828", HASH);
	memcpy(client->application, right, sizeof(right));

	assert_member(client, "Code", "900");
}

static void
an_unknown_application_gets_no_certificate(void **state)
{
	struct client *client = *state;
	char right[sizeof(client->application)];

	memcpy(right, client->application, sizeof(right));
	memcpy(client->application, "MDI0NTU4OGUtZTIxNy01YTJmLWFlMjgtZWFlMzFkZDhhNTZh", 49);
	(void)get_certificate(client, PHONE);
	memcpy(client->application, right, sizeof(right));

	assert_call(client, CALL_RESULT, "nil");
}

static void
an_application_id_may_be_upper_case(void **state)
{
	struct client *client = *state;
	char right[sizeof(client->application)], upper[SIM_CREDENTIAL_MAX];
	size_t len = strlen(client->simulator.credentials.application_id);

	for (size_t i = 0; i <= len; i++) {
		char c = client->simulator.credentials.application_id[i];

		upper[i] = (char)(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
	}
	memcpy(right, client->application, sizeof(right));
	sim_field_to_base64((struct bytes){(const uint8_t *)upper, len}, client->application);
	(void)scmd_sign(client, PHONE, "271828", HASH);
	memcpy(client->application, right, sizeof(right));

	assert_member(client, "Code", "200");
}

static void
an_unknown_phone_gets_801(void **state)
{
	(void)scmd_sign(*state, "+351 910000000", "271828", HASH);

	assert_member(*state, "Code", "801");
}

static void
blanks_in_a_phone_number_do_not_count(void **state)
{
	(void)scmd_sign(*state, "+351912 345 678", "271828", HASH);

	assert_member(*state, "Code", "200");
}

static void
a_wrong_pin_gets_801_and_no_code(void **state)
{
	size_t before = count_lines(*state, "messages");

	(void)scmd_sign(*state, PHONE, "0000", HASH);

	assert_member(*state, "Code", "801");
	assert_int_equal(count_lines(*state, "messages"), before);
}

static void
a_pin_of_another_account_gets_801(void **state)
{
	(void)scmd_sign(*state, PHONE, "31415926", HASH);

	assert_member(*state, "Code", "801");
}

static void
an_answer_that_refuses_still_has_a_process(void **state)
{
	char process[2048];

	(void)scmd_sign(*state, PHONE, "0000", HASH);

	assert_int_equal(strlen(member(*state, "ProcessId", process)), 36);
}

/* Sends SCMDSign with the given members as they are. */
static void
sign_with_members(struct client *client, const char *format, const char *a, const char *b,
		  const char *c, const char *d)
{
	char *members = NULL, *body;

	assert_true(asprintf(&members, format, a, b, c, d) > 0);
	body = text_of(ENVELOPE("SCMDSign", REQUEST("%s")), members);
	free(members);
	(void)post(client, ACTION("SCMDSign"), body);
}

static void
a_pin_that_does_not_decrypt_gets_801_like_a_wrong_one(void **state)
{
	struct client *client = *state;
	char *user = encrypted(client, PHONE);

	sign_with_members(client,
			  A("ApplicationId", "%s") A("Hash", "%s") A("Pin", "%s") A("UserId", "%s"),
			  client->application, HASH, "AAAA", user);
	test_free(user);

	assert_member(client, "Code", "801");
}

static void
a_bare_hash_gets_800_and_the_name_of_the_field(void **state)
{
	/* SHA-256 of the empty string without its prefix, cmd.md 19, 2 */
	(void)scmd_sign(*state, PHONE, "271828", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");

	assert_member(*state, "Code", "800");
	assert_member(*state, "Field", "Hash");
}

static void
each_empty_member_gets_800_and_its_name(void **state)
{
	static const char *const names[] = {"ApplicationId", "Hash", "Pin", "UserId"};
	struct client *client = *state;
	char *user = encrypted(client, PHONE), *pin = encrypted(client, "271828");

	for (size_t i = 0; i < 4; i++) {
		const char *values[] = {client->application, HASH, pin, user};

		values[i] = "";
		sign_with_members(client,
				  A("ApplicationId", "%s") A("Hash", "%s") A("Pin", "%s")
				      A("UserId", "%s"),
				  values[0], values[1], values[2], values[3]);

		assert_member(client, "Code", "800");
		assert_member(client, "Field", names[i]);
	}
	test_free(user);
	test_free(pin);
}

static void
send_batch(struct client *client, size_t count)
{
	static const char document[] = "<a:HashStructure>" A("Hash", HASH) A("Name", "a.pdf")
	    A("id", "7") "</a:HashStructure>";
	const size_t len = sizeof(document) - 1;
	char *documents = test_malloc(count * len + 1);

	for (size_t i = 0; i < count; i++)
		memcpy(documents + i * len, document, len);
	documents[count * len] = '\0';
	(void)scmd_multiple_sign(client, documents);
	test_free(documents);
}

static void
a_hundred_documents_are_signed_in_one_go(void **state)
{
	send_batch(*state, 100);

	assert_member(*state, "Code", "200");
}

static void
more_than_a_hundred_documents_get_900(void **state)
{
	send_batch(*state, 101);

	assert_member(*state, "Code", "900");
}

static void
a_batch_of_nothing_gets_800(void **state)
{
	send_batch(*state, 0);

	assert_member(*state, "Code", "800");
	assert_member(*state, "Field", "documents");
}

static void
an_account_without_signature_has_no_certificate(void **state)
{
	set_knobs(*state, "state = no-signature");
	(void)get_certificate(*state, PHONE);

	assert_call(*state, CALL_RESULT, "nil");
}

static void
an_account_without_signature_gets_900_with_the_words_of_the_service(void **state)
{
	set_knobs(*state, "state = no-signature");
	(void)get_certificate_with_pin(*state, PHONE, "271828");

	assert_member(*state, "Code", "900");
	assert_member(*state, "Message", "User does not have signature active");
}

static void
an_inactive_account_gets_817_and_no_code(void **state)
{
	size_t before = count_lines(*state, "messages");

	set_knobs(*state, "state = inactive");
	(void)scmd_sign(*state, PHONE, "271828", HASH);

	assert_member(*state, "Code", "817");
	assert_int_equal(count_lines(*state, "messages"), before);
}

/* cmd.md 9 has the words, which must be shown. */
static void
an_account_that_must_change_its_pins_gets_901_and_the_text(void **state)
{
	set_knobs(*state, "state = change-pin");
	(void)scmd_sign(*state, PHONE, "271828", HASH);

	assert_member(*state, "Code", "901");
	assert_member(*state, "Message",
		      "Para continuar a usar a assinatura da CMD, tem de alterar o seu PIN de "
		      "assinatura. Para o alterar, basta iniciar sessão com CMD em "
		      "www.autenticacao.gov.pt.");
}

static void
an_account_that_must_change_its_signature_pin_gets_902_and_the_text(void **state)
{
	set_knobs(*state, "state = change-signature-pin");
	(void)scmd_sign(*state, PHONE, "271828", HASH);

	assert_member(*state, "Code", "902");
	assert_member(
	    *state, "Message",
	    "Para continuar a usar a assinatura da CMD, tem de alterar o seu PIN de "
	    "assinatura em www.autenticacao.gov.pt. Inicie sessão e aceda a \"Área "
	    "Reservada -&gt; A Minha Chave Móvel Digital\" e escolha editar em “Assinatura "
	    "Digital.");
}

static void
three_wrong_pins_block_the_account(void **state)
{
	for (int i = 0; i < 3; i++)
		(void)scmd_sign(*state, PHONE, "0000", HASH);
	(void)scmd_sign(*state, PHONE, "271828", HASH);

	assert_member(*state, "Code", "817");
}

static void
the_owner_is_told_of_the_block(void **state)
{
	char *line;

	for (int i = 0; i < 3; i++)
		(void)scmd_sign(*state, PHONE, "0000", HASH);
	line = last_line(*state, "messages");

	assert_non_null(strstr(line, "\tmaria\taccount blocked\t-"));
	test_free(line);
}

static void
a_right_pin_makes_wrong_ones_forgotten(void **state)
{
	static const char *const pins[] = {"0000", "0000", "271828", "0000", "0000", "271828"};

	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++)
		(void)scmd_sign(*state, PHONE, pins[i], HASH);

	assert_member(*state, "Code", "200");
}

static void
the_number_of_pin_tries_can_be_set(void **state)
{
	set_knobs(*state, "pin-tries = 1");
	(void)scmd_sign(*state, PHONE, "0000", HASH);
	(void)scmd_sign(*state, PHONE, "271828", HASH);

	assert_member(*state, "Code", "817");
}

/* Processes */

static void
a_wrong_code_gets_802_and_may_be_tried_again(void **state)
{
	char process[2048], code[SIM_CODE_MAX], wrong[SIM_CODE_MAX];

	start(*state, process, code);
	memcpy(wrong, code, sizeof(wrong));
	make_wrong(wrong);
	(void)validate_otp(*state, process, wrong);
	assert_member(*state, "Code", "802");
	(void)validate_otp(*state, process, code);

	assert_member(*state, "Code", "200");
}

static void
three_wrong_codes_close_the_process(void **state)
{
	char process[2048], code[SIM_CODE_MAX], wrong[SIM_CODE_MAX];

	start(*state, process, code);
	memcpy(wrong, code, sizeof(wrong));
	make_wrong(wrong);
	for (int i = 0; i < 3; i++) {
		(void)validate_otp(*state, process, wrong);
		assert_member(*state, "Code", "802");
	}
	(void)validate_otp(*state, process, code);

	assert_member(*state, "Code", "816");
}

static void
a_code_serves_once(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	start(*state, process, code);
	(void)validate_otp(*state, process, code);
	assert_member(*state, "Code", "200");
	(void)validate_otp(*state, process, code);

	assert_member(*state, "Code", "816");
}

static void
an_unknown_process_gets_816(void **state)
{
	/* cmd-examples/vectors.txt */
	(void)validate_otp(*state, "7f4d2a10-5c3b-4e8a-9d61-0b8c2f6e4a53", "123456");

	assert_member(*state, "Code", "816");
}

static void
another_application_gets_816_for_the_process(void **state)
{
	struct client *client = *state;
	char right[sizeof(client->application)], process[2048], code[SIM_CODE_MAX];

	start(client, process, code);
	memcpy(right, client->application, sizeof(right));
	memcpy(client->application, "MDI0NTU4OGUtZTIxNy01YTJmLWFlMjgtZWFlMzFkZDhhNTZh", 49);
	(void)validate_otp(client, process, code);
	memcpy(client->application, right, sizeof(right));

	assert_member(client, "Code", "816");
}

static void
a_code_is_good_for_120_seconds(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	start(*state, process, code);
	write_accounts(*state, ACCOUNT_START "[server]\nclock = 119\n");
	(void)validate_otp(*state, process, code);

	assert_member(*state, "Code", "200");
}

static void
a_code_older_than_120_seconds_gets_816(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	start(*state, process, code);
	write_accounts(*state, ACCOUNT_START "[server]\nclock = 121\n");
	(void)validate_otp(*state, process, code);

	assert_member(*state, "Code", "816");
}

static void
the_lifetime_of_a_code_can_be_set(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	set_knobs(*state, "code-lifetime = 5");
	start(*state, process, code);
	write_accounts(*state, ACCOUNT_START "code-lifetime = 5\n[server]\nclock = 6\n");
	(void)validate_otp(*state, process, code);

	assert_member(*state, "Code", "816");
}

static void
a_code_can_be_fixed(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	set_knobs(*state, "code = 123456");
	start(*state, process, code);

	assert_string_equal(code, "123456");
}

static void
a_new_code_replaces_the_old_one(void **state)
{
	char process[2048], code[SIM_CODE_MAX], newer[SIM_CODE_MAX];

	set_knobs(*state, "code = 111111");
	start(*state, process, code);
	set_knobs(*state, "code = 222222");
	(void)force_sms(*state, process, PHONE);
	assert_member(*state, "Code", "200");
	read_code(*state, newer);
	(void)validate_otp(*state, process, code);
	assert_member(*state, "Code", "802");
	(void)validate_otp(*state, process, newer);

	assert_member(*state, "Code", "200");
}

static void
a_new_code_starts_its_life_anew(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	start(*state, process, code);
	write_accounts(*state, ACCOUNT_START "[server]\nclock = 100\n");
	(void)force_sms(*state, process, PHONE);
	read_code(*state, code);
	write_accounts(*state, ACCOUNT_START "[server]\nclock = 210\n");
	(void)validate_otp(*state, process, code);

	assert_member(*state, "Code", "200");
}

static void
a_new_code_for_another_persons_process_gets_816(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	start(*state, process, code);
	(void)force_sms(*state, process, "+351 961111111");

	assert_member(*state, "Code", "816");
}

/* What the deserialiser sees */

static void
sign_in_order(struct client *client, bool hash_after_pin)
{
	char *user = encrypted(client, PHONE), *pin = encrypted(client, "271828");

	if (hash_after_pin)
		sign_with_members(client,
				  A("ApplicationId", "%s") A("Pin", "%s") A("Hash", "%s")
				      A("UserId", "%s"),
				  client->application, pin, HASH, user);
	else
		sign_with_members(client,
				  A("ApplicationId", "%s") A("Hash", "%s") A("Pin", "%s")
				      A("UserId", "%s"),
				  client->application, HASH, pin, user);
	test_free(user);
	test_free(pin);
}

static void
a_member_that_comes_too_late_is_skipped(void **state)
{
	sign_in_order(*state, true);

	assert_member(*state, "Code", "800");
	assert_member(*state, "Field", "Hash");
}

static void
a_lenient_simulator_takes_members_in_any_order(void **state)
{
	struct client *client = *state;

	client->simulator.options.lenient = true;
	sign_in_order(client, true);
	client->simulator.options.lenient = false;

	assert_member(client, "Code", "200");
}

static void
a_missing_document_name_is_no_error(void **state)
{
	sign_in_order(*state, false);

	assert_member(*state, "Code", "200");
}

static void
the_biometric_member_of_newer_servers_is_known(void **state)
{
	struct client *client = *state;
	char *user = encrypted(client, PHONE), *pin = encrypted(client, "271828");

	sign_with_members(client,
			  A("ApplicationId", "%s") A("Hash", "%s")
			      A("IsBiometricValidationEnable", "true") A("Pin", "%s")
				  A("UserId", "%s"),
			  client->application, HASH, pin, user);
	test_free(user);
	test_free(pin);

	assert_member(client, "Code", "200");
}

static void
a_member_in_the_wrong_namespace_is_skipped(void **state)
{
	struct client *client = *state;
	char *user = encrypted(client, PHONE), *pin = encrypted(client, "271828");

	sign_with_members(
	    client, A("ApplicationId", "%s") "<Hash>%s</Hash>" A("Pin", "%s") A("UserId", "%s"),
	    client->application, HASH, pin, user);
	test_free(user);
	test_free(pin);

	assert_member(client, "Field", "Hash");
}

/* cmd.md 14: the official client's style of envelope. */
static void
any_prefix_declaration_and_white_space_will_do(void **state)
{
	struct client *client = *state;
	char *user = encrypted(client, PHONE), *pin = encrypted(client, "271828");
	char *body = text_of(
	    "<?xml version='1.0' encoding='UTF-8'?>\n"
	    "<SOAP-ENV:Envelope xmlns:SOAP-ENV='" SIM_NS_ENVELOPE "' xmlns:ns3='" SIM_NS_STRUCTURES
	    "' xmlns:ns2='" SIM_NS_SERVICE "' xmlns:xsi='" SIM_NS_INSTANCE "'>\n<SOAP-ENV:Header/>"
	    "<SOAP-ENV:Body>\n <ns2:SCMDSign>\n  <ns2:request>\n"
	    "<ns3:ApplicationId>\n%s\n</ns3:ApplicationId>\n<ns3:DocName xsi:nil='true'/>\n"
	    "<ns3:Hash>%s</ns3:Hash><ns3:Pin>%s</ns3:Pin><ns3:UserId>%s</ns3:UserId>\n"
	    "</ns2:request></ns2:SCMDSign></SOAP-ENV:Body></SOAP-ENV:Envelope>\n",
	    client->application, HASH, pin, user);

	test_free(user);
	test_free(pin);
	(void)post(client, "http://Ama.Authentication.Service/SCMDService/SCMDSign", body);

	assert_member(client, "Code", "200");
}

static void
an_unknown_action_is_a_fault(void **state)
{
	struct client *client = *state;

	post_body(client, "\"http://Ama.Authentication.Service/SCMDService/Sign\"",
		  ENVELOPE("Sign", ""));

	assert_int_equal(client->answer.http_status, 500);
	assert_non_null(strstr(client->answer.body, "a:ActionNotSupported</faultcode>"));
}

static void
a_missing_action_is_a_fault(void **state)
{
	struct client *client = *state;

	post_body(client, NULL, ENVELOPE("GetCertificate", ""));

	assert_non_null(strstr(client->answer.body, "a:ActionNotSupported</faultcode>"));
}

static void
a_body_that_is_not_what_the_action_says_is_a_fault(void **state)
{
	struct client *client = *state;

	post_body(client, ACTION("ForceSMS"), ENVELOPE("GetCertificate", ""));

	assert_non_null(strstr(client->answer.body, "a:DeserializationFailed</faultcode>"));
}

static void
a_boolean_that_is_none_is_a_fault(void **state)
{
	struct client *client = *state;

	post_body(client, ACTION("ValidateOtp"),
		  ENVELOPE("ValidateOtp", "<isBiometric>perhaps</isBiometric>"));

	assert_non_null(strstr(client->answer.body, "a:DeserializationFailed</faultcode>"));
}

static void
what_is_not_an_envelope_gets_an_empty_400(void **state)
{
	static const char *const bodies[] = {
	    "",
	    "{}",
	    "<s:Envelope xmlns:s=\"" SIM_NS_ENVELOPE "\"><s:Body>",
	    "<Envelope><Body/></Envelope>",
	    "<s:Envelope "
	    "xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body/></s:Envelope>",
	    "<!DOCTYPE x [<!ENTITY e 'e'>]><s:Envelope xmlns:s=\"" SIM_NS_ENVELOPE
	    "\"><s:Body/></s:Envelope>",
	};
	struct client *client = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		post_body(client, ACTION("GetCertificate"), bodies[i]);
		if (client->answer.http_status != 400 || client->answer.body != NULL)
			fail_msg("answer %u to %s", client->answer.http_status, bodies[i]);
	}
}

/* Trouble on demand */

static void
a_wrong_signature_is_one_of_another_hash(void **state)
{
	char process[2048], code[SIM_CODE_MAX];
	uint8_t input[128], output[512];
	size_t len = 0;

	assert_true(sim_field_from_base64(HASH, input, sizeof(input), &len));
	set_knobs(*state, "trouble = wrong-signature");
	start(*state, process, code);
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
	start(client, process, code);
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
	struct sim_error error;

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
	struct sim_error error;
	size_t len = 0;

	set_knobs(client, "code = 998877");
	start(client, process, code);
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
	struct sim_error error = {""};

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
	    {"[accounts]\npin = 1\n", "line 2: accounts: a section is [account NAME] or [server]"},
	    {"[account Maria]\npin = 1234\n", "line 2: account: a name is a-z"},
	    {"[account a]\nphone = 912345678\n", "line 2: phone: + and 5 to 19 digits"},
	    {"[account a]\npin = 123\n", "line 2: pin: 4 to 8 digits"},
	    {"[account a]\npin = 123456789\n", "line 2: pin: 4 to 8 digits"},
	    {"[account a]\n\nkey = rsa1024\n", "line 3: key: rsa2048 or rsa3072"},
	    {"[account a]\nstate = idle\n", "line 2: state: active, inactive"},
	    {"[account a]\ntrouble = rain\n", "line 2: trouble: none, or hang"},
	    {"[account a]\non = Sign\n", "line 2: on: names of operations"},
	    {"[account a]\ncode = 12345\n", "line 2: code: 6 digits"},
	    {"[account a]\nlatency = soon\n", "line 2: latency: a number"},
	    {"[account a]\nexpired = 1\n", "line 2: expired: yes or no"},
	    {"[account a]\nserial-number = BI 1\n", "line 2: serial-number: letters"},
	    {"[account a]\ncolour = red\n", "line 2: colour: no such key"},
	    {"[server]\ntrouble = wrong-signature\n", "line 2: trouble: none, or hang"},
	    {"[account a]\nphone\n", "line 2: syntax"},
	    {"[account a]\npin = 1234\n", "a: an account needs phone and pin"},
	    {ACCOUNT_START "[account b]\nphone = +351912345678\npin = 1234\n",
	     "b: another account has this phone"},
	    {ACCOUNT_START "pin-tries = 0\n", "maria: pin-tries and code-tries start at 1"},
	};
	struct client *client = *state;

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct sim_accounts accounts;
		struct sim_error error = {""};

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
	struct sim_error error = {""};
	char text[512];

	(void)snprintf(text, sizeof(text), "[account a]\nsurname = %0300d\n", 1);
	write_accounts(client, text);

	assert_false(sim_accounts_load(&client->simulator.directory, &accounts, &error));
	assert_non_null(strstr(error.text, "line 2: the line is too long"));
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
	    TEST(an_unknown_application_gets_900),
	    TEST(an_unknown_application_gets_no_certificate),
	    TEST(an_application_id_may_be_upper_case),
	    TEST(an_unknown_phone_gets_801),
	    TEST(blanks_in_a_phone_number_do_not_count),
	    TEST(a_wrong_pin_gets_801_and_no_code),
	    TEST(a_pin_of_another_account_gets_801),
	    TEST(an_answer_that_refuses_still_has_a_process),
	    TEST(a_pin_that_does_not_decrypt_gets_801_like_a_wrong_one),
	    TEST(a_bare_hash_gets_800_and_the_name_of_the_field),
	    TEST(each_empty_member_gets_800_and_its_name),
	    TEST(a_hundred_documents_are_signed_in_one_go),
	    TEST(more_than_a_hundred_documents_get_900),
	    TEST(a_batch_of_nothing_gets_800),
	    TEST(an_account_without_signature_has_no_certificate),
	    TEST(an_account_without_signature_gets_900_with_the_words_of_the_service),
	    TEST(an_inactive_account_gets_817_and_no_code),
	    TEST(an_account_that_must_change_its_pins_gets_901_and_the_text),
	    TEST(an_account_that_must_change_its_signature_pin_gets_902_and_the_text),
	    TEST(three_wrong_pins_block_the_account),
	    TEST(the_owner_is_told_of_the_block),
	    TEST(a_right_pin_makes_wrong_ones_forgotten),
	    TEST(the_number_of_pin_tries_can_be_set),
	    TEST(a_wrong_code_gets_802_and_may_be_tried_again),
	    TEST(three_wrong_codes_close_the_process),
	    TEST(a_code_serves_once),
	    TEST(an_unknown_process_gets_816),
	    TEST(another_application_gets_816_for_the_process),
	    TEST(a_code_is_good_for_120_seconds),
	    TEST(a_code_older_than_120_seconds_gets_816),
	    TEST(the_lifetime_of_a_code_can_be_set),
	    TEST(a_code_can_be_fixed),
	    TEST(a_new_code_replaces_the_old_one),
	    TEST(a_new_code_starts_its_life_anew),
	    TEST(a_new_code_for_another_persons_process_gets_816),
	    TEST(a_member_that_comes_too_late_is_skipped),
	    TEST(a_lenient_simulator_takes_members_in_any_order),
	    TEST(a_missing_document_name_is_no_error),
	    TEST(the_biometric_member_of_newer_servers_is_known),
	    TEST(a_member_in_the_wrong_namespace_is_skipped),
	    TEST(any_prefix_declaration_and_white_space_will_do),
	    TEST(an_unknown_action_is_a_fault),
	    TEST(a_missing_action_is_a_fault),
	    TEST(a_body_that_is_not_what_the_action_says_is_a_fault),
	    TEST(a_boolean_that_is_none_is_a_fault),
	    TEST(what_is_not_an_envelope_gets_an_empty_400),
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
