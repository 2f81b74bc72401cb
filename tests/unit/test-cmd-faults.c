/*
 * Each fault that the remote side of a CMD card has to survive, against cmd-simulator: what the card
 * answers, the sentence that the person gets, and how many calls there were. Nothing that costs a text
 * message or a try of the PIN is ever repeated by itself. The one fault that is not here, a vicard that is
 * killed while it waits, is in tests/system/test_killed.py.
 */
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

#include <arpa/inet.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ON_START "\non = SCMDSign"
#define ON_CODE "\non = ValidateOtp"
#define SHORT "transfer-timeout-ms = 700"

/* What the person does; consent was given with the PIN unless it is asked for. */
enum person {
	IS_NOT_ASKED,
	TYPES_THE_CODE,
	TYPES_IT_LATE, /* after it has ended at the service */
	TYPES_WRONG_CODES,
	REFUSES,
	CANCELS_THE_CODE,
	CANCELS_A_NEW_CODE, /* goes back to the question for the code, and cancels that */
	DOES_NOT_CONSENT_IN_TIME,
	DOES_NOT_TYPE_IN_TIME,
};

/* Addresses at which there is no simulator. */
enum elsewhere { NOWHERE_ELSE, REFUSES_CONNECTIONS, DROPS_CONNECTIONS, SAYS_NOTHING };

struct fault {
	const char *name;
	const char *account; /* lines for accounts.conf */
	const char *service; /* line for vicar.conf */
	const char *tls;     /* of cmd-simulator --tls */
	enum elsewhere elsewhere;
	enum person person;
	uint16_t sw;
	const char *sentence;
	unsigned starts, codes; /* calls of SCMDSign and ValidateOtp */
};

#define NOT_TRUSTED "TLS certificate or version is not trusted; the request was not sent."
#define NOBODY_KNOWS "nobody knows whether the service acted on it."
#define NO_PROTOCOL "The service answered with something that is not its protocol."
#define NOT_VERIFIED "The signature does not verify against the card's certificate."
#define ITS_OWN_ERROR "The service answered with an error of its own."

static const struct fault faults[] = {
    {"connection refused", .elsewhere = REFUSES_CONNECTIONS, .sw = 0x6F10,
     .sentence = "could not be reached; the request was not sent."},
    {"reset after the start call was sent", .account = "trouble = reset" ON_START, .sw = 0x6F17,
     .sentence = NOBODY_KNOWS, .starts = 1},
    {"reset after the start call was done", .account = "trouble = reset-after" ON_START,
     .sw = 0x6F17, .sentence = NOBODY_KNOWS, .starts = 1},
    {"reset after the code was sent", .account = "trouble = reset-after" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F17, .sentence = NOBODY_KNOWS, .starts = 1, .codes = 1},
    {"closed without an answer", .account = "trouble = drop-after" ON_START, .sw = 0x6F17,
     .sentence = NOBODY_KNOWS, .starts = 1},
    {"closed without an answer to the code", .account = "trouble = drop-after" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F17, .sentence = NOBODY_KNOWS, .starts = 1, .codes = 1},
    {"reset half way through the answer", .account = "trouble = reset-halfway" ON_START,
     .sw = 0x6F17, .sentence = NOBODY_KNOWS, .starts = 1},
    {"reset half way through the signature", .account = "trouble = reset-halfway" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F17, .sentence = NOBODY_KNOWS, .starts = 1, .codes = 1},
    {"closed half way through the answer", .account = "trouble = cut" ON_START, .sw = 0x6F17,
     .sentence = NOBODY_KNOWS, .starts = 1},

    {"a name that is not found", .service = "endpoint = https://service.invalid/x", .sw = 0x6F10,
     .sentence = "name was not found in DNS; the request was not sent."},
    {"silence until the connection", .elsewhere = DROPS_CONNECTIONS, .sw = 0x6F10,
     .sentence = "could not be reached; the request was not sent."},
    {"silence until TLS", .elsewhere = SAYS_NOTHING, .sw = 0x6F10,
     .sentence = "took the connection but not TLS; the request was not sent."},
    {"silence until the answer", .account = "trouble = hang" ON_START, .service = SHORT,
     .sw = 0x6F17, .sentence = NOBODY_KNOWS, .starts = 1},
    {"silence half way through the answer", .account = "trouble = stall" ON_START, .service = SHORT,
     .sw = 0x6F17, .sentence = NOBODY_KNOWS, .starts = 1},
    {"silence until the answer to the code", .account = "trouble = hang" ON_CODE, .service = SHORT,
     .person = TYPES_THE_CODE, .sw = 0x6F17, .sentence = NOBODY_KNOWS, .starts = 1, .codes = 1},

    {"TLS: expired", .tls = "expired", .sw = 0x6F11, .sentence = NOT_TRUSTED},
    {"TLS: wrong name", .tls = "other-name", .sw = 0x6F11, .sentence = NOT_TRUSTED},
    {"TLS: unknown CA", .service = "ca-file = DIRECTORY/root.pem", .sw = 0x6F11,
     .sentence = NOT_TRUSTED},
    {"TLS: 1.1 only", .tls = "old", .sw = 0x6F11, .sentence = NOT_TRUSTED},

    {"HTTP 401", .account = "trouble = http-401" ON_START, .sw = 0x6F12,
     .sentence = "refused the application's credentials (HTTP 401).", .starts = 1},
    {"HTTP 403", .account = "trouble = http-403" ON_START, .sw = 0x6F12,
     .sentence = "forbids this to the application (HTTP 403).", .starts = 1},
    {"HTTP 407", .account = "trouble = http-407" ON_START, .sw = 0x6F12,
     .sentence = "The proxy wants other credentials (HTTP 407).", .starts = 1},
    {"HTTP 413", .account = "trouble = http-413" ON_START, .sw = 0x6F1F,
     .sentence = "refused the request itself. (HTTP status 413)", .starts = 1},
    {"HTTP 500 with a fault", .account = "trouble = fault" ON_START, .sw = 0x6F10,
     .sentence = ITS_OWN_ERROR " (The server was unable to process the request.)", .starts = 1},
    {"HTTP 500 with an HTML stack trace", .account = "trouble = stack-trace" ON_START, .sw = 0x6F10,
     .sentence = ITS_OWN_ERROR " (HTTP status 500)", .starts = 1},
    {"HTTP 500 after the code", .account = "trouble = stack-trace" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F10, .sentence = ITS_OWN_ERROR " (HTTP status 500)",
     .starts = 1, .codes = 1},
    {"HTTP 503", .account = "trouble = http-503" ON_START, .sw = 0x6F10,
     .sentence = ITS_OWN_ERROR " (HTTP status 503)", .starts = 1},

    {"body cut", .account = "trouble = truncated" ON_START, .sw = 0x6F1F, .sentence = NO_PROTOCOL,
     .starts = 1},
    {"body cut after the code", .account = "trouble = truncated" ON_CODE, .person = TYPES_THE_CODE,
     .sw = 0x6F1F, .sentence = NO_PROTOCOL, .starts = 1, .codes = 1},
    {"body that is not XML", .account = "trouble = garbage" ON_START, .sw = 0x6F1F,
     .sentence = NO_PROTOCOL, .starts = 1},
    {"body of 20 MB", .account = "trouble = huge" ON_START, .sw = 0x6F1F,
     .sentence = NO_PROTOCOL " (longer than 1048576 bytes)", .starts = 1},
    {"entity expansion bomb", .account = "trouble = entity-bomb" ON_START, .sw = 0x6F1F,
     .sentence = NO_PROTOCOL, .starts = 1},
    {"wrong namespaces", .account = "trouble = wrong-namespaces" ON_START, .sw = 0x6F1F,
     .sentence = NO_PROTOCOL, .starts = 1},
    {"prefixes changed", .account = "trouble = other-prefixes", .person = TYPES_THE_CODE,
     .sw = 0x9000, .sentence = "Done.", .starts = 1, .codes = 1},
    {"members reordered", .account = "trouble = reordered", .person = TYPES_THE_CODE, .sw = 0x9000,
     .sentence = "Done.", .starts = 1, .codes = 1},
    {"nil everywhere", .account = "trouble = nil-everywhere" ON_START, .sw = 0x6F1F,
     .sentence = "The service refused. (code missing, its words: none)", .starts = 1},
    {"nil everywhere after the code", .account = "trouble = nil-everywhere" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F1F,
     .sentence = "The service refused. (code missing, its words: none)", .starts = 1, .codes = 1},
    {"nil for a result", .account = "trouble = nil-result" ON_START, .sw = 0x6F1F,
     .sentence = NO_PROTOCOL, .starts = 1},
    {"nil for a process", .account = "trouble = nil-process" ON_START, .sw = 0x6F1F,
     .sentence = NO_PROTOCOL " (code 200 without a process id)", .starts = 1},
    {"nil for a signature", .account = "trouble = nil-value" ON_CODE, .person = TYPES_THE_CODE,
     .sw = 0x6F16, .sentence = NOT_VERIFIED " (there is none", .starts = 1, .codes = 1},

    {"code \"0\"", .account = "trouble = code-0" ON_START, .sw = 0x6F1F,
     .sentence = "The service refused. (code 0,", .starts = 1},
    {"code \"\"", .account = "trouble = code-empty" ON_START, .sw = 0x6F1F,
     .sentence = "The service refused. (code missing,", .starts = 1},
    {"code \"abc\"", .account = "trouble = code-text" ON_START, .sw = 0x6F1F,
     .sentence = "The service refused. (code abc,", .starts = 1},
    {"code \"0\" after the code", .account = "trouble = code-0" ON_CODE, .person = TYPES_THE_CODE,
     .sw = 0x6F1F, .sentence = "The service refused. (code 0,", .starts = 1, .codes = 1},

    {"ProcessId of another process", .account = "trouble = wrong-process" ON_START,
     .person = TYPES_THE_CODE, .sw = 0x6400, .sentence = "does not know the process any more.",
     .starts = 1, .codes = 1},
    {"ProcessId of another process with the signature",
     .account = "trouble = wrong-process" ON_CODE, .person = TYPES_THE_CODE, .sw = 0x6F1F,
     .sentence = NO_PROTOCOL " (it is about another process)", .starts = 1, .codes = 1},

    {"signature of another key", .account = "trouble = foreign-signature" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F16, .sentence = NOT_VERIFIED, .starts = 1, .codes = 1},
    {"signature of another hash", .account = "trouble = wrong-signature" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F16, .sentence = NOT_VERIFIED, .starts = 1, .codes = 1},
    {"signature of wrong length", .account = "trouble = short-signature" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F16, .sentence = NOT_VERIFIED, .starts = 1, .codes = 1},

    {"code late", .account = "code-lifetime = 1", .person = TYPES_IT_LATE, .sw = 0x6400,
     .sentence = "The code is no longer valid", .starts = 1, .codes = 1},
    {"code wrong three times", .person = TYPES_WRONG_CODES, .sw = 0x6F1A,
     .sentence = "The code was wrong three times.", .starts = 1, .codes = 3},
    {"consent refused", .person = REFUSES, .sw = 0x6401,
     .sentence = "refused at the prompt; nothing was sent."},
    {"code cancelled", .person = CANCELS_THE_CODE, .sw = 0x6401,
     .sentence = "The code was not entered: the prompt was cancelled.", .starts = 1},
    {"new code cancelled", .person = CANCELS_A_NEW_CODE, .sw = 0x6401,
     .sentence = "The code was not entered: the prompt was cancelled.", .starts = 1},
    {"no consent in time", .person = DOES_NOT_CONSENT_IN_TIME, .sw = 0x6400,
     .sentence = "Nobody answered the prompt in time."},
    {"no code in time", .person = DOES_NOT_TYPE_IN_TIME, .sw = 0x6400,
     .sentence = "Nobody answered the prompt in time.", .starts = 1},

    {"account inactive", .account = "state = inactive", .sw = 0x6F13,
     .sentence = "not active (817).", .starts = 1},
    {"account without a signature", .account = "state = no-signature", .sw = 0x6F1F,
     .sentence = "The service refused. (code 900,", .starts = 1},
    {"encryption certificate expired",
     .service = "encryption-certificate = DIRECTORY/cifra-expired.pem", .sw = 0x6F19,
     .sentence = "encryption certificate is not valid now; nothing was sent."},
};

#define CODE_PROMPT "Code:"
#define CONSENT_PROMPT "[sc]?"

static const struct act {
	struct keystroke keys[6];
	size_t count;
} acts[] = {
    [IS_NOT_ASKED] = {.count = 0},
    [TYPES_THE_CODE] = {{{CODE_PROMPT, CODE "\n", 0}}, 1},
    [TYPES_IT_LATE] = {{{CODE_PROMPT, CODE "\n", 2500}}, 1},
    [TYPES_WRONG_CODES] = {{{CODE_PROMPT, "000000\n", 0},
			    {CODE_PROMPT, "000000\n", 0},
			    {CODE_PROMPT, "000000\n", 0}},
			   3},
    [REFUSES] = {{{CONSENT_PROMPT, "c", 0}}, 1},
    [CANCELS_THE_CODE] = {{{CODE_PROMPT, "\004", 0}}, 1},
    [CANCELS_A_NEW_CODE] = {{{CODE_PROMPT, "\n", 0}, {"[sb]?", "b", 0}, {CODE_PROMPT, "\004", 0}},
			    3},
    [DOES_NOT_CONSENT_IN_TIME] = {{{CONSENT_PROMPT, "", 0}}, 1},
    [DOES_NOT_TYPE_IN_TIME] = {{{CODE_PROMPT, "", 0}}, 1},
};

static struct service service;
static struct use use;
static const struct parent patient;

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

/* One line for vicar.conf, which names the simulator's directory where the fault's does. */
static void
put_line(const char *from, char *line, size_t room)
{
	const char *directory = strstr(from, "DIRECTORY");

	if (directory)
		snprintf(line, room, "%.*s%s%s", (int)(directory - from), from, service.directory,
			 directory + strlen("DIRECTORY"));
	else
		snprintf(line, room, "%s", from);
}

/* Listens and never accepts. The kernel makes as many connections by itself as `backlog` says; a full
 * one drops what else comes. */
static int
listen_silently(int backlog, unsigned *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, backlog), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return listener;
}

enum { FILLERS = 4 };

static void
fill_backlog(unsigned port, int fillers[FILLERS])
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons((uint16_t)port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	for (size_t i = 0; i < FILLERS; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(fillers[i], (const struct sockaddr *)&address, sizeof(address));
	}
	usleep(50 * 1000);
}

struct other_end {
	int listener;
	int fillers[FILLERS];
};

/* `line` gets the endpoint. */
static struct other_end
go_elsewhere(enum elsewhere elsewhere, char *line, size_t room)
{
	struct other_end end = {-1, {-1, -1, -1, -1}};
	unsigned port = 9; /* discard(9), of which there is none */

	if (elsewhere == NOWHERE_ELSE)
		return end;
	if (elsewhere != REFUSES_CONNECTIONS)
		end.listener = listen_silently(elsewhere == SAYS_NOTHING ? 4 : 0, &port);
	if (elsewhere == DROPS_CONNECTIONS)
		fill_backlog(port, end.fillers);
	snprintf(line, room, "endpoint = https://127.0.0.1:%u/x\nconnect-timeout-ms = 300", port);
	return end;
}

static void
come_back(struct other_end *end)
{
	if (end->listener >= 0)
		close(end->listener);
	for (size_t i = 0; i < FILLERS; i++)
		if (end->fillers[i] >= 0)
			close(end->fillers[i]);
}

/* One second for every prompt. */
static void
hurry(void)
{
	char conf[8192];

	service_read(&service, "vicar.conf", conf, sizeof(conf));
	strstr(conf, "timeout-s = 10")[13] = ' ';
	service_write(&service, "vicar.conf", conf);
}

static void
sign(const struct fault *fault, bool many)
{
	const struct act *act = &acts[fault->person];
	struct bridge_request request = service_request(&service, BRIDGE_SIGN);
	struct terminal terminal;

	request.consent_given =
	    fault->person != REFUSES && fault->person != DOES_NOT_CONSENT_IN_TIME;
	if (many) {
		request.documents[1] = request.documents[0];
		request.documents_count = 2;
	}
	if (act->count == 0) {
		use_run(&service, &request, &patient, &use);
		return;
	}
	terminal = terminal_open();
	terminal_start(&terminal, act->keys, act->count);
	use_run(&service, &request, &patient, &use);
	assert_true(terminal_close(&terminal));
}

static void
assert_fault(const struct fault *fault, bool many)
{
	const struct bridge_result *result = &use.result;

	assert_true(use.has_result);
	if (result->sw != fault->sw || !use_says(result->text, fault->sentence))
		fail_msg("%04X %.*s", result->sw, (int)result->text.len,
			 (const char *)result->text.data);
	assert_int_equal(service_calls(&service, "SCMDSign"), many ? 0 : fault->starts);
	assert_int_equal(service_calls(&service, "SCMDMultipleSign"), many ? fault->starts : 0);
	assert_int_equal(service_calls(&service, "ValidateOtp"), fault->codes);
	assert_int_equal(service_calls(&service, "ForceSMS"), 0);
	assert_true(use.starts <= 1);
	assert_string_equal(use.said, "");
	assert_false(use_says(result->text, "<"));
	if (fault->sw == 0x9000) {
		assert_true(certificate_verifies(service.leaf, BYTES(digestinfo_empty),
						 result->outputs[0]));
		return;
	}
	assert_int_equal(result->outputs_count, 0);
	assert_true(result->next.len > 0);
}

static void
survive(void **state)
{
	const struct fault *fault = *state;
	char line[PATH_MAX + 64] = "";
	struct other_end end;

	put_line(fault->service ? fault->service : "", line, sizeof(line));
	if (fault->tls) {
		service_end(&service);
		service_begin(&service, "--tls", fault->tls);
	}
	end = go_elsewhere(fault->elsewhere, line, sizeof(line));
	service_account(&service, fault->account ? fault->account : "");
	service_configure(&service, line);
	if (fault->person == DOES_NOT_CONSENT_IN_TIME || fault->person == DOES_NOT_TYPE_IN_TIME)
		hurry();
	service_forget_calls(&service);
	sign(fault, false);
	come_back(&end);
	assert_fault(fault, false);
}

static int
trust_again(void **state)
{
	const struct fault *fault = *state;

	if (fault->tls) {
		service_end(&service);
		service_begin(&service, NULL, NULL);
	}
	return 0;
}

/* The chain of an account; what is handed out begins with the account's own certificate. */
struct chain_fault {
	const char *name, *account;
	uint16_t sw;
	const char *sentence;
};

static const struct chain_fault chain_faults[] = {
    {"chain in another order", "trouble = reversed-chain", 0x9000, "Done."},
    {"chain with CR and LF oddities", "trouble = odd-lines", 0x9000, "Done."},
    {"chain without leaf", "trouble = no-leaf", 0x6F1F, "no certificate chain with one leaf in it"},
    {"chain with an expired leaf", "expired = yes", 0x9000, "Done."}, /* which vicar refuses */
    {"no chain", "trouble = nil-result", 0x6F15, "no active signature for this phone number."},
};

static void
survive_chain(void **state)
{
	const struct chain_fault *fault = *state;
	const struct bridge_request request = service_request(&service, BRIDGE_ENROL);

	service_account(&service, fault->account);
	service_configure(&service, "");
	service_forget_calls(&service);
	use_run(&service, &request, &patient, &use);
	assert_true(use.has_result);
	if (use.result.sw != fault->sw || !use_says(use.result.text, fault->sentence))
		fail_msg("%04X %.*s", use.result.sw, (int)use.result.text.len,
			 (const char *)use.result.text.data);
	assert_int_equal(service_calls(&service, "GetCertificate"), 1);
	assert_int_equal(use.starts, 0);
	assert_int_equal(use.result.chain.len > service.leaf_len, fault->sw == 0x9000);
	if (fault->sw == 0x9000 && strcmp(fault->account, "expired = yes") != 0)
		assert_memory_equal(use.result.chain.data, service.leaf_der, service.leaf_len);
}

/* Of many documents, of which either all signatures are given or none. */
static const struct fault faults_of_many[] = {
    {"many: an id that is there twice", .account = "trouble = double-id" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F1F, .sentence = "an id that is there twice", .starts = 1,
     .codes = 1},
    {"many: a signature is missing", .account = "trouble = nil-value" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F16, .sentence = "there is none for document 1 of 2",
     .starts = 1, .codes = 1},
    {"many: a signature of another hash", .account = "trouble = wrong-signature" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F16, .sentence = NOT_VERIFIED, .starts = 1, .codes = 1},
    {"many: reset half way through the signatures", .account = "trouble = reset-halfway" ON_CODE,
     .person = TYPES_THE_CODE, .sw = 0x6F17, .sentence = NOBODY_KNOWS, .starts = 1, .codes = 1},
    {"many: code late", .account = "code-lifetime = 1", .person = TYPES_IT_LATE, .sw = 0x6400,
     .sentence = "The code is no longer valid", .starts = 1, .codes = 1},
    {"many: code wrong three times", .person = TYPES_WRONG_CODES, .sw = 0x6F1A,
     .sentence = "The code was wrong three times.", .starts = 1, .codes = 3},
    {"many: code cancelled", .person = CANCELS_THE_CODE, .sw = 0x6401,
     .sentence = "The code was not entered: the prompt was cancelled.", .starts = 1},
    {"many: account inactive", .account = "state = inactive", .sw = 0x6F13,
     .sentence = "not active (817).", .starts = 1},
};

static void
survive_of_many(void **state)
{
	const struct fault *fault = *state;

	service_account(&service, fault->account ? fault->account : "");
	service_configure(&service, "");
	service_forget_calls(&service);
	sign(fault, true);
	assert_fault(fault, true);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(faults) + COUNT(chain_faults) + COUNT(faults_of_many)];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(faults); i++)
		tests[count++] = (struct CMUnitTest){faults[i].name, survive, NULL, trust_again,
						     (void *)(uintptr_t)&faults[i]};
	for (size_t i = 0; i < COUNT(chain_faults); i++)
		tests[count++] = (struct CMUnitTest){chain_faults[i].name, survive_chain, NULL,
						     NULL, (void *)(uintptr_t)&chain_faults[i]};
	for (size_t i = 0; i < COUNT(faults_of_many); i++)
		tests[count++] = (struct CMUnitTest){faults_of_many[i].name, survive_of_many, NULL,
						     NULL, (void *)(uintptr_t)&faults_of_many[i]};
	return cmocka_run_group_tests(tests, start_service, stop_service);
}
