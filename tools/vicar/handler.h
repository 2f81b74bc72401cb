/*
 * The IFD handler as pcscd would load it.
 */
#ifndef VICAR_TOOLS_VICAR_HANDLER_H
#define VICAR_TOOLS_VICAR_HANDLER_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

/* The library loads, and exports the ten functions of IFDHandler 3.0 and nothing else. */
bool handler_check(const char *library, struct problem *error) MUST_USE;

#endif
