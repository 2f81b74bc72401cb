#include "hierarchy.h"

#include <stdio.h>

#define ORGANISATION "Vicar csc-simulator, for tests only"

enum { AUTHORITY_DAYS = 20 * 365, TSA_DAYS = 10 * 365, LEAF_DAYS = 3 * 365 };

static const struct sim_certificate root_certificate = {
    .subject = {{"C", "PT"}, {"O", ORGANISATION}, {"CN", "Simulated Root CA"}},
    .extensions = {{"basicConstraints", "critical,CA:TRUE"},
		   {"keyUsage", "critical,keyCertSign,cRLSign"},
		   {"subjectKeyIdentifier", "hash"}},
    .days_from = -1,
    .days_to = AUTHORITY_DAYS,
};

static const struct sim_certificate ca_certificate = {
    .subject = {{"C", "PT"}, {"O", ORGANISATION}, {"CN", "Simulated Signature CA"}},
    .extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"},
		   {"keyUsage", "critical,keyCertSign,cRLSign"},
		   {"subjectKeyIdentifier", "hash"},
		   {"authorityKeyIdentifier", "keyid"}},
    .days_from = -1,
    .days_to = AUTHORITY_DAYS,
};

/* RFC 3161 section 2.3: one extended key usage, critical. */
static const struct sim_certificate tsa_certificate = {
    .subject = {{"C", "PT"}, {"O", ORGANISATION}, {"CN", "Simulated Time Stamping Authority"}},
    .extensions = {{"basicConstraints", "critical,CA:FALSE"},
		   {"keyUsage", "critical,digitalSignature"},
		   {"extendedKeyUsage", "critical,timeStamping"},
		   {"subjectKeyIdentifier", "hash"},
		   {"authorityKeyIdentifier", "keyid"}},
    .days_from = -1,
    .days_to = TSA_DAYS,
};

bool
rssp_hierarchy_open(const struct sim_directory *directory, struct rssp_hierarchy *hierarchy,
		    struct problem *error)
{
	struct rssp_hierarchy *h = hierarchy;

	*hierarchy = (struct rssp_hierarchy){0};
	if (sim_identity_open_certificates(directory, error) &&
	    sim_identity_open(directory, "root", SIM_AUTHORITY_BITS, &root_certificate, NULL,
			      &h->root, error) &&
	    sim_identity_open(directory, "ca", SIM_AUTHORITY_BITS, &ca_certificate, &h->root,
			      &h->ca, error) &&
	    sim_identity_open(directory, "tsa", SIM_AUTHORITY_BITS, &tsa_certificate, &h->ca,
			      &h->tsa, error) &&
	    sim_identity_open_tls(directory, ORGANISATION, "TLS authority of csc-simulator", error))
		return true;
	rssp_hierarchy_close(hierarchy);
	return false;
}

void
rssp_hierarchy_close(struct rssp_hierarchy *hierarchy)
{
	sim_identity_free(&hierarchy->root);
	sim_identity_free(&hierarchy->ca);
	sim_identity_free(&hierarchy->tsa);
}

bool
rssp_hierarchy_leaf(const struct sim_directory *directory, const struct rssp_hierarchy *above,
		    const struct rssp_user *user, const struct rssp_credential *credential,
		    struct sim_identity *leaf, struct problem *error)
{
	bool expired = credential->certificate == RSSP_EXPIRED, made;
	char holder[2 * RSSP_TEXT_MAX], name[SIM_IDENTITY_PATH_MAX], path[SIM_IDENTITY_PATH_MAX];
	struct sim_certificate description = {
	    .subject = {{"C", "PT"},
			{"O", ORGANISATION},
			{"SN", user->surname},
			{"GN", user->given_names},
			{"serialNumber", user->serial_number},
			{"CN", holder}},
	    .extensions = {{"basicConstraints", "CA:FALSE"},
			   {"keyUsage", "critical,nonRepudiation"},
			   {"subjectKeyIdentifier", "hash"},
			   {"authorityKeyIdentifier", "keyid"}},
	    .days_from = expired ? -LEAF_DAYS : -1,
	    .days_to = expired ? -1 : LEAF_DAYS,
	};

	*leaf = (struct sim_identity){NULL, NULL};
	(void)snprintf(holder, sizeof(holder), "%s %s", user->given_names, user->surname);
	(void)snprintf(name, sizeof(name), "credential-%s", credential->id);
	(void)snprintf(path, sizeof(path), "certificates/%s%s.pem", credential->id,
		       expired ? "-expired" : "");
	if (!sim_identity_key(directory, name, credential->bits, &leaf->key, &made, error))
		goto fail;
	if (made) {
		char other[SIM_IDENTITY_PATH_MAX];

		(void)snprintf(other, sizeof(other), "certificates/%s%s.pem", credential->id,
			       expired ? "" : "-expired");
		sim_directory_remove(directory, other);
	}
	if (!sim_identity_certificate(directory, path, made, &description, leaf->key, &above->ca,
				      &leaf->certificate, error))
		goto fail;
	return true;
fail:
	sim_identity_free(leaf);
	return false;
}
