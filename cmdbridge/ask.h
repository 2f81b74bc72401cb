/*
 * BRIDGE_ASK: the owner types a value of a PIN into our own prompt, and no service is asked.
 */
#ifndef VICAR_CMDBRIDGE_ASK_H
#define VICAR_CMDBRIDGE_ASK_H

#include "service.h"

/* What the prompt says of a key that is at no service: for service_use.config. */
extern const struct service_config ask_no_service;

/* With OUTCOME_OK `result->pin` is what was typed: of a length and of characters that the request
 * allows. What is not is asked again, three times in all; it is no try. */
void ask(const struct service_use *use, struct service_result *result);

#endif
