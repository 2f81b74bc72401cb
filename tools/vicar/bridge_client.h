/*
 * One use of vicar-bridge by vicar: asking a service for a certificate chain, or whether it answers
 * (cmdbridge/bridge.h). Signatures are vicard's business alone.
 */
#ifndef VICAR_TOOLS_VICAR_BRIDGE_CLIENT_H
#define VICAR_TOOLS_VICAR_BRIDGE_CLIENT_H

#include "cmdbridge/bridge.h"
#include "cmdbridge/service.h"
#include "tools/problem.h"

struct bridge_answer {
	struct bridge_result result; /* views into `message` */
	uint8_t message[BRIDGE_MESSAGE_MAX];
};

/* Where the bridge finds the account that was given as a descriptor. */
#define BRIDGE_CLIENT_ACCOUNT "/proc/self/fd/4"

/* Starts `program`, hands it `request` and waits at most `timeout_ms` for each word of it
 * until its result, then ends it. What it is waiting for is told on standard error.
 * False also when the result is not SW_OK; `error` then says what the service or the bridge said.
 * The answer's result then has its status word, which is 0 when there was no result. A request with a PIN,
 * for which the service is asked for proof, is let go when the bridge says START.
 * `account` is borrowed and becomes BRIDGE_CLIENT_ACCOUNT; -1 when the request names a file. */
bool bridge_client_ask(const char *program, const struct bridge_request *request, int account,
		       unsigned timeout_ms, struct bridge_answer *answer,
		       struct problem *error) MUST_USE;

/* How long the bridge may take between two words about this service. */
unsigned bridge_client_timeout_ms(const struct service_config *service);

#endif
