/*
 * The simulated service without its HTTP: a request goes in, an answer comes out, the call is
 * written down (cmd.md 17).
 */
#ifndef VICAR_TOOLS_CMD_SIMULATOR_SIMULATOR_H
#define VICAR_TOOLS_CMD_SIMULATOR_SIMULATOR_H

#include "hierarchy.h"
#include "process.h"
#include "records.h"
#include "reply.h"
#include "tools/simulator/answer.h"
#include "tools/simulator/credentials.h"
#include "tools/simulator/server.h"

#include <libxml/xmlschemas.h>

enum { SIM_DOCUMENTS_MAX = 100 /* cmd.md 4 */ };

struct sim_options {
	bool lenient;
	bool validate;             /* each request against the schemas */
	bool record;               /* each request as it came; see struct sim_service */
	const struct sim_tls *tls; /* NULL: normal */
	FILE *terminal;            /* where text messages are shown; NULL: nowhere */
};

/* Wrong PINs of an account in a row; forgotten when its PIN in accounts.conf changes. */
struct sim_tries {
	char account[SIM_ACCOUNT_NAME_MAX];
	char pin[SIM_PIN_MAX];
	unsigned wrong;
};

/* What a client is given by the service's owner. */
struct sim_credentials {
	char application_id[SIM_CREDENTIAL_MAX]; /* GUID text */
	char user[SIM_CREDENTIAL_MAX];
	char password[SIM_CREDENTIAL_MAX];
};

struct simulator {
	struct sim_options options;
	struct sim_directory directory;
	struct sim_hierarchy hierarchy;
	struct sim_credentials credentials;
	struct sim_records records;
	struct sim_processes processes;
	struct sim_accounts accounts; /* as they were at the last request */
	struct sim_tries tries[SIM_ACCOUNTS_MAX];
	size_t tries_count;
	xmlSchema *schema; /* NULL without options.validate */
};

/* Opens or makes everything in the directory, keys of all accounts included. */
bool simulator_open(struct simulator *simulator, const char *directory,
		    const struct sim_options *options, struct problem *error) MUST_USE;
void simulator_close(struct simulator *simulator);
/* The file `credentials`, made if it is missing; the caller wipes what is filled. */
bool simulator_credentials(const struct sim_directory *directory,
			   struct sim_credentials *credentials, struct problem *error) MUST_USE;

/* What [server] wants for a request of which nothing is known yet: true when `answer` is it. The
 * answer's latency is set in either case. */
bool simulator_refuses(struct simulator *simulator, struct sim_answer *answer) MUST_USE;
/* An answer of the HTTP layer (400, 401, 407, 413, 415, 500, 503); the call is written down. */
void simulator_answer_http(struct simulator *simulator, unsigned status, struct sim_answer *answer);
/* A POST with right credentials. `action`: the SOAPAction header, NULL when there was none. */
void simulator_answer(struct simulator *simulator, struct bytes body, const char *action,
		      struct sim_answer *answer);

#endif
