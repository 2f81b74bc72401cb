/*
 * How a simulator shows itself to TLS: as it should, or as no client may trust it.
 */
#ifndef VICAR_TOOLS_SIMULATOR_TLS_H
#define VICAR_TOOLS_SIMULATOR_TLS_H

struct sim_tls {
	const char *word;        /* on the command line */
	const char *certificate; /* in the directory (identity.h), of the key private/tls.key */
	const char *priorities;  /* of GnuTLS; NULL: its own */
};

/* "normal", "expired", "other-name", "old"; NULL: there is no such word. */
const struct sim_tls *sim_tls_find(const char *word);

#endif
