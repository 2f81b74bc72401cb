/*
 * Service tokens, for auth/login and oauth2/token.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_TOKEN_H
#define VICAR_TOOLS_CSC_SIMULATOR_TOKEN_H

#include "call.h"

/* Puts access_token and expires_in into the reply. `user`: "" for a token that is not
 * user-specific. `refresh`: the token it comes from; NULL: none. */
bool rssp_give_token(struct rssp_call *call, const char *user,
		     const struct rssp_grant *refresh) MUST_USE;
/* The same and a refresh_token. */
bool rssp_give_tokens(struct rssp_call *call, const char *user) MUST_USE;
/* NULL, with nothing refused, when the password is not that of the user. */
const struct rssp_user *rssp_user_with_password(const struct rssp_call *call, const char *name,
						const char *password);

#endif
