/*
 * The card personalities there are.
 */
#ifndef VICAR_APPLETS_REGISTRY_H
#define VICAR_APPLETS_REGISTRY_H

#include "emulator/personality.h"

#include <stddef.h>

/* NULL when there is none of that name. */
const struct personality *registry_find(const char *name);
/* What is made of a service's key when nobody says what card it is to be. */
const struct personality *registry_default(void);
/* All of them; the list ends with NULL. */
const struct personality *const *registry_all(void);
/* Their names for an error text, "cc-v1, fineid-v2", cut at `room` - 1. */
void registry_names(char *text, size_t room);

#endif
