#include "pin_renewal.h"

#include "iso7816/sw.h"
#include "local_operation.h"

#include <stdio.h>
#include <string.h>

enum { COUNTERS_TEXT_MAX = IMAGE_COUNTERS_MAX * (KEY_NAME_MAX + 2) };

size_t
pin_renewal_counters(const struct card *card, char *text, size_t room)
{
	struct image_counter counters[IMAGE_COUNTERS_MAX];
	size_t all = card_counters(card, counters, IMAGE_COUNTERS_MAX), count = 0, len = 0;
	struct card_pin pin;

	text[0] = '\0';
	for (size_t i = 0; i < all && i < IMAGE_COUNTERS_MAX && len < room; i++) {
		if (!card_pin(card, counters[i].name, &pin) || pin.is_puk)
			continue;
		len += (size_t)snprintf(text + len, room - len, "%s%s", count > 0 ? ", " : "",
					counters[i].name);
		count++;
	}
	return count;
}

static bool
no_such_pin(const struct image *image, const struct card *card, const char *counter,
	    struct problem *error)
{
	char counters[COUNTERS_TEXT_MAX];

	if (pin_renewal_counters(card, counters, sizeof(counters)) == 0)
		return problem(error, "card %s has no PIN; there is nothing to do", image->name);
	return problem(error, "card %s has no PIN %s; it has %s, say which with --pin", image->name,
		       counter, counters);
}

static bool
changed_elsewhere(const struct image *image, const struct card_pin *pin, const char *counter,
		  struct problem *error)
{
	const struct image_key *key = pin->key == NULL ? NULL : image_key(image, pin->key);

	return problem(
	    error,
	    "%s of card %s belongs to the service %s, which alone can change it; change it with "
	    "your account there (for Chave Móvel Digital: sign in at www.autenticacao.gov.pt, "
	    "\"A Minha Chave Móvel Digital\", edit \"Assinatura Digital\") and use the new PIN "
	    "from then on",
	    counter, image->name, key == NULL ? "of its key" : key->service);
}

bool
pin_renewal_possible(const struct image *image, const struct card *card, enum card_renewal kind,
		     const char *counter, struct card_pin *pin, struct problem *error)
{
	if (!card_pin(card, counter, pin))
		return no_such_pin(image, card, counter, error);
	if (pin->is_puk)
		return problem(error,
			       "%s of card %s is a PUK, which stays as it was made; choose a PIN "
			       "with --pin",
			       counter, image->name);
	if (pin->remote && kind == CARD_PIN_CHANGE)
		return changed_elsewhere(image, pin, counter, error);
	if (!pin->remote && kind == CARD_PIN_UNBLOCK && pin->puk == NULL)
		return problem(error,
			       "%s of card %s has no PUK that could unblock it; forget the card "
			       "and make it again",
			       counter, image->name);
	if (!pin->remote && (kind == CARD_PIN_CHANGE || kind == CARD_PIN_CHECK) &&
	    pin->tries_left == 0)
		return problem(error,
			       "%s of card %s is blocked; with its PUK type: vicar pin unblock %s "
			       "--pin %s",
			       counter, image->name, image->name, counter);
	return true;
}

/* One operation at a time: what a program has begun is not pulled from under it. */
static bool
is_idle(const struct image *image, const struct card *card, struct problem *error)
{
	if (card_request(card) == NULL)
		return true;
	return problem(error,
		       "card %s is at work for a program; wait until that has ended, or take the "
		       "card out with `vicar remove %s`, then start again",
		       image->name, image->name);
}

static uint16_t
renew(const struct image *image, struct card *card, const struct pin_renewal *renewal,
      char error[KEYFILE_ERROR_MAX])
{
	uint8_t room[RAPDU_LEN_MAX];
	struct writer response = writer_to(room, sizeof(room));
	enum card_result result = card_renew(card, renewal->kind, renewal->counter, renewal->first,
					     renewal->new_value, &response);

	error[0] = '\0';
	while (result == CARD_PENDING) {
		const struct key_result judged = {
		    .sw = local_pin(image->directory, card_request(card), error)};

		result = card_resume(card, &judged, &response);
	}
	if (response.len < 2)
		return SW_UNKNOWN;
	return (uint16_t)(room[0] << 8 | room[1]);
}

static bool
no_value(const struct image *image, const char *counter, const struct card_pin *pin,
	 struct problem *error)
{
	return problem(error,
		       "that cannot be a value of %s of card %s, which has %zu to %zu %s; nothing "
		       "was tried, start again",
		       counter, image->name, pin->length_min, pin->length_max,
		       pin->digits_only ? "digits" : "characters");
}

/* A program's command with a value of another length would cost a try; the owner's mistyping does
 * not. */
static bool
has_length(const struct image *image, const char *counter, const struct card_pin *pin,
	   struct bytes value, struct problem *error)
{
	return (value.len >= pin->length_min && value.len <= pin->length_max) ||
	       no_value(image, counter, pin, error);
}

static bool
is_by_puk(enum card_renewal kind)
{
	return kind == CARD_PIN_UNBLOCK || kind == CARD_PUK_CHECK;
}

static bool
values_fit(const struct image *image, const struct card *card, const struct pin_renewal *renewal,
	   const struct card_pin *pin, struct problem *error)
{
	const char *tried_counter = is_by_puk(renewal->kind) ? pin->puk : renewal->counter;
	struct card_pin tried;

	if (!card_pin(card, tried_counter, &tried))
		return no_such_pin(image, card, tried_counter, error);
	if (!has_length(image, tried_counter, &tried, renewal->first, error))
		return false;
	if (renewal->kind == CARD_PIN_CHECK || renewal->kind == CARD_PUK_CHECK)
		return true;
	return has_length(image, renewal->counter, pin, renewal->new_value, error) &&
	       (renewal->policy == NULL ||
		pin_policy_allows(renewal->policy, renewal->new_value, false, error));
}

static bool
wrong_value(const struct image *image, const struct pin_renewal *renewal, unsigned left,
	    struct problem *error)
{
	const char *name = image->name, *counter = renewal->counter;
	const char *what = renewal->kind == CARD_PIN_CHANGE ? "old value of" : "value of";

	if (is_by_puk(renewal->kind) && left == 0)
		return problem(error,
			       "the PUK is wrong and now blocked, so that %s of card %s cannot be "
			       "unblocked any more; forget the card and make it again",
			       counter, name);
	if (is_by_puk(renewal->kind))
		return problem(error,
			       "the PUK for %s of card %s is wrong, tries left: %u; be sure of it "
			       "and start again",
			       counter, name, left);
	if (left == 0)
		return problem(error,
			       "the %s %s of card %s is wrong and the PIN now blocked; with its "
			       "PUK type: vicar pin unblock %s --pin %s",
			       what, counter, name, name, counter);
	return problem(error,
		       "the %s %s of card %s is wrong, tries left: %u; be sure of it and start "
		       "again",
		       what, counter, name, left);
}

static const char NO_COUNTER[] = "its counter cannot be written";

static bool
explain(const struct image *image, const struct pin_renewal *renewal, const struct card_pin *pin,
	uint16_t sw, const char *file_error, struct problem *error)
{
	/* The text is a sentence; here it is part of one. */
	const size_t len = strlen(file_error) - (file_error[0] != '\0');
	unsigned left;

	if (sw_is_tries(sw, &left))
		return wrong_value(image, renewal, left, error);
	switch (sw) {
	case SW_BLOCKED:
		return problem(error,
			       "the PUK for %s of card %s is blocked; forget the card and make it "
			       "again",
			       renewal->counter, image->name);
	case SW_MEMORY_FAILURE:
		return problem(
		    error,
		    "%s of card %s could not be renewed: %.*s; %ssee who may write in "
		    "%s, and whether there is room on the disk",
		    renewal->counter, image->name, len == 0 ? (int)strlen(NO_COUNTER) : (int)len,
		    len == 0 ? NO_COUNTER : file_error,
		    len == 0 ? "" : "restore the file if it is missing or damaged, else ",
		    image->directory);
	default: return no_value(image, renewal->counter, pin, error);
	}
}

static void
note(struct journal *journal, const struct pin_renewal *renewal, uint16_t sw)
{
	char text[JOURNAL_TEXT_MAX];
	static const char *const done[] = {
	    [CARD_PIN_CHANGE] = "changed",
	    [CARD_PIN_UNBLOCK] = "unblocked",
	    [CARD_PIN_CHECK] = "proved",
	    [CARD_PUK_CHECK] = "proved with its PUK",
	};
	const char *what = done[renewal->kind];

	if (sw == SW_OK)
		(void)snprintf(text, sizeof(text), "%s was %s by its owner", renewal->counter,
			       what);
	else
		(void)snprintf(text, sizeof(text), "%s was not %s: %s (%04X)", renewal->counter,
			       what, sw_text(sw), (unsigned)sw);
	journal_note(journal, time(NULL), text);
}

static bool
put_back(const struct image *image, struct card *card, struct journal *journal,
	 const struct pin_renewal *renewal, struct problem *error)
{
	const bool ok = card_pin_unblock(card, renewal->counter);

	note(journal, renewal, ok ? SW_OK : SW_MEMORY_FAILURE);
	return ok || problem(error,
			     "%s of card %s stays blocked: its counter cannot be written; see who "
			     "may write in %s, and whether there is room on the disk",
			     renewal->counter, image->name, image->directory);
}

bool
pin_renewal_do(const struct image *image, struct card *card, struct journal *journal,
	       const struct pin_renewal *renewal, struct problem *error)
{
	char file_error[KEYFILE_ERROR_MAX];
	struct card_pin pin;
	uint16_t sw;

	if (!pin_renewal_possible(image, card, renewal->kind, renewal->counter, &pin, error))
		return false;
	/* Its use may be open at the service: there the counter may go up meanwhile. */
	if (pin.remote)
		return put_back(image, card, journal, renewal, error);
	if (!values_fit(image, card, renewal, &pin, error) || !is_idle(image, card, error))
		return false;
	sw = renew(image, card, renewal, file_error);
	note(journal, renewal, sw);
	return sw == SW_OK || explain(image, renewal, &pin, sw, file_error, error);
}
