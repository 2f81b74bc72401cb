/*
 * The two forms of an answer: a page of the HTTP layer, an envelope.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_FILL_H
#define VICAR_TOOLS_CMD_SIMULATOR_FILL_H

#include "tools/simulator/answer.h"

/* cmd.md 13. */
void sim_fill_http(unsigned status, struct sim_answer *answer);
/* Takes `body`; NULL is answered with HTTP 500. */
void sim_fill_soap(unsigned status, char *body, struct sim_answer *answer);

#endif
