#include "registry.h"
#include "cc_v1.h"
#include "fineid_v2.h"
#include "fineid_v4.h"
#include "iasecc.h"

#include <stdio.h>
#include <string.h>

static const struct personality *const PERSONALITIES[] = {&cc_v1, &fineid_v2, &fineid_v4, &iasecc,
							  NULL};

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
