/*
 * Questions of vicar's own to a remote service, through vicar-bridge: certificates, keys, whether it
 * answers. No signatures, those are vicard's business alone.
 */
#ifndef VICAR_TOOLS_VICAR_SERVICE_ASK_H
#define VICAR_TOOLS_VICAR_SERVICE_ASK_H

#include "bridge_client.h"

/* NULL: not said. The account is given, or is in a file, or there is none. */
struct service_question {
	enum bridge_operation operation; /* ENROL, CHECK, LIST */
	const struct service_config *service;
	const char *bridge; /* path of vicar-bridge; NULL: as paths_program() says */
	const struct service_account *account;
	const char *account_file;
	const char *card, *role; /* for prompts */
	const char *credential;
	const char *pin; /* ENROL: the service's proof that it is the owner's; secret */
};

/* As bridge_client_ask(). */
bool service_ask(const struct service_question *question, struct bridge_answer *answer,
		 struct problem *error) MUST_USE;

#endif
