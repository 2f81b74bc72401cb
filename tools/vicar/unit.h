/*
 * A card in the hands of systemd's user manager: vicard@NAME.service is its process, and
 * vicard@NAME.socket, if the user has enabled it, keeps it in the reader.
 */
#ifndef VICAR_TOOLS_VICAR_UNIT_H
#define VICAR_TOOLS_VICAR_UNIT_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

/* True when the user manager knows vicard@NAME.service and would find the same card: it has none of
 * the variables that this process may have and that say where configuration and cards are. */
bool unit_is_usable(const char *name);
/* Starts it. The manager is told first where this user is to be asked (pinentry), since it may have been
 * started before there was a terminal or a display. */
bool unit_start(const char *name, struct problem *error) MUST_USE;
/* Stops the socket unit, which would start the process again at the reader's next look. True when it was
 * active. */
bool unit_stop_socket(const char *name);
/* Stops the socket unit, and it does not come back with the next login. False where there is none. */
bool unit_forget(const char *name);

#endif
