/*
 * Another PKCS#11 module (PKCS#11 2.40), loaded for one use: one token of it, one session, at most one
 * login of the user. Only vicar-bridge calls this; VICAR_INSIDE is set there, so that our own module
 * has no slots when the other one comes back to it (p11-kit-proxy).
 *
 * What fails leaves in the result's detail which call it was, and what it returned.
 */
#ifndef VICAR_CMDBRIDGE_P11_H
#define VICAR_CMDBRIDGE_P11_H

#include "p11uri.h"
#include "service.h"

/* Places of the maker's options in service_config.options. */
enum p11_option { P11_OPTION_MODULE, P11_OPTION_TOKEN, P11_OPTION_CONFIRM, P11_OPTION_LOGIN };

enum { P11_LABEL_SIZE = 32 * 4 + 1 };

struct p11 {
	const struct service_config *config; /* borrowed, as the result */
	struct service_result *result;
	void *library;
	CK_FUNCTION_LIST *calls; /* NULL: not initialised */
	CK_SLOT_ID slot;
	CK_TOKEN_INFO token;
	CK_SESSION_HANDLE session;
	bool has_session;
	bool logged_in;
};

/* The module, and the one token that `token` of vicar.conf and the key's URI (NULL: none) choose.
 * Closed with p11_close() whatever came of it. */
enum outcome p11_open(struct p11 *p11, const struct service_config *config, P11KitUri *key,
		      struct service_result *result) MUST_USE;
enum outcome p11_open_session(struct p11 *p11) MUST_USE;
/* The token asks for its PIN itself. */
bool p11_has_pad(const struct p11 *p11);
/* One C_Login of the user with this PIN, or with none where the token asks for it, or needs none. */
enum outcome p11_login(struct p11 *p11, struct bytes pin) MUST_USE;
/* The login that a key with CKA_ALWAYS_AUTHENTICATE wants after each initialisation. */
enum outcome p11_login_again(struct p11 *p11, struct bytes pin) MUST_USE;
void p11_close(struct p11 *p11);

/* Outcome and detail of a call that failed. */
enum outcome p11_fail(struct p11 *p11, const char *call, CK_RV rv);
__attribute__((format(printf, 3, 4))) enum outcome p11_say(struct p11 *p11, enum outcome outcome,
							   const char *format, ...);
/* The token's label, for people. */
const char *p11_label(const CK_TOKEN_INFO *token, char text[P11_LABEL_SIZE]);

#endif
