/*
 * cmd-simulator: who gets which code, and the life of a process (cmd.md 9 and 17).
 */
#include "tests/unit/test-simulator.h"

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
	sim_base64_encode((struct bytes){(const uint8_t *)upper, len}, client->application);
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

	start_signature(*state, process, code);
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

	start_signature(*state, process, code);
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

	start_signature(*state, process, code);
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

	start_signature(client, process, code);
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

	start_signature(*state, process, code);
	write_accounts(*state, ACCOUNT_START "[server]\nclock = 119\n");
	(void)validate_otp(*state, process, code);

	assert_member(*state, "Code", "200");
}

static void
a_code_older_than_120_seconds_gets_816(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	start_signature(*state, process, code);
	write_accounts(*state, ACCOUNT_START "[server]\nclock = 121\n");
	(void)validate_otp(*state, process, code);

	assert_member(*state, "Code", "816");
}

static void
the_lifetime_of_a_code_can_be_set(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	set_knobs(*state, "code-lifetime = 5");
	start_signature(*state, process, code);
	write_accounts(*state, ACCOUNT_START "code-lifetime = 5\n[server]\nclock = 6\n");
	(void)validate_otp(*state, process, code);

	assert_member(*state, "Code", "816");
}

static void
a_code_can_be_fixed(void **state)
{
	char process[2048], code[SIM_CODE_MAX];

	set_knobs(*state, "code = 123456");
	start_signature(*state, process, code);

	assert_string_equal(code, "123456");
}

static void
a_new_code_replaces_the_old_one(void **state)
{
	char process[2048], code[SIM_CODE_MAX], newer[SIM_CODE_MAX];

	set_knobs(*state, "code = 111111");
	start_signature(*state, process, code);
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

	start_signature(*state, process, code);
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

	start_signature(*state, process, code);
	(void)force_sms(*state, process, "+351 961111111");

	assert_member(*state, "Code", "816");
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
	};

	return cmocka_run_group_tests(tests, client_set_up, client_tear_down);
}
