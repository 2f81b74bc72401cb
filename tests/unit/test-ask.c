/* A PIN typed for its owner's sake, through the bridge's BRIDGE_ASK. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/ask.h"
#include "cmdbridge/prompt.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pinentry that gives the next line of `answers` at each GETPIN, or says that it was cancelled. */
static const char script[] = "#!/bin/sh\n"
			     "echo OK hello\n"
			     "while read -r line; do\n"
			     "	printf '%s\\n' \"$line\" >> \"$0.told\"\n"
			     "	case $line in GETPIN*)\n"
			     "		answer=$(head -n1 \"$0.answers\")\n"
			     "		sed -i 1d \"$0.answers\"\n"
			     "		if [ -z \"$answer\" ]; then echo ERR 83886179 cancelled; "
			     "continue; fi\n"
			     "		[ \"$answer\" = EMPTY ] || echo \"D $answer\" ;;\n"
			     "	esac\n"
			     "	echo OK\n"
			     "done\n";

static char directory[] = "/tmp/vicar-ask-XXXXXX";
static char pinentry[64], told[16384];
static int ends[2];
static struct peer peer;
static struct bridge_request request;
static struct prompt_config prompt;
static const struct service_use use = {&ask_no_service, &prompt, &peer, &request};
static struct service_result *result;

static void
write_file(const char *suffix, const char *text, mode_t mode)
{
	char path[96];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s%s", pinentry, suffix);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	(void)fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void
remove_file(const char *suffix)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s%s", pinentry, suffix);
	(void)unlink(path);
}

static int
begin(void **state)
{
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	peer.fd = ends[0];
	prompt = (struct prompt_config){.pinentry = pinentry, .timeout_s = 10};
	request = (struct bridge_request){.operation = BRIDGE_ASK,
					  .card = BYTES_TEXT("cartao"),
					  .key = BYTES_TEXT("sign"),
					  .tries_left = 2,
					  .length_min = 4,
					  .length_max = 8,
					  .digits_only = true};
	result = calloc(1, sizeof(*result));
	assert_non_null(result);
	remove_file(".told");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	(void)close(ends[0]);
	(void)close(ends[1]);
	free(result);
	return 0;
}

static void
ask_with(const char *answers)
{
	write_file(".answers", answers, 0600);
	ask(&use, result);
}

static void
assert_typed(const char *value)
{
	assert_int_equal(result->outcome, OUTCOME_OK);
	assert_int_equal(result->pin.len, strlen(value));
	assert_memory_equal(result->pin.data, value, strlen(value));
}

static void
assert_told(const char *words)
{
	char path[96];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s.told", pinentry);
	file = fopen(path, "r");
	assert_non_null(file);
	told[fread(told, 1, sizeof(told) - 1, file)] = '\0';
	(void)fclose(file);
	if (strstr(told, words) == NULL)
		fail_msg("\"%s\" is not in:\n%s", words, told);
}

static void
what_is_typed_is_given_back(void **state)
{
	(void)state;
	ask_with("271828\n");
	assert_typed("271828");
	assert_told("Open the card cartao?");
}

static void
with_documents_the_list_is_in_the_question(void **state)
{
	static const uint8_t hash[32] = {0x5F, 0x1C};

	(void)state;
	request.use = KEYFILE_SIGN_ECDSA;
	request.digest = DIGEST_SHA256;
	request.documents[0] = (struct bridge_document){BYTES_TEXT("a.pdf"), BYTES(hash)};
	request.documents[1] = (struct bridge_document){BYTES_TEXT("b.pdf"), BYTES(hash)};
	request.documents_count = 2;
	ask_with("271828\n");
	assert_typed("271828");
	assert_told("Sign 2 documents with the card cartao?");
	assert_told("a.pdf");
	assert_told("b.pdf");
}

static void
what_is_no_document_is_not_asked_about(void **state)
{
	(void)state;
	request.documents[0] = (struct bridge_document){BYTES_NONE, BYTES_TEXT("no DigestInfo")};
	request.documents_count = 1;
	ask_with("271828\n");
	assert_int_equal(result->outcome, OUTCOME_NOT_A_DIGESTINFO);
	assert_int_equal(result->pin.len, 0);
}

static void
what_cannot_be_a_value_is_asked_again(void **state)
{
	(void)state;
	ask_with("123\n271828\n");
	assert_typed("271828");
	assert_told("It has 4 to 8 characters.");
}

static void
letters_are_asked_again_where_only_digits_are_allowed(void **state)
{
	(void)state;
	ask_with("27182x\n271828\n");
	assert_typed("271828");
	assert_told("It has digits only.");
	request.digits_only = false;
	ask_with("27182x\n");
	assert_typed("27182x");
}

static void
three_impossible_values_are_enough(void **state)
{
	(void)state;
	ask_with("123\n12\nEMPTY\n271828\n");
	assert_int_equal(result->outcome, OUTCOME_NOT_A_PIN);
	assert_int_equal(result->pin.len, 0);
}

static void
a_cancel_is_no_consent(void **state)
{
	(void)state;
	ask_with("");
	assert_int_equal(result->outcome, OUTCOME_NO_CONSENT);
}

static void
each_purpose_has_its_own_question(void **state)
{
	static const struct {
		enum bridge_purpose purpose;
		const char *title, *words;
	} questions[] = {
	    {BRIDGE_PIN_OLD, "", "Type the old value of the PIN of the card cartao."},
	    {BRIDGE_PIN_NEW, "PIN 2", "Type a new value for PIN 2 of the card cartao."},
	    {BRIDGE_PIN_NEW_AGAIN, "", "Type the new value for the PIN of the card cartao again."},
	    {BRIDGE_PUK, "", "Type the PUK of the card cartao."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		request.purpose = questions[i].purpose;
		request.title =
		    (struct bytes){(const uint8_t *)questions[i].title, strlen(questions[i].title)};
		ask_with("271828\n");
		assert_typed("271828");
		assert_told(questions[i].words);
	}
	assert_told("2 tries are left.");
}

static void
nobody_is_asked_when_whoever_wanted_it_has_gone(void **state)
{
	(void)state;
	(void)close(ends[1]);
	ends[1] = -1;
	ask_with("271828\n");
	assert_int_equal(result->outcome, OUTCOME_GONE);
	assert_int_equal(result->pin.len, 0);
}

static int
make_pinentry(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(directory));
	(void)snprintf(pinentry, sizeof(pinentry), "%s/pinentry", directory);
	write_file("", script, 0700);
	return 0;
}

static int
drop_pinentry(void **state)
{
	(void)state;
	remove_file(".told");
	remove_file(".answers");
	remove_file("");
	return rmdir(directory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_typed_is_given_back),
	    TEST(with_documents_the_list_is_in_the_question),
	    TEST(what_is_no_document_is_not_asked_about),
	    TEST(what_cannot_be_a_value_is_asked_again),
	    TEST(letters_are_asked_again_where_only_digits_are_allowed),
	    TEST(three_impossible_values_are_enough),
	    TEST(a_cancel_is_no_consent),
	    TEST(each_purpose_has_its_own_question),
	    TEST(nobody_is_asked_when_whoever_wanted_it_has_gone),
	};

	return cmocka_run_group_tests(tests, make_pinentry, drop_pinentry);
}
