/*
 * C_Login, C_LoginUser, C_Logout, and the PIN that a key's use takes. A PIN the card refused is not
 * offered again as long as its counter stands where it stood then.
 */
#ifndef VICAR_PKCS11_LOGIN_H
#define VICAR_PKCS11_LOGIN_H

#include "pkcs11/ifd.h"

CK_RV login_user(CK_SESSION_HANDLE handle, CK_USER_TYPE user, const CK_UTF8CHAR *pin,
		 CK_ULONG pin_len);
/* C_LoginUser: cards have no user names, so `name` is to be empty. */
CK_RV login_named(CK_SESSION_HANDLE handle, CK_USER_TYPE user, const CK_UTF8CHAR *pin,
		  CK_ULONG pin_len, const CK_UTF8CHAR *name, CK_ULONG name_len);
CK_RV login_logout(CK_SESSION_HANDLE handle);

/* In a transaction. `pin` with data NULL: at the PIN pad. */
CK_RV login_verify(struct token *token, struct bytes pin);
/* The card refused `pin`: it is remembered, and nobody is logged in. */
void login_refused(struct token *token, struct bytes pin);

/* In a transaction: whatever the next use of `key` needs. Spends a login that is for one use. */
CK_RV login_for_use(struct token *token, const struct smartcard_private_key *key);
void login_use_over(struct token *token); /* wipes a PIN that was for one use */
/* The PIN that login_for_use() gave, at a key that judges it only when it is used (a remote one): the
 * card said that it is wrong. */
void login_wrong_in_use(struct token *token);
/* Whether login_for_use() has a chance. CKR_USER_NOT_LOGGED_IN. */
CK_RV login_ready(const struct token *token, const struct smartcard_private_key *key);

/* The PIN's time in the process is over: nobody is logged in any more. */
void login_expire(struct token *token);

#endif
