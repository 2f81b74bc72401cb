/*
 * The simulator's keys and certificates, made on the first start and kept from then on:
 *
 *   root.pem, ca.pem       the test hierarchy, named like the real one (cmd.md 11)
 *   NAME.pem               the leaf of account NAME; NAME-expired.pem: same key, out of date
 *   cifra.pem              who reads phone, PIN and code (cmd.md 5); cifra-expired.pem and
 *                          cifra-ending.pem: same key, out of date, and so in ten days
 *
 * The leaves are in certificates/, the keys in private/ under the same names.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_HIERARCHY_H
#define VICAR_TOOLS_CMD_SIMULATOR_HIERARCHY_H

#include "accounts.h"
#include "tools/simulator/identity.h"

struct sim_hierarchy {
	struct sim_identity root, ca, cifra;
};

bool sim_hierarchy_open(const struct sim_directory *directory, struct sim_hierarchy *hierarchy,
			struct problem *error) MUST_USE;
void sim_hierarchy_close(struct sim_hierarchy *hierarchy);

/* The account's key and the certificate that it shows now; made if there are none, or if the key
 * has another length than the account says. */
bool sim_hierarchy_leaf(const struct sim_directory *directory, const struct sim_hierarchy *above,
			const struct sim_account *account, struct sim_identity *leaf,
			struct problem *error) MUST_USE;
/* PEM with CR LF in the service's order: leaf, root, issuing CA (cmd.md 11), as far as there is no
 * trouble with chains. NULL on failure, else the caller's to free(). */
char *sim_hierarchy_chain(const struct sim_hierarchy *hierarchy, X509 *leaf,
			  sim_troubles trouble) MUST_USE;

#endif
