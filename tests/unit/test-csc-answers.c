/* What the maker of CSC keys makes of each answer on the way to a signature: one start, one authorisation, and the
 * error that is meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake-csc.h"

static void
what_is_asked_of_the_person_can_be_refused(void **state)
{
	static const struct trial trials[] = {
	    {.replies = {{PROMPT_CANCELLED, NULL}}, .outcome = OUTCOME_NO_CONSENT},
	    {.replies = {{PROMPT_TIMED_OUT, NULL}}, .outcome = OUTCOME_NO_ANSWER},
	    {.replies = {{PROMPT_GONE, NULL}}, .outcome = OUTCOME_GONE},
	    {.replies = {{PROMPT_IMPOSSIBLE, NULL}},
	     .outcome = OUTCOME_NO_PROMPT,
	     .detail = "nobody is there"},
	};

	(void)state;
	request.consent_given = false;
	RUN(trials);
	assert_string_equal(calls, "");
}

static void
a_code_that_is_not_typed_authorises_nothing(void **state)
{
	static const struct trial trials[] = {
	    {.answers = {{KEY, 200, key_of_code}},
	     .replies = {{PROMPT_CANCELLED, NULL}},
	     .outcome = OUTCOME_CODE_CANCELLED,
	     .starts = 1},
	    {.answers = {{KEY, 200, key_of_code}},
	     .replies = {{PROMPT_TIMED_OUT, NULL}},
	     .outcome = OUTCOME_NO_ANSWER,
	     .starts = 1},
	    {.answers = {{KEY, 200, key_of_code}},
	     .replies = {{PROMPT_IMPOSSIBLE, NULL}},
	     .outcome = OUTCOME_NO_PROMPT,
	     .detail = "nobody is there",
	     .starts = 1},
	    {.answers = {{KEY, 200, key_of_code}},
	     .replies = {{PROMPT_GONE, NULL}},
	     .outcome = OUTCOME_GONE,
	     .starts = 1},
	    /* An empty one, and then: no new one is wanted, it cannot be sent, nobody can be asked. */
	    {.answers = {{KEY, 200, key_of_code}},
	     .replies = {{PROMPT_OK, ""}, {PROMPT_CANCELLED, NULL}, {PROMPT_OK, "1"}},
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.answers = {{KEY, 200, key_of_code},
			 {"credentials/sendOTP", 200, "{}"},
			 {"credentials/sendOTP", 500, "{}"}},
	     .replies = {{PROMPT_OK, ""}, {PROMPT_OK, "y"}, {PROMPT_OK, "1"}},
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.answers = {{KEY, 200, key_of_code}},
	     .replies = {{PROMPT_OK, ""}, {PROMPT_IMPOSSIBLE, NULL}},
	     .outcome = OUTCOME_NO_PROMPT,
	     .starts = 1},
	    /* A new one comes, and it is the only one. */
	    {.answers = {{KEY, 200, key_of_code},
			 {"credentials/sendOTP", 200, "{\"challenge\":\"B7\"}"},
			 {"credentials/sendOTP", 200, "{\"challenge\":7}"}},
	     .replies = {{PROMPT_OK, ""}, {PROMPT_OK, "y"}, {PROMPT_OK, ""}, {PROMPT_OK, "1"}},
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    /* Letters, where digits are wanted. */
	    {.answers = {{KEY, 200, key_of_code}},
	     .replies = {{PROMPT_OK, "12x"}, {PROMPT_CANCELLED, NULL}},
	     .outcome = OUTCOME_CODE_CANCELLED,
	     .starts = 1},
	};

	(void)state;
	RUN(trials);
}

/* A program that answers in the person's place, always the same. */
static void
a_code_is_not_asked_for_without_end(void **state)
{
	static const struct reply letters[] = {{PROMPT_OK, "x"}};
	static const struct answer list[] = {{KEY, 200, key_of_code}, {NULL, 0, NULL}};

	(void)state;
	answers = list;
	replies = letters;
	same_reply = true;
	sign();
	assert_result(OUTCOME_NO_ANSWER, NULL);
	assert_int_equal(starts, 1);
	assert_int_equal(count_calls(AUTHORIZE), 0);
}

static void
a_code_that_has_ended_is_not_asked_for(void **state)
{
	static const struct trial trials[] = {
	    {.answers = {{KEY, 200, key_of_code}}, .outcome = OUTCOME_CODE_EXPIRED, .starts = 1},
	};

	(void)state;
	config.code_lifetime_s = 0;
	RUN(trials);
}

static void
a_message_that_does_not_leave_is_the_end(void **state)
{
	static const struct trial trials[] = {
	    {.answers = {{KEY, 200, key_of_code}, {"credentials/sendOTP", 0, NULL}},
	     .outcome = OUTCOME_FATE_UNKNOWN,
	     .detail = "nothing came",
	     .starts = 1},
	};

	(void)state;
	RUN(trials);
	assert_int_equal(count_calls("credentials/sendOTP"), 1);
}

/* The parent hangs up while a new one is sent. */
static void
a_new_code_for_nobody_is_not_waited_for(void **state)
{
	static const struct answer list[] = {{KEY, 200, key_of_code}, {NULL, 0, NULL}};
	static const struct reply empty[ANSWERS_MAX] = {{PROMPT_OK, ""}, {PROMPT_OK, "y"}};

	(void)state;
	answers = list;
	replies = empty;
	sends_until_gone = 2;
	sign();
	assert_result(OUTCOME_GONE, NULL);
	assert_int_equal(count_calls("credentials/sendOTP"), 2);
	assert_int_equal(count_calls(AUTHORIZE), 0);
}

static void
a_certificate_of_the_card_that_cannot_be_used_costs_nothing(void **state)
{
	struct issued old = issue_self_signed(-2, -1, 2048), other = issue_self_signed(-1, 1, 2048);
	uint8_t der[4096], *end = der;

	(void)state;
	request.certificate = BYTES_TEXT("none");
	sign();
	assert_result(OUTCOME_MISCONFIGURED, "certificate cannot be read");
	request.certificate = (struct bytes){der, (size_t)i2d_X509(old.certificate, &end)};
	sign();
	assert_result(OUTCOME_CERTIFICATE_EXPIRED, "valid until");
	assert_string_equal(calls, "");
	end = der;
	request.certificate = (struct bytes){der, (size_t)i2d_X509(other.certificate, &end)};
	sign();
	assert_result(OUTCOME_KEY_CHANGED, "key key");
	assert_int_equal(starts, 0);
	issue_free(&old);
	issue_free(&other);
}

static void
what_is_no_hash_costs_nothing(void **state)
{
	static const uint8_t hash[33];

	(void)state;
	request.documents[0].input = BYTES_TEXT("no DigestInfo");
	sign();
	assert_result(OUTCOME_NOT_A_DIGESTINFO, NULL);
	request.use = KEYFILE_SIGN_PSS;
	request.digest = DIGEST_SHA256;
	sign();
	assert_result(OUTCOME_KEY_UNFIT, NULL);
	request.documents_count = 0;
	sign();
	assert_result(OUTCOME_KEY_UNFIT, NULL);
	assert_string_equal(calls, "");
	/* A length that no hash function has. */
	request.documents_count = 1;
	request.use = KEYFILE_SIGN_ECDSA;
	request.digest = DIGEST_COUNT;
	request.documents[0].input = BYTES(hash);
	sign();
	assert_result(OUTCOME_KEY_UNFIT, NULL);
	/* One that it has, but not the key's algorithm. */
	request.documents[0].input = (struct bytes){hash, 32};
	sign();
	assert_result(OUTCOME_KEY_UNFIT, "lists no such algorithm");
	assert_int_equal(starts, 0);
}

static void
a_key_that_is_not_named_must_be_the_only_one(void **state)
{
	static const struct trial trials[] = {
	    {.outcome = OUTCOME_OK, .starts = 1, .authorized = 1, .signed_ = 1},
	    {.answers = {{"credentials/list", 200, "{\"credentialIDs\":[]}"}},
	     .outcome = OUTCOME_KEY_UNKNOWN,
	     .detail = "none for maria"},
	    {.answers = {{"credentials/list", 200, "{\"credentialIDs\":\"key\"}"}},
	     .outcome = OUTCOME_KEY_UNKNOWN,
	     .detail = "none for maria"},
	    {.answers = {{"credentials/list", 200, "{\"credentialIDs\":[\"a\",1,\"\",\"b\"]}"}},
	     .outcome = OUTCOME_KEY_UNKNOWN,
	     .detail = "the account has 2"},
	    {.answers = {{"credentials/list", 200, "[]"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "no JSON object"},
	    {.answers = {{"credentials/list", 403, "{\"error\":\"access_denied\"}"}},
	     .outcome = OUTCOME_REFUSED_THERE},
	};

	(void)state;
	request.credential = BYTES_NONE;
	RUN(trials);
}

static void
a_pin_that_the_key_cannot_have_costs_nothing(void **state)
{
	static const struct {
		struct bytes pin;
		const char *detail;
	} pins[] = {
	    {{NULL, 0}, "needs its PIN"},
	    {BYTES_TEXT("12\0"
			"34"),
	     "no text"},
	    {BYTES_TEXT("12\xFF"), "no text"},
	    {BYTES_TEXT("12x4"), "digits only"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pins); i++) {
		request.pin = pins[i].pin;
		sign();
		assert_result(OUTCOME_KEY_PIN_FORM, pins[i].detail);
		assert_int_equal(starts, 0);
		assert_int_equal(count_calls(AUTHORIZE), 0);
	}
}

static void
an_answer_without_an_authorisation_signs_nothing(void **state)
{
	static const char *const bodies[] = {"", "[]", "{}", "{\"SAD\":1}", "{\"SAD\":null}", "{"};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		const struct trial trial = {.answers = {{AUTHORIZE, 200, bodies[i]}},
					    .outcome = OUTCOME_BAD_ANSWER,
					    .detail = "no SAD in its answer",
					    .starts = 1,
					    .authorized = 1};

		run_trials(&trial, 1);
		assert_false(result->pin_doubtful);
	}
}

#define REFUSED "{\"error\":\"invalid_authentication_data\"}"

/* Which of the factors was wrong is said where it is known, and the PIN's try is doubtful elsewhere. */
static void
a_refused_authorisation_says_what_was_refused(void **state)
{
	static const struct trial trials[] = {
	    {.answers = {{AUTHORIZE, 400, REFUSED}},
	     .outcome = OUTCOME_KEY_PIN_REFUSED,
	     .starts = 1,
	     .authorized = 1},
	    {.answers = {{KEY, 200, key_of_code}, {AUTHORIZE, 400, REFUSED}},
	     .outcome = OUTCOME_FACTORS_REFUSED,
	     .starts = 1,
	     .authorized = 1},
	    {.answers = {{KEY, 200, key_of_one_code}, {AUTHORIZE, 400, REFUSED}},
	     .outcome = OUTCOME_CODE_WRONG,
	     .starts = 1,
	     .authorized = 3},
	    {.version = "v2",
	     .answers = {{KEY, 200, key_of_app}, {AUTHORIZE, 400, REFUSED}},
	     .outcome = OUTCOME_FACTORS_REFUSED,
	     .starts = 1,
	     .authorized = 1},
	    {.version = "v2",
	     .answers = {{KEY, 200, key_of_app}},
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.answers = {{AUTHORIZE, 302, ""}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "HTTP status 302",
	     .starts = 1,
	     .authorized = 1},
	};

	(void)state;
	RUN(trials);
	for (size_t i = 0; i < 2; i++) {
		run_trials(&trials[i], 1);
		assert_int_equal(result->pin_doubtful, i == 1);
	}
}

static void
the_owners_confirmation_is_asked_for_until_it_is_there(void **state)
{
	static const struct trial trials[] = {
	    {.version = "v2",
	     .answers = {{KEY, 200, key_of_owner},
			 {AUTHORIZE, 202, "{\"handle\":\"1\"}"},
			 {"credentials/authorizeCheck", 202, "{\"handle\":\"2\"}"},
			 {"credentials/authorizeCheck", 202, "{\"handle\":2}"},
			 {"credentials/authorizeCheck", 200, "{\"SAD\":\"sad\"}"}},
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.version = "v2",
	     .answers = {{KEY, 200, key_of_owner},
			 {AUTHORIZE, 202, "{\"handle\":\"1\"}"},
			 {"credentials/authorizeCheck", 200, "{\"SAD\":true}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "no SAD",
	     .starts = 1,
	     .authorized = 1},
	    {.answers = {{KEY, 200, key_of_owner}, {AUTHORIZE, 202, "{\"handle\":1}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "202 without a handle",
	     .starts = 1,
	     .authorized = 1},
	    {.answers = {{KEY, 200, key_of_owner}, {AUTHORIZE, 202, ""}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "202 without a handle",
	     .starts = 1,
	     .authorized = 1},
	    {.answers = {{KEY, 200, key_of_owner},
			 {AUTHORIZE, 202, "{\"handle\":\"1\"}"},
			 {"credentials/authorizeCheck", 403, "{\"error\":\"access_denied\"}"}},
	     .outcome = OUTCOME_REFUSED_THERE,
	     .starts = 1,
	     .authorized = 1},
	};
	static const struct {
		enum peer_state state;
		enum outcome outcome;
	} parents[] = {{PEER_GONE, OUTCOME_GONE}, {PEER_CANCELS, OUTCOME_CODE_CANCELLED}};

	(void)state;
	RUN(trials);
	answers = trials[0].answers;
	parent_hears = AUTHORIZE;
	for (size_t i = 0; i < COUNT(parents); i++) {
		parent = PEER_WAITS;
		parent_then = parents[i].state;
		sign();
		assert_result(parents[i].outcome, NULL);
		assert_int_equal(count_calls("credentials/authorizeCheck"), 0);
	}
	parent = PEER_WAITS;
	parent_hears = NULL;
	config.code_lifetime_s = 0;
	sign();
	assert_result(OUTCOME_NOT_CONFIRMED, NULL);
}

#define POLLING "signatures/signPolling"
#define LATER "{\"responseID\":\"later\"}"

static void
signatures_that_are_none_are_refused(void **state)
{
	static const struct trial trials[] = {
	    {.answers = {{SIGN_HASH, 200, "{\"signatures\":\"x\"}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "0 signatures for 1 hashes",
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.answers = {{SIGN_HASH, 200, "{\"signatures\":[\"eA==\",\"eA==\"]}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "2 signatures for 1 hashes",
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.answers = {{SIGN_HASH, 200, "{\"signatures\":[1]}"}},
	     .outcome = OUTCOME_SIGNATURE_WRONG,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.answers = {{SIGN_HASH, 200, "{\"signatures\":[\"*\"]}"}},
	     .outcome = OUTCOME_SIGNATURE_WRONG,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.version = "v2",
	     .answers = {{SIGN_HASH, 200, LATER},
			 {POLLING, 202, "{}"},
			 {POLLING, 200, signed_text}},
	     .dialect = "asynchronous no-sign-algo",
	     .outcome = OUTCOME_OK,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.version = "v2",
	     .answers = {{SIGN_HASH, 200, LATER}, {POLLING, 200, "{\"signatures\":1}"}},
	     .outcome = OUTCOME_BAD_ANSWER,
	     .detail = "no signatures in it",
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	    {.version = "v2",
	     .answers = {{SIGN_HASH, 200, LATER}, {POLLING, 400, "{}"}},
	     .outcome = OUTCOME_BAD_REQUEST,
	     .starts = 1,
	     .authorized = 1,
	     .signed_ = 1},
	};

	(void)state;
	RUN(trials);
	answers = trials[4].answers;
	parent_hears = SIGN_HASH;
	parent_then = PEER_GONE;
	sign();
	assert_result(OUTCOME_GONE, NULL);
	parent = PEER_WAITS;
	parent_hears = NULL;
	config.code_lifetime_s = 0;
	snprintf(endpoint, sizeof(endpoint), "%scsc/v2", HOST);
	sign();
	assert_result(OUTCOME_FATE_UNKNOWN, "did not come in time");
	assert_int_equal(count_calls(POLLING), 0);
	assert_string_equal(result->process_id, "later");
}

static void
signatures_that_have_no_room_are_refused(void **state)
{
	(void)state;
	begin();
	result->room_used = sizeof(result->room);
	csc_maker.sign(&csc_use, result);
	assert_result(OUTCOME_BAD_ANSWER, "too many signatures");
	assert_int_equal(count_calls(SIGN_HASH), 1);
}

static void
authorisations_without_end_are_not_asked_for(void **state)
{
	char name[256];

	(void)state;
	for (size_t i = 1; i < 9; i++)
		request.documents[i] = request.documents[0];
	request.documents_count = 9;
	sign();
	assert_result(OUTCOME_KEY_UNFIT, "it would take 9 authorisations");
	assert_int_equal(starts, 0);
	memset(name, 'k', sizeof(name));
	request.credential = (struct bytes){(const uint8_t *)name, sizeof(name)};
	sign();
	assert_result(OUTCOME_KEY_UNKNOWN, "too long");
	assert_int_equal(count_calls(KEY), 0);
}

/* One SAD for each; what the second one needs may not come. */
static void
a_second_document_without_an_authorisation_is_not_signed(void **state)
{
	static const struct answer refused[] = {
	    {"credentials/extendTransaction", 200, "{\"SAD\":2}"},
	    {KEY, 200, key_of_many},
	    {NULL, 0, NULL},
	};
	static const struct answer one_by_one[] = {
	    {"credentials/authorize", 200, "{\"SAD\":\"sad\"}"},
	    {"credentials/authorize", 400, "{\"error\":\"access_denied\"}"},
	    {NULL, 0, NULL},
	};

	(void)state;
	request.documents[1] = request.documents[0];
	request.documents_count = 2;
	set(CSC_DIALECT, "one-by-one strings");
	answers = refused;
	sign();
	assert_result(OUTCOME_BAD_ANSWER, "no SAD");
	assert_int_equal(count_calls(SIGN_HASH), 1);
	/* The key signs one with each authorisation: the owner is asked again. */
	set(CSC_DIALECT, "");
	answers = one_by_one;
	sign();
	assert_result(OUTCOME_REFUSED_THERE, NULL);
	assert_int_equal(count_calls(SIGN_HASH), 1);
	assert_int_equal(starts, 1);
	replies = (const struct reply[ANSWERS_MAX]){{PROMPT_CANCELLED, NULL}};
	sign();
	assert_result(OUTCOME_NO_CONSENT, "1 of 2 documents had been signed");
	assert_int_equal(count_calls(AUTHORIZE), 1);
}

/* At whichever word to it the parent is found gone, it is over, with at most one start. */
static void
a_parent_that_hangs_up_ends_the_use_at_any_word(void **state)
{
	static const struct answer lists[][3] = {
	    {{KEY, 200, key_of_code}, {NULL, 0, NULL}},
	    {{KEY, 200, key_of_owner}, {AUTHORIZE, 202, "{\"handle\":\"1\"}"}, {NULL, 0, NULL}},
	};

	(void)state;
	request.consent_given = false;
	for (size_t i = 0; i < COUNT(lists); i++)
		for (unsigned words = 0; words < 5; words++) {
			begin();
			answers = lists[i];
			words_left = words;
			csc_maker.sign(&csc_use, result);
			assert_result(OUTCOME_GONE, NULL);
			assert_true(starts <= 1);
			assert_int_equal(count_calls(SIGN_HASH), 0);
		}
	parent_hears = KEY;
	parent_then = PEER_GONE;
	sign();
	assert_result(OUTCOME_GONE, NULL);
	assert_int_equal(count_calls(AUTHORIZE), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_asked_of_the_person_can_be_refused),
	    TEST(a_code_that_is_not_typed_authorises_nothing),
	    TEST(a_code_is_not_asked_for_without_end),
	    TEST(a_code_that_has_ended_is_not_asked_for),
	    TEST(a_message_that_does_not_leave_is_the_end),
	    TEST(a_new_code_for_nobody_is_not_waited_for),
	    TEST(a_certificate_of_the_card_that_cannot_be_used_costs_nothing),
	    TEST(what_is_no_hash_costs_nothing),
	    TEST(a_key_that_is_not_named_must_be_the_only_one),
	    TEST(a_pin_that_the_key_cannot_have_costs_nothing),
	    TEST(an_answer_without_an_authorisation_signs_nothing),
	    TEST(a_refused_authorisation_says_what_was_refused),
	    TEST(the_owners_confirmation_is_asked_for_until_it_is_there),
	    TEST(signatures_that_are_none_are_refused),
	    TEST(signatures_that_have_no_room_are_refused),
	    TEST(authorisations_without_end_are_not_asked_for),
	    TEST(a_second_document_without_an_authorisation_is_not_signed),
	    TEST(a_parent_that_hangs_up_ends_the_use_at_any_word),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
