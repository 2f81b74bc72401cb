/*
 * The start of a process at the CMD service: the one call that costs the owner a text message and a
 * try of the PIN.
 */
#ifndef VICAR_CMDBRIDGE_CMDSTART_H
#define VICAR_CMDBRIDGE_CMDSTART_H

#include "cmdcall.h"

/* Four to eight digits (manual of the service). */
bool cmdstart_pin_allowed(struct bytes pin);

/* BRIDGE_START, GO, then exactly one call with the use's PIN, whose cipher text is filled in here.
 * OUTCOME_OK: a code is on its way, the process id is in the result. */
enum outcome cmdstart_make(struct cmdcall *call, struct scmd_request *request) MUST_USE;

#endif
