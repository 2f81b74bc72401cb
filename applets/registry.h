/*
 * The card personalities there are.
 */
#ifndef VICAR_APPLETS_REGISTRY_H
#define VICAR_APPLETS_REGISTRY_H

#include "emulator/personality.h"

#include <stddef.h>

/* NULL when there is none of that name. */
const struct personality *registry_find(const char *name);
/* All of them, for `vicar list --personalities` and error texts; the list ends with NULL. */
const struct personality *const *registry_all(void);

#endif
