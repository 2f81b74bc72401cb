/*
 * The account of a remote service, as a card keeps it: cmdbridge/secrets.h reads it, here it is
 * asked for and written.
 */
#ifndef VICAR_TOOLS_VICAR_ACCOUNT_H
#define VICAR_TOOLS_VICAR_ACCOUNT_H

#include "cmdbridge/secrets.h"
#include "tools/problem.h"

/* Asks at the terminal for what the kind of account wants, until it is that or the question is cancelled.
 * The caller wipes the account with service_account_wipe(). */
bool account_ask(enum service_account_kind kind, struct service_account *account,
		 struct problem *error) MUST_USE;
/* A new file, mode 0600, on disk when this returns. Fails, leaving nothing, if it exists. */
bool account_write(const char *path, const struct service_account *account,
		   struct problem *error) MUST_USE;

/* The same in a file that is in memory alone and ends with its descriptor: for a card that is not
 * there yet. Returns the descriptor, or -1 with `error`. */
int account_in_memory(const struct service_account *account, struct problem *error) MUST_USE;

#endif
