/*
 * The simulated service (an RSSP, remote signing service provider, in the words of the CSC) without
 * its HTTPS: a request goes in, an answer comes out, the call is written down. csc.md 12.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_RSSP_H
#define VICAR_TOOLS_CSC_SIMULATOR_RSSP_H

#include "factors.h"
#include "grant.h"
#include "hierarchy.h"
#include "tools/simulator/credentials.h"
#include "tools/simulator/records.h"
#include "tools/simulator/server.h"

/* What a client is given by the service's owner. */
struct rssp_client {
	char id[SIM_CREDENTIAL_MAX];
	char secret[SIM_CREDENTIAL_MAX];
};

struct rssp {
	struct sim_directory directory;
	struct rssp_hierarchy hierarchy;
	struct rssp_client client;
	struct sim_records records;
	struct rssp_accounts accounts; /* as they were at the last request */
	struct rssp_grants grants;
	struct rssp_factors factors[RSSP_CREDENTIALS_MAX];
	size_t factors_count;
};

/* Opens or makes everything in the directory, keys of all credentials included. `terminal`: where
 * text messages are shown; NULL: nowhere. */
bool rssp_open(struct rssp *rssp, const char *directory, FILE *terminal,
	       struct problem *error) MUST_USE;
void rssp_close(struct rssp *rssp);
/* Milliseconds since some time, with the `clock` of accounts.conf. */
uint64_t rssp_now_ms(const struct rssp *rssp);

/* See struct sim_service: `context` is the struct rssp. */
bool rssp_refuses(void *context, const struct sim_http_request *request, struct sim_answer *answer);
void rssp_serve(void *context, const struct sim_http_request *request, struct sim_answer *answer);
/* See sim_server_start(). The endpoint is https://127.0.0.1:PORT/csc/v1 */
struct sim_server *rssp_start(struct rssp *rssp, uint16_t port, struct problem *error) MUST_USE;

#endif
