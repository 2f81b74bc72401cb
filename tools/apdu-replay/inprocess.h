/*
 * The in-process card: the engine with a personality, its keys from the fixtures.
 */
#ifndef VICAR_TOOLS_APDU_REPLAY_INPROCESS_H
#define VICAR_TOOLS_APDU_REPLAY_INPROCESS_H

#include "target.h"

struct inprocess;

/* `fixtures` is the fixtures' directory, borrowed. NULL: no memory. */
struct inprocess *inprocess_new(const char *fixtures) MUST_USE;
void inprocess_free(struct inprocess *inprocess); /* NULL is fine */
struct target inprocess_target(struct inprocess *inprocess);

#endif
