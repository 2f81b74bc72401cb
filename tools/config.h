/*
 * vicar.conf(5): /etc/vicar/vicar.conf, then $XDG_CONFIG_HOME/vicar/vicar.conf, each key of the
 * second replacing that of the first; VICAR_CONF replaces both. INI. An unknown section or key, a
 * bad value or a line that is too long is an error with file, line, key and what is allowed.
 */
#ifndef VICAR_TOOLS_CONFIG_H
#define VICAR_TOOLS_CONFIG_H

#include "cmdbridge/service.h"
#include "tools/problem.h"

enum { CONFIG_SERVICES_MAX = 16 };

struct config {
	/* [card] */
	char *socket_directory; /* default LINK_DIRECTORY */
	char *pcscd_user;       /* who besides root may connect to the card; default none */
	unsigned pin_tries;     /* of a remote PIN, 1..15, default 2 */
	/* [prompt] */
	char *pinentry;            /* program, default "pinentry" */
	unsigned prompt_timeout_s; /* default 60 */
	unsigned refusal_pause_ms; /* after a cancel there is no prompt for so long; default 5000 */
	unsigned repeat_window_ms; /* same key and input again after a failure: same answer; 3000 */
	/* [service NAME] */
	struct service_config services[CONFIG_SERVICES_MAX];
	size_t services_count;
};

/* Missing files are fine unless VICAR_CONF names one. */
bool config_load(struct config *config, struct problem *error) MUST_USE;
const struct service_config *config_service(const struct config *config, const char *name);
void config_free(struct config *config);

#endif
