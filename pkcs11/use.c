/*
 * Use of a key, pkcs11/use.h.
 */
#include "pkcs11/use.h"

#include "pkcs11/login.h"
#include "pkcs11/token.h"

CK_RV
use_find_key(struct session *session, CK_OBJECT_HANDLE handle,
	     const struct smartcard_private_key **key, size_t *index)
{
	struct token *token = session->token;
	const struct object *object = object_find(token, session, handle, true);

	if (object == NULL || object->class != CKO_PRIVATE_KEY || object->key < 0)
		return CKR_KEY_HANDLE_INVALID;
	*index = (size_t)object->key;
	*key = &token->ifd->card->private_keys[*index];
	if ((*key)->pin != SMARTCARD_NONE && token->user != TOKEN_USER)
		return CKR_USER_NOT_LOGGED_IN;
	return token_find_abilities(token);
}

CK_RV
use_allowed(const struct smartcard_private_key *key, const struct operation *operation,
	    CK_FLAGS use)
{
	const struct mechanism *mechanism = operation->mechanism;
	CK_KEY_TYPE type = key->object.kind == PKCS15_KEY_RSA ? CKK_RSA : CKK_EC;

	if ((mechanism->flags & use) == 0)
		return CKR_MECHANISM_INVALID;
	if (mechanism_key_type(mechanism) != type)
		return CKR_KEY_TYPE_INCONSISTENT;
	if ((mechanism_uses(key) & use) == 0)
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	if ((mechanism_ability(mechanism, key, DIGEST_COUNT) & use) == 0)
		return CKR_MECHANISM_INVALID;
	if ((mechanism_ability(mechanism, key, operation->digest) & use) == 0)
		return mechanism->digest == DIGEST_COUNT ? CKR_MECHANISM_PARAM_INVALID
							 : CKR_MECHANISM_INVALID;
	return CKR_OK;
}

CK_RV
use_begin(struct session *session, enum operation_kind kind, const CK_MECHANISM *mechanism,
	  CK_OBJECT_HANDLE handle, CK_FLAGS use)
{
	const struct smartcard_private_key *key;
	struct operation *operation;
	size_t index;
	CK_RV rv = operation_begin(session, kind, mechanism, &operation);

	if (rv == CKR_OPERATION_ACTIVE || mechanism == NULL)
		return rv;
	if (rv == CKR_OK)
		rv = use_find_key(session, handle, &key, &index);
	/* Once for the mechanism as such, and once for the hash that its parameters name. */
	if (rv == CKR_OK)
		rv = use_allowed(key, operation, use);
	if (rv == CKR_OK)
		rv = operation_parameters(operation, mechanism);
	if (rv == CKR_OK)
		rv = use_allowed(key, operation, use);
	if (rv == CKR_OK)
		rv = operation_collect(operation);
	if (rv != CKR_OK) {
		operation_end(operation);
		return rv;
	}
	operation->key = handle;
	operation->key_len = ((size_t)key->bits + 7) / 8;
	operation->consent = key->user_consent;
	operation->active = true;
	return CKR_OK;
}

/* In a transaction. */
static CK_RV
try(struct token *token, size_t index, enum smartcard_scheme scheme, enum digest digest,
    struct bytes input, struct writer *output)
{
	struct ifd *ifd = token->ifd;
	struct smartcard *card = ifd->card;
	const struct smartcard_private_key *key = &card->private_keys[index];
	enum smartcard_result result;
	CK_RV rv = login_for_use(token, key);

	if (rv != CKR_OK)
		return rv;
	result = smartcard_use_key(card, index, scheme, digest, input, output);
	switch (result) {
	case SMARTCARD_OK: break;
	case SMARTCARD_PIN_WRONG: login_wrong_in_use(token); return CKR_PIN_INCORRECT;
	case SMARTCARD_PIN_BLOCKED:
		token->state.blocked = true;
		token_logout(token);
		return CKR_PIN_LOCKED;
	case SMARTCARD_NOT_VERIFIED: token_logout(token); return CKR_USER_NOT_LOGGED_IN;
	default: break;
	}
	rv = ifd_result(ifd, result);
	login_use_over(token);
	/* A result that a card with no such trouble of its own would not have. */
	return rv == CKR_FUNCTION_NOT_SUPPORTED ? CKR_MECHANISM_INVALID : rv;
}

/* After a use, as the setting wants it: the next one takes a PIN again. */
static bool
drop_authentication(struct ifd *ifd)
{
	if (!module.settings.drop_authentication || ifd->gone)
		return false;
	for (size_t i = 0; i < IFD_SLOTS_MAX; i++)
		ifd->tokens[i].state.verified = false;
	return smartcard_logout(ifd->card) != SMARTCARD_OK;
}

CK_RV
use_key(struct session *session, size_t index, enum smartcard_scheme scheme, enum digest digest,
	struct bytes input, struct writer *output)
{
	struct token *token = session->token;
	struct ifd *ifd = token->ifd;
	bool again = !ifd->card->private_keys[index].user_consent;
	CK_RV rv;

	for (;;) {
		rv = ifd_begin(ifd);
		if (rv != CKR_OK)
			return rv;
		ifd->was_reset = false;
		rv = try(token, index, scheme, digest, input, output);
		ifd_end(ifd, drop_authentication(ifd));
		/* The command did not leave. A key that asks each time may cost a text message all the
		 * same when it is asked twice: its owner decides. */
		if (!ifd->was_reset || !again)
			return rv;
		again = false;
		*output = writer_to(output->data, output->room);
	}
}
