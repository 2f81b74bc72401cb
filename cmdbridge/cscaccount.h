/*
 * account_token (csc.md 3.2): a JSON Web Token by which a service that knows its accounts lets an
 * application act for one of them. HS256 (RFC 7515, RFC 7518 section 3.2), the key being SHA-256 of the
 * client secret.
 */
#ifndef VICAR_CMDBRIDGE_CSCACCOUNT_H
#define VICAR_CMDBRIDGE_CSCACCOUNT_H

#include "csccall.h"

/* For now and the account; in the locked heap. NULL: no room, or OpenSSL failed. */
char *csc_account_token(const struct csc *csc) MUST_USE;
/* The same of a payload that is there. */
char *csc_account_token_of(const char *payload, const char *client_secret, bool padded) MUST_USE;

#endif
