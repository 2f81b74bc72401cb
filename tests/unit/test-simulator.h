/*
 * A simulator in a directory of its own, and a client's half of the conversation, for the tests of
 * cmd-simulator. Everything a client knows is read from the directory, as a client would.
 */
#ifndef VICAR_TESTS_UNIT_TEST_SIMULATOR_H
#define VICAR_TESTS_UNIT_TEST_SIMULATOR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/cmd-simulator/field.h"
#include "tools/cmd-simulator/simulator.h"
#include "tools/simulator/base64.h"

#include <ftw.h>
#include <unistd.h>

#include <openssl/rsa.h>

#define PHONE "+351 912345678"
#define ACCOUNT_START "[account maria]\nphone = " PHONE "\npin = 271828\nkey = rsa2048\n"
#define OTHER_ACCOUNT "[account rui]\nphone = +351 961111111\npin = 31415926\nkey = rsa2048\n"
/* SHA-256 of the empty string, cmd.md 6 */
#define HASH "MDEwDQYJYIZIAWUDBAIBBQAEIOOwxEKY/BwUmvv0yJlvuSQnrkHkZJuTTKSVmRt4UrhV"
/* SHA-256 of "abc", cmd-examples/vectors.txt */
#define HASH_ABC "MDEwDQYJYIZIAWUDBAIBBQAEILp4Fr+PAc/qQUFA3l2uIiOwA2Gjlhd6nLQQ/2HyABWt"
#define ACTION(operation) "\"http://Ama.Authentication.Service/SCMDService/" operation "\""

struct client {
	char directory[64];
	struct simulator simulator;
	struct sim_answer answer; /* the newest; its body is freed by the next call */
	char application[128];    /* ApplicationId in base64 */
};

static inline void
write_accounts(struct client *client, const char *text)
{
	struct problem error;

	assert_true(sim_directory_write(&client->simulator.directory, "accounts.conf", 0600,
					(struct bytes){(const uint8_t *)text, strlen(text)},
					&error));
}

/* The two usual accounts; `knobs` are further lines of the first one. */
static inline void
set_knobs(struct client *client, const char *knobs)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "%s%s\n%s", ACCOUNT_START, knobs, OTHER_ACCOUNT);
	write_accounts(client, text);
}

static inline struct client *
client_new(void)
{
	struct client *client = test_calloc(1, sizeof(*client));
	struct sim_options options = {.validate = true};
	const struct sim_credentials *credentials = &client->simulator.credentials;
	struct sim_directory directory;
	struct problem error = {""};

	(void)snprintf(client->directory, sizeof(client->directory), "/tmp/vicar-sim-XXXXXX");
	assert_non_null(mkdtemp(client->directory));
	assert_true(sim_directory_open(&directory, client->directory, &error));
	assert_true(sim_directory_write(&directory, "accounts.conf", 0600,
					BYTES_TEXT(ACCOUNT_START OTHER_ACCOUNT), &error));
	sim_directory_close(&directory);
	if (!simulator_open(&client->simulator, client->directory, &options, &error))
		fail_msg("%s", error.text);
	sim_base64_encode((struct bytes){(const uint8_t *)credentials->application_id,
					 strlen(credentials->application_id)},
			  client->application);
	return client;
}

static inline int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
client_free(struct client *client)
{
	sim_answer_clear(&client->answer);
	simulator_close(&client->simulator);
	(void)nftw(client->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	test_free(client);
}

/* cmd.md 5, with the certificate that clients are given; the caller's to test_free(). */
static inline char *
encrypted(struct client *client, const char *text)
{
	uint8_t block[512];
	size_t len = sizeof(block);
	X509 *certificate = NULL;
	struct problem error;
	EVP_PKEY_CTX *context;
	char *base64;

	assert_true(
	    sim_certificate_read(&client->simulator.directory, "cifra.pem", &certificate, &error));
	context = EVP_PKEY_CTX_new(X509_get0_pubkey(certificate), NULL);
	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_equal(
	    EVP_PKEY_encrypt(context, block, &len, (const uint8_t *)text, strlen(text)), 1);
	EVP_PKEY_CTX_free(context);
	X509_free(certificate);
	base64 = test_malloc(sim_base64_len(len) + 1);
	sim_base64_encode((struct bytes){block, len}, base64);
	return base64;
}

#define ENVELOPE(operation, members)                                      \
	"<s:Envelope xmlns:s=\"" SIM_NS_ENVELOPE "\"><s:Body><" operation \
	" xmlns=\"" SIM_NS_SERVICE "\">" members "</" operation "></s:Body></s:Envelope>"

/* A request's text; the caller's to free(). */
static inline char *__attribute__((format(printf, 1, 2))) text_of(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	assert_true(vasprintf(&text, format, arguments) > 0);
	va_end(arguments);
	return text;
}

static inline void
post_body(struct client *client, const char *action, const char *body)
{
	sim_answer_clear(&client->answer);
	simulator_answer(&client->simulator, (struct bytes){(const uint8_t *)body, strlen(body)},
			 action, &client->answer);
}

/* Takes `body`. */
static inline const char *
post(struct client *client, const char *action, char *body)
{
	post_body(client, action, body);
	free(body);
	return client->answer.body != NULL ? client->answer.body : "";
}

static inline const char *
get_certificate(struct client *client, const char *phone)
{
	char *user = encrypted(client, phone);
	char *body = text_of(ENVELOPE("GetCertificate", "<applicationId>%s</applicationId>"
							"<userId>%s</userId>"),
			     client->application, user);

	test_free(user);
	return post(client, ACTION("GetCertificate"), body);
}

static inline const char *
get_certificate_with_pin(struct client *client, const char *phone, const char *pin_text)
{
	char *user = encrypted(client, phone), *pin = encrypted(client, pin_text);
	char *body = text_of(ENVELOPE("GetCertificateWithPin", "<applicationId>%s</applicationId>"
							       "<userId>%s</userId><pin>%s</pin>"),
			     client->application, user, pin);

	test_free(user);
	test_free(pin);
	return post(client, ACTION("GetCertificateWithPin"), body);
}

#define A(name, value) "<a:" name ">" value "</a:" name ">"
#define REQUEST(members) "<request xmlns:a=\"" SIM_NS_STRUCTURES "\">" members "</request>"
#define DOCUMENTS(members) "<documents xmlns:a=\"" SIM_NS_STRUCTURES "\">" members "</documents>"

static inline const char *
scmd_sign(struct client *client, const char *phone, const char *pin_text, const char *hash)
{
	char *user = encrypted(client, phone), *pin = encrypted(client, pin_text);
	char *body = text_of(
	    ENVELOPE("SCMDSign", REQUEST(A("ApplicationId", "%s") A("DocName", "contrato.pdf")
					     A("Hash", "%s") A("Pin", "%s") A("UserId", "%s"))),
	    client->application, hash, pin, user);

	test_free(user);
	test_free(pin);
	return post(client, ACTION("SCMDSign"), body);
}

/* `documents`: the content of the element. */
static inline const char *
scmd_multiple_sign(struct client *client, const char *documents)
{
	char *user = encrypted(client, PHONE), *pin = encrypted(client, "271828");
	char *body =
	    text_of(ENVELOPE("SCMDMultipleSign", REQUEST(A("ApplicationId", "%s") A("Pin", "%s")
							     A("UserId", "%s")) DOCUMENTS("%s")),
		    client->application, pin, user, documents);

	test_free(user);
	test_free(pin);
	return post(client, ACTION("SCMDMultipleSign"), body);
}

static inline const char *
validate_otp(struct client *client, const char *process, const char *code_text)
{
	char *code = encrypted(client, code_text);
	char *body = text_of(ENVELOPE("ValidateOtp", "<code>%s</code><processId>%s</processId>"
						     "<applicationId>%s</applicationId>"),
			     code, process, client->application);

	test_free(code);
	return post(client, ACTION("ValidateOtp"), body);
}

static inline const char *
force_sms(struct client *client, const char *process, const char *phone)
{
	char *user = encrypted(client, phone);
	char *body =
	    text_of(ENVELOPE("ForceSMS", "<processId>%s</processId><citizenId>%s</citizenId>"
					 "<applicationId>%s</applicationId>"),
		    process, user, client->application);

	test_free(user);
	return post(client, ACTION("ForceSMS"), body);
}

/* The text of the first element `a:NAME` of the newest answer; "" when there is none. */
static inline const char *
member(struct client *client, const char *name, char text[2048])
{
	const char *body = client->answer.body != NULL ? client->answer.body : "";
	char tag[64];
	const char *at;

	(void)snprintf(tag, sizeof(tag), "<a:%s>", name);
	at = strstr(body, tag);
	text[0] = '\0';
	if (at != NULL)
		(void)snprintf(text, 2048, "%.*s", (int)strcspn(at + strlen(tag), "<"),
			       at + strlen(tag));
	return text;
}

#define assert_member(client, name, expected)                                     \
	do {                                                                      \
		char member_text[2048];                                           \
		assert_string_equal(member(client, name, member_text), expected); \
	} while (0)

/* The last line of a file of the directory, without its end; the caller's to test_free(). */
static inline char *
last_line(struct client *client, const char *name)
{
	char *data = NULL, *line, *start;
	struct problem error;
	size_t len = 0;

	assert_true(sim_directory_read(&client->simulator.directory, name, &data, &len, &error));
	if (len > 0)
		data[len - 1] = '\0';
	start = strrchr(data, '\n');
	start = start != NULL ? start + 1 : data;
	line = test_malloc(strlen(start) + 1);
	memcpy(line, start, strlen(start) + 1);
	OPENSSL_clear_free(data, len + 1);
	return line;
}

static inline size_t
count_lines(struct client *client, const char *name)
{
	char *data = NULL;
	struct problem error;
	size_t len = 0, count = 0;

	assert_true(sim_directory_read(&client->simulator.directory, name, &data, &len, &error));
	for (size_t i = 0; i < len; i++)
		count += data[i] == '\n';
	OPENSSL_clear_free(data, len + 1);
	return count;
}

/* The code of the newest text message. */
static inline void
read_code(struct client *client, char code[SIM_CODE_MAX])
{
	char *line = last_line(client, "messages");

	assert_true(strlen(line) > 7);
	(void)snprintf(code, SIM_CODE_MAX, "%s", strrchr(line, '\t') + 1);
	test_free(line);
}

/* The column of the newest line of `calls`, from 0. */
static inline void
read_call(struct client *client, unsigned column, char text[128])
{
	char *line = last_line(client, "calls"), *at = line;

	while (column-- > 0)
		at = strchr(at, '\t') + 1;
	(void)snprintf(text, 128, "%.*s", (int)strcspn(at, "\t"), at);
	test_free(line);
}

enum { CALL_OPERATION = 1, CALL_ACCOUNT, CALL_RESULT, CALL_VALID, CALL_DOC_NAME };

#define assert_call(client, column, expected)             \
	do {                                              \
		char call_text[128];                      \
		read_call(client, column, call_text);     \
		assert_string_equal(call_text, expected); \
	} while (0)

/* What the signature of the newest answer holds under the leaf's key. */
static inline size_t
recover(struct client *client, const char *name, uint8_t data[512])
{
	char text[2048], path[64];
	uint8_t signature[512];
	size_t len = 0, recovered = 512;
	X509 *leaf = NULL;
	struct problem error;
	EVP_PKEY_CTX *context;

	(void)member(client, "Signature", text);
	assert_true(sim_base64_decode(text, signature, sizeof(signature), &len));
	(void)snprintf(path, sizeof(path), "certificates/%s.pem", name);
	assert_true(sim_certificate_read(&client->simulator.directory, path, &leaf, &error));
	context = EVP_PKEY_CTX_new(X509_get0_pubkey(leaf), NULL);
	assert_int_equal(EVP_PKEY_verify_recover_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	if (EVP_PKEY_verify_recover(context, data, &recovered, signature, len) != 1)
		recovered = 0;
	EVP_PKEY_CTX_free(context);
	X509_free(leaf);
	return recovered;
}

/* Starts a signature; its process and code. */
static inline void
start_signature(struct client *client, char process[2048], char code[SIM_CODE_MAX])
{
	(void)scmd_sign(client, PHONE, "271828", HASH);
	(void)member(client, "ProcessId", process);
	read_code(client, code);
}

/* Sends SCMDSign with the given members as they are. */
static inline void
sign_with_members(struct client *client, const char *format, const char *a, const char *b,
		  const char *c, const char *d)
{
	char *members = NULL, *body;

	assert_true(asprintf(&members, format, a, b, c, d) > 0);
	body = text_of(ENVELOPE("SCMDSign", REQUEST("%s")), members);
	free(members);
	(void)post(client, ACTION("SCMDSign"), body);
}

static inline int
client_set_up(void **state)
{
	*state = client_new();
	return 0;
}

static inline int
client_tear_down(void **state)
{
	/* NULL: the set-up has failed. */
	if (*state)
		client_free(*state);
	return 0;
}

/* Before each test: the usual accounts, no wrong PINs, no processes. */
static inline int
client_start_afresh(void **state)
{
	struct client *client = *state;

	set_knobs(client, "");
	memset(client->simulator.tries, 0, sizeof(client->simulator.tries));
	client->simulator.tries_count = 0;
	sim_processes_clear(&client->simulator.processes);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup(function, client_start_afresh)

#endif
