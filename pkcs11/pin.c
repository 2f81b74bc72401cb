#include "card_driver.h"
#include "iso7816/sw.h"

#include <openssl/crypto.h>
#include <string.h>

enum {
	INS_VERIFY = 0x20,
	INS_CHANGE = 0x24,
	INS_RESET = 0x2C,
	P1_TOGETHER = 0x00,
	P1_RESET_NEW = 0x02, /* after a VERIFY of the PUK */
	PIN_BLOCK_MAX = 64,
};

enum smartcard_result
pin_state_by_verify(struct smartcard *card, const struct smartcard_pin *pin,
		    struct smartcard_pin_state *state)
{
	const struct capdu empty = {.ins = INS_VERIFY, .p2 = pin->reference};
	enum smartcard_result r = transport_send(card, &empty, NULL);
	unsigned tries;

	*state = (struct smartcard_pin_state){.known = false};
	if (r != SMARTCARD_OK)
		return r;
	if (card->sw == SW_OK) {
		*state = (struct smartcard_pin_state){
		    .known = true, .verified = true, .tries_left = pin->tries_max};
	} else if (sw_is_tries(card->sw, &tries)) {
		*state = (struct smartcard_pin_state){
		    .known = true, .blocked = tries == 0, .tries_left = tries};
	} else if (card->sw == SW_BLOCKED || card->sw == SW_REFERENCE_DATA_UNUSABLE) {
		*state = (struct smartcard_pin_state){.known = true, .blocked = true};
	}
	return SMARTCARD_OK;
}

enum smartcard_result
pin_unverify(struct smartcard *card, const struct smartcard_pin *pin)
{
	enum { P1_FORGET = 0xFF };
	const struct capdu forget = {.ins = INS_VERIFY, .p1 = P1_FORGET, .p2 = pin->reference};

	return transport_command(card, &forget, NULL);
}

enum smartcard_result
pin_unverify_all(struct smartcard *card)
{
	enum smartcard_result r = SMARTCARD_OK;

	for (size_t i = 0; i < card->pins_count && r == SMARTCARD_OK; i++)
		if (!card->pins[i].unblocking)
			r = pin_unverify(card, &card->pins[i]);
	return r;
}

/* What the card says to a PIN. */
static enum smartcard_result
judge(struct smartcard *card)
{
	switch (card->sw) {
	case SW_OK: return SMARTCARD_OK;
	case SW_BLOCKED:
	case SW_REFERENCE_DATA_UNUSABLE: card->tries_left = 0; return SMARTCARD_PIN_BLOCKED;
	case SW_WRONG_LENGTH: return SMARTCARD_PIN_LENGTH;
	case SW_INCORRECT_DATA: return SMARTCARD_PIN_INVALID;
	case SW_PROMPT_CANCELLED: return SMARTCARD_CANCELLED;
	case SW_PROMPT_TIMEOUT: return SMARTCARD_TIMEOUT;
	case SW_SECURITY_STATUS: return SMARTCARD_NOT_VERIFIED;
	default:
		if (!sw_is_tries(card->sw, &card->tries_left))
			return SMARTCARD_REFUSED;
		return card->tries_left > 0 ? SMARTCARD_PIN_WRONG : SMARTCARD_PIN_BLOCKED;
	}
}

static enum smartcard_result
check_value(struct bytes value, size_t min, size_t max, bool digits_only)
{
	if (value.data == NULL)
		return SMARTCARD_OK;
	if (value.len < min || value.len > max || value.len > PIN_BLOCK_MAX || value.len == 0)
		return SMARTCARD_PIN_LENGTH;
	for (size_t i = 0; i < value.len && digits_only; i++)
		if (value.data[i] < '0' || value.data[i] > '9')
			return SMARTCARD_PIN_INVALID;
	return SMARTCARD_OK;
}

/* A PIN as it goes into a command; of the pad, its place. */
static void
put_block(struct writer *writer, const struct smartcard_pin *pin, struct bytes value)
{
	if (pin->stored > 0 && value.len > pin->stored)
		writer->overflow = true;
	writer_put(writer, value);
	if (value.len < pin->stored)
		writer_fill(writer, pin->pad, pin->stored - value.len);
}

static enum smartcard_result
ask_once(struct smartcard *card, const struct smartcard_pin *pin, struct smartcard_pin_state *state)
{
	enum smartcard_result r = SMARTCARD_OK;

	*state = (struct smartcard_pin_state){.known = false};
	if (card->driver->reach_pin != NULL)
		r = card->driver->reach_pin(card, pin);
	return r == SMARTCARD_OK ? card->driver->pin_state(card, pin, state) : r;
}

/* Where the place is lost, another application may be selected, which does not know the PIN. */
static enum smartcard_result
ask_state(struct smartcard *card, const struct smartcard_pin *pin,
	  struct smartcard_pin_state *state)
{
	const bool lost = !card->place.known;
	enum smartcard_result r = ask_once(card, pin, state);

	if (!lost || card->driver->enter == NULL || (r == SMARTCARD_OK && state->known) ||
	    (r != SMARTCARD_OK && r != SMARTCARD_REFUSED && r != SMARTCARD_NOT_VERIFIED))
		return r;
	r = card->driver->enter(card);
	return r == SMARTCARD_OK ? ask_once(card, pin, state) : r;
}

/* The card may have changed its mind since the last time, so it is asked each time. */
static enum smartcard_result
check_state(struct smartcard *card, struct smartcard_pin *pin)
{
	struct smartcard_pin_state state;
	enum smartcard_result r = ask_state(card, pin, &state);

	if (r == SMARTCARD_OK && !state.known)
		r = SMARTCARD_PIN_UNCERTAIN;
	if (r == SMARTCARD_OK && state.blocked) {
		card->tries_left = 0;
		r = SMARTCARD_PIN_BLOCKED;
	}
	if (r == SMARTCARD_OK && card->driver->prepare_pin != NULL)
		r = card->driver->prepare_pin(card, pin);
	return r;
}

/* One or two PINs in one command: `first` with the rules of `of_first`, `second` those of `pin`. */
struct pin_command {
	uint8_t ins, p1;
	const struct smartcard_pin *pin, *of_first;
	bool has_first, has_second;
	struct bytes first, second;
};

static enum smartcard_result
send_typed(struct smartcard *card, const struct pin_command *command, struct bytes apdu,
	   size_t second_offset)
{
	const struct smartcard_pin *pin = command->has_second ? command->pin : command->of_first;
	const struct channel_pin typed = {
	    .change = command->has_second,
	    .ask_old = command->has_first && command->first.data == NULL,
	    .confirm = command->has_second,
	    .command = apdu,
	    .min = (uint8_t)pin->min,
	    .max = (uint8_t)pin->max,
	    .stored = (uint8_t)pin->stored,
	    .new_offset = second_offset,
	};

	return transport_pin_pad(card, &typed);
}

static enum smartcard_result
send_pins(struct smartcard *card, const struct pin_command *command)
{
	const bool typed = (command->has_first && command->first.data == NULL) ||
			   (command->has_second && command->second.data == NULL);
	uint8_t data[2 * PIN_BLOCK_MAX], bytes[2 * PIN_BLOCK_MAX + 8];
	struct writer writer = writer_to(data, sizeof(data));
	struct writer apdu = writer_to(bytes, sizeof(bytes));
	struct capdu capdu = {
	    .ins = command->ins, .p1 = command->p1, .p2 = command->pin->reference};
	enum smartcard_result r = SMARTCARD_PIN_LENGTH;
	size_t second_offset;

	if (command->has_first)
		put_block(&writer, command->of_first, command->first);
	second_offset = writer.len;
	if (command->has_second)
		put_block(&writer, command->pin, command->second);
	if (!writer_ok(&writer))
		goto out;
	capdu.data = writer_bytes(&writer);
	if (!typed) {
		r = transport_send(card, &capdu, NULL);
	} else {
		if (!capdu_encode(&capdu, &apdu))
			goto out;
		r = send_typed(card, command, writer_bytes(&apdu), second_offset);
	}
	if (r == SMARTCARD_OK)
		r = judge(card);
out:
	OPENSSL_cleanse(data, sizeof(data));
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return r;
}

static enum smartcard_result
send_verify(struct smartcard *card, const struct smartcard_pin *pin, struct bytes value)
{
	const struct pin_command verify = {
	    .ins = INS_VERIFY, .pin = pin, .of_first = pin, .has_first = true, .first = value};

	return send_pins(card, &verify);
}

static bool
can_type(const struct smartcard *card, struct bytes value)
{
	return value.data != NULL || card->channel.pin_pad != NULL;
}

/* A reader asks for a new PIN alone or for both. */
static bool
can_type_both(const struct smartcard *card, struct bytes first, struct bytes second)
{
	return can_type(card, first) && can_type(card, second) &&
	       (first.data != NULL || second.data == NULL);
}

enum smartcard_result
smartcard_pin_state(struct smartcard *card, size_t pin, struct smartcard_pin_state *state)
{
	*state = (struct smartcard_pin_state){.known = false};
	if (pin >= card->pins_count)
		return SMARTCARD_BAD_INPUT;
	return ask_state(card, &card->pins[pin], state);
}

enum smartcard_result
smartcard_verify(struct smartcard *card, size_t index, struct bytes value)
{
	struct smartcard_pin *pin;
	enum smartcard_result r;

	if (index >= card->pins_count)
		return SMARTCARD_BAD_INPUT;
	pin = &card->pins[index];
	if (!can_type(card, value))
		return SMARTCARD_UNSUPPORTED;
	r = check_value(value, pin->min, pin->max, pin->digits_only);
	if (r == SMARTCARD_OK)
		r = check_state(card, pin);
	return r == SMARTCARD_OK ? send_verify(card, pin, value) : r;
}

enum smartcard_result
smartcard_change(struct smartcard *card, size_t index, struct bytes old_value,
		 struct bytes new_value)
{
	struct pin_command change = {.ins = INS_CHANGE,
				     .p1 = P1_TOGETHER,
				     .has_first = true,
				     .has_second = true,
				     .first = old_value,
				     .second = new_value};
	struct smartcard_pin *pin;
	enum smartcard_result r;

	if (index >= card->pins_count)
		return SMARTCARD_BAD_INPUT;
	pin = &card->pins[index];
	change.pin = change.of_first = pin;
	if (!pin->can_change || !can_type_both(card, old_value, new_value))
		return SMARTCARD_UNSUPPORTED;
	r = check_value(old_value, pin->min, pin->max, pin->digits_only);
	if (r == SMARTCARD_OK)
		r = check_value(new_value, pin->min, pin->max, pin->digits_only);
	if (r == SMARTCARD_OK)
		r = check_state(card, pin);
	if (r == SMARTCARD_OK && pin->verified_first)
		r = send_verify(card, pin, old_value);
	return r == SMARTCARD_OK ? send_pins(card, &change) : r;
}

/* The PUK of a card that has no object for it. */
static struct smartcard_pin
puk_of(const struct smartcard *card, const struct smartcard_pin *pin)
{
	if (pin->puk != SMARTCARD_NONE)
		return card->pins[pin->puk];
	return (struct smartcard_pin){.min = pin->puk_min,
				      .max = pin->puk_max,
				      .stored = pin->stored,
				      .pad = pin->pad,
				      .digits_only = pin->digits_only};
}

enum smartcard_result
smartcard_unblock(struct smartcard *card, size_t index, struct bytes puk_value,
		  struct bytes new_value)
{
	struct pin_command reset = {.ins = INS_RESET,
				    .p1 = P1_TOGETHER,
				    .has_first = true,
				    .has_second = true,
				    .first = puk_value,
				    .second = new_value};
	const struct smartcard_pin *pin;
	struct smartcard_pin puk;
	enum smartcard_result r;

	if (index >= card->pins_count)
		return SMARTCARD_BAD_INPUT;
	pin = &card->pins[index];
	puk = puk_of(card, pin);
	reset.pin = pin;
	reset.of_first = &puk;
	if (!pin->can_unblock || !can_type_both(card, puk_value, new_value))
		return SMARTCARD_UNSUPPORTED;
	r = check_value(puk_value, puk.min, puk.max, puk.digits_only);
	if (r == SMARTCARD_OK)
		r = check_value(new_value, pin->min, pin->max, pin->digits_only);
	if (r == SMARTCARD_OK && pin->puk != SMARTCARD_NONE)
		r = check_state(card, &puk);
	if (r == SMARTCARD_OK && pin->verified_first) {
		r = send_verify(card, &puk, puk_value);
		reset.p1 = P1_RESET_NEW;
		reset.has_first = false;
	}
	if (r == SMARTCARD_OK && card->driver->reach_pin != NULL)
		r = card->driver->reach_pin(card, pin);
	return r == SMARTCARD_OK ? send_pins(card, &reset) : r;
}
