/* What notify-send is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/notify.h"
#include "cmdbridge/prompt.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Writes its arguments down. */
static const char program_text[] = "#!/bin/sh\nprintf '%s|' \"$@\" > \"$0.seen\"\n";

static char directory[] = "/tmp/vicar-notify-XXXXXX";
static char program[64], seen[80], told[4096];
static struct bridge_request request;
static struct service_result result;
static const struct prompt_config prompt = {.notify = true};
static const struct service_use use = {.prompt = &prompt, .request = &request};

static int
begin(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(program, sizeof(program), "%s/notify-send", directory);
	snprintf(seen, sizeof(seen), "%s.seen", program);
	FILE *stream = fopen(program, "w");
	assert_non_null(stream);
	fputs(program_text, stream);
	fclose(stream);
	setenv("PATH", directory, 1);
	setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", 1);
	return chmod(program, 0700);
}

static int
end(void **state)
{
	(void)state;
	unlink(program);
	return rmdir(directory);
}

static const char *
notify(void)
{
	FILE *stream;

	notify_result(&use, &result);
	assert_true(waitpid(-1, NULL, 0) > 0);
	stream = fopen(seen, "r");
	assert_non_null(stream);
	told[fread(told, 1, sizeof(told) - 1, stream)] = '\0';
	fclose(stream);
	unlink(seen);
	return told;
}

static void
add_document(const char *name)
{
	static const uint8_t hash[32] = {0xC0, 0xFF, 0xEE, 0x11};

	request.documents[request.documents_count++] = (struct bridge_document){
	    .name = {(const uint8_t *)name, strlen(name)}, .input = BYTES(hash)};
}

static int
a_signature(void **state)
{
	(void)state;
	memset(&request, 0, sizeof(request));
	memset(&result, 0, sizeof(result));
	request.operation = BRIDGE_SIGN;
	request.use = KEYFILE_SIGN_PSS;
	request.digest = DIGEST_SHA256;
	request.card = BYTES_TEXT("maria");
	request.key = BYTES_TEXT("sign");
	add_document("contrato.pdf");
	return 0;
}

static void
a_signature_has_card_key_and_document(void **state)
{
	(void)state;
	assert_string_equal(notify(), "--app-name=Vicar|--|Signed with the card maria|Key: sign\n"
				      "Document: contrato.pdf c0ffee11|");
}

static void
markup_and_escapes_in_a_name_are_harmless(void **state)
{
	(void)state;
	request.documents_count = 0;
	add_document("<b>&amp;</b> \\n\n--x");
	assert_string_equal(notify(), "--app-name=Vicar|--|Signed with the card maria|Key: sign\n"
				      "Document: &lt;b&gt;&amp;amp;&lt;/b&gt; \\\\n?--x c0ffee11|");
}

static void
of_many_documents_the_first_are_named(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		add_document("b.pdf");
	assert_non_null(strstr(notify(), "Key: sign\nDocument: contrato.pdf c0ffee11\n"
					 "Document: b.pdf c0ffee11\nDocument: b.pdf c0ffee11\n"
					 "and 2 more documents|"));
}

static void
a_decryption_is_called_so(void **state)
{
	(void)state;
	request.use = KEYFILE_DECIPHER_PKCS1;
	assert_non_null(strstr(notify(), "|Decrypted with the card maria|"));
	result.outcome = OUTCOME_SILENT;
	assert_non_null(
	    strstr(notify(), "|The card maria did not decrypt|The service did not answer.\n"));
}

static void
nothing_is_started_for_what_need_not_be_told(void **state)
{
	static const enum outcome outcomes[] = {OUTCOME_NO_CONSENT, OUTCOME_CODE_CANCELLED,
						OUTCOME_ALL_PINS_MUST_CHANGE};

	(void)state;
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		result.outcome = outcomes[i];
		notify_result(&use, &result);
	}
	result.outcome = OUTCOME_OK;
	request.operation = BRIDGE_ENROL;
	notify_result(&use, &result);
	assert_int_equal(waitpid(-1, NULL, 0), -1); /* there is no child */
}

#define TEST(name) cmocka_unit_test_setup(name, a_signature)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_signature_has_card_key_and_document),
	    TEST(markup_and_escapes_in_a_name_are_harmless),
	    TEST(of_many_documents_the_first_are_named),
	    TEST(a_decryption_is_called_so),
	    TEST(nothing_is_started_for_what_need_not_be_told),
	};

	return cmocka_run_group_tests_name("notify", tests, begin, end);
}
