/*
 * Removing a card for good.
 */
#ifndef VICAR_TOOLS_VICAR_FORGET_H
#define VICAR_TOOLS_VICAR_FORGET_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

/* Refuses while the card is in. The name is free as soon as anything is gone. */
bool forget_card(const char *name, struct problem *error) MUST_USE;

#endif
