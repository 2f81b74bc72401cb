/*
 * Trouble on the way (accounts.conf, [server] trouble): answers instead of the right one, and right
 * ones that are spoilt.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_TROUBLE_H
#define VICAR_TOOLS_CSC_SIMULATOR_TROUBLE_H

#include "switches.h"
#include "tools/simulator/answer.h"

#include <jansson.h>

/* True when one of the first group is wanted and `answer` is it. */
bool rssp_trouble_before(unsigned trouble, struct sim_answer *answer);
/* The second group: what becomes of the members of a reply, and of the answer when it is done. */
void rssp_trouble_members(unsigned trouble, json_t *reply);
void rssp_trouble_after(unsigned trouble, struct sim_answer *answer);

#endif
