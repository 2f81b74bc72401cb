/*
 * Enrolment: a card of a certificate chain that a remote service gives for an account.
 */
#ifndef VICAR_TOOLS_VICAR_ENROL_H
#define VICAR_TOOLS_VICAR_ENROL_H

#include "cmdbridge/service.h"
#include "tools/problem.h"

#include <limits.h>

struct enrolment {
	const char *name;        /* of the card */
	const char *personality; /* "cc-v1"; NULL: what the card is, or the default */
	const char *role;        /* of the key */
	const char *label;       /* of its objects; NULL: the personality's */
	const struct service_config *service;
	const char *credential; /* what the service calls the key; NULL: the only one it has */
	const struct service_account *account; /* NULL: the service has none */
	const char *pin; /* the service's proof is wanted, with this PIN; NULL: it is not; secret */
	const char *bridge; /* path of vicar-bridge */
	unsigned pin_tries;
	const char *options; /* of a new card, as in card.conf; NULL: none */
	bool adds;           /* the key to a card that is there */
	bool
	    user_consent; /* of a new card: the key asks for the PIN before each use, where the card can say so */
};

/* The account of card `name`, to which a key is added. False, without an error, when it has none. */
bool enrol_has_account(const char *name, char path[PATH_MAX]) MUST_USE;
/* Asks the service and creates the card, or adds to it. Leaves nothing behind when it fails. */
bool enrol_card(const struct enrolment *enrolment, struct problem *error) MUST_USE;

#endif
