#include "grant.h"

#include <string.h>

#include <openssl/crypto.h>

void
rssp_grant_free(struct rssp_grant *grant)
{
	json_decref(grant->data);
	OPENSSL_clear_free(grant, sizeof(*grant));
}

struct rssp_grant *
rssp_grants_add(struct rssp_grants *grants, enum rssp_grant_kind kind, uint64_t now_ms,
		unsigned lifetime_s)
{
	struct rssp_grant *grant = OPENSSL_zalloc(sizeof(*grant));

	if (grant == NULL || !sim_random_token(RSSP_GRANT_BYTES, grant->id)) {
		OPENSSL_free(grant);
		return NULL;
	}
	grant->kind = kind;
	grant->made_ms = now_ms;
	grant->until_ms = now_ms + lifetime_s * UINT64_C(1000);
	if (grants->count == RSSP_GRANTS_MAX)
		rssp_grants_remove(grants, grants->list[0]);
	grants->list[grants->count++] = grant;
	return grant;
}

struct rssp_grant *
rssp_grants_find(const struct rssp_grants *grants, enum rssp_grant_kind kind, const char *id)
{
	size_t len = id != NULL ? strlen(id) : 0;

	if (len != RSSP_GRANT_ID_MAX - 1)
		return NULL;
	for (size_t i = 0; i < grants->count; i++)
		if (grants->list[i]->kind == kind &&
		    CRYPTO_memcmp(grants->list[i]->id, id, len) == 0)
			return grants->list[i];
	return NULL;
}

void
rssp_grants_take(struct rssp_grants *grants, const struct rssp_grant *grant)
{
	size_t i = 0;

	while (i < grants->count && grants->list[i] != grant)
		i++;
	if (i == grants->count)
		return;
	grants->count--;
	for (; i < grants->count; i++)
		grants->list[i] = grants->list[i + 1];
}

void
rssp_grants_remove(struct rssp_grants *grants, struct rssp_grant *grant)
{
	rssp_grants_take(grants, grant);
	rssp_grant_free(grant);
}

void
rssp_grants_remove_children(struct rssp_grants *grants, const char *origin)
{
	for (size_t i = grants->count; i > 0; i--)
		if (grants->list[i - 1]->kind == RSSP_ACCESS_TOKEN &&
		    strcmp(grants->list[i - 1]->origin, origin) == 0)
			rssp_grants_remove(grants, grants->list[i - 1]);
}

void
rssp_grants_clear(struct rssp_grants *grants)
{
	while (grants->count > 0)
		rssp_grant_free(grants->list[--grants->count]);
}

bool
rssp_hashes_has(const struct rssp_hashes *hashes, const struct rssp_hash *hash)
{
	for (size_t i = 0; i < hashes->count; i++)
		if (bytes_equal((struct bytes){hashes->list[i].data, hashes->list[i].len},
				(struct bytes){hash->data, hash->len}))
			return true;
	return false;
}
