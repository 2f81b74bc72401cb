/*
 * The maker of CSC keys in one process: the service, the person, the browser and the parent are the
 * functions below, in the places of http.h, prompt.h, cscbrowser.h, peer.h and OpenSSL's random bytes,
 * and do what a test has set. To be included after cmocka.h.
 */
#ifndef VICAR_TESTS_UNIT_FAKE_CSC_H
#define VICAR_TESTS_UNIT_FAKE_CSC_H

#include "cmdbridge/base64.h"
#include "cmdbridge/csc.h"
#include "cmdbridge/cscbrowser.h"
#include "cmdbridge/cscoauth.h"
#include "cmdbridge/cscoptions.h"
#include "cmdbridge/csctoken.h"
#include "cmdbridge/peer.h"
#include "cmdbridge/prompt.h"
#include "test-service.h"

#include <openssl/rand.h>

#define HOST "https://csc.example/"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { ANSWERS_MAX = 5, TEXT_MAX = 8192 };

/* To one call after the other of a method; the last one again and again. */
struct answer {
	const char *method; /* NULL: the end */
	long status;        /* 0: none came */
	const char *body;
};

/* What the person does at one question after the other. */
struct reply {
	enum prompt_result result;
	const char *typed;
};

struct trial {
	const char *version; /* "v1" */
	const char *login;
	const char *dialect;
	struct answer answers[ANSWERS_MAX];
	struct reply replies[ANSWERS_MAX];
	enum outcome outcome;
	const char *detail; /* is in it */
	unsigned starts, authorized, signed_;
};

static struct issued issued;
static uint8_t leaf[4096];
static size_t leaf_len;
static char leaf_text[TEXT_MAX / 2];
static char key_of_pin[TEXT_MAX], key_of_code[TEXT_MAX], key_of_owner[TEXT_MAX],
    key_of_page[TEXT_MAX], key_of_one_code[TEXT_MAX], key_of_app[TEXT_MAX], key_of_many[TEXT_MAX],
    signed_text[TEXT_MAX];
static char directory[] = "/tmp/vicar-answers-XXXXXX", account_path[64], credentials_path[64];
static char option_texts[CSC_OPTIONS][512], endpoint[64], service_name[] = "csc";

static struct service_config config;
static struct bridge_request request;
static struct service_result *result;
static const struct prompt_config prompt_config = {.timeout_s = 1};
static const struct peer peer = {-1};
static const struct service_use csc_use = {&config, &prompt_config, &peer, &request};

static const struct answer *answers;
static const struct reply *replies;
static bool same_reply; /* the first of `replies`, again and again */
static size_t asked;
static char calls[TEXT_MAX];
static unsigned starts, words_left, sends_until_gone;
static enum peer_state parent, parent_then;
static const char *parent_hears; /* the call at which the parent becomes `parent_then` */
static bool no_random;
static const char *fill_at; /* the call at which no locked memory is left */
static struct loopback_answer browsed;
static enum outcome browser_outcome;

static const struct answer ordinary[] = {
    {"info", 200,
     "{\"authType\":[\"oauth2client\"],\"oauth2\":\"" HOST "\","
     "\"methods\":[\"auth/revoke\",\"credentials/sendOTP\"]}"},
    {"oauth2/token", 200, "{\"access_token\":\"token\"}"},
    {"auth/login", 200, "{\"access_token\":\"token\"}"},
    {"auth/revoke", 204, ""},
    {"credentials/list", 200, "{\"credentialIDs\":[\"key\"]}"},
    {"credentials/info", 200, key_of_pin},
    {"credentials/sendOTP", 200, "{}"},
    {"credentials/authorize", 200, "{\"SAD\":\"sad\"}"},
    {"signatures/signHash", 200, signed_text},
    {NULL, 0, NULL},
};

static inline unsigned
count_calls(const char *method)
{
	char line[64];
	unsigned count = 0;

	snprintf(line, sizeof(line), "\n%s\n", method);
	for (const char *at = calls; (at = strstr(at, line)) != NULL; at++)
		count++;
	return count;
}

/* The one for the `nth` call, from 1 on. */
static inline const struct answer *
find_answer(const struct answer *list, const char *method, unsigned nth)
{
	const struct answer *found = NULL;

	for (; list && list->method && nth > 0; list++)
		if (strcmp(list->method, method) == 0) {
			found = list;
			nth--;
		}
	return found;
}

/* Of the locked heap, all that is left; until it is given back. */
static void *filled[4096];
static size_t filled_count;

static inline void
fill_heap(void)
{
	for (size_t size = 65536; size >= 16; size /= 2)
		while (filled_count < COUNT(filled) &&
		       (filled[filled_count] = OPENSSL_secure_malloc(size)) != NULL)
			filled_count++;
}

static inline void
empty_heap(void)
{
	while (filled_count > 0)
		OPENSSL_secure_free(filled[--filled_count]);
}

static inline const char *
method_of(const char *url)
{
	const char *method = strncmp(url, HOST, strlen(HOST)) == 0 ? url + strlen(HOST) : url;

	return strncmp(method, "csc/v", 5) == 0 ? method + strlen("csc/v1/") : method;
}

enum http_result
http_send(const struct service_config *of, const struct peer *parent_of,
	  const struct http_request *sent, struct http_answer *answer)
{
	const char *method = method_of(sent->url);
	const size_t used = strlen(calls);
	const struct answer *found;

	(void)of;
	(void)parent_of;
	snprintf(calls + used, sizeof(calls) - used, "\n%s\n", method);
	found = find_answer(answers, method, count_calls(method));
	if (fill_at && strcmp(method, fill_at) == 0)
		fill_heap();
	if (parent_hears && strcmp(method, parent_hears) == 0)
		parent = parent_then;
	if (!found)
		found = find_answer(ordinary, method, 1);
	if (!found)
		fail_msg("nobody knows %s", method);
	*answer = (struct http_answer){.error = "nothing came"};
	if (strcmp(method, "credentials/sendOTP") == 0 && count_calls(method) == sends_until_gone)
		return HTTP_GONE;
	if (found->status == 0)
		return HTTP_LOST;
	answer->status = found->status;
	answer->len = strlen(found->body);
	answer->body = malloc(answer->len + 1);
	assert_non_null(answer->body);
	memcpy(answer->body, found->body, answer->len + 1);
	return HTTP_ANSWERED;
}

void
http_answer_free(struct http_answer *answer)
{
	free(answer->body);
	answer->body = NULL;
}

enum outcome
http_outcome(enum http_result sent, bool harmless)
{
	if (sent == HTTP_GONE)
		return OUTCOME_GONE;
	assert_int_equal(sent, HTTP_LOST);
	return harmless ? OUTCOME_SILENT : OUTCOME_FATE_UNKNOWN;
}

static inline const struct reply *
next_reply(char error[PROMPT_ERROR_MAX])
{
	static const struct reply yes = {PROMPT_OK, "123456"};

	snprintf(error, PROMPT_ERROR_MAX, "nobody is there");
	if (!replies || asked == ANSWERS_MAX || (!replies[asked].typed && !replies[asked].result))
		return &yes;
	return same_reply ? replies : &replies[asked++];
}

enum prompt_result
prompt_confirm(const struct prompt_config *of, const struct peer *parent_of,
	       const struct prompt *prompt, char error[PROMPT_ERROR_MAX])
{
	(void)of;
	(void)parent_of;
	(void)prompt;
	return next_reply(error)->result;
}

enum prompt_result
prompt_message(const struct prompt_config *of, const struct peer *parent_of,
	       const struct prompt *prompt, char error[PROMPT_ERROR_MAX])
{
	return prompt_confirm(of, parent_of, prompt, error);
}

enum prompt_result
prompt_secret(const struct prompt_config *of, const struct peer *parent_of,
	      const struct prompt *prompt, char secret[PROMPT_SECRET_SIZE],
	      char error[PROMPT_ERROR_MAX])
{
	const struct reply *reply = next_reply(error);

	(void)of;
	(void)parent_of;
	(void)prompt;
	snprintf(secret, PROMPT_SECRET_SIZE, "%s", reply->typed ? reply->typed : "");
	return reply->result;
}

enum peer_state
peer_state(const struct peer *of)
{
	(void)of;
	return parent;
}

bool
peer_gone(const struct peer *of)
{
	return peer_state(of) == PEER_GONE;
}

bool
peer_receive(const struct peer *of, uint8_t *room, struct bytes *message)
{
	(void)of;
	(void)room;
	(void)message;
	return false;
}

bool
peer_send(const struct peer *of, struct bytes message)
{
	(void)of;
	(void)message;
	return true;
}

bool
peer_start(const struct peer *of)
{
	starts++;
	return !peer_gone(of);
}

bool
peer_progress(const struct peer *of, const struct bridge_progress *progress)
{
	(void)of;
	(void)progress;
	return words_left > 0 && words_left-- > 0;
}

enum outcome
csc_browser_wait(struct csc *csc, struct loopback *loopback, bool signs,
		 const struct loopback_answer **came)
{
	(void)csc;
	(void)loopback;
	(void)signs;
	*came = &browsed;
	return browser_outcome;
}

int
RAND_bytes(unsigned char *room, int len)
{
	return no_random ? 0 : RAND_bytes_ex(NULL, room, (size_t)len, 0);
}

const char *
csc_browser_page(void)
{
	return "";
}

static inline void
write_file(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
	assert_int_equal(chmod(path, 0600), 0);
}

static inline void
set(enum csc_option option, const char *value)
{
	snprintf(option_texts[option], sizeof(option_texts[option]), "%s", value);
	config.options[option] = value[0] ? option_texts[option] : NULL;
}

static inline int
as_ever(void **state)
{
	(void)state;
	config = (struct service_config){.name = service_name,
					 .endpoint = endpoint,
					 .credentials = credentials_path,
					 .code_lifetime_s = 60};
	snprintf(endpoint, sizeof(endpoint), "%scsc/v1", HOST);
	for (enum csc_option i = 0; i < CSC_OPTIONS; i++)
		set(i, csc_options[i].fallback ? csc_options[i].fallback : "");
	set(CSC_POLL_MS, "0");
	request = (struct bridge_request){
	    .operation = BRIDGE_SIGN,
	    .account = {(const uint8_t *)account_path, strlen(account_path)},
	    .credential = BYTES_TEXT("key"),
	    .card = BYTES_TEXT("card"),
	    .key = BYTES_TEXT("sign"),
	    .documents = {{BYTES_TEXT("a.pdf"), BYTES(digestinfo_empty)}},
	    .documents_count = 1,
	    .certificate = {leaf, leaf_len},
	    .pin = BYTES_TEXT("271828"),
	    .consent_given = true,
	};
	write_file(account_path, "[account]\nuser = maria\n");
	write_file(credentials_path, "[credentials]\nclient-id = me\nclient-secret = secret\n");
	csc_token_forget(&config, &(const struct service_account){.user = "maria"});
	answers = NULL;
	replies = NULL;
	same_reply = false;
	sends_until_gone = 0;
	fill_at = NULL;
	no_random = false;
	parent = PEER_WAITS;
	parent_hears = NULL;
	browsed = (struct loopback_answer){.code = "code"};
	browser_outcome = OUTCOME_OK;
	return 0;
}

static inline void
begin(void)
{
	memset(result, 0, sizeof(*result));
	calls[0] = '\0';
	asked = starts = 0;
	words_left = 1000;
}

static inline void
sign(void)
{
	begin();
	csc_maker.sign(&csc_use, result);
	empty_heap();
}

static inline void
assert_result(enum outcome outcome, const char *detail)
{
	if (result->outcome != outcome || (detail && !strstr(result->detail, detail)))
		fail_msg("outcome %d, not %d: %s; calls:%s", result->outcome, outcome,
			 result->detail, calls);
}

static inline void
run_trials(const struct trial *trials, size_t count)
{
	for (const struct trial *trial = trials; trial < trials + count; trial++) {
		snprintf(endpoint, sizeof(endpoint), "%scsc/%s", HOST,
			 trial->version ? trial->version : "v1");
		set(CSC_LOGIN, trial->login ? trial->login : "auto");
		set(CSC_DIALECT, trial->dialect ? trial->dialect : "");
		answers = trial->answers;
		replies = trial->replies;
		sign();
		if (result->outcome != trial->outcome)
			print_error("trial %zu\n", (size_t)(trial - trials));
		assert_result(trial->outcome, trial->detail);
		if (starts != trial->starts ||
		    count_calls("credentials/authorize") != trial->authorized ||
		    count_calls("signatures/signHash") != trial->signed_)
			fail_msg("trial %zu: %u starts; calls:%s", (size_t)(trial - trials), starts,
				 calls);
		assert_int_equal(result->outputs_count, trial->outcome == OUTCOME_OK ? 1 : 0);
	}
}

#define RUN(trials) run_trials(trials, COUNT(trials))
#define AUTHORIZE "credentials/authorize"
#define SIGN_HASH "signatures/signHash"
#define KEY "credentials/info"
#define TOKEN "oauth2/token"

static inline void
write_key(char text[TEXT_MAX], const char *mode, const char *multisign, const char *v1,
	  const char *v2)
{
	snprintf(text, TEXT_MAX,
		 "{\"key\":{\"status\":\"enabled\",\"algo\":[\"1.2.840.113549.1.1.11\"]},"
		 "\"cert\":{\"certificates\":[\"%s\"]},\"authMode\":\"%s\",\"multisign\":%s,%s"
		 "\"auth\":{\"mode\":\"%s\",\"objects\":[%s]}}",
		 leaf_text, mode, multisign, v1, mode, v2);
}

#define PIN_WANTED "\"PIN\":{\"presence\":\"true\",\"format\":\"N\"},"
#define CODE_WANTED "\"OTP\":{\"presence\":\"true\",\"type\":\"online\",\"format\":\"N\"},"

static inline int
begin_all(void **state)
{
	char text[TEXT_MAX / 2];
	uint8_t *end = leaf, signed_hash[512];
	size_t len = sizeof(signed_hash);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	(void)state;
	if (CRYPTO_secure_malloc_init(262144, 16) != 1)
		return -1;
	result = calloc(1, sizeof(*result));
	assert_non_null(result);
	issued = issue_self_signed(-1, 1, 2048);
	leaf_len = (size_t)i2d_X509(issued.certificate, &end);
	base64_encode((struct bytes){leaf, leaf_len}, BASE64_PLAIN, leaf_text);
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, issued.key), 1);
	assert_int_equal(EVP_DigestSign(context, signed_hash, &len, leaf, 0), 1);
	EVP_MD_CTX_free(context);
	base64_encode((struct bytes){signed_hash, len}, BASE64_PLAIN, text);
	snprintf(signed_text, sizeof(signed_text), "{\"signatures\":[\"%s\"]}", text);
	write_key(key_of_pin, "explicit", "1", PIN_WANTED, "{\"type\":\"Password\",\"id\":\"P\"}");
	write_key(key_of_many, "explicit", "2", PIN_WANTED, "{\"type\":\"Password\",\"id\":\"P\"}");
	write_key(key_of_code, "explicit", "1", PIN_WANTED CODE_WANTED, "");
	write_key(key_of_one_code, "explicit", "1", CODE_WANTED, "");
	write_key(key_of_app, "explicit", "1", "",
		  "{\"type\":\"ChallengeResponseOOB\",\"id\":\"A\"}");
	write_key(key_of_owner, "implicit", "1", "", "");
	write_key(key_of_page, "oauth2code", "1", "", "");
	assert_non_null(mkdtemp(directory));
	snprintf(account_path, sizeof(account_path), "%s/account", directory);
	snprintf(credentials_path, sizeof(credentials_path), "%s/credentials", directory);
	setenv("XDG_DATA_HOME", directory, 1);
	return 0;
}

static inline int
end_all(void **state)
{
	(void)state;
	issue_free(&issued);
	free(result);
	return nftw(directory, service_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

#define TEST(name) cmocka_unit_test_setup(name, as_ever)

#endif
