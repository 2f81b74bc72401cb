/* What a client asks of oauth2/authorize, and of pushed_authorize (csc.md 3.1 and 3.4). */
#include "hashes.h"
#include "oauth.h"

#include <string.h>

#include <curl/curl.h>

#define QUALIFIER "eu_eidas_qes"

/* RFC 8252 section 7.3: http to this machine, with any port. */
static bool
is_loopback(const char *uri)
{
	static const char *const hosts[] = {"127.0.0.1", "[::1]", "localhost"};
	CURLU *url = curl_url();
	char *scheme = NULL, *host = NULL;
	bool found = false;

	if (url != NULL && curl_url_set(url, CURLUPART_URL, uri, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK && strcmp(scheme, "http") == 0)
		for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
			found = found || strcmp(host, hosts[i]) == 0;
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(url);
	return found && strchr(uri, '#') == NULL;
}

bool
rssp_need_redirect(struct rssp_call *call, struct rssp_authorization *wanted)
{
	const char *registered = rssp_server_of(call)->redirect_uri;
	const char *id = rssp_parameter(call, "client_id");
	const char *uri = rssp_parameter(call, "redirect_uri");

	*wanted = (struct rssp_authorization){0};
	if (id == NULL)
		return rssp_invalid(call, "Missing parameter client_id");
	if (strcmp(id, call->rssp->client.id) != 0)
		return rssp_invalid(call, "Invalid parameter client_id");
	if (uri == NULL)
		uri = registered;
	if (*uri == '\0')
		return rssp_invalid(call, "Missing parameter redirect_uri");
	if (strlen(uri) >= sizeof(wanted->redirect_uri) ||
	    (strcmp(uri, registered) != 0 && !is_loopback(uri)))
		return rssp_invalid(call, "Invalid parameter redirect_uri");
	memcpy(wanted->redirect_uri, uri, strlen(uri) + 1);
	wanted->state = rssp_parameter(call, "state");
	return true;
}

/* The service chooses: the first credential that oauth2/authorize is for. */
static bool
choose_credential(struct rssp_call *call, const char *qualifier, struct rssp_authorization *wanted)
{
	const struct rssp_accounts *accounts = &call->rssp->accounts;

	if (strcmp(qualifier, QUALIFIER) != 0)
		return rssp_invalid(call, "Invalid parameter signatureQualifier");
	for (size_t i = 0; i < accounts->credentials_count && call->credential == NULL; i++)
		if (accounts->credentials[i].mode == RSSP_BY_OAUTH2_CODE)
			call->credential = &accounts->credentials[i];
	wanted->chosen = true;
	return call->credential != NULL ||
	       rssp_invalid(call, "Invalid parameter signatureQualifier");
}

static bool
need_credential(struct rssp_call *call, const char *id, const char *qualifier,
		struct rssp_authorization *wanted)
{
	wanted->of_credential = true;
	if (id == NULL && qualifier != NULL && call->version == RSSP_V2)
		return choose_credential(call, qualifier, wanted);
	if (id == NULL)
		return rssp_invalid(call,
				    "Missing (or invalid type) string parameter credentialID");
	call->credential = rssp_accounts_credential(&call->rssp->accounts, id);
	if (call->credential == NULL || call->credential->mode != RSSP_BY_OAUTH2_CODE)
		return rssp_invalid(call, "Invalid parameter credentialID");
	return !call->credential->disabled ||
	       rssp_invalid(call, "The credential identified by credentialID is disabled");
}

static bool
check_hashes(struct rssp_call *call, const char *oid, struct rssp_authorization *wanted)
{
	if (call->credential->scal == 2 && wanted->hashes.count == 0)
		return rssp_invalid(call, "Missing (or invalid type) string parameter %s",
				    rssp_hashes_name(call));
	if (wanted->hashes.count > wanted->signatures)
		return rssp_invalid(call, "Invalid value for parameter numSignatures");
	if (call->version == RSSP_V2 && wanted->hashes.count > 0 &&
	    (oid == NULL || rssp_digest_of_oid(oid) == NULL))
		return rssp_invalid(call, "Invalid parameter hashAlgorithmOID");
	if (call->credential->scal == 1)
		wanted->hashes.count = 0;
	return true;
}

/* authorization_details of v2: a JSON text, the entry of type credential (csc.md 3.4). */
static bool
take_details(struct rssp_call *call, const char *text, struct rssp_authorization *wanted)
{
	json_t *list = json_loads(text, 0, NULL), *entry = json_array_get(list, 0);
	const json_t *digests = json_object_get(entry, "documentDigests"), *digest;
	const char *type = json_string_value(json_object_get(entry, "type"));
	bool ok = false;
	size_t i;

	if (type == NULL || strcmp(type, "credential") != 0) {
		(void)rssp_invalid(call, "Invalid parameter authorization_details");
		goto out;
	}
	if (!need_credential(call, json_string_value(json_object_get(entry, "credentialID")),
			     json_string_value(json_object_get(entry, "signatureQualifier")),
			     wanted))
		goto out;
	json_array_foreach(digests, i, digest)
	{
		const char *hash = json_string_value(json_object_get(digest, "hash"));

		if (hash == NULL || !rssp_add_hash(call, hash, &wanted->hashes)) {
			(void)rssp_invalid(call, "Invalid parameter authorization_details");
			goto out;
		}
	}
	wanted->signatures = (unsigned)wanted->hashes.count;
	if (wanted->signatures == 0 || wanted->signatures > call->credential->multisign) {
		(void)rssp_invalid(call, "Numbers of signatures is too high");
		goto out;
	}
	ok = check_hashes(call, json_string_value(json_object_get(entry, "hashAlgorithmOID")),
			  wanted);
out:
	json_decref(list);
	return ok;
}

static bool
need_scope(struct rssp_call *call, struct rssp_authorization *wanted)
{
	const char *scope = rssp_parameter(call, "scope");
	const char *details = rssp_parameter(call, "authorization_details");

	if (details != NULL && call->version == RSSP_V2)
		return take_details(call, details, wanted);
	if (scope == NULL || strcmp(scope, "service") == 0)
		return (rssp_server_of(call)->auth & RSSP_OAUTH2_CODE) != 0 ||
		       rssp_refuse(call, 400, "unauthorized_client",
				   "The authorization code is not offered");
	if (strcmp(scope, "credential") != 0)
		return rssp_refuse(call, 400, "invalid_scope", "Invalid parameter scope");
	return need_credential(call, rssp_parameter(call, "credentialID"),
			       rssp_parameter(call, "signatureQualifier"), wanted) &&
	       rssp_need_signatures(call, &wanted->signatures) &&
	       rssp_need_query_hashes(call, rssp_parameter(call, rssp_hashes_name(call)),
				      &wanted->hashes) &&
	       check_hashes(call, rssp_parameter(call, "hashAlgorithmOID"), wanted);
}

/* RFC 7636; v2 needs it. */
static bool
take_challenge(struct rssp_call *call, struct rssp_authorization *wanted)
{
	const char *method = rssp_parameter(call, "code_challenge_method");

	wanted->challenge = rssp_parameter(call, "code_challenge");
	wanted->challenge_method = method != NULL ? method : "plain";
	if (wanted->challenge == NULL)
		return call->version == RSSP_V1 ||
		       rssp_invalid(call, "Missing parameter code_challenge");
	if (strcmp(wanted->challenge_method, "plain") != 0 &&
	    strcmp(wanted->challenge_method, "S256") != 0)
		return rssp_invalid(call, "Invalid parameter code_challenge_method");
	return true;
}

bool
rssp_need_authorization(struct rssp_call *call, struct rssp_authorization *wanted)
{
	const char *type = rssp_parameter(call, "response_type");

	if (type == NULL)
		return rssp_invalid(call, "Missing parameter response_type");
	if (strcmp(type, "code") != 0)
		return rssp_refuse(call, 400, "unsupported_response_type",
				   "Invalid parameter response_type");
	return take_challenge(call, wanted) && rssp_take_account(call, &wanted->user) &&
	       need_scope(call, wanted);
}
