/* info, auth/login and auth/revoke: the service, and who is calling. */
#include "token.h"

#include "tools/simulator/basic.h"

#include <string.h>

#include <openssl/crypto.h>

#define LOGO "https://www.example.org/logo.png"

static json_t *
auth_types(unsigned auth)
{
	static const struct {
		enum rssp_auth bit;
		const char *name;
	} types[] = {{RSSP_EXTERNAL, "external"},
		     {RSSP_BASIC, "basic"},
		     {RSSP_OAUTH2_CODE, "oauth2code"},
		     {RSSP_OAUTH2_CLIENT, "oauth2client"}};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((auth & types[i].bit) != 0)
			(void)json_array_append_new(list, json_string(types[i].name));
	return list;
}

static bool
offers_oauth(const struct rssp_server *server)
{
	return (server->auth & (RSSP_OAUTH2_CODE | RSSP_OAUTH2_CLIENT)) != 0;
}

static json_t *
methods(const struct rssp_call *call)
{
	const struct rssp_server *server = rssp_server_of(call);
	json_t *list = json_array();

	for (size_t i = 0; i < RSSP_METHODS; i++) {
		const struct rssp_method_form *form = &rssp_methods[i];

		if ((form->versions & call->version) != 0 && (server->without & 1u << i) == 0 &&
		    (i != RSSP_LOGIN || (server->auth & RSSP_BASIC) != 0) &&
		    (!form->is_oauth || offers_oauth(server)))
			(void)json_array_append_new(list, json_string(form->name));
	}
	return list;
}

/* Without the last slash: `/oauth2/authorize` is appended by clients (csc.md 1). */
static void
put_oauth(struct rssp_call *call)
{
	char url[RSSP_URL_MAX];
	size_t base = strlen(call->base) - 1;

	if (!offers_oauth(rssp_server_of(call)))
		return;
	(void)snprintf(url, sizeof(url), "%s%.*s%s", call->http->origin, (int)base, call->base,
		       rssp_speaks(call, RSSP_OAUTH2_URL) ? "/oauth2/authorize" : "");
	rssp_put_text(call,
		      call->version == RSSP_V2 && rssp_speaks(call, RSSP_ISSUER) ? "oauth2Issuer"
										 : "oauth2",
		      url);
}

static void
put_v2(struct rssp_call *call)
{
	json_t *algos = json_array();

	for (size_t i = 0; i < RSSP_ALGORITHMS; i++)
		(void)json_array_append_new(algos, json_string(rssp_algorithms[i].oid));
	rssp_put(call, "asynchronousOperationMode", json_true());
	rssp_put(call, "signAlgorithms", json_pack("{s:o}", "algos", algos));
	rssp_put(call, "signature_formats", json_pack("{s:[]}", "formats"));
	rssp_put(call, "conformance_levels", json_array());
}

bool
rssp_run_info(struct rssp_call *call)
{
	const struct rssp_server *server = rssp_server_of(call);
	const char *specs = call->version == RSSP_V1 ? "1.0.3.0" : "2.0.0.0", *lang;

	if (!rssp_take_text(call, "lang", &lang))
		return false;
	rssp_put_text(call, "specs", server->specs[0] != '\0' ? server->specs : specs);
	rssp_put_text(call, "name", "csc-simulator");
	rssp_put_text(call, "logo", LOGO);
	rssp_put_text(call, "region", "PT");
	rssp_put_text(call, "lang", "en-US");
	rssp_put_text(call, "description", "A simulated remote signing service, for tests only");
	rssp_put(call, "authType", auth_types(server->auth));
	put_oauth(call);
	rssp_put(call, "methods", methods(call));
	if (call->version == RSSP_V2)
		put_v2(call);
	return true;
}

static bool
login_failed(struct rssp_call *call)
{
	return rssp_refuse(call, 400, "authentication_error",
			   "An error occurred during authentication process");
}

/* The user of the Authorization header. */
static const struct rssp_user *
user_of_header(struct rssp_call *call)
{
	const struct rssp_user *user = NULL;
	struct sim_basic basic;

	switch (sim_basic_parse(call->http->authorization, &basic)) {
	case SIM_BASIC_PARSED:
		user = rssp_user_with_password(call, basic.user, basic.password);
		if (user == NULL)
			(void)login_failed(call);
		break;
	case SIM_BASIC_NOT_BASIC:
		(void)rssp_refuse(call, 401, "invalid_request",
				  "Malformed authentication parameter.");
		break;
	case SIM_BASIC_MALFORMED: (void)rssp_invalid(call, "Malformed username-password."); break;
	}
	OPENSSL_cleanse(&basic, sizeof(basic));
	return user;
}

/* Dialect: the members client_id, client_secret, user_id and password (csc.md part B, ADSS). */
static const struct rssp_user *
user_of_members(struct rssp_call *call)
{
	const char *client = rssp_need_text(call, "client_id");
	const char *secret = client != NULL ? rssp_need_text(call, "client_secret") : NULL;
	const char *name = secret != NULL ? rssp_need_text(call, "user_id") : NULL;
	const struct rssp_user *user = rssp_accounts_user(&call->rssp->accounts, name);

	if (name == NULL)
		return NULL;
	if (user == NULL || strcmp(client, call->rssp->client.id) != 0 ||
	    !sim_texts_are_equal(secret, call->rssp->client.secret)) {
		(void)login_failed(call);
		return NULL;
	}
	return user;
}

static bool
login_again(struct rssp_call *call, const char *token)
{
	struct rssp *rssp = call->rssp;
	const struct rssp_grant *refresh =
	    rssp_grants_find(&rssp->grants, RSSP_REFRESH_TOKEN, token);
	const struct rssp_user *user =
	    refresh != NULL ? rssp_accounts_user(&rssp->accounts, refresh->user) : NULL;

	if (user == NULL || rssp_now_ms(rssp) >= refresh->until_ms)
		return rssp_invalid(call, "Invalid refresh_token");
	call->user = user->name;
	return rssp_give_token(call, user->name, refresh);
}

bool
rssp_run_login(struct rssp_call *call)
{
	const struct rssp_user *user;
	const char *refresh;
	bool remember = false;

	if ((rssp_server_of(call)->auth & RSSP_BASIC) == 0)
		return rssp_refuse(call, 501, "invalid_request", "auth/login is not offered");
	if (!rssp_take_text(call, "refresh_token", &refresh) ||
	    !rssp_take_boolean(call, "rememberMe", &remember))
		return false;
	if (refresh != NULL)
		return login_again(call, refresh);
	user = rssp_speaks(call, RSSP_LOGIN_MEMBERS) ? user_of_members(call) : user_of_header(call);
	if (user == NULL)
		return false;
	call->user = user->name;
	return remember ? rssp_give_tokens(call, user->name)
			: rssp_give_token(call, user->name, NULL);
}

bool
rssp_run_revoke(struct rssp_call *call)
{
	struct rssp_grants *grants = &call->rssp->grants;
	const char *token = rssp_need_text(call, "token"), *hint;
	struct rssp_grant *access, *refresh;

	if (token == NULL || !rssp_take_text(call, "token_type_hint", &hint))
		return false;
	if (hint != NULL && strcmp(hint, "access_token") != 0 && strcmp(hint, "refresh_token") != 0)
		return rssp_invalid(call, "Invalid string parameter token_type_hint");
	access = rssp_grants_find(grants, RSSP_ACCESS_TOKEN, token);
	refresh = rssp_grants_find(grants, RSSP_REFRESH_TOKEN, token);
	if (access == NULL && refresh == NULL)
		return rssp_invalid(call, "Invalid string parameter token");
	if (refresh != NULL)
		rssp_grants_remove_children(grants, refresh->id);
	rssp_grants_remove(grants, refresh != NULL ? refresh : access);
	return rssp_done(call);
}
