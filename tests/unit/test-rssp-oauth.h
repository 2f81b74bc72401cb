/*
 * A browser and a client of OAuth for the tests of csc-simulator.
 */
#ifndef VICAR_TESTS_UNIT_TEST_RSSP_OAUTH_H
#define VICAR_TESTS_UNIT_TEST_RSSP_OAUTH_H

#include "test-rssp.h"

#define BACK "http://127.0.0.1:8765/back"
#define START "/csc/v1/oauth2/authorize?response_type=code&client_id=simulated-client"
#define START_V2 "/csc/v2/oauth2/authorize?response_type=code&client_id=simulated-client"
/* RFC 7636 appendix B */
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE \
	"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
#define CREDENTIAL_SCOPE "&scope=credential&credentialID=sign&numSignatures=1&hash=" HASH_URL
#define AGREES "browser = agrees"

static inline void
browse(struct service *service, const char *path)
{
	ask(service, "GET", path, NULL, NULL, NULL);
}

/* A value of the query that the newest redirect has; "" when it has none. */
static inline const char *
sent_back(const struct service *service, const char *name, char value[128])
{
	const char *query = strchr(header(service, "Location"), '?');
	struct sim_form form;

	value[0] = '\0';
	if (query == NULL)
		return value;
	query++;
	assert_true(sim_form_parse((struct bytes){(const uint8_t *)query, strlen(query)}, &form));
	if (sim_form_value(&form, name) != NULL)
		(void)snprintf(value, 128, "%s", sim_form_value(&form, name));
	sim_form_free(&form);
	return value;
}

static inline void
assert_sent_back(const struct service *service, const char *name, const char *expected)
{
	char value[128];

	assert_status(service, 302);
	assert_string_equal(sent_back(service, name, value), expected);
}

/* A form of the client; `fields` follow its id and secret. */
static inline void __attribute__((format(printf, 3, 4)))
post_form(struct service *service, const char *path, const char *format, ...)
{
	va_list arguments;
	char *fields = NULL, *body = NULL;

	va_start(arguments, format);
	assert_true(vasprintf(&fields, format, arguments) >= 0);
	va_end(arguments);
	assert_true(asprintf(&body, "client_id=simulated-client&client_secret=%s%s",
			     service->rssp.client.secret, fields) > 0);
	ask(service, "POST", path, NULL, FORM, body);
	free(fields);
	free(body);
}

#define TOKEN "/csc/v1/oauth2/token"

/* A code for these parameters. */
static inline void
get_code(struct service *service, const char *path, char code[128])
{
	browse(service, path);
	assert_status(service, 302);
	assert_string_not_equal(sent_back(service, "code", code), "");
}

#endif
