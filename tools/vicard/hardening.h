/*
 * What vicard does to its own process before it holds the first secret: no core file, no debugger of
 * the same user, files for the owner only, and a locked heap for PINs and keys.
 */
#ifndef VICAR_TOOLS_VICARD_HARDENING_H
#define VICAR_TOOLS_VICARD_HARDENING_H

#include "iso7816/bytes.h"

/* False: it was logged, and vicard must not start. */
bool hardening_apply(void) MUST_USE;

#endif
