#include "registry.h"
#include "build.h"
#include "cc_v1.h"
#include "cc_v2.h"
#include "fineid_org.h"
#include "fineid_v2.h"
#include "fineid_v3.h"
#include "fineid_v4.h"
#include "iasecc.h"

#include <stdio.h>
#include <string.h>

static const struct personality *const PERSONALITIES[] = {
    &cc_v1, &cc_v2, &fineid_v2, &fineid_v3, &fineid_v4, &fineid_org, &iasecc, NULL};

const struct personality *const *
registry_all(void)
{
	return PERSONALITIES;
}

const struct personality *
registry_default(void)
{
	return &cc_v1;
}

void
registry_names(char *text, size_t room)
{
	size_t len = 0;

	text[0] = '\0';
	for (const struct personality *const *entry = PERSONALITIES; *entry != NULL && len < room;
	     entry++)
		len += (size_t)snprintf(text + len, room - len, "%s%s", len > 0 ? ", " : "",
					(*entry)->name);
}

const struct personality *
registry_find(const char *name)
{
	for (const struct personality *const *entry = PERSONALITIES; *entry != NULL; entry++) {
		if (strcmp((*entry)->name, name) == 0)
			return *entry;
	}
	return NULL;
}

bool
registry_key(const struct personality *personality, size_t index, struct registry_key *key)
{
	const struct role *role;

	if (index >= personality->roles->count)
		return false;
	role = &personality->roles->role[index];
	*key = (struct registry_key){
	    .name = role->key,
	    .purpose = role->purpose,
	    .kinds = role->kinds,
	    .pin = role->pin.counter,
	    .puk = role->pin.puk,
	    .pin_min = role->pin.length_min,
	    .pin_max = role->pin.length_max,
	    .puk_min = role->puk.length_min,
	    .puk_max = role->puk.length_max,
	    .digits_only = role->pin.digits_only,
	};
	return true;
}

const char *
registry_pin_key(const struct image *image, const char *key)
{
	const struct personality *personality = registry_find(image->personality);

	if (personality == NULL || image_key(image, key) == NULL)
		return NULL;
	for (size_t i = 0; i < personality->roles->count; i++) {
		const struct role *role = &personality->roles->role[i];

		if (strcmp(role->key, key) == 0)
			return build_leading_key(image, personality->roles, role);
	}
	return NULL;
}
