/*
 * The in-process card of apdu-replay: the real engine and personalities, keys of the fixtures.
 */
#include "tools/apdu-replay/inprocess.h"
#include "iso7816/apdu.h"
#include "tools/apdu-replay/play.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"
#include "test-replay.h"

#define FIXTURES "tests/fixtures/replay"

/* fineid.md 4.1, 4.5, 4.8 and 4.10 */
#define FINEID "source fineid.md 4\ncard fineid-v2 key=auth,rsa2048\n"
#define FINEID_PIN_RIGHT "> 0020000108 3132333400000000\n< 9000\n"
#define FINEID_PIN_WRONG "> 0020000108 3939393900000000\n"
/* SHA-256 of the empty text: cmd.md section 6 */
#define EMPTY_SHA256 "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
#define EMPTY_DIGESTINFO "3031300D060960864801650304020105000420" EMPTY_SHA256

/* iasecc.md 9.2: PIN 82 opens the signature key. */
#define REMOTE                                            \
	"source iasecc.md 9.2; design.md \"Decisions\"\n" \
	"card cc-v1 key=rsa3072,remote\n"                 \
	"> 00A4040C07 604632FF000002\n< * 9000\n"
#define REMOTE_PIN "> 0020008208 313233343536FFFF\n< 9000\n"
#define REMOTE_SET                            \
	"> 002241B606 800142840101\n< 9000\n" \
	"> 002A90A022 9020 " EMPTY_SHA256 "\n< 9000\n"
#define REMOTE_SIGN "> 002A9E9A00\n"

struct played {
	struct play_counts counts;
	char errors[2048];
};

static struct played
play_text(const char *fixtures, const char *text)
{
	struct inprocess *inprocess = inprocess_new(fixtures);
	const struct target target = inprocess_target(inprocess);
	struct played played = {0};
	struct play_output output = {.errors = fmemopen(played.errors, sizeof(played.errors), "w")};
	struct script script = parse_script(text);

	assert_non_null(inprocess);
	play("f.apdu", &script, &target, &output, &played.counts);
	script_free(&script);
	fclose(output.errors);
	inprocess_free(inprocess);
	return played;
}

static void
assert_passes(const char *text)
{
	struct played played = play_text(FIXTURES, text);

	assert_string_equal(played.errors, "");
	assert_int_equal(played.counts.failed, 0);
}

static void
assert_fails(const char *fixtures, const char *text, const char *reason)
{
	struct played played = play_text(fixtures, text);

	if (strstr(played.errors, reason) == NULL)
		fail_msg("says \"%s\", not \"%s\"", played.errors, reason);
	assert_int_equal(played.counts.failed, 1);
	assert_int_equal(played.counts.passed, 0);
}

static void
a_reset_gives_the_personalitys_atr(void **state)
{
	(void)state;
	assert_passes(FINEID "reset\n< 3B7B940000806212515646696E454944\n");
}

static void
the_right_pin_is_one_key_request_and_a_wrong_one_counts(void **state)
{
	(void)state;
	assert_passes(FINEID FINEID_PIN_RIGHT "requests 1\n" FINEID_PIN_WRONG "< 63C4\nrequests 1\n"
					      "reset\n" FINEID_PIN_WRONG
					      "< 63C3\n" FINEID_PIN_RIGHT);
}

static void
a_changed_pin_is_changed_until_the_block_ends(void **state)
{
	(void)state;
	assert_passes(FINEID "> 0024000110 3132333400000000 3433323100000000\n< 9000\n"
			     "> 0020000108 3433323100000000\n< 9000\n"
			     "> 0020000108 3132333400000000\n< 63C4\n" FINEID FINEID_PIN_RIGHT);
}

static void
the_puk_sets_a_new_pin(void **state)
{
	(void)state;
	assert_passes(FINEID "> 002C000110 3938373635343332 3433323100000000\n< 63C4\n"
			     "> 002C000110 3132333435363738 3433323100000000\n< 9000\n"
			     "> 0020000108 3433323100000000\n< 9000\n");
}

static struct bytes
send(const struct target *target, const char *command, struct writer *response)
{
	struct hex bytes = hex(command);
	struct key_talk talk = {0};
	struct problem error;

	*response = writer_to(response->data, response->room);
	assert_true(target->transmit(target->context, HEX(bytes), &talk, response, NULL, &error));
	return writer_bytes(response);
}

/* Against the certificate, as RSASSA-PKCS1-v1_5 over the DigestInfo. */
static void
assert_signature(const char *certificate_path, struct bytes signature, const char *digest)
{
	struct hex value = hex(digest);
	BIO *file = BIO_new_file(certificate_path, "r");
	X509 *certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(X509_get0_pubkey(certificate), NULL);

	assert_int_equal(EVP_PKEY_verify_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 1);
	assert_int_equal(
	    EVP_PKEY_verify(context, signature.data, signature.len, value.data, value.len), 1);
	EVP_PKEY_CTX_free(context);
	X509_free(certificate);
	BIO_free(file);
}

static void
a_signature_verifies_against_the_fixtures_certificate(void **state)
{
	struct inprocess *inprocess = inprocess_new(FIXTURES);
	const struct target target = inprocess_target(inprocess);
	uint8_t *data = malloc(RAPDU_LEN_MAX);
	struct writer response = writer_to(data, RAPDU_LEN_MAX);
	struct subject subject;
	struct problem error;
	struct bytes answer;

	(void)state;
	assert_non_null(inprocess);
	assert_true(subject_parse("fineid-v2 key=auth,rsa2048", &subject, &error));
	assert_true(target.begin(target.context, &subject, &error));
	assert_bytes_hex(send(&target, "00A4040C0CA000000063504B43532D3135", &response), "9000");
	assert_bytes_hex(send(&target, "0020000108 3132333400000000", &response), "9000");
	assert_bytes_hex(send(&target, "002241B607 80010281024B01", &response), "9000");
	assert_bytes_hex(send(&target, "002A9E9A33" EMPTY_DIGESTINFO, &response), "6100");
	answer = send(&target, "00C0000000", &response);
	assert_int_equal(answer.len, 256 + 2);
	answer.len -= 2;
	assert_signature(FIXTURES "/auth-rsa2048.crt", answer, EMPTY_SHA256);
	inprocess_free(inprocess);
	free(data);
}

/* design.md, "A remote PIN cannot be checked before it is used": VERIFY makes no request, the
 * start call consumes the PIN. */
static void
a_service_that_signs_is_asked_once_and_consumes_the_pin(void **state)
{
	(void)state;
	assert_passes(REMOTE REMOTE_PIN "requests 0\n" REMOTE_SET "service 9000\n" REMOTE_SIGN
					"< * 61..\nrequests 1\n> 00200082\n< 63C2\n");
}

static void
a_pin_that_the_service_refuses_is_counted_and_remembered(void **state)
{
	(void)state;
	assert_passes(REMOTE REMOTE_PIN REMOTE_SET "service 63C0\n" REMOTE_SIGN "< 63C1\n"
						   "> 0020008208 313233343536FFFF\n< 63C1\n"
						   "requests 1\n");
}

static void
a_refusal_before_the_start_call_keeps_the_pin_and_one_after_it_does_not(void **state)
{
	(void)state;
	assert_passes(REMOTE REMOTE_PIN REMOTE_SET
		      "service 6401 unstarted\n" REMOTE_SIGN
		      "< 6401\n> 00200082\n< 9000\n" REMOTE REMOTE_PIN REMOTE_SET
		      "service 6400\n" REMOTE_SIGN "< 6400\n> 00200082\n< 63C2\n");
}

static void
a_request_that_no_service_line_answers_is_a_failure(void **state)
{
	(void)state;
	assert_fails(FIXTURES, REMOTE REMOTE_PIN REMOTE_SET REMOTE_SIGN "< 9000\n",
		     "the card asked the service (sign, PKCS #1)");
}

static void
an_unknown_personality_is_refused_with_those_there_are(void **state)
{
	(void)state;
	assert_fails(FIXTURES, "source a\ncard visa\n> 00\n< 6700\n",
		     "f.apdu:1: there is no personality `visa`; name one of: ");
}

static void
an_unknown_option_is_refused(void **state)
{
	(void)state;
	assert_fails(FIXTURES, "source a\ncard cc-v1 pin-tries=3 no-such=1\n> 00\n< 6700\n",
		     "f.apdu:1: personality cc-v1 has no option `no-such`; take it out of the "
		     "`card` line\n");
}

static void
a_card_that_the_personality_cannot_be_is_refused(void **state)
{
	(void)state;
	assert_fails(FIXTURES, "source a\ncard fineid-v2 serial=0102\n> 00\n< 6700\n",
		     "serial number");
	assert_fails(FIXTURES, "source a\ncard fineid-v2 key=rsa3072\n> 00\n< 6700\n", "3072");
}

static void
missing_fixtures_are_named_with_what_to_do(void **state)
{
	(void)state;
	assert_fails("tests/fixtures/none", "source a\ncard cc-v1\n> 00\n< 6700\n",
		     "tests/fixtures/none/sign-rsa2048.crt: a certificate in PEM cannot be read "
		     "from it; type: tests/fixtures/make-replay.sh");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reset_gives_the_personalitys_atr),
	    cmocka_unit_test(the_right_pin_is_one_key_request_and_a_wrong_one_counts),
	    cmocka_unit_test(a_changed_pin_is_changed_until_the_block_ends),
	    cmocka_unit_test(the_puk_sets_a_new_pin),
	    cmocka_unit_test(a_signature_verifies_against_the_fixtures_certificate),
	    cmocka_unit_test(a_service_that_signs_is_asked_once_and_consumes_the_pin),
	    cmocka_unit_test(a_pin_that_the_service_refuses_is_counted_and_remembered),
	    cmocka_unit_test(
		a_refusal_before_the_start_call_keeps_the_pin_and_one_after_it_does_not),
	    cmocka_unit_test(a_request_that_no_service_line_answers_is_a_failure),
	    cmocka_unit_test(an_unknown_personality_is_refused_with_those_there_are),
	    cmocka_unit_test(an_unknown_option_is_refused),
	    cmocka_unit_test(a_card_that_the_personality_cannot_be_is_refused),
	    cmocka_unit_test(missing_fixtures_are_named_with_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
