#include "engine.h"

#include <string.h>

static const struct pin_spec *
puk_of(const struct card *card, const struct pin_spec *pin)
{
	for (size_t i = 0; pin->puk != NULL && i < card->pins_count; i++)
		if (strcmp(card->pins[i].spec.counter, pin->puk) == 0)
			return &card->pins[i].spec;
	return pin;
}

bool
card_pin_form(const struct card *card, uint16_t reference, struct card_pin_form *form)
{
	for (size_t i = 0; i < card->pins_count; i++) {
		const struct pin *pin = &card->pins[i];
		const struct pin_spec *puk = puk_of(card, &pin->spec);

		if (pin->spec.reference != reference)
			continue;
		*form = (struct card_pin_form){.key = pin->spec.key,
					       .is_puk = pin->spec.is_puk,
					       .remote = pin->remote,
					       .length_stored = pin->spec.length_stored,
					       .puk_stored = puk->length_stored,
					       .pad = pin->spec.pad,
					       .puk_pad = puk->pad};
		return true;
	}
	return false;
}
