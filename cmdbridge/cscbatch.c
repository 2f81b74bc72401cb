#include "cscbatch.h"
#include "base64.h"

#include <openssl/crypto.h>

#include <string.h>

json_t *
csc_batch_hashes(const struct csc_batch *batch, size_t first, size_t count)
{
	json_t *hashes = json_array();
	char text[BASE64_ROOM(DIGEST_LEN_MAX)];

	for (size_t i = first; hashes && i < first + count; i++) {
		base64_encode(batch->documents[i].hash, BASE64_PLAIN, text);
		if (json_array_append_new(hashes, json_string(text)) != 0) {
			json_decref(hashes);
			return NULL;
		}
	}
	return hashes;
}

char *
csc_batch_query(const struct csc_batch *batch, bool padded)
{
	char *query = OPENSSL_secure_zalloc(batch->count * BASE64_ROOM(DIGEST_LEN_MAX) + 1);
	size_t used = 0;

	for (size_t i = 0; query && i < batch->count; i++) {
		if (i > 0)
			query[used++] = ',';
		base64_encode(batch->documents[i].hash, padded ? BASE64_URL_PADDED : BASE64_URL,
			      query + used);
		used += strlen(query + used);
	}
	return query;
}

bool
csc_batch_describe(const struct csc *csc, const struct csc_batch *batch, size_t first, size_t count,
		   json_t *body)
{
	const char *name = csc->v2 ? "hashes" : "hash";

	return json_object_set_new(body, "credentialID", json_string(batch->key->id)) == 0 &&
	       json_object_set_new(body, name, csc_batch_hashes(batch, first, count)) == 0 &&
	       (!csc->v2 || json_object_set_new(body, "hashAlgorithmOID",
						json_string(batch->algorithm.hash)) == 0);
}
