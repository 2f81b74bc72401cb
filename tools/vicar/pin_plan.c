#include "pin_plan.h"

#include <stdio.h>
#include <string.h>

static struct pins_value *
find(const struct pin_plan *plan, const char *counter)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->values[i].key, counter) == 0)
			return &plan->values[i];
	return NULL;
}

const char *
pin_plan_value(const struct pin_plan *plan, const char *counter)
{
	const struct pins_value *value = counter == NULL ? NULL : find(plan, counter);

	return value == NULL ? NULL : value->value;
}

/* The counter opens a local key of the image: its value is not free to choose. */
static bool
is_there(const struct image *image, const char *counter)
{
	struct registry_key key;
	struct problem unused;

	for (size_t i = 0; image != NULL && i < image->keys_count; i++) {
		if (strcmp(image->keys[i].service, IMAGE_SERVICE_FILE) != 0 ||
		    !role_find(image->personality, image->keys[i].name, &key, &unused))
			continue;
		if (strcmp(key.pin, counter) == 0 ||
		    (key.puk != NULL && strcmp(key.puk, counter) == 0))
			return true;
	}
	return false;
}

static void
add(struct pin_plan *plan, const struct image *image, struct pins_value wanted)
{
	const bool is_puk = strcmp(wanted.or_key, "puk") == 0;
	char *name = plan->names[plan->count];

	if (find(plan, wanted.key) != NULL)
		return;
	wanted.is_new = !is_there(image, wanted.key);
	/* "PIN pin2", "PUK of the card" */
	snprintf(name, PIN_PLAN_NAME_MAX, "%s%s%s%s", is_puk ? "PUK" : "PIN",
		 strcmp(wanted.key, wanted.or_key) == 0 ? "" : " ",
		 strcmp(wanted.key, wanted.or_key) == 0 ? "" : wanted.key,
		 wanted.is_new ? "" : " of the card");
	wanted.name = name;
	if (wanted.max > PINS_VALUE_MAX)
		wanted.max = PINS_VALUE_MAX;
	plan->values[plan->count++] = wanted;
}

bool
pin_plan_make(struct pin_plan *plan, const struct registry_key *keys, size_t count,
	      const struct image *image, struct problem *error)
{
	*plan = (struct pin_plan){.values = pins_new(PIN_PLAN_MAX, error)};
	if (plan->values == NULL)
		return false;
	for (size_t i = 0; i < count && i < IMAGE_KEYS_MAX; i++)
		add(plan, image,
		    (struct pins_value){.key = keys[i].pin,
					.or_key = "pin",
					.min = keys[i].pin_min,
					.max = keys[i].pin_max});
	for (size_t i = 0; i < count && i < IMAGE_KEYS_MAX; i++)
		if (keys[i].puk != NULL)
			add(plan, image,
			    (struct pins_value){.key = keys[i].puk,
						.or_key = "puk",
						.min = keys[i].puk_min,
						.max = keys[i].puk_max});
	return true;
}

void
pin_plan_free(struct pin_plan *plan)
{
	if (plan->values != NULL)
		pins_free(plan->values, PIN_PLAN_MAX);
	*plan = (struct pin_plan){0};
}
