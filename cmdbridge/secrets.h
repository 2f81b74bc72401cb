/*
 * The two small files with what only their owner may know: a service's credentials and a card's
 * account. INI; refused when group or others may read them, when a line is too long for libinih
 * (version 55 would cut it silently), and when a key is unknown, missing or there twice.
 */
#ifndef VICAR_CMDBRIDGE_SECRETS_H
#define VICAR_CMDBRIDGE_SECRETS_H

#include "service.h"

#define ACCOUNT_FILE "account" /* in the card's directory */

enum { SECRETS_ERROR_MAX = 512 };

/* False: `error` names file, reason and next step, never a value; nothing is left in the result. */
bool service_credentials_load(const char *path, const struct service_kind *kind,
			      struct service_credentials *credentials,
			      char error[SECRETS_ERROR_MAX]) MUST_USE;
/* False: they say that they are for another profile than the service's. */
bool service_credentials_fit(const struct service_config *config,
			     const struct service_credentials *credentials,
			     char error[SECRETS_ERROR_MAX]) MUST_USE;
void service_credentials_wipe(struct service_credentials *credentials);

/* The one of the two that the maker's accounts have; a phone number is normalised (phone.h). */
bool service_account_load(const char *path, enum service_account_kind kind,
			  struct service_account *account, char error[SECRETS_ERROR_MAX]) MUST_USE;
void service_account_wipe(struct service_account *account);

#endif
