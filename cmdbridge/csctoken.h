/*
 * Refresh tokens (RFC 6749 section 1.5): what lets the next use of a service do without a login. One file
 * each, mode 0600, in $XDG_DATA_HOME/vicar/tokens; its name tells service, and by a hash endpoint and
 * user, so that none goes to another service, or to another account's card.
 */
#ifndef VICAR_CMDBRIDGE_CSCTOKEN_H
#define VICAR_CMDBRIDGE_CSCTOKEN_H

#include "service.h"

/* In the locked heap, freed with csc_secret_free(); NULL: there is none that may be used. */
char *csc_token_load(const struct service_config *config,
		     const struct service_account *account) MUST_USE;
/* Replaces what is there. Failing only means that the next use asks for a login. */
void csc_token_save(const struct service_config *config, const struct service_account *account,
		    const char *token);
void csc_token_forget(const struct service_config *config, const struct service_account *account);

#endif
