/*
 * From a started process to what it gives: ask for the code, let the service judge it, ask again,
 * send a new one.
 */
#ifndef VICAR_CMDBRIDGE_CMDCODE_H
#define VICAR_CMDBRIDGE_CMDCODE_H

#include "cmdcall.h"

/* `started` is when the start call was sent: the code's time runs from there. OUTCOME_OK: `answer` is
 * what the service gives for the code. It needs scmd_answer_free() in any case. */
enum outcome cmdcode_enter(struct cmdcall *call, const struct consent *consent, time_t started,
			   struct scmd_answer *answer) MUST_USE;

#endif
