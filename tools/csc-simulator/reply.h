/*
 * From what a method has found to the answer: JSON of success or error (csc.md 8), in the dialect
 * that accounts.conf wants (csc.md part B).
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_REPLY_H
#define VICAR_TOOLS_CSC_SIMULATOR_REPLY_H

#include "call.h"

/* Fills call->answer, unless the method has done so itself. */
void rssp_reply(struct rssp_call *call);

#endif
