/* The whole bridge: vicar-bridge, the simulated service, and a person at a real pinentry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/certificate.h"
#include "test-service.h"

static struct service service;
static struct use use;
static const struct parent patient;

#define CONSENT                 \
	{                       \
		"[sc]?", "s", 0 \
	}
#define RIGHT_CODE                    \
	{                             \
		"Code:", CODE "\n", 0 \
	}
#define WRONG_CODE                     \
	{                              \
		"Code:", "000000\n", 0 \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
start_service(void **state)
{
	(void)state;
	service_start(&service);
	return 0;
}

static int
stop_service(void **state)
{
	(void)state;
	service_stop(&service);
	return 0;
}

static int
as_it_was(void **state)
{
	(void)state;
	service_account(&service, "");
	service_configure(&service, "");
	service_forget_calls(&service);
	return 0;
}

static void
sign_with(const struct bridge_request *request, const struct keystroke *keystrokes, size_t count,
	  const struct parent *parent)
{
	struct terminal terminal = terminal_open();

	terminal_start(&terminal, keystrokes, count);
	use_run(&service, request, parent, &use);
	assert_true(terminal_close(&terminal));
}

static void
sign(const struct keystroke *keystrokes, size_t count)
{
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);

	sign_with(&request, keystrokes, count, &patient);
}

static void
assert_sw(uint16_t sw)
{
	assert_true(use.has_result);
	if (use.result.sw != sw)
		fail_msg("%04X, not %04X: %.*s", use.result.sw, sw, (int)use.result.text.len,
			 (const char *)use.result.text.data);
}

static void
a_signature_from_consent_to_certificate(void **state)
{
	const struct keystroke keys[] = {
	    {"Sign with the card cartao?", "", 0},
	    {"Document: contrato.pdf e3b0c442", "", 0},
	    {"SHA-256:\r\ne3b0 c442 98fc 1c14 9afb f4c8 996f b924\r\n"
	     "27ae 41e4 649b 934c a495 991b 7852 b855",
	     "", 0},
	    {"Purpose: signature (key sign)\r\nService: cmd (simulator, only for tests)\r\n", "",
	     0},
	    {"The PIN has 2 tries left.", "", 0},
	    {"The program says it is: \"pkcs11-tool\"", "", 0},
	    CONSENT,
	    {"A code was sent to +351 9*****678.", "", 0},
	    {"contrato.pdf e3b0c442", "", 0},
	    {"The code is valid until ", "", 0},
	    RIGHT_CODE,
	};
	char messages[1024];

	(void)state;
	sign(keys, COUNT(keys));
	assert_sw(0x9000);
	assert_true(
	    certificate_verifies(service.leaf, BYTES(digestinfo_empty), use.result.outputs[0]));
	assert_int_equal(use.starts, 1);
	assert_int_equal(use.exit_code, 0);
	assert_int_equal(use.result.process_id.len, 36);
	assert_int_equal(service_calls(&service, "SCMDSign"), 1);
	assert_int_equal(service_calls(&service, "ValidateOtp"), 1);
	/* Prompt and text message say the same. */
	service_read(&service, "messages", messages, sizeof(messages));
	assert_non_null(strstr(messages, "\tcontrato.pdf e3b0c442\t" CODE));
}

/* Different ones, each a DigestInfo of SHA-256. */
static void
put_documents(struct bridge_request *request, size_t count)
{
	static uint8_t inputs[BRIDGE_DOCUMENTS_MAX][sizeof(digestinfo_empty)];
	static char names[BRIDGE_DOCUMENTS_MAX][32];

	for (size_t i = 0; i < count; i++) {
		memcpy(inputs[i], digestinfo_empty, sizeof(digestinfo_empty));
		inputs[i][sizeof(digestinfo_empty) - 1] = (uint8_t)i;
		snprintf(names[i], sizeof(names[i]), "%zu.pdf", i);
		request->documents[i] =
		    (struct bridge_document){service_text(names[i]), BYTES(inputs[i])};
	}
	request->documents_count = count;
}

static void
assert_all_verify(const struct bridge_request *request)
{
	assert_int_equal(use.result.outputs_count, request->documents_count);
	for (size_t i = 0; i < request->documents_count; i++)
		assert_true(certificate_verifies(service.leaf, request->documents[i].input,
						 use.result.outputs[i]));
}

static void
many_documents_take_one_consent_one_pin_and_one_code(void **state)
{
	const struct keystroke keys[] = {
	    {"Sign 3 documents with the card cartao?", "", 0},
	    {"0.pdf", "", 0},
	    CONSENT,
	    {"and 2 more documents", "", 0},
	    RIGHT_CODE,
	};
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);

	(void)state;
	put_documents(&request, 3);
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x9000);
	assert_all_verify(&request);
	assert_int_equal(use.starts, 1);
	assert_int_equal(service_calls(&service, "SCMDMultipleSign"), 1);
	assert_int_equal(service_calls(&service, "ValidateOtp"), 1);
	assert_int_equal(service_calls(&service, "SCMDSign"), 0);
}

static void
a_hundred_documents_are_signed_whatever_the_order_of_the_answer(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);

	(void)state;
	service_account(&service, "trouble = reversed-list");
	put_documents(&request, BRIDGE_DOCUMENTS_MAX);
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x9000);
	assert_all_verify(&request);
}

static void
of_many_documents_all_signatures_verify_or_none_is_given(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);

	(void)state;
	service_account(&service, "trouble = wrong-signature\non = ValidateOtp");
	put_documents(&request, 2);
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x6F16);
	assert_int_equal(use.result.outputs_count, 0);
	assert_true(use_says(use.result.text, "document 1 of 2"));
	service_account(&service, "trouble = nil-value\non = ValidateOtp");
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x6F16);
	assert_true(use_says(use.result.text, "there is none for document 1 of 2"));
	assert_int_equal(service_calls(&service, "SCMDMultipleSign"), 2);
}

static void
one_of_many_that_is_no_digestinfo_is_named(void **state)
{
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);

	(void)state;
	put_documents(&request, 3);
	request.documents[2].input.len--;
	use_run(&service, &request, &patient, &use);
	assert_sw(0x6A80);
	assert_true(use_says(use.result.text, "document 3 of 3"));
	assert_int_equal(use.starts, 0);
}

static void
optional_members_are_sent_when_vicar_conf_wants_them(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};

	(void)state;
	service_configure(&service, "biometric-validation = no\nbiometric-code = no");
	sign(keys, COUNT(keys));
	assert_sw(0x9000);
	/* The published description does not know them (cmd.md 15). */
	assert_int_equal(service_calls_valid(&service, "SCMDSign", false), 1);
	assert_int_equal(service_calls_valid(&service, "ValidateOtp", false), 1);
}

static void
without_consent_nothing_leaves(void **state)
{
	const struct keystroke keys[] = {{"[sc]?", "c", 0}};

	(void)state;
	sign(keys, COUNT(keys));
	assert_sw(0x6401);
	assert_int_equal(use.starts, 0);
	assert_int_equal(service_calls(&service, "SCMDSign"), 0);
}

static void
without_an_answer_nothing_leaves(void **state)
{
	const struct keystroke keys[] = {{"[sc]?", "", 0}};
	char conf[8192];

	(void)state;
	service_read(&service, "vicar.conf", conf, sizeof(conf));
	strstr(conf, "timeout-s = 10")[13] = ' ';
	service_write(&service, "vicar.conf", conf);
	sign(keys, COUNT(keys));
	assert_sw(0x6400);
	assert_int_equal(use.starts, 0);
	assert_int_equal(service_calls(&service, "SCMDSign"), 0);
}

static void
without_a_terminal_nothing_leaves(void **state)
{
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);

	(void)state;
	unsetenv("GPG_TTY");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x6400);
	assert_true(use_says(use.result.text, "no way to ask"));
	assert_true(use_says(use.result.next, "vicar prompt here"));
	assert_int_equal(use.starts, 0);
	assert_int_equal(service_calls(&service, "SCMDSign"), 0);
}

static void
consent_that_was_given_is_not_asked_again(void **state)
{
	const struct keystroke keys[] = {RIGHT_CODE};
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);

	(void)state;
	request.consent_given = true;
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x9000);
}

static void
without_go_nothing_leaves(void **state)
{
	const struct parent impatient = {.hang_up_at_start = true};
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);
	const struct keystroke keys[] = {CONSENT};

	(void)state;
	sign_with(&request, keys, COUNT(keys), &impatient);
	assert_int_equal(use.starts, 1);
	assert_false(use.has_result);
	assert_int_not_equal(use.exit_code, 0);
	assert_int_equal(service_calls(&service, "SCMDSign"), 0);
}

static void
a_refused_pin_names_number_and_date(void **state)
{
	const struct keystroke keys[] = {CONSENT};
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);

	(void)state;
	request.pin = service_text("9999");
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x63C0);
	assert_true(use_says(use.result.code, "801"));
	assert_true(use_says(use.result.text, "+351 9*****678"));
	assert_true(use_says(use.result.text, "valid until 20"));
	assert_true(use_says(use.result.text, "tries left here: 1"));
	assert_int_equal(use.starts, 1);
	assert_int_equal(service_calls(&service, "SCMDSign"), 1);
}

static void
a_wrong_code_is_asked_again_for_the_same_process(void **state)
{
	const struct keystroke keys[] = {
	    CONSENT, WRONG_CODE, {"The code was wrong. Tries left: 2.", "", 0}, RIGHT_CODE};

	(void)state;
	sign(keys, COUNT(keys));
	assert_sw(0x9000);
	assert_int_equal(service_calls(&service, "SCMDSign"), 1);
	assert_int_equal(service_calls(&service, "ValidateOtp"), 2);
}

static void
what_is_no_code_is_not_sent(void **state)
{
	const struct keystroke keys[] = {
	    CONSENT, {"Code:", "12a456\n", 0}, {"The code has six digits.", "", 0}, RIGHT_CODE};

	(void)state;
	sign(keys, COUNT(keys));
	assert_sw(0x9000);
	assert_int_equal(service_calls(&service, "ValidateOtp"), 1);
}

static void
blanks_in_a_code_do_not_count(void **state)
{
	const struct keystroke keys[] = {CONSENT, {"Code:", "314 159\n", 0}};

	(void)state;
	sign(keys, COUNT(keys));
	assert_sw(0x9000);
}

static void
an_empty_answer_gets_a_new_code_once(void **state)
{
	const struct keystroke keys[] = {
	    CONSENT,
	    {"Code:", "\n", 0},
	    {"Send a new code?", "", 0},
	    {"[sb]?", "s", 0},
	    {"A new code was sent.", "", 0},
	    {"Code:", "\n", 0},
	    {"only once", "", 0},
	    RIGHT_CODE,
	};

	(void)state;
	sign(keys, COUNT(keys));
	assert_sw(0x9000);
	assert_int_equal(service_calls(&service, "ForceSMS"), 1);
	assert_int_equal(service_calls(&service, "SCMDSign"), 1);
}

static void
no_new_code_unless_it_is_wanted(void **state)
{
	const struct keystroke keys[] = {
	    CONSENT, {"Code:", "\n", 0}, {"[sb]?", "b", 0}, RIGHT_CODE};

	(void)state;
	sign(keys, COUNT(keys));
	assert_sw(0x9000);
	assert_int_equal(service_calls(&service, "ForceSMS"), 0);
}

static void
a_code_that_we_know_to_be_too_old_is_the_end(void **state)
{
	const struct keystroke keys[] = {CONSENT, {"Code:", "", 0}};

	(void)state;
	service_configure(&service, "code-lifetime-s = 2");
	sign(keys, COUNT(keys));
	assert_sw(0x6400);
	assert_int_equal(service_calls(&service, "ValidateOtp"), 0);
}

static void
a_pin_that_must_be_changed_is_shown_word_for_word(void **state)
{
	/* As it stands in cmd.md 9; pinentry-tty does not break lines. */
	const struct keystroke keys[] = {
	    CONSENT,
	    {"Para continuar a usar a assinatura da CMD, tem de alterar o seu PIN de assinatura. "
	     "Para o alterar, basta iniciar sessão com CMD em www.autenticacao.gov.pt.",
	     "", 0},
	    {"Press any key", "x", 0},
	};

	(void)state;
	service_account(&service, "state = change-pin");
	sign(keys, COUNT(keys));
	assert_sw(0x6F14);
	assert_true(use_says(use.result.code, "901"));
	assert_int_equal(service_calls(&service, "SCMDSign"), 1);
}

/* No prompt, no START, no call. */
static void
assert_nobody_was_asked(uint16_t sw)
{
	assert_sw(sw);
	assert_int_equal(use.starts, 0);
	assert_int_equal(use.progress, 0);
	assert_int_equal(service_calls(&service, "SCMDSign"), 0);
}

static void
an_expired_encryption_certificate_stops_it_before_anybody_is_asked(void **state)
{
	char line[PATH_MAX + 32], path[PATH_MAX];

	(void)state;
	service_path(&service, "cifra-expired.pem", path);
	snprintf(line, sizeof(line), "encryption-certificate = %s", path);
	service_configure(&service, line);
	sign(NULL, 0);
	assert_nobody_was_asked(0x6F19);
}

static void
an_expired_card_stops_it_before_anybody_is_asked(void **state)
{
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);
	struct issued old = issue_self_signed(-2, -1, 2048);
	uint8_t der[4096], *end = der;

	(void)state;
	request.certificate = (struct bytes){der, (size_t)i2d_X509(old.certificate, &end)};
	sign_with(&request, NULL, 0, &patient);
	assert_nobody_was_asked(0x6F18);
	issue_free(&old);
}

static void
what_is_no_digestinfo_is_refused_before_anybody_is_asked(void **state)
{
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);

	(void)state;
	request.documents[0].input.len--;
	sign_with(&request, NULL, 0, &patient);
	assert_nobody_was_asked(0x6A80);
}

static void
what_is_no_pin_is_refused_before_anybody_is_asked(void **state)
{
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);

	(void)state;
	request.pin = service_text("123");
	sign_with(&request, NULL, 0, &patient);
	assert_nobody_was_asked(0x6A80);
	request.pin = service_text("12345x");
	sign_with(&request, NULL, 0, &patient);
	assert_nobody_was_asked(0x6A80);
}

static void
credentials_that_others_can_read_are_not_used(void **state)
{
	char path[PATH_MAX];

	(void)state;
	service_path(&service, "credentials", path);
	assert_int_equal(chmod(path, 0644), 0);
	sign(NULL, 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_nobody_was_asked(0x6F12);
	assert_true(use_says(use.result.text, "chmod 600"));
}

static void
a_service_that_is_not_configured_is_named(void **state)
{
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);

	(void)state;
	request.service = service_text("other");
	sign_with(&request, NULL, 0, &patient);
	assert_nobody_was_asked(0x6F1F);
	assert_true(use_says(use.result.text, "[service other]"));
}

static void
hanging_up_ends_bridge_and_prompt(void **state)
{
	const struct parent leaving = {.hang_up_after_ms = 1500};
	const struct keystroke keys[] = {CONSENT, {"Code:", "", 0}};
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);
	struct timespec before, after;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	sign_with(&request, keys, COUNT(keys), &leaving);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_not_equal(use.exit_code, 0);
	assert_true(after.tv_sec - before.tv_sec < 6);
	assert_int_equal(service_calls(&service, "ValidateOtp"), 0);
}

/* Nobody reads the terminal any more: pinentry-tty would hold it until the end of its time. */
static void
a_killed_bridge_leaves_no_prompt(void **state)
{
	const struct keystroke keys[] = {{"[sc]?", "", 0}};
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);
	struct terminal terminal = terminal_open();
	uint8_t room[BRIDGE_MESSAGE_MAX];
	struct writer writer = writer_to(room, sizeof(room));
	struct timespec before, after;
	int fd, errors;
	pid_t pid;

	(void)state;
	assert_true(bridge_request_encode(&request, &writer));
	pid = use_spawn(&service, &fd, &errors);
	assert_int_equal(send(fd, room, writer.len, 0), writer.len);
	terminal_start(&terminal, keys, COUNT(keys));
	usleep(700 * 1000);
	kill(pid, SIGKILL);
	clock_gettime(CLOCK_MONOTONIC, &before);
	waitpid(pid, NULL, 0);
	close(fd);
	close(errors);
	/* The typist's screen ends when the last one who has the terminal open is gone. */
	assert_true(terminal_close(&terminal));
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 5);
}

static void
hanging_up_ends_a_call_that_is_waited_for(void **state)
{
	const struct parent leaving = {.hang_up_after_ms = 700};
	const struct keystroke keys[] = {CONSENT};
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);
	struct timespec before, after;

	(void)state;
	service_configure(&service, "transfer-timeout-ms = 30000");
	service_account(&service, "trouble = hang\non = SCMDSign");
	clock_gettime(CLOCK_MONOTONIC, &before);
	sign_with(&request, keys, COUNT(keys), &leaving);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_not_equal(use.exit_code, 0);
	assert_true(after.tv_sec - before.tv_sec < 6);
}

static void
no_secret_is_in_what_the_bridge_says(void **state)
{
	static const char *const secrets[] = {PIN, CODE, "912345678"};
	const struct keystroke keys[] = {CONSENT, WRONG_CODE, RIGHT_CODE};
	struct bytes message = {use.message, sizeof(use.message)};

	(void)state;
	setenv("ASSUAN_DEBUG", "255", 1);
	setenv("SSLKEYLOGFILE", "/dev/stderr", 1);
	sign(keys, COUNT(keys));
	unsetenv("ASSUAN_DEBUG");
	unsetenv("SSLKEYLOGFILE");
	assert_sw(0x9000);
	assert_string_equal(use.said, "");
	for (size_t i = 0; i < COUNT(secrets); i++)
		assert_false(use_says(message, secrets[i]));
}

static void
a_chain_is_fetched_leaf_first(void **state)
{
	struct bridge_request request = service_request(&service, BRIDGE_ENROL);

	(void)state;
	service_account(&service, "trouble = reversed-chain");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x9000);
	assert_true(use.result.chain.len > service.leaf_len);
	assert_memory_equal(use.result.chain.data, service.leaf_der, service.leaf_len);
	assert_int_equal(use.starts, 0);
	assert_int_equal(service_calls(&service, "GetCertificate"), 1);
}

/* With a PIN: GetCertificateWithPin. */
static struct bridge_request
proof(const char *pin)
{
	struct bridge_request request = service_request(&service, BRIDGE_ENROL);

	request.pin = service_text(pin);
	return request;
}

static void
a_proof_takes_pin_and_code_and_gives_the_chain(void **state)
{
	const struct keystroke keys[] = {
	    {"It proves that the account is yours; nothing is signed.", "", 0}, RIGHT_CODE};
	const struct bridge_request request = proof(PIN);

	(void)state;
	sign_with(&request, keys, COUNT(keys), &patient);
	assert_sw(0x9000);
	assert_true(use.result.chain.len > service.leaf_len);
	assert_memory_equal(use.result.chain.data, service.leaf_der, service.leaf_len);
	assert_int_equal(use.starts, 1);
	assert_int_equal(service_calls(&service, "GetCertificateWithPin"), 1);
	assert_int_equal(service_calls(&service, "ValidateOtp"), 1);
	assert_int_equal(service_calls(&service, "GetCertificate"), 0);
}

static void
a_proof_is_never_repeated(void **state)
{
	static const struct {
		const char *account, *pin;
		uint16_t sw;
		const char *sentence;
	} rows[] = {
	    {"", "9999", 0x63C0, "refused the signature PIN"},
	    {"trouble = drop-before\non = GetCertificateWithPin", PIN, 0x6F17, "nobody knows"},
	    {"trouble = http-500\non = GetCertificateWithPin", PIN, 0x6F10, "error of its own"},
	    {"state = no-signature", PIN, 0x6F15, "+351 9*****678"},
	    {"state = inactive", PIN, 0x6F13, "not active"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct bridge_request request = proof(rows[i].pin);

		service_account(&service, rows[i].account);
		service_forget_calls(&service);
		use_run(&service, &request, &patient, &use);
		assert_sw(rows[i].sw);
		if (!use_says(use.result.text, rows[i].sentence))
			fail_msg("%s: %.*s", rows[i].account, (int)use.result.text.len,
				 (const char *)use.result.text.data);
		assert_int_equal(use.starts, 1);
		assert_int_equal(use.result.chain.len, 0);
		assert_int_equal(service_calls(&service, "GetCertificateWithPin"), 1);
	}
}

static void
a_proof_without_go_does_not_leave(void **state)
{
	const struct parent impatient = {.hang_up_at_start = true};
	const struct bridge_request request = proof(PIN);

	(void)state;
	use_run(&service, &request, &impatient, &use);
	assert_false(use.has_result);
	assert_int_equal(service_calls(&service, "GetCertificateWithPin"), 0);
}

static void
credentials_of_another_profile_are_not_sent(void **state)
{
	char text[1024], path[PATH_MAX], line[PATH_MAX + 16];
	struct bridge_request request = service_request(&service, BRIDGE_CHECK);
	size_t len;

	(void)state;
	service_read(&service, "credentials", text, sizeof(text) - 32);
	len = strlen(text);
	snprintf(text + len, sizeof(text) - len, "profile = production\n");
	service_write(&service, "theirs", text);
	service_path(&service, "theirs", path);
	snprintf(line, sizeof(line), "credentials = %s", path);
	service_configure(&service, line);
	use_run(&service, &request, &patient, &use);
	assert_sw(0x6F12);
	assert_true(use_says(use.result.text, "is for profile production"));
	assert_int_equal(service_calls(&service, "GetCertificate"), 0);
}

static void
an_encryption_certificate_that_ends_soon_is_told(void **state)
{
	const struct keystroke keys[] = {CONSENT, RIGHT_CODE};
	char line[PATH_MAX + 32], path[PATH_MAX];

	(void)state;
	service_path(&service, "cifra-ending.pem", path);
	snprintf(line, sizeof(line), "encryption-certificate = %s", path);
	service_configure(&service, line);
	sign(keys, COUNT(keys));
	assert_sw(0x9000);
	assert_true(
	    use_says(use.result.text, "the encryption certificate of service cmd ends on 20"));
}

static void
a_check_only_says_that_it_works(void **state)
{
	struct bridge_request request = service_request(&service, BRIDGE_CHECK);

	(void)state;
	use_run(&service, &request, &patient, &use);
	assert_sw(0x9000);
	assert_int_equal(use.result.chain.len, 0);
	assert_true(use_says(use.result.text, "answers"));
}

static void
an_unknown_account_has_no_chain(void **state)
{
	struct bridge_request request = service_request(&service, BRIDGE_ENROL);

	(void)state;
	service_account(&service, "state = no-signature");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x6F15);
	assert_true(use_says(use.result.text, "+351 9*****678"));
}

static void
fetching_a_chain_is_tried_twice(void **state)
{
	struct bridge_request request = service_request(&service, BRIDGE_ENROL);

	(void)state;
	service_account(&service, "trouble = drop-before\non = GetCertificate");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x6F10);
	assert_int_equal(service_calls(&service, "GetCertificate"), 2);
}

static void
refused_credentials_are_not_tried_twice(void **state)
{
	struct bridge_request request = service_request(&service, BRIDGE_ENROL);

	(void)state;
	service_account(&service, "trouble = http-401\non = GetCertificate");
	use_run(&service, &request, &patient, &use);
	assert_sw(0x6F12);
	assert_int_equal(service_calls(&service, "GetCertificate"), 1);
}

static void
a_message_that_is_no_request_ends_the_bridge(void **state)
{
	int fd, errors, status;
	char said[512] = "";
	pid_t pid = use_spawn(&service, &fd, &errors);

	(void)state;
	assert_int_equal(send(fd, "\x02", 1, 0), 1);
	assert_int_equal(recv(fd, said, 1, 0), 0);
	assert_true(read(errors, said, sizeof(said) - 1) > 0);
	waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_non_null(strstr(said, "no request"));
	close(fd);
	close(errors);
}

static void
by_hand_it_says_who_starts_it(void **state)
{
	char command[PATH_MAX + 64], said[512] = "";
	FILE *stream;

	(void)state;
	snprintf(command, sizeof(command), "%s/vicar-bridge 3<&- 2>&1", service.programs);
	stream = popen(command, "r"); /* NOLINT(cert-env33-c): a fixed command */
	assert_non_null(fgets(said, sizeof(said), stream));
	assert_int_equal(WEXITSTATUS(pclose(stream)), 2);
	assert_non_null(strstr(said, "vicard starts this program"));
}

#define TEST(function) cmocka_unit_test_setup(function, as_it_was)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_signature_from_consent_to_certificate),
	    TEST(many_documents_take_one_consent_one_pin_and_one_code),
	    TEST(a_hundred_documents_are_signed_whatever_the_order_of_the_answer),
	    TEST(of_many_documents_all_signatures_verify_or_none_is_given),
	    TEST(one_of_many_that_is_no_digestinfo_is_named),
	    TEST(optional_members_are_sent_when_vicar_conf_wants_them),
	    TEST(a_proof_takes_pin_and_code_and_gives_the_chain),
	    TEST(a_proof_is_never_repeated),
	    TEST(a_proof_without_go_does_not_leave),
	    TEST(credentials_of_another_profile_are_not_sent),
	    TEST(an_encryption_certificate_that_ends_soon_is_told),
	    TEST(without_consent_nothing_leaves),
	    TEST(without_an_answer_nothing_leaves),
	    TEST(without_a_terminal_nothing_leaves),
	    TEST(consent_that_was_given_is_not_asked_again),
	    TEST(without_go_nothing_leaves),
	    TEST(a_refused_pin_names_number_and_date),
	    TEST(a_wrong_code_is_asked_again_for_the_same_process),
	    TEST(what_is_no_code_is_not_sent),
	    TEST(blanks_in_a_code_do_not_count),
	    TEST(an_empty_answer_gets_a_new_code_once),
	    TEST(no_new_code_unless_it_is_wanted),
	    TEST(a_code_that_we_know_to_be_too_old_is_the_end),
	    TEST(a_pin_that_must_be_changed_is_shown_word_for_word),
	    TEST(an_expired_encryption_certificate_stops_it_before_anybody_is_asked),
	    TEST(an_expired_card_stops_it_before_anybody_is_asked),
	    TEST(what_is_no_digestinfo_is_refused_before_anybody_is_asked),
	    TEST(what_is_no_pin_is_refused_before_anybody_is_asked),
	    TEST(credentials_that_others_can_read_are_not_used),
	    TEST(a_service_that_is_not_configured_is_named),
	    TEST(hanging_up_ends_bridge_and_prompt),
	    TEST(a_killed_bridge_leaves_no_prompt),
	    TEST(hanging_up_ends_a_call_that_is_waited_for),
	    TEST(no_secret_is_in_what_the_bridge_says),
	    TEST(a_chain_is_fetched_leaf_first),
	    TEST(a_check_only_says_that_it_works),
	    TEST(an_unknown_account_has_no_chain),
	    TEST(fetching_a_chain_is_tried_twice),
	    TEST(refused_credentials_are_not_tried_twice),
	    TEST(a_message_that_is_no_request_ends_the_bridge),
	    TEST(by_hand_it_says_who_starts_it),
	};

	return cmocka_run_group_tests(tests, start_service, stop_service);
}
