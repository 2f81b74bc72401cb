/*
 * Taking a card out: its vicard ends, and so does what systemd keeps of it.
 */
#ifndef VICAR_TOOLS_VICAR_REMOVE_H
#define VICAR_TOOLS_VICAR_REMOVE_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

/* `request`: CONTROL_REMOVE or CONTROL_SWAP. Once this returns the process has ended. `kept_in`: a socket unit would have started it again, and was
 * stopped. */
bool remove_card(const char *name, const char *request, bool *kept_in,
		 struct problem *error) MUST_USE;
/* Says that it is out, and how it stays so. */
void remove_tell(const char *name, bool kept_in);

#endif
