/*
 * New PINs, pkcs11/newpin.h.
 */
#include "pkcs11/newpin.h"

#include "pkcs11/login.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

/* The PIN is another now: what is kept of the old one is worth nothing. */
static void
renew(struct token *token, struct bytes pin)
{
	refusal_drop(&token->refused, &module.pins);
	if (token->user == TOKEN_USER && token->held != PINSTORE_NONE) {
		pinstore_drop(&module.pins, &token->held);
		if (pin.data != NULL)
			token->held = pinstore_put(&module.pins, pin);
	}
}

static CK_RV
change(struct token *token, struct bytes old_pin, struct bytes new_pin)
{
	struct ifd *ifd = token->ifd;
	enum smartcard_result result;
	CK_RV rv;

	if (token->user == TOKEN_SO || token->pin == SMARTCARD_NONE ||
	    !ifd->card->pins[token->pin].can_change)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = ifd_begin(ifd);
	if (rv != CKR_OK)
		return rv;
	result = smartcard_change(ifd->card, (size_t)token->pin, old_pin, new_pin);
	if (result == SMARTCARD_PIN_WRONG)
		login_refused(token, old_pin);
	if (result == SMARTCARD_OK)
		renew(token, new_pin);
	rv = ifd_result(ifd, result);
	if (!ifd->gone && token_ask_state(token) == SMARTCARD_REMOVED)
		ifd->gone = true;
	ifd_end(ifd, false);
	return rv;
}

static CK_RV
unblock(struct token *token, struct bytes pin)
{
	struct ifd *ifd = token->ifd;
	struct bytes puk = pinstore_get(&module.pins, token->held);
	CK_RV rv;

	/* Both at the pad, or both by the application. */
	if ((puk.data == NULL) != (pin.data == NULL))
		return CKR_ARGUMENTS_BAD;
	rv = ifd_begin(ifd);
	if (rv != CKR_OK)
		return rv;
	rv = ifd_result(ifd, smartcard_unblock(ifd->card, (size_t)token->pin, puk, pin));
	if (rv == CKR_OK)
		renew(token, pin);
	/* A PUK that was refused is not sent again. */
	if (rv == CKR_PIN_INCORRECT)
		token_logout(token);
	if (!ifd->gone && token_ask_state(token) == SMARTCARD_REMOVED)
		ifd->gone = true;
	ifd_end(ifd, false);
	return rv;
}

CK_RV
newpin_set(CK_SESSION_HANDLE handle, const CK_UTF8CHAR *old_pin, CK_ULONG old_len,
	   const CK_UTF8CHAR *new_pin, CK_ULONG new_len)
{
	struct session *session;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	if ((old_pin == NULL) != (new_pin == NULL) ||
	    (old_pin == NULL && ifd->card->channel.pin_pad == NULL))
		rv = CKR_ARGUMENTS_BAD;
	else if (!session->rw)
		rv = CKR_SESSION_READ_ONLY;
	else
		rv = change(session->token, (struct bytes){old_pin, old_pin != NULL ? old_len : 0},
			    (struct bytes){new_pin, new_pin != NULL ? new_len : 0});
	ifd_leave(ifd);
	return rv;
}

CK_RV
newpin_init(CK_SESSION_HANDLE handle, const CK_UTF8CHAR *pin, CK_ULONG len)
{
	struct session *session;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	if (pin == NULL && ifd->card->channel.pin_pad == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else if (session->token->user != TOKEN_SO)
		rv = CKR_USER_NOT_LOGGED_IN;
	else
		rv = unblock(session->token, (struct bytes){pin, pin != NULL ? len : 0});
	ifd_leave(ifd);
	return rv;
}
