/*
 * What the service has given out and takes back later: tokens, authorisation codes, SADs, handles
 * and the like. Each has an id that cannot be guessed. An expired one is still known, so that the
 * error can say so; the oldest one makes room for a new one. Times are in milliseconds.
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_GRANT_H
#define VICAR_TOOLS_CSC_SIMULATOR_GRANT_H

#include "accounts.h"

#include <jansson.h>

enum {
	RSSP_GRANT_BYTES = 24,
	RSSP_GRANT_ID_MAX = 2 * RSSP_GRANT_BYTES + 1,
	RSSP_GRANTS_MAX = 256,
	RSSP_HASHES_MAX = 100,
	RSSP_HASH_MAX = 96, /* a whole DigestInfo fits */
};

enum rssp_grant_kind {
	RSSP_ACCESS_TOKEN,  /* service scope */
	RSSP_REFRESH_TOKEN, /* service scope */
	RSSP_CODE,          /* of oauth2/authorize */
	RSSP_PUSHED,        /* parameters of oauth2/authorize, for a request_uri or for the page */
	RSSP_SAD,           /* also the access token of credential scope */
	RSSP_HANDLE,        /* of credentials/authorize, answered 202 */
	RSSP_RESPONSE,      /* responseID of an asynchronous signHash */
	RSSP_PAGE,          /* pageToken of credentials/list */
};

struct rssp_hash {
	uint8_t data[RSSP_HASH_MAX];
	size_t len;
};

struct rssp_hashes {
	struct rssp_hash list[RSSP_HASHES_MAX];
	size_t count;
};

struct rssp_grant {
	enum rssp_grant_kind kind;
	char id[RSSP_GRANT_ID_MAX];
	uint64_t made_ms, until_ms;
	char user[RSSP_NAME_MAX];       /* "": not user-specific */
	char origin[RSSP_GRANT_ID_MAX]; /* the refresh token that an access token came from */
	/* SAD, HANDLE and CODE of credential scope: */
	char credential[RSSP_NAME_MAX]; /* "" otherwise */
	unsigned signatures;            /* how many are left */
	struct rssp_hashes hashes;      /* that may be signed; none: any */
	/* PUSHED: the parameters as strings; CODE: those that the token request must repeat;
	 * RESPONSE: the signatures; PAGE: `at`. Owned; may be NULL. */
	json_t *data;
	unsigned polled; /* RESPONSE, HANDLE */
};

struct rssp_grants {
	struct rssp_grant *list[RSSP_GRANTS_MAX]; /* oldest first */
	size_t count;
};

/* A new one with a new id; NULL on failure. */
struct rssp_grant *rssp_grants_add(struct rssp_grants *grants, enum rssp_grant_kind kind,
				   uint64_t now_ms, unsigned lifetime_s) MUST_USE;
/* NULL when there is none of the kind; `id` may be NULL. */
struct rssp_grant *rssp_grants_find(const struct rssp_grants *grants, enum rssp_grant_kind kind,
				    const char *id);
void rssp_grants_remove(struct rssp_grants *grants, struct rssp_grant *grant);
/* Removes it without freeing it, so that nobody finds it again. */
void rssp_grants_take(struct rssp_grants *grants, const struct rssp_grant *grant);
void rssp_grant_free(struct rssp_grant *grant);
/* The access tokens that came from this refresh token. */
void rssp_grants_remove_children(struct rssp_grants *grants, const char *origin);
void rssp_grants_clear(struct rssp_grants *grants);

bool rssp_hashes_has(const struct rssp_hashes *hashes, const struct rssp_hash *hash);

#endif
