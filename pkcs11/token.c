/*
 * Slots of a card, pkcs11/token.h.
 */
#include "pkcs11/token.h"

#include "pkcs11/session.h"

#include <string.h>

enum { FIND_TRIES = 3 }; /* of a card that others reset meanwhile */

/* What a key does that does not only sign documents. */
enum { OTHER_USES = PKCS15_USAGE_DECRYPT | PKCS15_USAGE_UNWRAP | PKCS15_USAGE_DERIVE };

void
token_none(struct token *token, struct ifd *ifd, CK_SLOT_ID slot)
{
	*token = (struct token){
	    .ifd = ifd,
	    .slot = slot,
	    .pin = SMARTCARD_NONE,
	    .held = PINSTORE_NONE,
	    .context = PINSTORE_NONE,
	    .refused = {.key = PINSTORE_NONE},
	};
}

void
token_clear(struct token *token)
{
	pinstore_drop(&module.pins, &token->held);
	pinstore_drop(&module.pins, &token->context);
	refusal_drop(&token->refused, &module.pins);
	object_free_all(&token->objects);
	token_none(token, token->ifd, token->slot);
}

/* What a PIN opens: nothing, or keys, and whether all of these sign documents and nothing else. */
static bool
opens_keys(const struct smartcard *card, int pin, bool *signature_only)
{
	bool any = false;

	*signature_only = true;
	for (size_t i = 0; i < card->private_keys_count; i++) {
		const struct smartcard_private_key *key = &card->private_keys[i];

		if (key->pin != pin)
			continue;
		any = true;
		if ((key->object.usage & PKCS15_USAGE_NON_REPUDIATION) == 0 ||
		    (key->object.usage & OTHER_USES) != 0)
			*signature_only = false;
	}
	*signature_only = *signature_only && any;
	return any;
}

enum smartcard_result
token_ask_state(struct token *token)
{
	if (token->pin == SMARTCARD_NONE)
		return SMARTCARD_OK;
	return smartcard_pin_state(token->ifd->card, (size_t)token->pin, &token->state);
}

/* A card whose counter cannot be read is a card all the same. */
static enum smartcard_result
ask_first_state(struct token *token)
{
	enum smartcard_result result = token_ask_state(token);

	return result == SMARTCARD_REMOVED || result == SMARTCARD_RESET ||
		       result == SMARTCARD_CHANNEL
		   ? result
		   : SMARTCARD_OK;
}

enum smartcard_result
token_make_all(struct ifd *ifd)
{
	const struct smartcard *card = ifd->card;
	bool hide = settings_match(module.settings.no_signature_slot_for, module.program),
	     any = false;
	enum smartcard_result result = SMARTCARD_OK;
	size_t place = 0;

	for (size_t i = 0; i < IFD_SLOTS_MAX; i++)
		token_clear(&ifd->tokens[i]);
	for (size_t pin = 0; pin < card->pins_count && place < IFD_SLOTS_MAX; pin++) {
		struct token *token = &ifd->tokens[place];

		if (card->pins[pin].unblocking ||
		    !opens_keys(card, (int)pin, &token->signature_only))
			continue;
		any = true;
		place++;
		if (token->signature_only && hide)
			continue;
		token->here = true;
		token->pin = (int)pin;
		result = ask_first_state(token);
		if (result != SMARTCARD_OK)
			return result;
	}
	/* Keys without a PIN, or none: certificates are worth a slot. */
	if (!any)
		ifd->tokens[0].here = true;
	return SMARTCARD_OK;
}

bool
token_has_key(const struct token *token, const struct smartcard_private_key *key)
{
	if (key->pin == token->pin)
		return true;
	/* A key that no PIN opens is in the first slot that there is. */
	if (key->pin != SMARTCARD_NONE)
		return false;
	for (const struct token *first = token->ifd->tokens; first < token; first++) {
		if (first->here)
			return false;
	}
	return true;
}

CK_RV
token_find_abilities(struct token *token)
{
	struct ifd *ifd = token->ifd;
	enum smartcard_result result;
	CK_RV rv = CKR_OK;
	int tries = 0;

	for (size_t i = 0; i < ifd->card->private_keys_count && rv == CKR_OK; i++) {
		const struct smartcard_private_key *key = &ifd->card->private_keys[i];

		if (key->abilities_found || !token_has_key(token, key))
			continue;
		rv = ifd_begin(ifd);
		if (rv != CKR_OK)
			return rv;
		do {
			result = smartcard_find_abilities(ifd->card, i);
			rv = ifd_result(ifd, result);
		} while (ifd_was_disturbed(ifd, result) && tries++ < FIND_TRIES);
		ifd_end(ifd, false);
	}
	return rv;
}

static CK_FLAGS
pin_flags(const struct token *token)
{
	const struct smartcard_pin_state *state = &token->state;
	unsigned most = token->ifd->card->pins[token->pin].tries_max;
	CK_FLAGS flags = CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED;

	if (token->ifd->card->channel.pin_pad != NULL)
		flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	if (!state->known)
		return flags;
	if (state->to_be_changed)
		flags |= CKF_USER_PIN_TO_BE_CHANGED;
	if (state->blocked || (!state->verified && state->tries_left == 0))
		return flags | CKF_USER_PIN_LOCKED;
	if (state->verified)
		return flags;
	if (state->tries_left == 1)
		flags |= CKF_USER_PIN_FINAL_TRY;
	if (state->tries_left == 1 || state->tries_left < most)
		flags |= CKF_USER_PIN_COUNT_LOW;
	return flags;
}

void
ifd_token_info(const struct token *token, CK_TOKEN_INFO *info)
{
	const struct smartcard *card = token->ifd->card;
	char label[SMARTCARD_LABEL_LEN + 1];

	memset(info, 0, sizeof(*info));
	smartcard_token_label(card, token->pin, label);
	module_text(info->label, sizeof(info->label), label);
	module_text(info->manufacturerID, sizeof(info->manufacturerID), card->manufacturer);
	module_text(info->model, sizeof(info->model), SMARTCARD_MODEL);
	module_text(info->serialNumber, sizeof(info->serialNumber), smartcard_token_serial(card));
	info->flags = CKF_TOKEN_INITIALIZED | CKF_RNG | CKF_WRITE_PROTECTED;
	if (token->pin != SMARTCARD_NONE) {
		info->flags |= pin_flags(token);
		info->ulMaxPinLen = card->pins[token->pin].max;
		info->ulMinPinLen = card->pins[token->pin].min;
	}
	session_count(token, &info->ulSessionCount, &info->ulRwSessionCount);
	info->ulMaxSessionCount = info->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
	info->ulTotalPublicMemory = info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulTotalPrivateMemory = info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
	memset(info->utcTime, ' ', sizeof(info->utcTime));
}

static void
forget_login(struct token *token)
{
	pinstore_drop(&module.pins, &token->held);
	pinstore_drop(&module.pins, &token->context);
	token->user = TOKEN_NOBODY;
	token->unspent = token->context_ready = false;
	/* What sessions hold that is private goes with the login (PKCS#11 2.40 section 5.6.9). */
	for (struct session *of = token->ifd->sessions; of != NULL; of = of->next) {
		if (of->token == token)
			object_free_private(&of->objects);
	}
}

void
token_logout(struct token *token)
{
	struct ifd *ifd = token->ifd;
	bool tell = token->user == TOKEN_USER;

	forget_login(token);
	if (!tell || ifd->card == NULL || ifd_begin(ifd) != CKR_OK)
		return;
	switch (smartcard_logout(ifd->card)) {
	case SMARTCARD_OK: ifd_end(ifd, false); break;
	case SMARTCARD_REMOVED:
		ifd->gone = true;
		ifd_end(ifd, false);
		break;
	default: ifd_end(ifd, true); break;
	}
	/* The card forgot the other PINs, too. */
	for (size_t i = 0; i < IFD_SLOTS_MAX; i++)
		ifd->tokens[i].state.verified = false;
}

void
token_logout_all(struct ifd *ifd)
{
	for (size_t i = 0; i < IFD_SLOTS_MAX; i++)
		token_logout(&ifd->tokens[i]);
}
