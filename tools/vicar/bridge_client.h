/*
 * One use of vicar-bridge by vicar: asking a service for a certificate chain, or whether it answers
 * (cmdbridge/bridge.h). Signatures are vicard's business alone.
 */
#ifndef VICAR_TOOLS_VICAR_BRIDGE_CLIENT_H
#define VICAR_TOOLS_VICAR_BRIDGE_CLIENT_H

#include "cmdbridge/bridge.h"
#include "problem.h"

struct bridge_answer {
	struct bridge_result result; /* views into `message` */
	uint8_t message[BRIDGE_MESSAGE_MAX];
};

/* Starts `program`, hands it `request` and waits at most `timeout_ms` for its result, then ends it.
 * False also when the result is not SW_OK; `error` then says what the service or the bridge said. */
bool bridge_client_ask(const char *program, const struct bridge_request *request,
		       unsigned timeout_ms, struct bridge_answer *answer,
		       struct problem *error) MUST_USE;

#endif
