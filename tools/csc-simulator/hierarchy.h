/*
 * The service's keys and certificates, made on the first start and kept from then on:
 *
 *   root.pem, ca.pem     the test hierarchy
 *   tsa.pem              who signs time stamps (RFC 3161)
 *   ID.pem               the leaf of credential ID; ID-expired.pem: same key, out of date
 *   tls-ca.pem, tls.pem  the HTTPS server, see tools/simulator/identity.h
 *
 * The leaves are in certificates/, the keys in private/ under the same names.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_HIERARCHY_H
#define VICAR_TOOLS_CSC_SIMULATOR_HIERARCHY_H

#include "accounts.h"
#include "tools/simulator/identity.h"

struct rssp_hierarchy {
	struct sim_identity root, ca, tsa;
};

bool rssp_hierarchy_open(const struct sim_directory *directory, struct rssp_hierarchy *hierarchy,
			 struct problem *error) MUST_USE;
void rssp_hierarchy_close(struct rssp_hierarchy *hierarchy);

/* The credential's key and the certificate that it shows now; made if there are none, or if the key
 * is to be of another kind. */
bool rssp_hierarchy_leaf(const struct sim_directory *directory, const struct rssp_hierarchy *above,
			 const struct rssp_user *user, const struct rssp_credential *credential,
			 struct sim_identity *leaf, struct problem *error) MUST_USE;

#endif
