/*
 * vicard's end of the control socket, tools/control.h.
 */
#ifndef VICAR_TOOLS_VICARD_ATTEND_H
#define VICAR_TOOLS_VICARD_ATTEND_H

#include "loop.h"

enum attend_result {
	ATTEND_WAIT,   /* it has not asked yet */
	ATTEND_CLOSE,  /* answered, or gone */
	ATTEND_KEPT,   /* loop.owner or loop.trace has it now */
	ATTEND_REMOVE, /* the card is to be taken out; the connection stays until the process ends */
};

/* A client of our own user, or -1. */
int attend_accept(const struct listener *control);
/* Reads one request and answers it. */
enum attend_result attend(struct loop *loop, int client) MUST_USE;

#endif
