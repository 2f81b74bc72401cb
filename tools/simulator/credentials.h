/*
 * DIR/credentials: what an application is given by the service's owner. The very file that a
 * client's configuration can point at; made with fresh values on the first start.
 */
#ifndef VICAR_TOOLS_SIMULATOR_CREDENTIALS_H
#define VICAR_TOOLS_SIMULATOR_CREDENTIALS_H

#include "directory.h"

enum { SIM_CREDENTIAL_MAX = 64 };

/* One key of [credentials]. */
struct sim_credential {
	const char *name;
	enum { SIM_CREDENTIAL_FIXED, SIM_CREDENTIAL_GUID, SIM_CREDENTIAL_PASSWORD } first;
	const char *fixed; /* its value on the first start, when that is a fixed one */
	size_t offset;     /* of a char[SIM_CREDENTIAL_MAX] in the caller's structure */
};

/* Fills the members of `credentials`, which the caller wipes. */
bool sim_credentials_open(const struct sim_directory *directory, const struct sim_credential *keys,
			  size_t count, void *credentials, struct problem *error) MUST_USE;

#endif
