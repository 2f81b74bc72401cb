#include "hashes.h"

#include "tools/simulator/base64.h"

#include <string.h>

enum { HASH_TEXT_MAX = 512 };

const char *
rssp_hashes_name(const struct rssp_call *call)
{
	return call->version == RSSP_V1 ? "hash" : "hashes";
}

const char *
rssp_hash_algo_name(const struct rssp_call *call)
{
	return call->version == RSSP_V1 ? "hashAlgo" : "hashAlgorithmOID";
}

bool
rssp_add_hash(struct rssp_call *call, const char *base64, struct rssp_hashes *hashes)
{
	struct rssp_hash *hash = &hashes->list[hashes->count];

	if (hashes->count == RSSP_HASHES_MAX)
		return rssp_invalid(call, "Numbers of signatures is too high");
	if (!sim_base64_decode(base64, hash->data, sizeof(hash->data), &hash->len))
		return rssp_invalid(call, "Invalid Base64 %s string parameter",
				    rssp_hashes_name(call));
	if (hash->len == 0)
		return rssp_invalid(call, "Invalid digest value length");
	call->hashes = ++hashes->count;
	return true;
}

bool
rssp_need_hashes(struct rssp_call *call, struct rssp_hashes *hashes)
{
	const char *name = rssp_hashes_name(call);
	const json_t *list = json_object_get(call->in, name), *value;
	size_t i;

	hashes->count = 0;
	if (!json_is_array(list))
		return rssp_invalid(call, "Missing (or invalid type) array parameter %s", name);
	if (json_array_size(list) == 0)
		return rssp_invalid(call, "Empty %s array", name);
	json_array_foreach(list, i, value)
	{
		if (!json_is_string(value))
			return rssp_invalid(call, "Invalid Base64 %s string parameter", name);
		if (!rssp_add_hash(call, json_string_value(value), hashes))
			return false;
	}
	return true;
}

bool
rssp_need_query_hashes(struct rssp_call *call, const char *text, struct rssp_hashes *hashes)
{
	hashes->count = 0;
	while (text != NULL && *text != '\0') {
		size_t len = strcspn(text, ",");
		char base64[HASH_TEXT_MAX];

		if (!sim_base64_from_url(text, len, base64, sizeof(base64)))
			return rssp_invalid(call, "Invalid Base64 %s string parameter",
					    rssp_hashes_name(call));
		if (!rssp_add_hash(call, base64, hashes))
			return false;
		text += len + (text[len] == ',');
	}
	return true;
}

bool
rssp_authorised_hashes(struct rssp_call *call, struct rssp_hashes *hashes)
{
	const char *oid = NULL;

	hashes->count = 0;
	if (call->credential->scal == 1 && !rssp_has(call, rssp_hashes_name(call)))
		return true;
	if (!rssp_need_hashes(call, hashes))
		return false;
	if (call->version == RSSP_V2) {
		oid = rssp_need_text(call, "hashAlgorithmOID");
		if (oid == NULL)
			return false;
		if (rssp_digest_of_oid(oid) == NULL)
			return rssp_invalid(call, "Invalid parameter hashAlgorithmOID");
	}
	/* A SAD of SCAL 1 is not bound to what happened to be given. */
	if (call->credential->scal == 1)
		hashes->count = 0;
	return true;
}
