/*
 * Where a service's OAuth endpoints are (csc.md 3): below `oauth2` of info, which some services give as
 * the whole address of oauth2/authorize; or where the metadata of `oauth2Issuer` says (RFC 8414).
 */
#include "cscoauth.h"
#include "member.h"

#include <stdio.h>
#include <string.h>

#define AUTHORIZE "/authorize"
#define PUSHED "oauth2/pushed_authorize"

/* Everything before the last part, without the slash. */
static bool
put_siblings(const char *base, size_t len, struct oauth_endpoints *endpoints)
{
	const struct {
		char *url;
		const char *name;
	} all[] = {
	    {endpoints->authorize, "authorize"},
	    {endpoints->token, "token"},
	    {endpoints->push, "pushed_authorize"},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (snprintf(all[i].url, OAUTH_URL_MAX, "%.*s/%s", (int)len, base, all[i].name) >=
		    OAUTH_URL_MAX)
			return false;
	return true;
}

static bool
ends_with(const char *text, size_t len, const char *end)
{
	return len >= strlen(end) && memcmp(text + len - strlen(end), end, strlen(end)) == 0;
}

static enum outcome
by_base(struct csc *csc, const char *base, struct oauth_endpoints *endpoints)
{
	char below[OAUTH_URL_MAX];
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	if (ends_with(base, len, AUTHORIZE))
		len -= strlen(AUTHORIZE);
	else if (snprintf(below, sizeof(below), "%.*s/oauth2", (int)len, base) < OAUTH_URL_MAX)
		len = strlen(base = below);
	if (!put_siblings(base, len, endpoints))
		return csc_explain(csc, OUTCOME_BAD_ANSWER, "oauth2 of info is too long");
	if (!csc_offers(csc, PUSHED))
		endpoints->push[0] = '\0';
	return OUTCOME_OK;
}

static void
take(const json_t *metadata, const char *name, char url[OAUTH_URL_MAX])
{
	const char *given = member_text(metadata, name);

	if (given && strlen(given) < OAUTH_URL_MAX)
		memcpy(url, given, strlen(given) + 1);
}

/* RFC 8414 section 3.1: the well-known part comes between host and path. */
static bool
metadata_url(const char *issuer, char url[OAUTH_URL_MAX])
{
	const char *host = strstr(issuer, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;
	const size_t len = path ? (size_t)(path - issuer) : strlen(issuer);

	if (path && path[1] == '\0')
		path = NULL;
	return host && snprintf(url, OAUTH_URL_MAX, "%.*s/.well-known/oauth-authorization-server%s",
				(int)len, issuer, path ? path : "") < OAUTH_URL_MAX;
}

static enum outcome
by_issuer(struct csc *csc, const char *issuer, struct oauth_endpoints *endpoints)
{
	static const char *const headers[] = {"Accept: application/json", NULL};
	struct csc_answer answer = {.body = NULL};
	char url[OAUTH_URL_MAX];
	const struct http_request request = {.method = HTTP_GET, .url = url, .headers = headers};
	enum outcome outcome;

	if (!metadata_url(issuer, url))
		return csc_explain(csc, OUTCOME_BAD_ANSWER, "oauth2Issuer of info is no URL");
	outcome = csc_post(csc, &request, CSC_FREE, &answer);
	if (outcome == OUTCOME_OK) {
		take(answer.body, "authorization_endpoint", endpoints->authorize);
		take(answer.body, "token_endpoint", endpoints->token);
		take(answer.body, "pushed_authorization_request_endpoint", endpoints->push);
		if (!endpoints->authorize[0] || !endpoints->token[0])
			outcome = csc_explain(csc, OUTCOME_BAD_ANSWER,
					      "oauth2Issuer does not tell its endpoints");
	}
	json_decref(answer.body);
	return outcome;
}

enum outcome
oauth_find(struct csc *csc, struct oauth_endpoints *endpoints)
{
	const char *base = member_text(csc->info, "oauth2");
	const char *issuer = member_text(csc->info, "oauth2Issuer");

	*endpoints = (struct oauth_endpoints){.token = ""};
	if (base)
		return by_base(csc, base, endpoints);
	if (issuer)
		return by_issuer(csc, issuer, endpoints);
	return csc_explain(csc, OUTCOME_BAD_ANSWER, "info has no oauth2");
}
