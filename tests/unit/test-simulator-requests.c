/*
 * cmd-simulator: what its deserialiser sees of a request (cmd.md 3, 13 and 17).
 */
#include "tests/unit/test-simulator.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, client_set_up, client_tear_down);
}
