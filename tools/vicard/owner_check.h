/*
 * What can be known to fail before the owner is asked.
 */
#ifndef VICAR_TOOLS_VICARD_OWNER_CHECK_H
#define VICAR_TOOLS_VICARD_OWNER_CHECK_H

#include "owner.h"

/* The request is one that can be done now with the key `name` of the card, which is found. False: the
 * sentence why not. */
bool owner_check(const struct keys *keys, const struct bridge_request *request, const char *name,
		 struct card_key *key, struct problem *error) MUST_USE;

#endif
