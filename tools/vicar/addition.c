#include "addition.h"

#include "cards.h"
#include "command.h"
#include "role.h"
#include "tools/held_card.h"
#include "tools/pin_renewal.h"

#include <string.h>

static bool
save_counters(void *context, const struct image_counter *counters, size_t count)
{
	struct image_error error = {""};

	if (image_save_counters(context, counters, count, &error))
		return true;
	say_error("%s", error.text);
	return false;
}

bool
addition_begin(struct addition *addition, const char *name, const char *personality,
	       struct problem *error)
{
	const struct card_host host = {.context = &addition->image, .save = save_counters};
	struct journal_error no_journal = {""};
	char directory[PATH_MAX];

	*addition = (struct addition){.image = {.lock = -1}, .journal = {.fd = -1}};
	if (!cards_find(name, directory, error) || !held_image(&addition->image, name, error))
		return false;
	if (personality != NULL && strcmp(personality, addition->image.personality) != 0)
		return problem(error, "card %s is a %s, not a %s; leave out --card", name,
			       addition->image.personality, personality);
	if (!journal_open(&addition->journal, addition->image.directory, time(NULL), &no_journal))
		return problem(error, "%s", no_journal.text);
	addition->card = held_card(&addition->image, &host, error);
	return addition->card != NULL;
}

void
addition_end(struct addition *addition)
{
	card_free(addition->card);
	journal_close(&addition->journal);
	image_free(&addition->image);
}

bool
addition_free(const struct addition *addition, const char *role, struct problem *error)
{
	const struct image *image = &addition->image;

	return image_key(image, role) == NULL ||
	       problem(error,
		       "card %s has a key %s already, which is not replaced; choose another role, "
		       "or make a new card",
		       image->name, role);
}

/* A PIN of the card that `counter` is, or that it unblocks. */
static bool
pin_with(const struct image *image, const char *counter, struct registry_key *key)
{
	struct problem unused;

	for (size_t i = 0; i < image->keys_count; i++)
		if (strcmp(image->keys[i].service, IMAGE_SERVICE_FILE) == 0 &&
		    role_find(image->personality, image->keys[i].name, key, &unused) &&
		    (strcmp(key->pin, counter) == 0 ||
		     (key->puk != NULL && strcmp(key->puk, counter) == 0)))
			return true;
	return false;
}

bool
addition_check(struct addition *addition, const struct pin_plan *plan, struct problem *error)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct pins_value *value = &plan->values[i];
		struct pin_renewal check = {
		    .first = {(const uint8_t *)value->value, strlen(value->value)}};
		struct registry_key key;

		if (value->is_new || !pin_with(&addition->image, value->key, &key))
			continue;
		check.counter = key.pin;
		check.kind = strcmp(key.pin, value->key) == 0 ? CARD_PIN_CHECK : CARD_PUK_CHECK;
		if (!pin_renewal_do(&addition->image, addition->card, &addition->journal, &check,
				    error))
			return false;
	}
	return true;
}
