/* RFC 8414 metadata behind oauth2Issuer (csc.md 1). */
#include "oauth.h"

#include <string.h>

#define WELL_KNOWN "/.well-known/oauth-authorization-server"

static void
put_url(json_t *object, const char *name, const char *issuer, const char *path)
{
	char url[2 * RSSP_URL_MAX];

	(void)snprintf(url, sizeof(url), "%s%s", issuer, path);
	(void)json_object_set_new(object, name, json_string(url));
}

bool
rssp_metadata(const struct rssp_call *call)
{
	char issuer[RSSP_URL_MAX];
	json_t *object;

	if (!rssp_speaks(call, RSSP_ISSUER) || strcmp(call->http->method, "GET") != 0 ||
	    strcmp(call->http->path, WELL_KNOWN "/csc/v2") != 0)
		return false;
	(void)snprintf(issuer, sizeof(issuer), "%s/csc/v2", call->http->origin);
	object = json_pack("{s:s, s:[s], s:[s,s], s:[s,s,s]}", "issuer", issuer,
			   "response_types_supported", "code", "code_challenge_methods_supported",
			   "S256", "plain", "grant_types_supported", "authorization_code",
			   "client_credentials", "refresh_token");
	put_url(object, "authorization_endpoint", issuer, "/oauth2/authorize");
	put_url(object, "token_endpoint", issuer, "/oauth2/token");
	put_url(object, "revocation_endpoint", issuer, "/oauth2/revoke");
	put_url(object, "pushed_authorization_request_endpoint", issuer,
		"/oauth2/pushed_authorize");
	call->answer->http_status = 200;
	call->answer->content_type = "application/json";
	call->answer->body = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return true;
}
