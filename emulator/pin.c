#include "engine.h"

#include <openssl/crypto.h>
#include <string.h>

struct pin *
pin_find(struct card *card, uint16_t reference)
{
	for (size_t i = 0; i < card->pins_count; i++)
		if (card->pins[i].spec.reference == reference)
			return &card->pins[i];
	return NULL;
}

struct pin *
pin_find_counter(struct card *card, const char *counter)
{
	for (size_t i = 0; i < card->pins_count; i++)
		if (strcmp(card->pins[i].spec.counter, counter) == 0)
			return &card->pins[i];
	return NULL;
}

static uint8_t *
pin_memory(struct card *card, const struct pin *pin)
{
	return card->secrets->values[pin - card->pins];
}

void
pin_forget(struct card *card, struct pin *pin)
{
	OPENSSL_cleanse(pin_memory(card, pin), PIN_VALUE_MAX);
	pin->value = BYTES_NONE;
	pin->verified = false;
	pin->typed = 0;
}

/* From now on verified, with the value that opens the key. */
static void
pin_hold(struct card *card, struct pin *pin, struct bytes value)
{
	uint8_t *memory = pin_memory(card, pin);

	pin_forget(card, pin);
	request_forget_failed(card, pin);
	memcpy(memory, value.data, value.len);
	pin->value = (struct bytes){memory, value.len};
	pin->verified = true;
	pin->typed = card->typed;
	card->program_len = 0;
}

void
pins_drop(struct card *card, enum pins_dropped dropped)
{
	for (size_t i = 0; i < card->pins_count; i++) {
		struct pin *pin = &card->pins[i];

		if (dropped == PINS_ALL_DROPPED ||
		    (dropped == PINS_LOCAL_DROPPED && pin->spec.local))
			pin_forget(card, pin);
	}
}

void
card_forget_pins(struct card *card)
{
	pins_drop(card, PINS_ALL_DROPPED);
}

uint16_t
pin_tries_sw(const struct pin *pin)
{
	return sw_tries(pin->tries_left);
}

size_t
card_counters(const struct card *card, struct image_counter *counters, size_t room)
{
	for (size_t i = 0; i < card->pins_count && i < room; i++) {
		memset(&counters[i], 0, sizeof(counters[i]));
		memcpy(counters[i].name, card->pins[i].spec.counter,
		       strlen(card->pins[i].spec.counter));
		counters[i].tries_left = card->pins[i].tries_left;
	}
	return card->pins_count;
}

/* Writes the counters as they stand in memory. */
static bool
save(struct card *card)
{
	struct image_counter counters[CARD_PINS_MAX];
	size_t count = card_counters(card, counters, CARD_PINS_MAX);

	return card->host.save(card->host.context, counters, count);
}

bool
pin_save_tries(struct card *card, struct pin *pin, unsigned tries_left)
{
	unsigned before = pin->tries_left;

	if (tries_left == before)
		return true;
	pin->tries_left = tries_left;
	if (save(card))
		return true;
	pin->tries_left = before;
	return false;
}

void
pin_give_tries(struct card *card, struct pin *pin, unsigned tries_left)
{
	/* The owner may have unblocked it meanwhile. */
	unsigned given = tries_left < pin->tries_max ? tries_left : pin->tries_max;
	bool saved = pin_save_tries(card, pin, given);

	(void)saved;
}

bool
card_pin_unblock(struct card *card, const char *counter)
{
	struct pin *pin = pin_find_counter(card, counter);

	if (pin == NULL || !pin->remote || !pin_save_tries(card, pin, pin->tries_max))
		return false;
	request_forget_failed(card, pin);
	OPENSSL_cleanse(pin->refused, sizeof(pin->refused));
	pin->refused_count = 0;
	return true;
}

bool
card_pin_state(const struct card *card, uint16_t reference, bool *verified, unsigned *tries_left)
{
	for (size_t i = 0; i < card->pins_count; i++) {
		const struct pin *pin = &card->pins[i];

		if (pin->spec.reference != reference)
			continue;
		*verified = pin->verified;
		*tries_left = pin->tries_left;
		return true;
	}
	return false;
}

/*
 * What happens to a local PIN's try once the key request is answered. The counter was taken down,
 * on disk, before the request: whoever kills the process meanwhile has used up a try.
 * SW_OK: it was right, and the counter is full again, on disk.
 */
static uint16_t
judge_try(struct card *card, uint16_t sw)
{
	struct pin *tried = card->pending.tried;

	if (sw == SW_AUTHENTICATION) {
		pin_forget(card, tried);
		return pin_tries_sw(tried);
	}
	if (sw != SW_OK) {
		/* The value was not tried at all. */
		pin_give_tries(card, tried, tried->tries_left + 1);
		return sw;
	}
	return pin_save_tries(card, tried, tried->tries_max) ? SW_OK : SW_MEMORY_FAILURE;
}

/* Counts the try of `tried`, whose value is judged by opening the key of `pin`. */
static uint16_t
try_value(struct card *card, struct pin *tried, struct pin *pin, enum key_operation operation,
	  struct bytes value, struct bytes new_value, pending_handler *resume)
{
	const char *key = pin->spec.key;

	if (!pin_save_tries(card, tried, tried->tries_left - 1))
		return SW_MEMORY_FAILURE;
	card->pending.tried = tried;
	card->pending.pin = pin;
	return request_pin(card, operation, key, value, new_value, resume);
}

static uint16_t
resume_verify(struct card *card, const struct key_result *result, struct writer *response)
{
	uint16_t sw = judge_try(card, result->sw);

	(void)response;
	if (sw == SW_OK)
		pin_hold(card, card->pending.pin, card->pending.request.pin);
	return sw;
}

static uint16_t
verify_remote(struct card *card, struct pin *pin, struct bytes value)
{
	if (value_was_refused(card, pin, value))
		return pin_tries_sw(pin);
	pin_hold(card, pin, value);
	return SW_OK;
}

static uint16_t
verify_value(struct card *card, struct pin *pin, struct bytes data)
{
	struct bytes value;
	uint16_t sw;

	if (pin->tries_left == 0)
		return SW_BLOCKED;
	sw = value_parse(card, pin, data, VALUE_TRIED, &value);
	if (sw != SW_OK)
		return sw;
	pin_forget(card, pin);
	if (pin->remote)
		return verify_remote(card, pin, value);
	return try_value(card, pin, pin, pin->spec.is_puk ? KEY_PUK_VERIFY : KEY_PIN_VERIFY, value,
			 BYTES_NONE, resume_verify);
}

/* Clause 11.5.6 (2013): without data, the state; never a try. */
static uint16_t
verify_state(const struct pin *pin)
{
	if (pin->verified)
		return SW_OK;
	return pin->tries_left == 0 ? SW_BLOCKED : pin_tries_sw(pin);
}

uint16_t
verify_command(struct card *card, const struct capdu *command, struct writer *response)
{
	struct pin *pin = pin_find(card, command->p2);
	bool logout = command->p1 == 0xFF && (card->personality->rules.pin & VERIFY_LOGOUT) != 0;

	(void)response;
	if (command->p1 != 0 && !logout)
		return SW_INCORRECT_P1P2;
	if (pin == NULL)
		return SW_REFERENCE_NOT_FOUND;
	if (logout) {
		if (command->data.len != 0)
			return SW_WRONG_LENGTH;
		pin_forget(card, pin);
		return SW_OK;
	}
	if (command->data.len == 0)
		return verify_state(pin);
	return verify_value(card, pin, command->data);
}

/* Cuts `data` where the value of `first` ends. Unpadded values have no mark between them: then the
 * length is that of the verified value, or the only one there is. */
static uint16_t
split(const struct pin *first, struct bytes data, struct bytes *head, struct bytes *tail)
{
	size_t len = first->spec.length_stored;

	if (len == 0 && first->verified)
		len = first->value.len;
	else if (len == 0 && first->spec.length_min == first->spec.length_max)
		len = first->spec.length_max;
	else if (len == 0)
		return SW_SECURITY_STATUS;
	if (data.len < len)
		return SW_WRONG_LENGTH;
	*head = (struct bytes){data.data, len};
	*tail = (struct bytes){data.data + len, data.len - len};
	return SW_OK;
}

/* CHANGE, RESET: the new value, or only the counter, is in force. */
static uint16_t
resume_renewal(struct card *card, const struct key_result *result, struct writer *response)
{
	struct pin *tried = card->pending.tried;
	struct pin *pin = card->pending.pin;
	uint16_t sw = judge_try(card, result->sw);

	(void)response;
	if (sw != SW_OK)
		return sw;
	pin_forget(card, pin);
	pin_forget(card, tried);
	return pin_save_tries(card, pin, pin->tries_max) ? SW_OK : SW_MEMORY_FAILURE;
}

/* Reads `first` of `tried` and the new value of `pin` from the command and starts the try.
 * Without `first` in the command it is the verified value of `tried`. */
static uint16_t
renew(struct card *card, struct pin *tried, struct pin *pin, enum key_operation operation,
      struct bytes data, bool first_in_data)
{
	struct bytes first = tried->value, new_data = data, new_value;
	uint16_t sw;

	if (tried->tries_left == 0)
		return SW_BLOCKED;
	if (first_in_data) {
		sw = split(tried, data, &first, &new_data);
		if (sw == SW_OK && pin->spec.length_stored != 0 &&
		    new_data.len != pin->spec.length_stored)
			sw = SW_WRONG_LENGTH;
		if (sw == SW_OK)
			sw = value_parse(card, tried, first, VALUE_TRIED, &first);
		if (sw != SW_OK)
			return sw;
	} else if (!tried->verified) {
		return SW_SECURITY_STATUS;
	}
	sw = value_parse(card, pin, new_data, VALUE_NEW, &new_value);
	if (sw != SW_OK)
		return sw;
	return try_value(card, tried, pin, operation, first, new_value, resume_renewal);
}

uint16_t
change_reference_data_command(struct card *card, const struct capdu *command,
			      struct writer *response)
{
	static const unsigned forms[] = {CHANGE_OLD_NEW, CHANGE_NEW};
	struct pin *pin = pin_find(card, command->p2);

	(void)response;
	if (command->p1 >= sizeof(forms) / sizeof(forms[0]) ||
	    (card->personality->rules.pin & forms[command->p1]) == 0)
		return SW_INCORRECT_P1P2;
	if (pin == NULL)
		return SW_REFERENCE_NOT_FOUND;
	if (pin->remote || pin->spec.is_puk)
		return SW_CONDITIONS;
	return renew(card, pin, pin, KEY_PIN_CHANGE, command->data,
		     forms[command->p1] == CHANGE_OLD_NEW);
}

/* RESET P1=01: the PUK alone, the PIN stays as it was. */
static uint16_t
reset_counter(struct card *card, struct pin *puk, struct pin *pin, struct bytes data)
{
	struct bytes value;
	uint16_t sw;

	if (puk->tries_left == 0)
		return SW_BLOCKED;
	sw = value_parse(card, puk, data, VALUE_TRIED, &value);
	if (sw != SW_OK)
		return sw;
	return try_value(card, puk, pin, KEY_PUK_VERIFY, value, BYTES_NONE, resume_renewal);
}

/* RESET P1=03: the same with the verified value of the PUK. */
static uint16_t
reset_counter_verified(struct card *card, struct pin *puk, struct pin *pin, struct bytes data)
{
	if (data.len != 0)
		return SW_WRONG_LENGTH;
	if (puk->tries_left == 0)
		return SW_BLOCKED;
	if (!puk->verified)
		return SW_SECURITY_STATUS;
	return try_value(card, puk, pin, KEY_PUK_VERIFY, puk->value, BYTES_NONE, resume_renewal);
}

uint16_t
reset_retry_counter_command(struct card *card, const struct capdu *command, struct writer *response)
{
	static const unsigned forms[] = {RESET_PUK_NEW, RESET_PUK, RESET_NEW, RESET_COUNTER};
	struct pin *pin = pin_find(card, command->p2);
	struct pin *puk;

	(void)response;
	if (command->p1 >= sizeof(forms) / sizeof(forms[0]) ||
	    (card->personality->rules.pin & forms[command->p1]) == 0)
		return SW_INCORRECT_P1P2;
	if (pin == NULL)
		return SW_REFERENCE_NOT_FOUND;
	if (pin->remote || pin->spec.puk == NULL)
		return SW_CONDITIONS;
	puk = pin_find_counter(card, pin->spec.puk);
	if (forms[command->p1] == RESET_PUK)
		return reset_counter(card, puk, pin, command->data);
	if (forms[command->p1] == RESET_COUNTER)
		return reset_counter_verified(card, puk, pin, command->data);
	return renew(card, puk, pin, KEY_PIN_UNBLOCK, command->data,
		     forms[command->p1] == RESET_PUK_NEW);
}

bool
card_pin(const struct card *card, const char *counter, struct card_pin *pin)
{
	for (size_t i = 0; i < card->pins_count; i++) {
		const struct pin *at = &card->pins[i];

		if (strcmp(at->spec.counter, counter) != 0)
			continue;
		*pin = (struct card_pin){
		    .key = at->spec.key,
		    .puk = at->spec.puk,
		    .is_puk = at->spec.is_puk,
		    .remote = at->remote,
		    .digits_only = at->spec.digits_only,
		    .length_min = at->spec.length_min,
		    .length_max = at->spec.length_max,
		    .length_stored = at->spec.length_stored,
		    .pad = at->spec.pad,
		    .tries_left = at->tries_left,
		    .verified = at->verified,
		};
		return true;
	}
	return false;
}

static uint16_t
resume_check(struct card *card, const struct key_result *result, struct writer *response)
{
	(void)response;
	return judge_try(card, result->sw);
}

/* By enum card_renewal. */
static const struct {
	enum key_operation operation;
	bool by_puk;
	bool has_new_value;
	pending_handler *resume;
} renewals[] = {
    [CARD_PIN_CHANGE] = {KEY_PIN_CHANGE, false, true, resume_renewal},
    [CARD_PIN_UNBLOCK] = {KEY_PIN_UNBLOCK, true, true, resume_renewal},
    [CARD_PIN_CHECK] = {KEY_PIN_VERIFY, false, false, resume_check},
    [CARD_PUK_CHECK] = {KEY_PUK_VERIFY, true, false, resume_check},
};

static uint16_t
renew_by_owner(struct card *card, enum card_renewal renewal, struct pin *pin, struct bytes first,
	       struct bytes new_value)
{
	const bool by_puk = renewals[renewal].by_puk;
	struct pin *tried = pin;
	uint16_t sw;

	if (!renewals[renewal].has_new_value)
		new_value = BYTES_NONE;
	if (pin->remote || pin->spec.is_puk || (by_puk && pin->spec.puk == NULL))
		return SW_CONDITIONS;
	if (by_puk)
		tried = pin_find_counter(card, pin->spec.puk);
	if (tried->tries_left == 0)
		return SW_BLOCKED;
	sw = value_check(card, tried, first, VALUE_TRIED);
	if (sw == SW_OK && renewals[renewal].has_new_value)
		sw = value_check(card, pin, new_value, VALUE_NEW);
	if (sw != SW_OK)
		return sw;
	return try_value(card, tried, pin, renewals[renewal].operation, first, new_value,
			 renewals[renewal].resume);
}

enum card_result
card_renew(struct card *card, enum card_renewal renewal, const char *counter, struct bytes first,
	   struct bytes new_value, struct writer *response)
{
	struct pin *pin = pin_find_counter(card, counter);
	uint16_t sw;

	if (card->pending.resume != NULL)
		sw = SW_CONDITIONS;
	else if (pin == NULL)
		sw = SW_REFERENCE_NOT_FOUND;
	else
		sw = renew_by_owner(card, renewal, pin, first, new_value);
	if (sw == COMMAND_PENDING) {
		card->pending.by_owner = true;
		return CARD_PENDING;
	}
	writer_u16(response, sw);
	return CARD_DONE;
}
