/*
 * csc-simulator: accounts.conf, what a directory keeps from one start to the next, and the parts
 * that simulators share: forms and Basic authentication.
 */
#include "test-rssp.h"

#include "tools/simulator/basic.h"

static void
mistakes_in_accounts_conf_are_named(void **state)
{
	static const struct {
		const char *text, *told;
	} rows[] = {
	    {"[x]\na = 1\n", "accounts.conf:2: x: a section is [server], [user NAME] or"},
	    {"[server]\nx = 1\n", ":2: x: no such key; csc-simulator(1) lists them"},
	    {"[server]\nauth = digest\n", ":2: auth: external, basic, oauth2code"},
	    {"[server]\nversions = v3\n", ":2: versions: v1, v2"},
	    {"[server]\ntrouble = x\n", ":2: trouble: none, or words that csc-simulator(1)"},
	    {"[server]\ndialect = x\n", ":2: dialect: none, or words that csc-simulator(1)"},
	    {"[server]\non = x\n", ":2: on: names of methods"},
	    {"[server]\nbrowser = x\n", ":2: browser: page, agrees or refuses"},
	    {"[server]\npage-size = x\n", ":2: page-size: a number of at most nine digits"},
	    {"[user Maria]\npassword = x\n", ":2: user : a name is a-z"},
	    {"[user maria]\nsurname = x\n", "maria: a user needs a password; add one"},
	    {USERS "[credential A]\nuser = maria\n", ":6: credential : an ID is a-z"},
	    {"[credential a]\nkey = p256\n", "a: its `user` must be the name of a [user NAME]"},
	    {USERS "[credential a]\nuser = maria\nkey = dsa\n", ":7: key: rsa2048, rsa3072"},
	    {USERS "[credential a]\nuser = maria\nkey = p256\nalgorithms = rsa\n",
	     "a: the key cannot do all its algorithms"},
	    {USERS "[credential a]\nuser = maria\nalgorithms = x\n", ":7: algorithms: OIDs, or"},
	    {USERS "[credential a]\nuser = maria\nscal = 3\n", "a: scal is 1 or 2"},
	    {USERS "[credential a]\nuser = maria\npin = 123\n", ":7: pin: 4 to 32 printable"},
	    {USERS "[credential a]\nuser = maria\npin-tries = 0\n", "start at 1"},
	    {USERS "[credential a]\nuser = maria\notp = offline\n",
	     "a: an offline otp needs a `code`; add one"},
	    {USERS "[credential a]\nuser = maria\ncode = 12\n", ":7: code: 6 digits"},
	};
	struct service *service = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct rssp_accounts accounts;
		struct problem error = {""};

		set_accounts(service, rows[i].text);
		if (rssp_accounts_load(&service->rssp.directory, &accounts, &error))
			fail_msg("accepted: %s", rows[i].text);
		if (strstr(error.text, rows[i].told) == NULL)
			fail_msg("%s: %s", rows[i].text, error.text);
	}
}

static void
oids_are_as_good_as_words(void **state)
{
	struct service *service = *state;
	static struct rssp_accounts accounts;
	struct problem error;

	set_keys(service, "algorithms = 1.2.840.10045.4.3.2, ecdsa-sha512", "");
	assert_true(rssp_accounts_load(&service->rssp.directory, &accounts, &error));
	assert_int_equal(rssp_accounts_credential(&accounts, "sign")->algorithms,
			 1u << rssp_algorithm_of_oid("1.2.840.10045.4.3.2") |
			     1u << rssp_algorithm_of_oid("1.2.840.10045.4.3.4"));
}

static char *
read_text(struct service *service, const char *name)
{
	struct problem error = {""};
	char *data = NULL;
	size_t len;

	if (!sim_directory_read(&service->rssp.directory, name, &data, &len, &error))
		fail_msg("%s", error.text);
	return data;
}

static void
start_again(struct service *service)
{
	struct problem error = {""};

	rssp_close(&service->rssp);
	if (!rssp_open(&service->rssp, service->directory, NULL, &error))
		fail_msg("%s", error.text);
}

static void
a_second_start_keeps_what_clients_know(void **state)
{
	static const char *const names[] = {
	    "credentials", "tls-ca.pem",           "tls.pem", "root.pem", "ca.pem",
	    "tsa.pem",     "certificates/sign.pem"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *before = read_text(*state, names[i]), *after;

		start_again(*state);
		after = read_text(*state, names[i]);
		assert_string_equal(before, after);
		OPENSSL_free(before);
		OPENSSL_free(after);
	}
}

static void
a_second_start_forgets_tokens_and_locks(void **state)
{
	struct service *service = *state;
	char code[SIM_CODE_MAX];

	for (int i = 0; i < 3; i++)
		authorize(service, "9999", "123456");
	start_again(service);
	post(service, "v1/credentials/list", "{}");
	assert_status(service, 401);
	log_in(service);
	send_code(service, code);
	authorize(service, "1234", code);
	assert_status(service, 200);
}

static void
a_directory_without_accounts_gets_one(void **state)
{
	struct service *service = *state;

	sim_directory_remove(&service->rssp.directory, "accounts.conf");
	start_again(service);

	assert_non_null(rssp_accounts_credential(&service->rssp.accounts, "maria-sign"));
}

static void
a_directory_has_one_simulator(void **state)
{
	struct service *service = *state;
	static struct rssp second;
	struct problem error = {""};

	assert_false(rssp_open(&second, service->directory, NULL, &error));
	assert_non_null(strstr(error.text, "another csc-simulator uses"));
}

static void
credentials_that_are_incomplete_are_told(void **state)
{
	struct service *service = *state;
	static struct rssp second;
	struct problem error = {""};
	char *before = read_text(service, "credentials");

	rssp_close(&service->rssp);
	assert_true(sim_directory_open(&service->rssp.directory, service->directory, &error));
	assert_true(sim_directory_write(&service->rssp.directory, "credentials", 0600,
					BYTES_TEXT("[credentials]\nclient-id = a\n"), &error));
	assert_false(rssp_open(&second, service->directory, NULL, &error));
	assert_non_null(strstr(error.text, "it needs [credentials] with client-id and "
					   "client-secret, each at most 63 characters"));
	assert_true(sim_directory_write(&service->rssp.directory, "credentials", 0600,
					(struct bytes){(const uint8_t *)before, strlen(before)},
					&error));
	sim_directory_close(&service->rssp.directory);
	OPENSSL_free(before);
	assert_true(rssp_open(&service->rssp, service->directory, NULL, &error));
}

/* What clients were given must not be lost to one that asks too much. */
static void
the_oldest_grant_makes_room_for_a_new_one(void **state)
{
	struct service *service = *state;

	for (int i = 0; i < RSSP_GRANTS_MAX - 1; i++)
		ask(service, "POST", "/csc/v1/auth/login", MARIA, JSON, "{}");
	post(service, "v1/credentials/list", "{}");
	assert_status(service, 200);
	ask(service, "POST", "/csc/v1/auth/login", MARIA, JSON, "{}");
	assert_int_equal(service->rssp.grants.count, RSSP_GRANTS_MAX);
	post(service, "v1/credentials/list", "{}");
	assert_status(service, 401);
}

/* Forms */

static bool
parse(const char *query, struct sim_form *form)
{
	return sim_form_parse((struct bytes){(const uint8_t *)query, strlen(query)}, form);
}

static void
forms_are_decoded(void **state)
{
	struct sim_form form;

	(void)state;
	assert_true(parse("a=1+2&b=%C3%A9%26&&c&d=&a=3&%65=x=y", &form));
	assert_int_equal(form.count, 6);
	assert_string_equal(sim_form_value(&form, "a"), "1 2");
	assert_string_equal(sim_form_value(&form, "b"), "\xC3\xA9&");
	assert_string_equal(sim_form_value(&form, "c"), "");
	assert_string_equal(sim_form_value(&form, "d"), "");
	assert_string_equal(sim_form_value(&form, "e"), "x=y");
	assert_null(sim_form_value(&form, "f"));
	sim_form_free(&form);
}

static void
an_empty_form_has_no_fields(void **state)
{
	struct sim_form form;

	(void)state;
	assert_true(sim_form_parse(BYTES_NONE, &form));
	assert_int_equal(form.count, 0);
	sim_form_free(&form);
}

static void
a_form_with_a_nul_or_too_many_fields_is_refused(void **state)
{
	char many[3 * (SIM_FORM_FIELDS_MAX + 1)];
	struct sim_form form;

	(void)state;
	assert_false(parse("a=1%002", &form));
	assert_false(sim_form_parse(BYTES_TEXT("a=\0b"), &form));
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = "a=&"[i % 3];
	assert_false(sim_form_parse((struct bytes){(const uint8_t *)many, sizeof(many)}, &form));
}

/* Basic */

static void
a_password_may_have_colons(void **state)
{
	struct sim_basic basic;

	(void)state;
	assert_int_equal(sim_basic_parse("basic bWFyaWE6YTpi", &basic), SIM_BASIC_PARSED);
	assert_string_equal(basic.user, "maria");
	assert_string_equal(basic.password, "a:b");
}

static void
what_is_not_basic_is_refused(void **state)
{
	char longest[300] = "Basic ";
	struct sim_basic basic;

	(void)state;
	assert_int_equal(sim_basic_parse(NULL, &basic), SIM_BASIC_NOT_BASIC);
	assert_int_equal(sim_basic_parse("Bearer x", &basic), SIM_BASIC_NOT_BASIC);
	assert_int_equal(sim_basic_parse("Basic bWFyaWE=", &basic), SIM_BASIC_MALFORMED);
	/* "a\0:b" */
	assert_int_equal(sim_basic_parse("Basic YQA6Yg==", &basic), SIM_BASIC_MALFORMED);
	memset(longest + strlen("Basic "), 'Y', 256);
	assert_int_equal(sim_basic_parse(longest, &basic), SIM_BASIC_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(mistakes_in_accounts_conf_are_named),
	    TEST(oids_are_as_good_as_words),
	    TEST(a_second_start_keeps_what_clients_know),
	    TEST(a_second_start_forgets_tokens_and_locks),
	    TEST(a_directory_has_one_simulator),
	    TEST(credentials_that_are_incomplete_are_told),
	    TEST(the_oldest_grant_makes_room_for_a_new_one),
	    TEST(forms_are_decoded),
	    TEST(an_empty_form_has_no_fields),
	    TEST(a_form_with_a_nul_or_too_many_fields_is_refused),
	    TEST(a_password_may_have_colons),
	    TEST(what_is_not_basic_is_refused),
	    TEST(a_directory_without_accounts_gets_one),
	};

	return cmocka_run_group_tests(tests, service_set_up, service_tear_down);
}
