#include "registry.h"
#include "cc_v1.h"
#include "fineid_v2.h"

#include <string.h>

static const struct personality *const PERSONALITIES[] = {&cc_v1, &fineid_v2, NULL};

const struct personality *const *
registry_all(void)
{
	return PERSONALITIES;
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
