/*
 * vicar enrol. vicar-bridge is this program itself under another name: what it answers is
 * in FAKE_BRIDGE, and the chain it sends in the file FAKE_CHAIN.
 */
#include "test-vicar.h"

#include "cmdbridge/secrets.h"
#include "iso7816/sw.h"
#include "tools/vicar/account.h"
#include "tools/vicar/bridge_client.h"
#include "tools/vicar/enrol.h"

#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define SIGNING "critical,nonRepudiation"

/* ---- the fake ---- */

static void
send_message(const struct writer *writer)
{
	if (!writer_ok(writer) || send(BRIDGE_FD, writer->data, writer->len, 0) < 0)
		_exit(9);
}

static void
send_result(uint16_t sw, struct bytes chain)
{
	static uint8_t message[BRIDGE_MESSAGE_MAX];
	struct writer writer = writer_to(message, sizeof(message));
	const struct bridge_result result = {
	    .sw = sw,
	    .text = BYTES_TEXT("The service does not know this account."),
	    .next = BYTES_TEXT("See the number."),
	    .chain = chain,
	    .credentials = {{.id = BYTES_TEXT("cred-01"),
			     .uses = SERVICE_SIGN_PKCS1 | SERVICE_DECIPHER_OAEP}},
	    .credentials_count = strcmp(part_of("FAKE_BRIDGE"), "named") == 0 ? 1 : 0,
	};

	if (!bridge_result_encode(&result, &writer))
		_exit(8);
	send_message(&writer);
}

static void
send_progress(void)
{
	uint8_t message[256];
	struct writer writer = writer_to(message, sizeof(message));
	const struct bridge_progress progress = {.text = BYTES_TEXT("asking")};

	if (!bridge_progress_encode(&progress, &writer))
		_exit(8);
	send_message(&writer);
}

static struct bytes
read_chain(void)
{
	static uint8_t der[16384];
	const char *path = getenv("FAKE_CHAIN");
	FILE *file = path == NULL ? NULL : fopen(path, "re");

	return file == NULL ? BYTES_NONE : (struct bytes){der, fread(der, 1, sizeof(der), file)};
}

/* The account that the request names must be readable while the bridge runs, and private. */
static bool
account_is_right(const struct bridge_request *request)
{
	char path[PATH_MAX], error[SECRETS_ERROR_MAX];
	struct service_account account;

	snprintf(path, sizeof(path), "%.*s", (int)request->account.len,
		 (const char *)request->account.data);
	return service_account_load(path, SERVICE_ACCOUNT_PHONE, &account, error) &&
	       strcmp(account.phone, "+351 912345678") == 0;
}

static int
fake_bridge(void)
{
	static uint8_t message[BRIDGE_MESSAGE_MAX];
	const char *part = part_of("FAKE_BRIDGE");
	struct bridge_request request;
	ssize_t len = recv(BRIDGE_FD, message, sizeof(message), 0);

	if (len <= 0 || !bridge_request_decode((struct bytes){message, (size_t)len}, &request) ||
	    request.operation != BRIDGE_ENROL || !account_is_right(&request))
		return 7;
	if (strcmp(part, "chain") == 0 || strcmp(part, "named") == 0) {
		send_progress();
		send_result(SW_OK, read_chain());
	} else if (strcmp(part, "refuse") == 0) {
		send_result(SW_SERVICE_ACCOUNT_UNKNOWN, BYTES_NONE);
	} else if (strcmp(part, "garbage") == 0) {
		send(BRIDGE_FD, "\xEE", 1, 0);
	} else if (strcmp(part, "hang") == 0) {
		/* No longer than the test. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sleep(60);
	}
	return 0;
}

/* ---- enrolment ---- */

static char own_path[PATH_MAX];
static struct service_config service = {
    .name = (char[]){"cmd"}, .connect_timeout_ms = 5000, .transfer_timeout_ms = 10000};
static struct service_account account = {.phone = "+351 912345678"};

static struct enrolment
an_enrolment(const char *bridge)
{
	setenv("FAKE_BRIDGE", bridge, 1);
	return (struct enrolment){
	    .name = "cc",
	    .personality = "cc-v1",
	    .role = "sign",
	    .service = &service,
	    .account = &account,
	    .bridge = own_path,
	    .pin_tries = 2,
	    .user_consent = true,
	};
}

/* Leaves leaf and CA in the file that the fake sends. */
static void
a_chain_of(void **state, EVP_PKEY *key, const struct test_certificate *wrong_issuer)
{
	X509 *ca = test_certificate(&(struct test_certificate){.name = "CA", .authority = true});
	X509 *other = wrong_issuer == NULL ? NULL : test_certificate(wrong_issuer);
	X509 *leaf = test_certificate(&(struct test_certificate){
	    .name = "Maria", .key = key, .issuer = ca, .key_usage = SIGNING});
	uint8_t der[8192] = {0};
	const size_t len = test_der((X509 *[]){leaf, other == NULL ? ca : other}, 2, der);
	FILE *file = fopen(home_file(state, "chain"), "we");

	assert_int_equal(fwrite(der, 1, len, file), len);
	fclose(file);
	setenv("FAKE_CHAIN", home_file(state, "chain"), 1);
	X509_free(leaf);
	X509_free(ca);
	X509_free(other);
}

static size_t
files_in_cards(void **state)
{
	DIR *directory = opendir(home_file(state, ".local/share/vicar/cards"));
	const struct dirent *entry;
	size_t count = 0;

	if (directory == NULL)
		return 0;
	while ((entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			count++;
	closedir(directory);
	return count;
}

static void
enrolled(void **state, const struct enrolment *enrolment)
{
	struct problem error = {""};

	(void)state;
	if (!enrol_card(enrolment, &error))
		fail_msg("%s", error.text);
}

static void
assert_refused(void **state, const struct enrolment *enrolment, const char *reason)
{
	struct problem error = {""};

	assert_false(enrol_card(enrolment, &error));
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	assert_int_equal(files_in_cards(state), 0);
}

static void
an_enrolled_card_has_the_service_key_and_the_chain(void **state)
{
	const struct enrolment enrolment = an_enrolment("chain");
	struct image image;

	a_chain_of(state, test_key(3072), NULL);
	enrolled(state, &enrolment);
	image = load_card(state);
	assert_string_equal(image.personality, "cc-v1");
	assert_string_equal(image.keys[0].name, "sign");
	assert_string_equal(image.keys[0].service, "cmd");
	assert_string_equal(image.keys[0].credential, "");
	assert_int_equal(image.keys[0].uses, 0);
	assert_int_equal(image.authorities_count, 1);
	image_free(&image);
}

static void
an_enrolled_card_says_what_the_service_calls_the_key_and_does_with_it(void **state)
{
	const struct enrolment enrolment = an_enrolment("named");
	struct image image;

	a_chain_of(state, test_key(3072), NULL);
	enrolled(state, &enrolment);
	image = load_card(state);
	assert_string_equal(image.keys[0].credential, "cred-01");
	assert_int_equal(image.keys[0].uses, 1 << KEY_SIGN_PKCS1 | 1 << KEY_DECIPHER_OAEP);
	image_free(&image);
}

static void
an_enrolled_card_keeps_the_account_to_its_owner(void **state)
{
	const struct enrolment enrolment = an_enrolment("chain");
	char error[SECRETS_ERROR_MAX];
	struct service_account kept;

	a_chain_of(state, test_key(3072), NULL);
	enrolled(state, &enrolment);
	assert_true(service_account_load(home_file(state, CARD "/account"), SERVICE_ACCOUNT_PHONE,
					 &kept, error));
	assert_string_equal(kept.phone, "+351 912345678");
}

static void
enrolment_leaves_no_file_beside_the_card(void **state)
{
	const struct enrolment enrolment = an_enrolment("chain");

	a_chain_of(state, test_key(3072), NULL);
	enrolled(state, &enrolment);
	assert_int_equal(files_in_cards(state), 1);
}

static void
user_consent_and_tries_are_options_of_the_card(void **state)
{
	const struct enrolment enrolment = an_enrolment("chain");
	struct image image;
	char value[8];

	a_chain_of(state, test_key(3072), NULL);
	enrolled(state, &enrolment);
	image = load_card(state);
	assert_true(image_option(&image, "user-consent", value, sizeof(value)));
	assert_true(image_option(&image, "pin-tries", value, sizeof(value)));
	assert_string_equal(value, "2");
	image_free(&image);
}

static void
a_card_may_go_without_user_consent(void **state)
{
	struct enrolment enrolment = an_enrolment("chain");
	struct image image;
	char value[8];

	enrolment.user_consent = false;
	a_chain_of(state, test_key(3072), NULL);
	enrolled(state, &enrolment);
	image = load_card(state);
	assert_true(image_option(&image, "user-consent", value, sizeof(value)));
	assert_string_equal(value, "no");
	image_free(&image);
}

static void
what_is_asked_for_is_an_option_of_the_card_and_wins(void **state)
{
	struct enrolment enrolment = an_enrolment("chain");
	struct image image;
	char value[8];

	enrolment.options = "program-name pin-tries=5";
	a_chain_of(state, test_key(3072), NULL);
	enrolled(state, &enrolment);
	image = load_card(state);
	assert_true(image_option(&image, "program-name", value, sizeof(value)));
	assert_true(image_option(&image, "user-consent", value, sizeof(value)));
	assert_true(image_option(&image, "pin-tries", value, sizeof(value)));
	assert_string_equal(value, "5");
	image_free(&image);
}

static void
an_option_that_the_card_does_not_have_is_refused(void **state)
{
	struct enrolment enrolment = an_enrolment("chain");
	char words[IMAGE_OPTIONS_MAX];

	a_chain_of(state, test_key(3072), NULL);
	enrolment.options = "variant=amos";
	assert_refused(state, &enrolment, "variant=amos");
	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	enrolment.options = words;
	assert_refused(state, &enrolment, "options are too long");
}

/* OpenSC would show the other card's files from its cache. */
static void
cards_with_and_without_user_consent_have_two_serials(void **state)
{
	struct enrolment enrolment = an_enrolment("chain");
	struct image with, without;
	struct problem error = {""};

	a_chain_of(state, test_key(3072), NULL);
	enrolled(state, &enrolment);
	with = load_card(state);
	assert_true(issue_undo(home_file(state, CARD), &error));
	enrolment.user_consent = false;
	enrolled(state, &enrolment);
	without = load_card(state);
	assert_memory_not_equal(with.serial, without.serial, with.serial_len);
	image_free(&with);
	image_free(&without);
}

static void
an_enrolled_key_may_be_that_of_another_role_on_another_card(void **state)
{
	struct enrolment enrolment = an_enrolment("chain");
	struct image image;

	enrolment.personality = "iasecc";
	enrolment.role = "auth";
	enrolment.label = "Cloud";
	a_chain_of(state, test_key(3072), NULL);
	enrolled(state, &enrolment);
	image = load_card(state);
	assert_string_equal(image.personality, "iasecc");
	assert_string_equal(image.keys[0].name, "auth");
	assert_string_equal(image.keys[0].label, "Cloud");
	image_free(&image);
}

static void
a_role_that_the_card_has_not_asks_no_service(void **state)
{
	struct enrolment enrolment = an_enrolment("hang");

	enrolment.role = "dance";
	assert_refused(state, &enrolment,
		       "has no key dance; choose with --role one of: auth, sign");
}

static void
a_remote_key_is_added_to_a_card_with_a_local_one(void **state)
{
	struct enrolment enrolment = an_enrolment("chain");
	char error[SECRETS_ERROR_MAX], value[8];
	struct service_account kept;
	struct image image;

	create_named("cc", "cc-v1", "auth");
	enrolment.adds = true;
	enrolment.personality = NULL;
	a_chain_of(state, test_key(3072), NULL);
	enrolled(state, &enrolment);
	image = load_card(state);
	assert_int_equal(image.keys_count, 2);
	assert_string_equal(image.keys[0].service, "file");
	assert_string_equal(image.keys[1].service, "cmd");
	assert_true(image_option(&image, "pin-tries", value, sizeof(value)));
	assert_false(image_option(&image, "user-consent", NULL, 0));
	image_free(&image);
	assert_true(service_account_load(home_file(state, CARD "/account"), SERVICE_ACCOUNT_PHONE,
					 &kept, error));
}

static void
an_addition_that_fails_leaves_no_account(void **state)
{
	struct enrolment enrolment = an_enrolment("chain");
	struct problem error = {""};

	create_named("cc", "fineid-v2", "auth");
	enrolment.adds = true;
	enrolment.personality = NULL;
	a_chain_of(state, test_key(3072), NULL);
	assert_false(enrol_card(&enrolment, &error));
	assert_non_null(strstr(error.text, "3072"));
	assert_false(home_has(state, CARD "/account"));
}

static void
a_second_card_of_one_name_is_refused_with_what_to_do(void **state)
{
	const struct enrolment enrolment = an_enrolment("chain");
	struct problem error = {""};

	a_chain_of(state, test_key(3072), NULL);
	enrolled(state, &enrolment);
	assert_false(enrol_card(&enrolment, &error));
	assert_non_null(strstr(error.text, "vicar forget cc"));
}

static void
what_the_service_says_is_the_error(void **state)
{
	const struct enrolment enrolment = an_enrolment("refuse");

	assert_refused(state, &enrolment, "does not know this account. See the number.");
}

static void
a_chain_that_does_not_link_makes_no_card(void **state)
{
	const struct enrolment enrolment = an_enrolment("chain");

	a_chain_of(state, test_key(3072),
		   &(struct test_certificate){.name = "Other CA", .authority = true});
	assert_refused(state, &enrolment, "was not issued by Other CA");
}

/* fineid-v2 has RSA-2048 keys only (reference: fineid.md 1.1). */
static void
a_key_that_the_personality_cannot_hold_makes_no_card(void **state)
{
	struct enrolment enrolment = an_enrolment("chain");

	enrolment.personality = "fineid-v2";
	a_chain_of(state, test_key(3072), NULL);
	assert_refused(state, &enrolment, "3072");
}

/* They have PKCS #1 v1.5 with RSA keys (reference: fineid.md 6.2). */
static void
the_finnish_cards_since_2017_take_a_key_of_the_service(void **state)
{
	static const char *const personalities[] = {"fineid-v3", "fineid-v4", "fineid-org"};

	a_chain_of(state, test_key(3072), NULL);
	for (size_t i = 0; i < sizeof(personalities) / sizeof(personalities[0]); i++) {
		struct enrolment enrolment = an_enrolment("chain");

		enrolment.name = personalities[i];
		enrolment.personality = personalities[i];
		enrolled(state, &enrolment);
		assert_int_equal(files_in_cards(state), i + 1);
	}
}

static void
a_bridge_that_ends_silently_makes_no_card(void **state)
{
	const struct enrolment enrolment = an_enrolment("silent");

	assert_refused(state, &enrolment, "without an answer");
}

static void
a_bridge_that_sends_garbage_makes_no_card(void **state)
{
	const struct enrolment enrolment = an_enrolment("garbage");

	assert_refused(state, &enrolment, "does not know");
}

static void
a_bridge_that_is_missing_makes_no_card(void **state)
{
	struct enrolment enrolment = an_enrolment("chain");

	enrolment.bridge = "/nonexistent/vicar-bridge";
	assert_refused(state, &enrolment, "/nonexistent/vicar-bridge cannot be started");
}

static void
a_bridge_that_hangs_is_ended(void **state)
{
	const struct bridge_request request = {
	    .operation = BRIDGE_ENROL,
	    .service = BYTES_TEXT("cmd"),
	    .account = {(const uint8_t *)home_file(state, "account"),
			strlen(home_file(state, "account"))},
	};
	static struct bridge_answer answer;
	struct problem error = {""};

	setenv("FAKE_BRIDGE", "hang", 1);
	home_write(state, "account", "[account]\nphone = +351 912345678\n", 0600);
	assert_false(bridge_client_ask(own_path, &request, -1, 100, &answer, &error));
	assert_non_null(strstr(error.text, "no answer in time"));
}

static void
a_name_that_is_a_path_is_refused(void **state)
{
	char directory[PATH_MAX];
	struct problem error = {""};

	(void)state;
	assert_false(issue_possible("../cc", "cc-v1", directory, &error));
	assert_non_null(strstr(error.text, "cannot be a card's name"));
}

static void
an_unknown_card_is_refused_with_those_there_are(void **state)
{
	char directory[PATH_MAX];
	struct problem error = {""};

	(void)state;
	assert_false(issue_possible("cc", "cc-v9", directory, &error));
	assert_non_null(strstr(error.text, "fineid-v2"));
}

/* ---- the account file ---- */

static void
a_written_account_can_be_read_again(void **state)
{
	char error[SECRETS_ERROR_MAX];
	struct service_account read;
	struct problem text = {""};

	assert_true(account_write(home_file(state, "account"), &account, &text));
	assert_true(
	    service_account_load(home_file(state, "account"), SERVICE_ACCOUNT_PHONE, &read, error));
	assert_string_equal(read.phone, account.phone);
}

static void
an_account_file_is_never_written_over(void **state)
{
	struct problem text = {""};

	home_write(state, "account", "mine", 0600);
	assert_false(account_write(home_file(state, "account"), &account, &text));
	assert_non_null(strstr(text.text, "cannot be created"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, home_set_up, home_tear_down)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_enrolled_card_has_the_service_key_and_the_chain),
	    TEST(an_enrolled_card_says_what_the_service_calls_the_key_and_does_with_it),
	    TEST(an_enrolled_card_keeps_the_account_to_its_owner),
	    TEST(enrolment_leaves_no_file_beside_the_card),
	    TEST(user_consent_and_tries_are_options_of_the_card),
	    TEST(a_card_may_go_without_user_consent),
	    TEST(what_is_asked_for_is_an_option_of_the_card_and_wins),
	    TEST(an_option_that_the_card_does_not_have_is_refused),
	    TEST(cards_with_and_without_user_consent_have_two_serials),
	    TEST(an_enrolled_key_may_be_that_of_another_role_on_another_card),
	    TEST(a_role_that_the_card_has_not_asks_no_service),
	    TEST(a_remote_key_is_added_to_a_card_with_a_local_one),
	    TEST(an_addition_that_fails_leaves_no_account),
	    TEST(a_second_card_of_one_name_is_refused_with_what_to_do),
	    TEST(what_the_service_says_is_the_error),
	    TEST(a_chain_that_does_not_link_makes_no_card),
	    TEST(a_key_that_the_personality_cannot_hold_makes_no_card),
	    TEST(the_finnish_cards_since_2017_take_a_key_of_the_service),
	    TEST(a_bridge_that_ends_silently_makes_no_card),
	    TEST(a_bridge_that_sends_garbage_makes_no_card),
	    TEST(a_bridge_that_is_missing_makes_no_card),
	    TEST(a_bridge_that_hangs_is_ended),
	    TEST(a_name_that_is_a_path_is_refused),
	    TEST(an_unknown_card_is_refused_with_those_there_are),
	    TEST(a_written_account_can_be_read_again),
	    TEST(an_account_file_is_never_written_over),
	};

	(void)argc;
	if (strcmp(argv[0], "vicar-bridge") == 0)
		return fake_bridge();
	if (readlink("/proc/self/exe", own_path, sizeof(own_path) - 1) <= 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
