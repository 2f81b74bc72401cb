#include "token.h"

#include "tools/simulator/basic.h"

#include <string.h>

bool
rssp_give_token(struct rssp_call *call, const char *user, const struct rssp_grant *refresh)
{
	struct rssp *rssp = call->rssp;
	unsigned lifetime = rssp_server_of(call)->token_lifetime_s;
	char origin[RSSP_GRANT_ID_MAX] = "";
	struct rssp_grant *token;

	/* The new one may take the place of the oldest, which may be this. */
	if (refresh != NULL)
		memcpy(origin, refresh->id, sizeof(origin));
	token = rssp_grants_add(&rssp->grants, RSSP_ACCESS_TOKEN, rssp_now_ms(rssp), lifetime);
	if (token == NULL)
		return rssp_failed(call, "out of memory or random bytes for a token");
	(void)snprintf(token->user, sizeof(token->user), "%s", user);
	memcpy(token->origin, origin, sizeof(token->origin));
	rssp_put_text(call, "access_token", token->id);
	rssp_put_number(call, "expires_in", lifetime);
	return true;
}

bool
rssp_give_tokens(struct rssp_call *call, const char *user)
{
	struct rssp *rssp = call->rssp;
	struct rssp_grant *refresh =
	    rssp_grants_add(&rssp->grants, RSSP_REFRESH_TOKEN, rssp_now_ms(rssp),
			    rssp_server_of(call)->refresh_lifetime_s);

	if (refresh == NULL)
		return rssp_failed(call, "out of memory or random bytes for a token");
	(void)snprintf(refresh->user, sizeof(refresh->user), "%s", user);
	rssp_put_text(call, "refresh_token", refresh->id);
	return rssp_give_token(call, user, refresh);
}

const struct rssp_user *
rssp_user_with_password(const struct rssp_call *call, const char *name, const char *password)
{
	const struct rssp_user *user = rssp_accounts_user(&call->rssp->accounts, name);

	return user != NULL && password != NULL && sim_texts_are_equal(password, user->password)
		   ? user
		   : NULL;
}
