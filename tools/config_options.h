/*
 * The keys of [service NAME] that only its type has (cmdbridge/service.h): kept as they are read,
 * since `type` may come after them, and judged when both files have been read.
 */
#ifndef VICAR_TOOLS_CONFIG_OPTIONS_H
#define VICAR_TOOLS_CONFIG_OPTIONS_H

#include "cmdbridge/service.h"
#include "tools/problem.h"

struct config_option {
	size_t service; /* its place in the configuration */
	char *place;    /* "FILE:LINE" */
	char *name, *value;
	unsigned file; /* which of the files, to find what stands twice in one */
};

struct config_options {
	struct config_option *list;
	size_t count;
};

enum config_options_result {
	CONFIG_OPTIONS_OK,
	CONFIG_OPTIONS_TWICE, /* in this file */
	CONFIG_OPTIONS_NO_MEMORY,
};

/* Keeps copies. What a later file says replaces what an earlier one said. */
enum config_options_result config_options_keep(struct config_options *options,
					       const struct config_option *option) MUST_USE;
/* Gives the service at this place its options, and those that were not given their fallback. `common`
 * are the keys that every service has, for the error: "type, endpoint". */
bool config_options_settle(const struct config_options *options, size_t place,
			   struct service_config *service, const char *common,
			   struct problem *error) MUST_USE;
void config_options_free(struct config_options *options);

#endif
