#include "engine.h"

#include <string.h>

/* What the owner types at a PIN pad, PC/SC part 10: which values a command lacks, and when they came. */

enum { HEADER_LEN = 4, INS_VERIFY = 0x20, INS_CHANGE = 0x24, INS_RESET = 0x2C };

/* Clauses 11.5.6, 11.5.7 and 11.5.9 (2013). */
static const struct form {
	uint8_t ins, p1;
	unsigned rule; /* of card_rules.pin; 0: every card has it */
	bool by_puk;
	bool has_first, renews;
	enum key_operation operation;
} forms[] = {
    {INS_VERIFY, 0x00, 0, false, true, false, KEY_PIN_VERIFY},
    {INS_CHANGE, 0x00, CHANGE_OLD_NEW, false, true, true, KEY_PIN_CHANGE},
    {INS_CHANGE, 0x01, CHANGE_NEW, false, false, true, KEY_PIN_CHANGE},
    {INS_RESET, 0x00, RESET_PUK_NEW, true, true, true, KEY_PIN_UNBLOCK},
    {INS_RESET, 0x01, RESET_PUK, true, true, false, KEY_PUK_VERIFY},
    {INS_RESET, 0x02, RESET_NEW, true, false, true, KEY_PIN_UNBLOCK},
};

static uint16_t
form_of(const struct card *card, const uint8_t *header, const struct form **form)
{
	uint16_t sw = SW_INS_NOT_SUPPORTED;

	if (header[0] != 0)
		return sw;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].ins != header[1])
			continue;
		*form = &forms[i];
		if (forms[i].p1 == header[2] &&
		    (forms[i].rule == 0 || (card->personality->rules.pin & forms[i].rule) != 0))
			return SW_OK;
		sw = SW_INCORRECT_P1P2;
	}
	return sw;
}

uint16_t
card_asked(struct card *card, struct bytes header, struct card_asked *asked)
{
	const struct form *form;
	struct pin *pin, *first;
	uint16_t sw =
	    header.len == HEADER_LEN ? form_of(card, header.data, &form) : SW_INS_NOT_SUPPORTED;

	if (sw != SW_OK)
		return sw;
	pin = first = pin_find(card, header.data[3]);
	if (pin == NULL)
		return SW_REFERENCE_NOT_FOUND;
	if (form->ins != INS_VERIFY && (pin->remote || pin->spec.is_puk))
		return SW_CONDITIONS;
	if (form->by_puk) {
		if (pin->spec.puk == NULL)
			return SW_CONDITIONS;
		first = pin_find_counter(card, pin->spec.puk);
	}
	if (first->tries_left == 0)
		return SW_BLOCKED;
	if (!form->has_first && !first->verified)
		return SW_SECURITY_STATUS;
	*asked = (struct card_asked){
	    .first = form->has_first ? first->spec.counter : NULL,
	    .renewed = form->renews ? pin->spec.counter : NULL,
	    .pin = pin->spec.counter,
	    .operation = pin->spec.is_puk ? KEY_PUK_VERIFY : form->operation,
	};
	return SW_OK;
}

enum card_result
card_transmit_typed(struct card *card, struct bytes command, uint64_t now, struct writer *response)
{
	enum card_result result;

	card->typed = now;
	result = card_transmit(card, command, response);
	if (result == CARD_DONE)
		card->typed = 0;
	return result;
}

bool
card_typed(const struct card *card, const char *counter, uint64_t *when)
{
	for (size_t i = 0; i < card->pins_count; i++) {
		const struct pin *pin = &card->pins[i];

		if (strcmp(pin->spec.counter, counter) != 0)
			continue;
		*when = pin->typed;
		return pin->verified && pin->typed != 0;
	}
	return false;
}
