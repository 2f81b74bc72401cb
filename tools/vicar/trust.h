/*
 * Whom `vicar verify` trusts.
 */
#ifndef VICAR_TOOLS_VICAR_TRUST_H
#define VICAR_TOOLS_VICAR_TRUST_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <openssl/x509_vfy.h>

/* The authorities of `ca_file` (PEM) alone; NULL: those of the system's store, and with `cards` those that
 * the cards of this user have too. NULL with the reason. */
X509_STORE *trust_store(const char *ca_file, bool cards, struct problem *error) MUST_USE;

#endif
