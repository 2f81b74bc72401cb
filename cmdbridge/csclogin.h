/*
 * Service authorisation (csc.md 2): may we use the API at all, and as whom?
 */
#ifndef VICAR_CMDBRIDGE_CSCLOGIN_H
#define VICAR_CMDBRIDGE_CSCLOGIN_H

#include "csccall.h"

enum csc_manner {
	CSC_ASKING,  /* the owner may be asked for a password, or sent to a page */
	CSC_SILENTLY /* only with what is there */
};

/* By `login` of vicar.conf, or the first way that the service offers and that we have the means for.
 * OUTCOME_OK: csc's access token is there, where one is needed. Silently, and nothing is there to log in
 * with: OUTCOME_LOGIN_REFUSED. */
enum outcome csc_login(struct csc *csc, enum csc_manner manner) MUST_USE;
/* Gives up the access token of a login that leaves nothing behind. Best effort. */
void csc_logout(struct csc *csc);

#endif
