#include "rssp.h"

#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

static bool
open_client(struct rssp *rssp, struct problem *error)
{
	static const struct sim_credential keys[] = {
	    {"client-id", SIM_CREDENTIAL_FIXED, "simulated-client",
	     offsetof(struct rssp_client, id)},
	    {"client-secret", SIM_CREDENTIAL_PASSWORD, NULL, offsetof(struct rssp_client, secret)},
	};

	return sim_credentials_open(&rssp->directory, keys, sizeof(keys) / sizeof(keys[0]),
				    &rssp->client, error);
}

/* So that the first call does not wait for a key. */
static bool
prepare_leaves(struct rssp *rssp, struct problem *error)
{
	const struct rssp_accounts *accounts = &rssp->accounts;

	for (size_t i = 0; i < accounts->credentials_count; i++) {
		const struct rssp_credential *credential = &accounts->credentials[i];
		struct sim_identity leaf;

		if (!rssp_hierarchy_leaf(&rssp->directory, &rssp->hierarchy,
					 rssp_accounts_user(accounts, credential->user), credential,
					 &leaf, error))
			return false;
		sim_identity_free(&leaf);
	}
	return true;
}

bool
rssp_open(struct rssp *rssp, const char *directory, FILE *terminal, struct problem *error)
{
	*rssp = (struct rssp){.directory = {.fd = -1}, .records = {.calls = -1, .messages = -1}};
	if (!sim_directory_open(&rssp->directory, directory, error))
		return false;
	if (sim_records_open(&rssp->directory, "csc-simulator", terminal, &rssp->records, error) &&
	    rssp_accounts_prepare(&rssp->directory, error) &&
	    rssp_accounts_load(&rssp->directory, &rssp->accounts, error) &&
	    open_client(rssp, error) &&
	    rssp_hierarchy_open(&rssp->directory, &rssp->hierarchy, error) &&
	    prepare_leaves(rssp, error))
		return true;
	rssp_close(rssp);
	return false;
}

void
rssp_close(struct rssp *rssp)
{
	rssp_grants_clear(&rssp->grants);
	rssp_hierarchy_close(&rssp->hierarchy);
	sim_records_close(&rssp->records);
	sim_directory_close(&rssp->directory);
	OPENSSL_cleanse(rssp, sizeof(*rssp));
	rssp->directory.fd = rssp->records.calls = rssp->records.messages = -1;
}

uint64_t
rssp_now_ms(const struct rssp *rssp)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec + rssp->accounts.server.clock_s) * 1000 +
	       (uint64_t)now.tv_nsec / 1000000;
}

struct sim_server *
rssp_start(struct rssp *rssp, uint16_t port, struct problem *error)
{
	const struct sim_service service = {
	    .path = "/csc/v1", .context = rssp, .refuses = rssp_refuses, .serve = rssp_serve};

	return sim_server_start(&service, &rssp->directory, port, error);
}
