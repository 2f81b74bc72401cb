/* oauth2/token and oauth2/revoke (csc.md 3.3 and 3.5). */
#include "oauth.h"
#include "token.h"

#include "tools/simulator/base64.h"
#include "tools/simulator/basic.h"

#include <string.h>

#include <openssl/sha.h>

enum { CHALLENGE_MAX = 64 };

static bool
bad_grant(struct rssp_call *call, const char *description)
{
	return rssp_refuse(call, 400, "invalid_grant", "%s", description);
}

/* RFC 7636 section 4.2: base64url without padding of the verifier's SHA-256. */
static void
s256(const char *verifier, char challenge[CHALLENGE_MAX])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	(void)SHA256((const unsigned char *)verifier, strlen(verifier), digest);
	sim_base64_encode(BYTES(digest), challenge);
	for (char *at = challenge; *at != '\0'; at++) {
		if (*at == '+')
			*at = '-';
		else if (*at == '/')
			*at = '_';
		else if (*at == '=')
			*at = '\0';
	}
}

static bool
verifier_is_right(const struct rssp_call *call, const json_t *data)
{
	const char *challenge = json_string_value(json_object_get(data, "challenge"));
	const char *method = json_string_value(json_object_get(data, "method"));
	const char *verifier = rssp_parameter(call, "code_verifier");
	char hashed[CHALLENGE_MAX];

	if (challenge == NULL)
		return verifier == NULL;
	if (verifier == NULL || method == NULL)
		return false;
	if (strcmp(method, "plain") == 0)
		return sim_texts_are_equal(verifier, challenge);
	s256(verifier, hashed);
	return sim_texts_are_equal(hashed, challenge);
}

static bool
redirect_is_the_same(const struct rssp_call *call, const json_t *data)
{
	const char *before = json_string_value(json_object_get(data, "redirect_uri"));
	const char *now = rssp_parameter(call, "redirect_uri");

	return before == NULL ? now == NULL : now != NULL && strcmp(before, now) == 0;
}

/* The token of credential scope is a SAD: as access_token, with the token_type of the version. */
static bool
give_credential_token(struct rssp_call *call, const struct rssp_grant *code)
{
	bool bearer = call->version == RSSP_V2 || rssp_speaks(call, RSSP_BEARER_SAD);
	json_t *sad, *lifetime;

	call->credential = rssp_accounts_credential(&call->rssp->accounts, code->credential);
	if (call->credential == NULL)
		return bad_grant(call, "Invalid parameter code");
	if (!rssp_give_sad(call, code->signatures, &code->hashes))
		return false;
	sad = json_incref(json_object_get(call->out, "SAD"));
	lifetime = json_incref(json_object_get(call->out, "expiresIn"));
	(void)json_object_clear(call->out);
	rssp_put(call, "access_token", sad);
	rssp_put_text(call, "token_type", bearer ? "Bearer" : "SAD");
	rssp_put(call, "expires_in", lifetime);
	if (json_is_true(json_object_get(code->data, "chosen")))
		rssp_put_text(call, "credentialID", code->credential);
	return true;
}

static bool
check_code(struct rssp_call *call, const struct rssp_grant *code)
{
	if (rssp_now_ms(call->rssp) >= code->until_ms)
		return bad_grant(call, "Authorization code is invalid or expired");
	if (!redirect_is_the_same(call, code->data))
		return bad_grant(call, "redirect_uri parameter does not match redirect_uri "
				       "parameter of authorization request");
	return verifier_is_right(call, code->data) ||
	       bad_grant(call, "Invalid parameter code_verifier");
}

static bool
by_code(struct rssp_call *call)
{
	const char *text = rssp_parameter(call, "code");
	struct rssp_grant *code = rssp_grants_find(&call->rssp->grants, RSSP_CODE, text);
	bool ok;

	if (text == NULL)
		return rssp_invalid(call, "Missing parameter code");
	if (code == NULL)
		return bad_grant(call, "Invalid parameter code");
	/* Whatever comes of it, a code is good for one request. */
	rssp_grants_take(&call->rssp->grants, code);
	ok = check_code(call, code);
	if (ok) {
		const struct rssp_user *user =
		    rssp_accounts_user(&call->rssp->accounts, code->user);

		call->user = user != NULL ? user->name : NULL;
		if (code->credential[0] != '\0') {
			ok = give_credential_token(call, code);
		} else {
			ok = rssp_give_tokens(call, code->user);
			rssp_put_text(call, "token_type", "Bearer");
		}
	}
	rssp_grant_free(code);
	return ok;
}

static bool
by_client(struct rssp_call *call)
{
	const char *scope = rssp_parameter(call, "scope");

	if ((rssp_server_of(call)->auth & RSSP_OAUTH2_CLIENT) == 0)
		return rssp_refuse(call, 400, "unauthorized_client",
				   "client_credentials is not offered");
	if (scope != NULL && strcmp(scope, "service") != 0)
		return rssp_refuse(call, 400, "invalid_scope", "Invalid parameter scope");
	rssp_put_text(call, "token_type", "Bearer");
	return rssp_give_token(call, "", NULL);
}

static bool
by_refresh(struct rssp_call *call)
{
	const char *text = rssp_parameter(call, "refresh_token");
	const struct rssp_grant *refresh =
	    rssp_grants_find(&call->rssp->grants, RSSP_REFRESH_TOKEN, text);
	const struct rssp_user *user;

	if (text == NULL)
		return rssp_invalid(call, "Missing parameter refresh_token");
	if (refresh == NULL)
		return bad_grant(call, "Invalid parameter refresh_token");
	if (rssp_now_ms(call->rssp) >= refresh->until_ms)
		return bad_grant(call, "Refresh token expired");
	user = rssp_accounts_user(&call->rssp->accounts, refresh->user);
	if (user == NULL)
		return bad_grant(call, "Invalid parameter refresh_token");
	call->user = user->name;
	rssp_put_text(call, "token_type", "Bearer");
	return rssp_give_token(call, user->name, refresh);
}

/* Dialect: RFC 6749 section 4.3 (csc.md part B, SSL.com). */
static bool
by_password(struct rssp_call *call)
{
	const struct rssp_user *user = rssp_user_with_password(
	    call, rssp_parameter(call, "username"), rssp_parameter(call, "password"));

	if (user == NULL)
		return bad_grant(call, "Invalid parameter password");
	call->user = user->name;
	rssp_put_text(call, "token_type", "Bearer");
	return rssp_give_tokens(call, user->name);
}

bool
rssp_run_oauth_token(struct rssp_call *call)
{
	const char *type = rssp_parameter(call, "grant_type");

	if (!rssp_need_client(call))
		return false;
	if (type == NULL)
		return rssp_invalid(call, "Missing parameter grant_type");
	if (strcmp(type, "authorization_code") == 0)
		return by_code(call);
	if (strcmp(type, "client_credentials") == 0)
		return by_client(call);
	if (strcmp(type, "refresh_token") == 0)
		return by_refresh(call);
	if (strcmp(type, "password") == 0 && rssp_speaks(call, RSSP_PASSWORD_GRANT))
		return by_password(call);
	return rssp_invalid(call, "Invalid parameter grant_type");
}

bool
rssp_run_oauth_revoke(struct rssp_call *call)
{
	return rssp_need_client(call) && rssp_run_revoke(call);
}
