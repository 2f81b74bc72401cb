/*
 * The files that a service of vicar.conf needs, looked at without asking the service.
 */
#ifndef VICAR_TOOLS_VICAR_SERVICE_FILES_H
#define VICAR_TOOLS_VICAR_SERVICE_FILES_H

#include "cmdbridge/certificate.h"
#include "cmdbridge/service.h"
#include "tools/problem.h"

struct service_files {
	char encryption_until[CERTIFICATE_DATE_SIZE]; /* "": the service has no such certificate */
	bool encryption_ends_soon;                    /* cmdbridge/cipher.h */
};

/* False: one of them cannot be used. */
bool service_files_check(const struct service_config *service, struct service_files *files,
			 struct problem *error) MUST_USE;

#endif
