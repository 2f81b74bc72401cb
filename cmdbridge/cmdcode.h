/*
 * From a started process to its signature: ask for the code, let the service judge it, ask again,
 * send a new one.
 */
#ifndef VICAR_CMDBRIDGE_CMDCODE_H
#define VICAR_CMDBRIDGE_CMDCODE_H

#include "cmdcall.h"

/* `started` is when the start call was sent: the code's time runs from there. OUTCOME_OK: the
 * signature is in the result, not yet verified. */
enum outcome cmdcode_enter(struct cmdcall *call, const struct consent *consent,
			   time_t started) MUST_USE;

#endif
