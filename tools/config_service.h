/*
 * A service of vicar.conf once all its keys have been read: what its type fills in, and what does not
 * go together.
 */
#ifndef VICAR_TOOLS_CONFIG_SERVICE_H
#define VICAR_TOOLS_CONFIG_SERVICE_H

#include "tools/config.h"

/* The service at this place, and how it goes with those before it; `heading` is where it begins,
 * "FILE:LINE". */
bool config_service_settle(struct config *config, size_t place, const char *heading,
			   struct problem *error) MUST_USE;

#endif
