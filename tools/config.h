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

/* Who answers; in the order of the words in vicar.conf. */
enum config_prompt { CONFIG_PROMPT_PINENTRY, CONFIG_PROMPT_COMMAND };
/* When PINs are forgotten; 1 << the place of the words in vicar.conf. */
enum config_drop { CONFIG_DROP_LOCK = 1, CONFIG_DROP_SLEEP = 2, CONFIG_DROP_INACTIVE = 4 };

struct config {
	/* [card] */
	char *socket_directory; /* default LINK_DIRECTORY */
	char *pcscd_user;       /* who besides root may connect to the card; default none */
	unsigned pin_tries;     /* of a remote PIN, 1..15, default 2 */
	/* Of new values of local PINs, tools/pin_policy.h. */
	unsigned min_pin_length;  /* default 4 */
	unsigned digits_only;     /* 1: yes */
	unsigned pin_complexity;  /* enum pin_complexity, as bits */
	unsigned journal_size_kb; /* from which its file is put aside; 0: never; default 1024 */
	unsigned journal_keep;    /* so many are kept, 1..99, default 9 */
	/* Commands at events, with their arguments; NULL: none. */
	char *on_insert, *on_ready, *on_remove;
	unsigned event_timeout_s; /* each may take so long; default 10 */
	/* [prompt] */
	unsigned prompt_by;        /* enum config_prompt */
	char *pinentry;            /* program, default "pinentry" */
	char *prompt_command;      /* program and arguments; NULL: not given */
	char *language;            /* of prompts, "pt"; NULL: the environment's */
	unsigned notify;           /* 1: tell the desktop of each signature */
	unsigned drop_pin_on;      /* enum config_drop, as bits */
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
