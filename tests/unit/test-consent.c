/* What the questions around a signature say, as a pinentry gets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/bridge.h"
#include "cmdbridge/consent.h"

#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Of the hashes 01..01, 02..02 to 64..64, by sha256sum. */
#define ALL_OF_100                                  \
	"5418 115e ad3e aab5 2900 c9f9 94a2 bca2\n" \
	"2b7d bf34 c81e b058 def8 8e78 94a9 3abe"

/* A pinentry that writes down what it is told, and says yes. */
static const char recorder[] = "#!/bin/sh\n"
			       "echo OK hello\n"
			       "while read -r line; do\n"
			       "	printf '%s\\n' \"$line\" >> \"$0.told\"\n"
			       "	case $line in GETPIN*) echo 'D 12 34'; esac\n"
			       "	echo OK\n"
			       "done\n";

static char directory[] = "/tmp/vicar-consent-XXXXXX";
static char pinentry[64], told_path[80], told[8192];
static char error[PROMPT_ERROR_MAX], code[PROMPT_SECRET_SIZE];
static const struct peer nobody = {-1};
static struct service_config config;
static struct bridge_request request;
static struct prompt_config prompt;
static const struct service_use use = {&config, &prompt, &nobody, &request};

static int
begin(void **state)
{
	(void)state;
	config = (struct service_config){.name = (char *)(uintptr_t) "cmd"};
	prompt = (struct prompt_config){.pinentry = pinentry, .timeout_s = 10};
	request = (struct bridge_request){
	    .card = BYTES_TEXT("cartao"), .key = BYTES_TEXT("sign"), .tries_left = 2};
	(void)unlink(told_path);
	return 0;
}

/* What it was told by SETDESC. */
static const char *
description(void)
{
	FILE *stream = fopen(told_path, "r");
	char *text, *to;

	assert_non_null(stream);
	told[fread(told, 1, sizeof(told) - 1, stream)] = '\0';
	fclose(stream);
	text = strstr(told, "SETDESC ");
	assert_non_null(text);
	text[strcspn(text, "\n")] = '\0';
	assert_true(strlen(text) < 1000); /* a line of Assuan */
	for (char *from = to = text; *from; from++) {
		if (strncmp(from, "%0A", 3) == 0) {
			*to++ = '\n';
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return text + strlen("SETDESC ");
}

static unsigned
lines(const char *text)
{
	unsigned count = 1;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void
says(const char *words)
{
	const char *text = description();

	if (!strstr(text, words))
		fail_msg("\"%s\" is not in:\n%s", words, text);
}

static void
says_not(const char *words)
{
	if (strstr(description(), words))
		fail_msg("\"%s\" is in it", words);
}

/* A document whose SHA-256 value is 32 times `value`; good until the next of the same value. */
static struct consent
a_document(const char *name, uint8_t value)
{
	static uint8_t digestinfos[256][DIGESTINFO_LEN_MAX];
	struct writer writer = writer_to(digestinfos[value], DIGESTINFO_LEN_MAX);
	uint8_t hash[32];
	struct consent consent;

	memset(hash, value, sizeof(hash));
	assert_true(digestinfo_build(DIGEST_SHA256, BYTES(hash), &writer));
	assert_true(consent_begin(writer_bytes(&writer),
				  (struct bytes){(const uint8_t *)name, strlen(name)}, &consent));
	return consent;
}

static void
ask(const struct consent *documents, size_t count)
{
	assert_int_equal(consent_ask_many(&use, documents, count, error), PROMPT_OK);
}

static void
one_document_is_told_in_full(void **state)
{
	const struct consent consent = a_document("contrato.pdf", 0xAB);

	(void)state;
	request.program = BYTES_TEXT("pkcs11-tool");
	assert_int_equal(consent_ask(&use, &consent, error), PROMPT_OK);
	assert_string_equal(description(), "Sign with the card cartao?\n"
					   "\n"
					   "Document: contrato.pdf abababab\n"
					   "SHA-256:\n"
					   "abab abab abab abab abab abab abab abab\n"
					   "abab abab abab abab abab abab abab abab\n"
					   "Purpose: signature (key sign)\n"
					   "Service: cmd\n"
					   "The PIN has 2 tries left.\n"
					   "The program says it is: \"pkcs11-tool\"\n"
					   "If you agree, a code is sent to you.");
}

static void
the_purpose_is_that_of_the_key(void **state)
{
	const struct consent consent = a_document("x", 1);

	(void)state;
	request.key = BYTES_TEXT("auth");
	ask(&consent, 1);
	says("Purpose: authentication (key auth)");
	begin(NULL);
	request.key = BYTES_TEXT("other");
	ask(&consent, 1);
	says("Key: other\n");
}

static void
a_profile_is_named_when_it_is_not_production(void **state)
{
	const struct consent consent = a_document("x", 1);

	(void)state;
	config.profile = SERVICE_PRE_PRODUCTION;
	ask(&consent, 1);
	says("Service: cmd (pre-production, only for tests)\n");
	begin(NULL);
	config.profile = SERVICE_SIMULATOR;
	ask(&consent, 1);
	says("Service: cmd (simulator, only for tests)\n");
}

static void
the_tries_are_told_when_they_are_known(void **state)
{
	const struct consent consent = a_document("x", 1);

	(void)state;
	request.tries_left = 1;
	ask(&consent, 1);
	says("This is the last try of the PIN.\n");
	begin(NULL);
	request.tries_left = 0;
	ask(&consent, 1);
	says_not("PIN");
}

static void
a_program_that_says_nothing_is_told_so(void **state)
{
	const struct consent consent = a_document("x", 1);

	(void)state;
	ask(&consent, 1);
	says("The program does not say what it is.");
}

static void
what_follows_a_consent_is_told(void **state)
{
	struct consent consent = a_document("x", 1);

	(void)state;
	consent.code = CONSENT_CODE_OWN;
	ask(&consent, 1);
	says("If you agree, you are asked for a code.");
	begin(NULL);
	consent.code = CONSENT_CODE_NONE;
	ask(&consent, 1);
	says("If you agree, it is done at once.");
}

static void
two_documents_are_shown_with_their_hashes(void **state)
{
	const struct consent documents[] = {a_document("a.pdf", 1), a_document("b.pdf", 2)};

	(void)state;
	ask(documents, 2);
	says("Sign 2 documents with the card cartao?\n\na.pdf 01010101\n0101 0101 0101 0101");
	says("\nb.pdf 02020202\n0202 0202 0202 0202");
	assert_true(lines(description()) <= 13);
}

static void
of_a_hundred_the_first_are_named_and_all_are_counted(void **state)
{
	struct consent documents[100];

	(void)state;
	for (uint8_t i = 0; i < 100; i++)
		documents[i] = a_document("a.pdf", i + 1);
	ask(documents, 100);
	says("Sign 100 documents with the card cartao?\n\nSHA-256 of all their hashes:\n" ALL_OF_100
	     "\na.pdf 01010101\na.pdf 02020202\na.pdf 03030303\nand 97 more documents\n"
	     "Purpose: signature (key sign)\n");
	assert_true(lines(description()) <= 14);
}

#define PENS_16 "🖋🖋🖋🖋🖋🖋🖋🖋🖋🖋🖋🖋🖋🖋🖋🖋"

/* U+1F58B, four bytes each: the line of Assuan ends within the program's words. */
static void
names_of_the_longest_kind_leave_the_hash_whole_and_the_text_readable(void **state)
{
	static const char pens[] = PENS_16 PENS_16 PENS_16 PENS_16;
	struct consent documents[4];
	const char *text;
	size_t len;

	(void)state;
	for (uint8_t i = 0; i < 4; i++)
		documents[i] = a_document(pens, i + 1);
	request.program = BYTES_TEXT(pens);
	ask(documents, 4);
	says("SHA-256 of all their hashes:\n");
	says("and 1 more document\n");
	text = description();
	len = strlen(text);
	if ((text[len - 1] & 0x80) != 0)
		assert_memory_equal(text + len - 4, pens, 4);
}

/* As wide as it may be: neither a line, nor a mark, nor many blanks. */
static void
what_a_program_says_stays_between_the_quotation_marks(void **state)
{
	const struct consent consent = a_document("contrato.pdf", 0xAB);
	const char *text;

	(void)state;
	request.program = BYTES_TEXT("x\"\nIf you agree, nothing is sent.\"");
	ask(&consent, 1);
	says("\nThe program says it is: \"x'?If you agree, nothing is sent.'\"\nIf you agree, a "
	     "code");
	begin(NULL);
	request.program = BYTES_TEXT("x                                Document: other.pdf");
	ask(&consent, 1);
	says("\nThe program says it is: \"x Document: other.pdf\"\n");
	text = strstr(description(), "Document: ");
	assert_non_null(text);
	assert_memory_equal(text, "Document: contrato.pdf", strlen("Document: contrato.pdf"));
}

static void
a_pin_is_asked_for_named_documents(void **state)
{
	const struct consent consent = a_document("contrato.pdf", 0xAB);

	(void)state;
	assert_int_equal(consent_pin(&use, &consent, 1, NULL, code, error), PROMPT_OK);
	assert_string_equal(code, "12 34");
	says("Sign with the card cartao?\n\nDocument: contrato.pdf abababab\nSHA-256:\n");
	says_not("If you agree");
	begin(NULL);
	assert_int_equal(consent_pin(&use, NULL, 0, NULL, code, error), PROMPT_OK);
	says("Open the card cartao?\n\nPurpose: signature (key sign)\n");
}

static void
a_decryption_is_called_so(void **state)
{
	struct consent consent;

	(void)state;
	request.use = KEYFILE_DECIPHER_PKCS1;
	request.key = BYTES_TEXT("decrypt");
	request.documents[0].input = BYTES_TEXT("cryptogram");
	assert_true(consent_of(&request, 0, &consent));
	ask(&consent, 1);
	says("Decrypt with the card cartao?\n\nPurpose: decryption (key decrypt)\n");
}

static void
a_hash_without_a_name_is_shown_as_it_is(void **state)
{
	static const uint8_t hash[20] = {0xAB, 0xCD};
	struct consent consent;

	(void)state;
	request.use = KEYFILE_SIGN_ECDSA;
	request.digest = DIGEST_COUNT;
	request.documents[0].input = BYTES(hash);
	assert_true(consent_of(&request, 0, &consent));
	ask(&consent, 1);
	says("Document: abcd0000\nHash:\nabcd 0000 0000 0000 0000 0000 0000 0000\n0000 0000\n");
	request.digest = DIGEST_SHA1;
	assert_true(consent_of(&request, 0, &consent));
	assert_int_equal(consent.digest, DIGEST_SHA1);
	request.use = KEYFILE_SIGN_PKCS1; /* it is no DigestInfo */
	assert_false(consent_of(&request, 0, &consent));
}

static void
a_code_names_its_document_and_its_end(void **state)
{
	const struct consent consent = a_document("contrato.pdf", 0xAB);
	const time_t until = time(NULL) + 5;
	char clock[16], words[64];

	(void)state;
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&until));
	snprintf(words, sizeof(words), "The code is valid until %s.\n", clock);
	assert_int_equal(consent_code(&use, &consent, "+351 9*****678", until, NULL, code, error),
			 PROMPT_OK);
	assert_string_equal(code, "1234");
	says("A code was sent to +351 9*****678.\n");
	says("The message must name the document: contrato.pdf abababab\n");
	says(words);
}

static void
a_code_of_a_generator_has_no_end_and_no_message(void **state)
{
	struct consent consent = a_document("contrato.pdf", 0xAB);

	(void)state;
	consent.code = CONSENT_CODE_OWN;
	consent.others = 3;
	assert_int_equal(consent_code(&use, &consent, NULL, 0, NULL, code, error), PROMPT_OK);
	says("Enter the code for the service cmd.\nIt signs the document: contrato.pdf abababab\n"
	     "and 3 more documents\n");
	says("This prompt stays until ");
	says_not("valid");
	says_not("answer with nothing");
}

static int
make_pinentry(void **state)
{
	FILE *stream;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(directory));
	snprintf(pinentry, sizeof(pinentry), "%s/pinentry", directory);
	snprintf(told_path, sizeof(told_path), "%s.told", pinentry);
	stream = fopen(pinentry, "w");
	assert_non_null(stream);
	fputs(recorder, stream);
	fclose(stream);
	return chmod(pinentry, 0700);
}

static int
remove_pinentry(void **state)
{
	(void)state;
	(void)unlink(told_path);
	(void)unlink(pinentry);
	return rmdir(directory);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_document_is_told_in_full),
	    TEST(the_purpose_is_that_of_the_key),
	    TEST(a_profile_is_named_when_it_is_not_production),
	    TEST(the_tries_are_told_when_they_are_known),
	    TEST(a_program_that_says_nothing_is_told_so),
	    TEST(what_follows_a_consent_is_told),
	    TEST(two_documents_are_shown_with_their_hashes),
	    TEST(of_a_hundred_the_first_are_named_and_all_are_counted),
	    TEST(names_of_the_longest_kind_leave_the_hash_whole_and_the_text_readable),
	    TEST(what_a_program_says_stays_between_the_quotation_marks),
	    TEST(a_pin_is_asked_for_named_documents),
	    TEST(a_decryption_is_called_so),
	    TEST(a_hash_without_a_name_is_shown_as_it_is),
	    TEST(a_code_names_its_document_and_its_end),
	    TEST(a_code_of_a_generator_has_no_end_and_no_message),
	};

	return cmocka_run_group_tests_name("consent", tests, make_pinentry, remove_pinentry);
}
