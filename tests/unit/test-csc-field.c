/* What CSC services in the field do otherwise than the standard says, and what goes wrong on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test-csc-service.h"

/* With the consent given before, and a key that needs no code: nobody is asked anything. */
static struct bridge_request
unattended(void)
{
	struct bridge_request request = csc_request(&service, BRIDGE_SIGN);

	request.consent_given = true;
	return request;
}

static void
sign_unattended(void)
{
	struct bridge_request request = unattended();

	use_run(&service, &request, &patient, &use);
}

/* SHA-256 of nothing, without its DigestInfo. */
static struct bytes
hash(void)
{
	return (struct bytes){digestinfo_empty + 19, 32};
}

static void
keys_sign_in_their_ways(void **state)
{
	static const struct {
		const char *key, *dialect;
		enum keyfile_operation operation;
	} ways[] = {
	    {"key = rsa2048\nalgorithms = rsa\n", "", KEYFILE_SIGN_PKCS1},
	    {"key = rsa2048\nalgorithms = rsa-pss\n", "", KEYFILE_SIGN_PSS},
	    {"key = p256\n", "", KEYFILE_SIGN_ECDSA},
	    {"key = p384\n", "dialect = ecdsa-raw", KEYFILE_SIGN_ECDSA},
	    {"key = p256\nalgorithms = ecdsa-plain-sha256\n", "", KEYFILE_SIGN_ECDSA},
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(ways); i++) {
		const size_t way = i / 2;
		struct bridge_request request = unattended();
		char key[256];
		struct bytes input = hash();

		snprintf(key, sizeof(key),
			 "[credential maria-sign]\nuser = maria\npin = " PIN "\n%s", ways[way].key);
		set_up(i % 2 == 0 ? "v1" : "v2", key, ways[way].dialect, "login = oauth2client");
		if (ways[way].operation == KEYFILE_SIGN_PKCS1)
			input = BYTES(digestinfo_empty);
		request.use = ways[way].operation;
		request.digest = DIGEST_SHA256;
		request.documents[0].input = input;
		request.certificate = (struct bytes){service.leaf_der, service.leaf_len};
		use_run(&service, &request, &patient, &use);
		assert_sw(0x9000);
		assert_true(certificate_verifies_use(service.leaf, ways[way].operation,
						     DIGEST_SHA256, input, use.result.outputs[0]));
	}
}

/* csc.md part B: what services in the field do otherwise, and what vicar.conf says then. */
static void
each_dialect_is_understood(void **state)
{
	static const struct {
		const char *version, *server, *client, *mode;
	} dialects[] = {
	    {"v1", "numbers-as-strings", "", ""},
	    {"v2", "numbers-as-strings null-members extra-members", "", ""},
	    {"v1", "strings-wanted", "dialect = strings\n", ""},
	    {"v1", "null-members error-zero plain-type", "", ""},
	    {"v1", "authorise", "dialect = authorise\n", ""},
	    {"v1", "get", "dialect = get\n", ""},
	    {"v1", "max-results chain-only no-cert-info", "", ""},
	    {"v1", "multisign-true", "", ""},
	    {"v1", "oauth2-url bearer-sad json-token", "dialect = json-token\n", "oauth2code"},
	    {"v2", "issuer", "", "oauth2code"},
	    {"v1", "account-token", "account-token = yes\n", "oauth2code"},
	    {"v1", "no-sign-algo", "dialect = no-sign-algo\n", "implicit"},
	    {"v1", "decimal-serial access-denied no-empty-list", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(dialects); i++) {
		char key[256], server[256], client[256];

		snprintf(key, sizeof(key), CSC_KEY "mode = %s\n",
			 dialects[i].mode[0] ? dialects[i].mode : "explicit");
		snprintf(server, sizeof(server), "dialect = %s", dialects[i].server);
		snprintf(client, sizeof(client), "%slogin = oauth2client", dialects[i].client);
		set_up(dialects[i].version, key, server, client);
		sign_unattended();
		if (use.result.sw != 0x9000)
			print_error("%s\n", dialects[i].server);
		assert_signed();
	}
}

static void
logins_of_the_field_are_understood(void **state)
{
	static const struct {
		const char *server, *client;
	} logins[] = {
	    {"dialect = login-members", "login = basic\ndialect = login-members"},
	    {"dialect = password-grant json-token", "login = password\ndialect = json-token"},
	    {"auth = external", "login = auto"},
	    {"", "login = oauth2client\nclient-authentication = header"},
	};
	char client[1024], with_password[1100];

	(void)state;
	service_read(&service, "credentials", client, sizeof(client));
	snprintf(with_password, sizeof(with_password), "%spassword = segredo\n", client);
	service_write(&service, "client", with_password);
	for (size_t i = 0; i < COUNT(logins); i++) {
		set_up("v1", CSC_KEY, logins[i].server, logins[i].client);
		sign_unattended();
		if (use.result.sw != 0x9000)
			print_error("%s\n", logins[i].client);
		assert_signed();
	}
}

/* design.md, "Remote trouble", and whatever it is: what costs something is done once. */
static void
each_trouble_has_its_status_word_and_one_start(void **state)
{
	static const struct {
		const char *trouble, *on;
		uint16_t sw;
		unsigned starts, authorized, signed_;
	} troubles[] = {
	    {"drop-before", "credentials/authorize", 0x6F17, 1, 1, 0},
	    {"drop-after", "credentials/authorize", 0x6F17, 1, 1, 0},
	    {"reset-after", "credentials/authorize", 0x6F17, 1, 1, 0},
	    {"cut", "credentials/authorize", 0x6F17, 1, 1, 0},
	    {"hang", "credentials/authorize", 0x6F17, 1, 1, 0},
	    {"http-500", "credentials/authorize", 0x6F10, 1, 1, 0},
	    {"http-503", "credentials/authorize", 0x6F10, 1, 1, 0},
	    {"http-504", "credentials/authorize", 0x6F10, 1, 1, 0},
	    {"http-429", "credentials/authorize", 0x6F10, 1, 1, 0},
	    {"http-401", "credentials/authorize", 0x6F12, 1, 1, 0},
	    {"http-403", "credentials/authorize", 0x6F12, 1, 1, 0},
	    {"http-413", "credentials/authorize", 0x6F1F, 1, 1, 0},
	    {"redirect", "credentials/authorize", 0x6F1F, 1, 1, 0},
	    {"garbage", "credentials/authorize", 0x6F1F, 1, 1, 0},
	    {"empty", "credentials/authorize", 0x6F1F, 1, 1, 0},
	    {"array", "credentials/authorize", 0x6F1F, 1, 1, 0},
	    {"nested", "credentials/authorize", 0x6F1F, 1, 1, 0},
	    {"nulls", "credentials/authorize", 0x6F1F, 1, 1, 0},
	    {"huge", "credentials/authorize", 0x6F1F, 1, 1, 0},
	    {"drop-after", "signatures/signHash", 0x6F17, 1, 1, 1},
	    {"hang", "signatures/signHash", 0x6F17, 1, 1, 1},
	    {"http-500", "signatures/signHash", 0x6F10, 1, 1, 1},
	    {"no-members", "signatures/signHash", 0x6F1F, 1, 1, 1},
	    {"wrong-signature", "signatures/signHash", 0x6F16, 1, 1, 1},
	    {"other-key", "signatures/signHash", 0x6F16, 1, 1, 1},
	    {"short-signature", "signatures/signHash", 0x6F16, 1, 1, 1},
	    {"fewer-signatures", "signatures/signHash", 0x6F1F, 1, 1, 1},
	    {"no-leaf", "credentials/info", 0x6F1F, 0, 0, 0},
	    {"http-503", "credentials/info", 0x6F10, 0, 0, 0},
	    {"no-members", "credentials/info", 0x6F1F, 0, 0, 0},
	    {"array", "credentials/info", 0x6F1F, 0, 0, 0},
	    {"drop-before", "info", 0x6F10, 0, 0, 0},
	    {"http-401", "oauth2/token", 0x6F12, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(troubles); i++) {
		const bool hangs = strcmp(troubles[i].trouble, "hang") == 0;
		char server[128];

		/* Only where nothing comes is a short wait right, however busy the machine is. */
		csc_configure(&service, "v1",
			      hangs ? "login = oauth2client\ntransfer-timeout-ms = 700"
				    : "login = oauth2client");
		snprintf(server, sizeof(server), "trouble = %s\non = %s", troubles[i].trouble,
			 troubles[i].on);
		csc_accounts(&service, CSC_KEY, server);
		service_forget_calls(&service);
		sign_unattended();
		if (use.result.sw != troubles[i].sw)
			fail_msg("%s on %s: %04X %.*s", troubles[i].trouble, troubles[i].on,
				 use.result.sw, (int)use.result.text.len,
				 (const char *)use.result.text.data);
		assert_int_equal(use.starts, troubles[i].starts);
		assert_int_equal(use.result.outputs_count, 0);
		assert_true(use.result.text.len > 0 && use.result.next.len > 0);
		assert_calls("credentials/authorize", troubles[i].authorized);
		assert_calls("signatures/signHash", troubles[i].signed_);
	}
}

static void
a_message_that_may_have_been_sent_is_not_sent_again(void **state)
{
	static const char *const troubles[] = {"drop-before", "drop-after", "hang"};
	struct bridge_request request = unattended();

	(void)state;
	csc_configure(&service, "v1",
		      "login = oauth2client\nconnect-timeout-ms = 1000\n"
		      "transfer-timeout-ms = 700");
	for (size_t i = 0; i < COUNT(troubles); i++) {
		char server[128];

		snprintf(server, sizeof(server), "trouble = %s\non = credentials/sendOTP",
			 troubles[i]);
		csc_accounts(&service, CSC_SENT, server);
		service_forget_calls(&service);
		use_run(&service, &request, &patient, &use);
		assert_sw(0x6F17);
		assert_int_equal(use.starts, 1);
		assert_calls("credentials/sendOTP", 1);
		assert_calls("credentials/authorize", 0);
	}
}

static void
a_reversed_chain_is_put_in_order(void **state)
{
	(void)state;
	csc_accounts(&service, CSC_KEY, "trouble = reversed-chain\non = credentials/info");
	sign_unattended();
	assert_signed();
}

static void
asking_is_tried_twice(void **state)
{
	struct bridge_request request = csc_request(&service, BRIDGE_ENROL);

	(void)state;
	csc_accounts(&service, CSC_SENT, "trouble = http-503\non = credentials/info");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x6F10);
	assert_calls("credentials/info", 2);
}

static void
a_list_that_is_no_object_or_does_not_come_is_no_empty_list(void **state)
{
	static const struct {
		const char *trouble;
		uint16_t sw;
	} troubles[] = {
	    {"array", 0x6F1F}, {"garbage", 0x6F1F}, {"empty", 0x6F1F}, {"http-503", 0x6F10}};
	struct bridge_request request = csc_request(&service, BRIDGE_LIST);

	(void)state;
	for (size_t i = 0; i < COUNT(troubles); i++) {
		char server[128];

		snprintf(server, sizeof(server), "trouble = %s\non = credentials/list",
			 troubles[i].trouble);
		csc_accounts(&service, CSC_KEY, server);
		use_run(&service, &request, &patient, &use);
		if (use.result.sw != troubles[i].sw)
			fail_msg("%s: %04X", troubles[i].trouble, use.result.sw);
		assert_int_equal(use.result.credentials_count, 0);
	}
}

/* csc.md 4: what clientData means is the service's business; here a word of the key. */
static void
keys_of_a_kind_are_listed_when_the_service_wants_one(void **state)
{
	struct bridge_request request = csc_request(&service, BRIDGE_LIST);

	(void)state;
	csc_accounts(&service, CSC_KEY "kind = seal\n", "");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x9000);
	assert_int_equal(use.result.credentials_count, 0);
	csc_configure(&service, "v1", "login = oauth2client\nclient-data = seal");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x9000);
	assert_int_equal(use.result.credentials_count, 1);
	csc_configure(&service, "v1", "login = oauth2client\nclient-data = stamp");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x9000);
	assert_int_equal(use.result.credentials_count, 0);
}

/* No PIN try is spent on a key whose signatures nobody would accept. */
static void
a_key_with_a_revoked_or_suspended_certificate_is_not_asked_to_sign(void **state)
{
	static const char *const states[] = {"revoked", "suspended"};

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		char keys[1024];

		snprintf(keys, sizeof(keys), "%scertificate = %s\n", CSC_KEY, states[i]);
		csc_accounts(&service, keys, "");
		service_forget_calls(&service);
		sign_unattended();
		assert_sw(0x6F13);
		assert_true(use_says(use.result.text, states[i]));
		assert_int_equal(use.starts, 0);
		assert_calls("credentials/authorize", 0);
	}
}

/* Longer than any name of a key may be: not sent, and not cut to another key's name. Nor is a name
 * sent that no JSON can hold. */
static void
a_key_whose_name_is_too_long_or_no_text_is_unknown(void **state)
{
	struct bridge_request request = csc_request(&service, BRIDGE_ENROL);
	char name[257]; /* csccredential.h: 255 characters at most */

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	request.credential = service_text(name);
	csc_accounts(&service, CSC_KEY, "");
	service_forget_calls(&service);
	use_run(&service, &request, &patient, &use);
	assert_sw(0x6F15);
	request.credential = service_text("maria\xFF");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x6F15);
	assert_true(use_says(use.result.text, "no UTF-8"));
	assert_calls("credentials/info", 0);
}

/* vicar.conf(5): `authorization` goes before what the service says of the key. */
static void
the_way_to_authorise_can_be_said_in_the_configuration(void **state)
{
	(void)state;
	csc_accounts(&service, CSC_KEY, "");
	csc_configure(&service, "v1", "login = oauth2client\nauthorization = explicit");
	sign_unattended();
	assert_sw(0x9000);
	assert_calls("credentials/authorize", 1);
	service_forget_calls(&service);
	csc_accounts(&service, CSC_KEY "mode = oauth2code\n", "");
	sign_unattended();
	assert_calls("oauth2/authorize", 0);
	assert_calls("credentials/authorize", 1);
}

#define TEST(name) cmocka_unit_test_setup(name, as_it_was)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(keys_sign_in_their_ways),
	    TEST(each_dialect_is_understood),
	    TEST(logins_of_the_field_are_understood),
	    TEST(each_trouble_has_its_status_word_and_one_start),
	    TEST(a_message_that_may_have_been_sent_is_not_sent_again),
	    TEST(a_list_that_is_no_object_or_does_not_come_is_no_empty_list),
	    TEST(keys_of_a_kind_are_listed_when_the_service_wants_one),
	    TEST(a_key_with_a_revoked_or_suspended_certificate_is_not_asked_to_sign),
	    TEST(a_key_whose_name_is_too_long_or_no_text_is_unknown),
	    TEST(the_way_to_authorise_can_be_said_in_the_configuration),
	    TEST(a_reversed_chain_is_put_in_order),
	    TEST(asking_is_tried_twice),
	};

	return cmocka_run_group_tests(tests, start_service, stop_service);
}
