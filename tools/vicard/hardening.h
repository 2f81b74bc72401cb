/*
 * What vicard does to its own process before it holds the first secret: no core file, no debugger of
 * the same user, files for the owner only, and a locked heap for PINs and keys.
 */
#ifndef VICAR_TOOLS_VICARD_HARDENING_H
#define VICAR_TOOLS_VICARD_HARDENING_H

#include "iso7816/bytes.h"

/* First of all: opens those standard streams that are closed, so that no file of the card gets their
 * numbers and what is written to them. False: there is no /dev/null. */
bool hardening_streams(void) MUST_USE;
/* False: it was logged, and vicard must not start. */
bool hardening_apply(void) MUST_USE;

#endif
