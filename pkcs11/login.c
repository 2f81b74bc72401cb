/*
 * Logins, pkcs11/login.h.
 */
#include "pkcs11/login.h"

#include "pkcs11/session.h"
#include "pkcs11/token.h"

static time_t
seconds(void)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool
has_pad(const struct token *token)
{
	return token->ifd->card->channel.pin_pad != NULL;
}

/* How many keys of this slot want a PIN for each use, or do not. */
static size_t
count_keys(const struct token *token, bool user_consent)
{
	const struct smartcard *card = token->ifd->card;
	size_t count = 0;

	for (size_t i = 0; i < card->private_keys_count; i++) {
		if (card->private_keys[i].pin == token->pin &&
		    card->private_keys[i].user_consent == user_consent)
			count++;
	}
	return count;
}

static bool
was_refused(struct token *token, struct bytes pin)
{
	if (pin.data == NULL || !refusal_is(&token->refused, &module.pins, module.crypto, pin))
		return false;
	/* Another program may have changed the PIN since: then the counter stands higher. Lower it
	 * stands after another program's wrong PIN, which makes this one no better. */
	if (token_ask_state(token) != SMARTCARD_OK || !token->state.known)
		return true;
	return token->state.tries_left <= token->refused_tries;
}

void
login_refused(struct token *token, struct bytes pin)
{
	if (pin.data != NULL)
		refusal_keep(&token->refused, &module.pins, module.crypto, pin);
	else
		refusal_drop(&token->refused, &module.pins);
	token->refused_tries = token->ifd->card->tries_left;
	token->state.verified = false;
	token->state.tries_left = token->ifd->card->tries_left;
}

CK_RV
login_verify(struct token *token, struct bytes pin)
{
	struct ifd *ifd = token->ifd;
	enum smartcard_result result;

	if (was_refused(token, pin))
		return CKR_PIN_INCORRECT;
	result = smartcard_find_program(ifd->card);
	if (result == SMARTCARD_OK)
		result = smartcard_verify(ifd->card, (size_t)token->pin, pin);
	switch (result) {
	case SMARTCARD_OK:
		refusal_drop(&token->refused, &module.pins);
		token->state.verified = true;
		token->state.blocked = false;
		break;
	case SMARTCARD_PIN_WRONG: login_refused(token, pin); break;
	case SMARTCARD_PIN_BLOCKED:
		token->state.verified = false;
		token->state.blocked = true;
		break;
	default: break;
	}
	return ifd_result(ifd, result);
}

/* One PIN, verified in a transaction of its own. */
static CK_RV
verify_now(struct token *token, struct bytes pin)
{
	struct ifd *ifd = token->ifd;
	CK_RV rv = ifd_begin(ifd);

	if (rv != CKR_OK)
		return rv;
	rv = login_verify(token, pin);
	ifd_end(ifd, false);
	return rv;
}

static CK_RV
log_in_so(struct session *session, struct bytes puk)
{
	struct token *token = session->token;
	const struct smartcard_pin *pin;
	CK_ULONG all, rw;

	session_count(token, &all, &rw);
	if (rw < all)
		return CKR_SESSION_READ_ONLY_EXISTS;
	if (token->pin == SMARTCARD_NONE)
		return CKR_USER_TYPE_INVALID;
	pin = &token->ifd->card->pins[token->pin];
	if (!pin->can_unblock)
		return CKR_USER_TYPE_INVALID;
	/* The PUK can be told right from wrong only by using it: C_InitPIN will. */
	if (puk.data != NULL) {
		size_t least = pin->puk != SMARTCARD_NONE ? token->ifd->card->pins[pin->puk].min
							  : pin->puk_min;
		size_t most = pin->puk != SMARTCARD_NONE ? token->ifd->card->pins[pin->puk].max
							 : pin->puk_max;

		if (puk.len < least || puk.len > most)
			return CKR_PIN_LEN_RANGE;
		token->held = pinstore_put(&module.pins, puk);
		if (token->held == PINSTORE_NONE)
			return CKR_HOST_MEMORY;
	}
	token->user = TOKEN_SO;
	return CKR_OK;
}

static CK_RV
log_in_user(struct token *token, struct bytes pin)
{
	bool one_use = count_keys(token, false) == 0;
	CK_RV rv;

	/* A card whose PIN was not found, for want of memory or because it lies: nothing could say that
	 * this one is right. */
	if (token->pin == SMARTCARD_NONE)
		return CKR_USER_PIN_NOT_INITIALIZED;
	rv = verify_now(token, pin);
	if (rv != CKR_OK)
		return rv;
	token->user = TOKEN_USER;
	token->unspent = count_keys(token, true) > 0;
	token->held_since = seconds();
	if (pin.data != NULL && (one_use || module.settings.pin_cache))
		token->held = pinstore_put(&module.pins, pin);
	return CKR_OK;
}

/* For the next use of the key whose operation is under way in this session. */
static CK_RV
log_in_for_use(struct session *session, struct bytes pin)
{
	struct token *token = session->token;
	bool waits = (session->operations[OPERATION_SIGN].active &&
		      session->operations[OPERATION_SIGN].consent) ||
		     (session->operations[OPERATION_DECRYPT].active &&
		      session->operations[OPERATION_DECRYPT].consent);
	CK_RV rv;

	if (!waits)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (token->user != TOKEN_USER)
		return CKR_USER_NOT_LOGGED_IN;
	rv = verify_now(token, pin);
	if (rv != CKR_OK)
		return rv;
	pinstore_drop(&module.pins, &token->context);
	if (pin.data != NULL)
		token->context = pinstore_put(&module.pins, pin);
	token->context_ready = true;
	/* This program knows how: its first login need not serve a use, and is kept no longer. */
	token->unspent = false;
	if (count_keys(token, false) == 0)
		pinstore_drop(&module.pins, &token->held);
	return CKR_OK;
}

static CK_RV
log_in(struct session *session, CK_USER_TYPE user, struct bytes pin)
{
	struct token *token = session->token;

	if (pin.data == NULL && !has_pad(token))
		return CKR_ARGUMENTS_BAD;
	if (user == CKU_CONTEXT_SPECIFIC)
		return log_in_for_use(session, pin);
	if (user != CKU_USER && user != CKU_SO)
		return CKR_USER_TYPE_INVALID;
	if (token->user != TOKEN_NOBODY)
		return (token->user == TOKEN_SO) == (user == CKU_SO)
			   ? CKR_USER_ALREADY_LOGGED_IN
			   : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
	return user == CKU_SO ? log_in_so(session, pin) : log_in_user(token, pin);
}

CK_RV
login_user(CK_SESSION_HANDLE handle, CK_USER_TYPE user, const CK_UTF8CHAR *pin, CK_ULONG pin_len)
{
	struct session *session;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	rv = log_in(session, user, (struct bytes){pin, pin != NULL ? pin_len : 0});
	ifd_leave(ifd);
	return rv;
}

CK_RV
login_named(CK_SESSION_HANDLE handle, CK_USER_TYPE user, const CK_UTF8CHAR *pin, CK_ULONG pin_len,
	    const CK_UTF8CHAR *name, CK_ULONG name_len)
{
	struct session *session;
	CK_RV rv;

	if (name == NULL || name_len == 0)
		return login_user(handle, user, pin, pin_len);
	rv = session_enter(handle, false, &session);
	if (rv != CKR_OK)
		return rv;
	session_leave(session);
	return CKR_ARGUMENTS_BAD;
}

CK_RV
login_logout(CK_SESSION_HANDLE handle)
{
	struct session *session;
	struct ifd *ifd;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	ifd = session->token->ifd;
	if (session->token->user == TOKEN_NOBODY)
		rv = CKR_USER_NOT_LOGGED_IN;
	else
		token_logout(session->token);
	ifd_leave(ifd);
	return rv;
}

void
login_expire(struct token *token)
{
	unsigned lifetime = module.settings.pin_cache_lifetime_s;

	if (token->user == TOKEN_USER && lifetime > 0 &&
	    seconds() - token->held_since >= (time_t)lifetime)
		token_logout(token);
}

CK_RV
login_ready(const struct token *token, const struct smartcard_private_key *key)
{
	if (key->pin == SMARTCARD_NONE)
		return CKR_OK;
	if (token->user != TOKEN_USER)
		return CKR_USER_NOT_LOGGED_IN;
	if (key->user_consent && !token->context_ready && !token->unspent && !has_pad(token))
		return CKR_USER_NOT_LOGGED_IN;
	return CKR_OK;
}

/* `*from` moves to token->context, where it stays for login_wrong_in_use() until the use is over; but
 * not a PIN that other keys go on needing. */
static CK_RV
spend(struct token *token, pin_handle *from)
{
	struct bytes pin;

	if (from != &token->context && count_keys(token, false) == 0) {
		pinstore_drop(&module.pins, &token->context);
		token->context = *from;
		*from = PINSTORE_NONE;
	}
	pin = pinstore_get(&module.pins, token->context != PINSTORE_NONE ? token->context : *from);
	/* Typed at the pad, or not kept for want of locked memory: the card knows. */
	return pin.data == NULL ? CKR_OK : login_verify(token, pin);
}

CK_RV
login_for_use(struct token *token, const struct smartcard_private_key *key)
{
	CK_RV rv = login_ready(token, key);
	struct bytes held;

	if (rv != CKR_OK || key->pin == SMARTCARD_NONE)
		return rv;
	if (key->user_consent) {
		if (token->context_ready) {
			token->context_ready = false;
			return spend(token, &token->context);
		}
		if (token->unspent) {
			token->unspent = false;
			return spend(token, &token->held);
		}
		return login_verify(token, BYTES_NONE);
	}
	held = pinstore_get(&module.pins, token->held);
	if (held.data == NULL)
		return CKR_OK;
	/* Another program may have logged out since, or in. */
	if (token_ask_state(token) == SMARTCARD_OK && token->state.known && token->state.verified)
		return CKR_OK;
	return login_verify(token, held);
}

void
login_use_over(struct token *token)
{
	if (!token->context_ready)
		pinstore_drop(&module.pins, &token->context);
}

void
login_wrong_in_use(struct token *token)
{
	struct bytes pin = pinstore_get(&module.pins, token->context);

	if (pin.data == NULL)
		pin = pinstore_get(&module.pins, token->held);
	login_refused(token, pin);
	token_logout(token);
}
