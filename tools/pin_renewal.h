/*
 * A PIN changed, unblocked or shown to be known by the card's owner: through the card's engine, so that counters and
 * rules hold as they do for a program's command, and with a line in the journal. For the process that
 * holds the image's lock: vicard, or `vicar` while the card is out.
 */
#ifndef VICAR_TOOLS_PIN_RENEWAL_H
#define VICAR_TOOLS_PIN_RENEWAL_H

#include "emulator/card.h"
#include "journal.h"
#include "pin_policy.h"
#include "problem.h"

struct pin_renewal {
	enum card_renewal kind;
	const char *counter;    /* of the PIN */
	struct bytes first;     /* the old PIN, or the PUK; secret. Nothing for a remote PIN, whose
				counter alone is put back */
	struct bytes new_value; /* secret */
	const struct pin_policy *policy; /* of new values; NULL: what is new was judged before */
};

/* The counter is a PIN of the card that can be renewed so; `pin` says what its values may be. Nothing
 * is tried. */
bool pin_renewal_possible(const struct image *image, const struct card *card,
			  enum card_renewal kind, const char *counter, struct card_pin *pin,
			  struct problem *error) MUST_USE;
/* `error` has the tries that are left when the value was wrong. */
bool pin_renewal_do(const struct image *image, struct card *card, struct journal *journal,
		    const struct pin_renewal *renewal, struct problem *error) MUST_USE;
/* The counters of the card's PINs without its PUKs, "pin1, pin2"; returns how many there are. */
size_t pin_renewal_counters(const struct card *card, char *text, size_t room);

#endif
