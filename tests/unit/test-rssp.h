/*
 * A service of csc-simulator in a directory of its own, and a client's half of the conversation
 * without HTTPS.
 */
#ifndef VICAR_TESTS_UNIT_TEST_RSSP_H
#define VICAR_TESTS_UNIT_TEST_RSSP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/csc-simulator/rssp.h"
#include "tools/simulator/base64.h"

#include <ftw.h>
#include <unistd.h>

#define USERS "[user maria]\npassword = segredo\n[user rui]\npassword = outra\n"
#define CREDENTIAL "[credential sign]\nuser = maria\nkey = p256\npin = 1234\notp = online\n"
#define OTHER_CREDENTIAL "[credential other]\nuser = rui\nkey = p256\n"
#define ACCOUNTS USERS CREDENTIAL OTHER_CREDENTIAL
#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"
#define MARIA "Basic bWFyaWE6c2VncmVkbw==" /* maria:segredo */
/* SHA-256 of the empty string (csc.md 7) and of "abc" */
#define HASH "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define HASH_URL "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
#define HASH_ABC "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
#define ECDSA_SHA256 "1.2.840.10045.4.3.2"
#define SHA256_OID "2.16.840.1.101.3.4.2.1"

struct service {
	char directory[64];
	struct rssp rssp;
	struct sim_answer answer; /* the newest */
	json_t *reply;            /* its body; NULL when it is not JSON */
	char token[64];           /* Maria's */
};

static inline void
set_accounts(struct service *service, const char *text)
{
	struct problem error;

	assert_true(sim_directory_write(&service->rssp.directory, "accounts.conf", 0600,
					(struct bytes){(const uint8_t *)text, strlen(text)},
					&error));
}

/* The usual accounts; `keys` are further lines of the first credential, `server` of [server]. */
static inline void
set_keys(struct service *service, const char *keys, const char *server)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "%s%s%s\n%s[server]\n%s\n", USERS, CREDENTIAL, keys,
		       OTHER_CREDENTIAL, server);
	set_accounts(service, text);
}

/* A request as the server would hand it on; what is NULL is not there. */
static inline void
ask(struct service *service, const char *method, const char *path, const char *authorization,
    const char *type, const char *body)
{
	struct sim_http_request request = {
	    .origin = "https://127.0.0.1:1",
	    .method = method,
	    .authorization = authorization,
	    .content_type = type,
	};
	char plain_path[256];

	(void)snprintf(plain_path, sizeof(plain_path), "%.*s", (int)strcspn(path, "?"), path);
	request.path = plain_path;
	if (strchr(path, '?') != NULL)
		path = strchr(path, '?') + 1;
	else
		path = "";
	assert_true(
	    sim_form_parse((struct bytes){(const uint8_t *)path, strlen(path)}, &request.query));
	if (body != NULL)
		request.body = (struct bytes){(const uint8_t *)body, strlen(body)};
	sim_answer_clear(&service->answer);
	json_decref(service->reply);
	if (!rssp_refuses(&service->rssp, &request, &service->answer))
		rssp_serve(&service->rssp, &request, &service->answer);
	service->reply =
	    service->answer.body != NULL ? json_loads(service->answer.body, 0, NULL) : NULL;
	sim_form_free(&request.query);
}

/* A method with Maria's token; `method` is such as "v1/credentials/list". */
static inline void
post(struct service *service, const char *method, const char *body)
{
	char path[128], authorization[128];

	(void)snprintf(path, sizeof(path), "/csc/%s", method);
	(void)snprintf(authorization, sizeof(authorization), "Bearer %s", service->token);
	ask(service, "POST", path, service->token[0] != '\0' ? authorization : NULL, JSON, body);
}

/* The same with a body that is put together. */
static inline void __attribute__((format(printf, 3, 4)))
post_with(struct service *service, const char *method, const char *format, ...)
{
	va_list arguments;
	char *body = NULL;

	va_start(arguments, format);
	assert_true(vasprintf(&body, format, arguments) > 0);
	va_end(arguments);
	post(service, method, body);
	free(body);
}

/* A member of the newest reply that is a text; "" when it is none. */
static inline const char *
text(const struct service *service, const char *name)
{
	const char *value = json_string_value(json_object_get(service->reply, name));

	return value != NULL ? value : "";
}

static inline void
assert_status(const struct service *service, unsigned status)
{
	if (service->answer.http_status != status)
		fail_msg("%u in place of %u: %s", service->answer.http_status, status,
			 service->answer.body != NULL ? service->answer.body : "");
}

static inline void
assert_refused(const struct service *service, unsigned status, const char *error,
	       const char *description)
{
	assert_status(service, status);
	assert_string_equal(text(service, "error"), error);
	assert_string_equal(text(service, "error_description"), description);
}

/* 400 invalid_request */
static inline void
assert_invalid(const struct service *service, const char *description)
{
	assert_refused(service, 400, "invalid_request", description);
}

static inline const char *
header(const struct service *service, const char *name)
{
	for (size_t i = 0; i < service->answer.headers_count; i++)
		if (strcmp(service->answer.headers[i].name, name) == 0)
			return service->answer.headers[i].value;
	return "";
}

static inline void
log_in(struct service *service)
{
	ask(service, "POST", "/csc/v1/auth/login", MARIA, JSON, "{}");
	assert_status(service, 200);
	(void)snprintf(service->token, sizeof(service->token), "%s", text(service, "access_token"));
}

/* The last column of the newest message. */
static inline void
read_code(struct service *service, char code[SIM_CODE_MAX])
{
	struct problem error;
	char *data = NULL;
	size_t len = 0;

	assert_true(sim_directory_read(&service->rssp.directory, "messages", &data, &len, &error));
	assert_true(len > SIM_CODE_MAX);
	(void)snprintf(code, SIM_CODE_MAX, "%s", data + len - SIM_CODE_MAX);
	OPENSSL_clear_free(data, len + 1);
}

static inline void
send_code(struct service *service, char code[SIM_CODE_MAX])
{
	post(service, "v1/credentials/sendOTP", "{\"credentialID\":\"sign\"}");
	assert_status(service, 204);
	read_code(service, code);
}

/* credentials/authorize of v1 with this PIN and the code, for HASH. */
static inline void
authorize(struct service *service, const char *pin, const char *code)
{
	post_with(service, "v1/credentials/authorize",
		  "{\"credentialID\":\"sign\",\"numSignatures\":1,\"hash\":[\"" HASH "\"],"
		  "\"PIN\":\"%s\",\"OTP\":\"%s\"}",
		  pin, code);
}

/* A SAD for so many of these hashes ("\"...\",\"...\""). */
static inline void
get_sad(struct service *service, unsigned signatures, const char *hashes, char sad[64])
{
	char code[SIM_CODE_MAX];

	send_code(service, code);
	post_with(service, "v1/credentials/authorize",
		  "{\"credentialID\":\"sign\",\"numSignatures\":%u,\"hash\":[%s],"
		  "\"PIN\":\"1234\",\"OTP\":\"%s\"}",
		  signatures, hashes, code);
	assert_status(service, 200);
	(void)snprintf(sad, 64, "%s", text(service, "SAD"));
}

static inline int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int
service_set_up(void **state)
{
	struct service *service = test_calloc(1, sizeof(*service));
	struct sim_directory directory;
	struct problem error = {""};

	(void)snprintf(service->directory, sizeof(service->directory), "/tmp/vicar-csc-XXXXXX");
	assert_non_null(mkdtemp(service->directory));
	assert_true(sim_directory_open(&directory, service->directory, &error));
	assert_true(
	    sim_directory_write(&directory, "accounts.conf", 0600, BYTES_TEXT(ACCOUNTS), &error));
	sim_directory_close(&directory);
	if (!rssp_open(&service->rssp, service->directory, NULL, &error))
		fail_msg("%s", error.text);
	*state = service;
	return 0;
}

static inline int
service_tear_down(void **state)
{
	struct service *service = *state;

	/* The set-up has failed. */
	if (!service)
		return 0;
	sim_answer_clear(&service->answer);
	json_decref(service->reply);
	rssp_close(&service->rssp);
	(void)nftw(service->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	test_free(service);
	return 0;
}

/* Before each test: the usual accounts, nothing given out, no wrong PINs, Maria logged in. */
static inline int
start_afresh(void **state)
{
	struct service *service = *state;

	set_accounts(service, ACCOUNTS);
	rssp_grants_clear(&service->rssp.grants);
	memset(service->rssp.factors, 0, sizeof(service->rssp.factors));
	service->rssp.factors_count = 0;
	log_in(service);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup(function, start_afresh)

#endif
