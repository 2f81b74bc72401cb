/*
 * The keys of an account, which the API calls credentials: credentials/list and credentials/info.
 */
#ifndef VICAR_CMDBRIDGE_CSCCREDENTIAL_H
#define VICAR_CMDBRIDGE_CSCCREDENTIAL_H

#include "csccall.h"
#include "cscfactor.h"

enum { CSC_ID_MAX = 256, CSC_LABEL_CHARACTERS = 64 };

enum csc_mode {
	CSC_EXPLICIT,  /* PIN and codes go through us */
	CSC_IMPLICIT,  /* the service asks the owner */
	CSC_OAUTH2CODE /* the owner agrees on its page */
};

struct csc_key {
	char id[CSC_ID_MAX];
	char label[CSC_LABEL_CHARACTERS * 4 + 1]; /* "" when it has none */
	enum csc_mode mode;
	long multisign; /* signatures of one authorisation, at least 1 */
	struct csc_factors factors;
	json_t *info; /* owned */
};

struct csc_ids {
	char list[BRIDGE_CREDENTIALS_MAX][CSC_ID_MAX];
	size_t count;
};

/* At most as many as there is room for. */
enum outcome csc_list(struct csc *csc, struct csc_ids *ids) MUST_USE;
/* `key` is freed in any case. */
enum outcome csc_key_get(struct csc *csc, const char *id, struct csc_key *key) MUST_USE;
/* That it may be used now: not disabled, revoked or suspended. */
enum outcome csc_key_usable(struct csc *csc, const struct csc_key *key) MUST_USE;
void csc_key_free(struct csc_key *key);

/* key.algo, an array of OIDs; NULL: it is missing. */
const json_t *csc_key_algorithms(const struct csc_key *key);
/* Its certificates as DER, leaf first. */
enum outcome csc_key_chain(struct csc *csc, const struct csc_key *key,
			   struct writer *chain) MUST_USE;

#endif
