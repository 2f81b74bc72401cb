/*
 * DIR/credentials: what an application is given by the service's owner. The very file that a
 * client's configuration can point at; made with random values on the first start.
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_CREDENTIALS_H
#define VICAR_TOOLS_CMD_SIMULATOR_CREDENTIALS_H

#include "directory.h"

enum { SIM_CREDENTIAL_MAX = 64 };

struct sim_credentials {
	char application_id[SIM_CREDENTIAL_MAX]; /* GUID text */
	char user[SIM_CREDENTIAL_MAX];
	char password[SIM_CREDENTIAL_MAX];
};

/* The caller wipes `credentials`. */
bool sim_credentials_open(const struct sim_directory *directory,
			  struct sim_credentials *credentials, struct problem *error) MUST_USE;

#endif
