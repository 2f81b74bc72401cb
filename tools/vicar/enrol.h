/*
 * Enrolment: a card of a certificate chain that a remote service gives for an account.
 */
#ifndef VICAR_TOOLS_VICAR_ENROL_H
#define VICAR_TOOLS_VICAR_ENROL_H

#include "cmdbridge/service.h"
#include "tools/problem.h"

struct enrolment {
	const char *name;        /* of the card */
	const char *personality; /* "cc-v1" */
	const struct service_config *service;
	const struct service_account *account;
	const char *bridge; /* path of vicar-bridge */
	unsigned pin_tries;
	bool user_consent; /* the key asks for the PIN before each use, where the card can say so */
};

/* Asks the service and creates the card. Leaves nothing behind when it fails. */
bool enrol_card(const struct enrolment *enrolment, struct problem *error) MUST_USE;

#endif
