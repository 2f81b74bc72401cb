/*
 * A service of vicar.conf once all its keys have been read: what its type fills in, and what does not
 * go together.
 */
#ifndef VICAR_TOOLS_CONFIG_SERVICE_H
#define VICAR_TOOLS_CONFIG_SERVICE_H

#include "tools/config.h"

/* config_load(), with each service as its maker has it and all of them together judged: for programs
 * that ask services. Links every maker. */
bool config_load_services(struct config *config, struct problem *error) MUST_USE;

#endif
