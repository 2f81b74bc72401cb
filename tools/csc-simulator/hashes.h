/*
 * The hashes of a request: base64 in JSON, base64url in a query (csc.md 7).
 */
#ifndef VICAR_TOOLS_CSC_SIMULATOR_HASHES_H
#define VICAR_TOOLS_CSC_SIMULATOR_HASHES_H

#include "call.h"

/* "hash" in v1, "hashes" in v2; "hashAlgo", "hashAlgorithmOID". */
const char *rssp_hashes_name(const struct rssp_call *call);
const char *rssp_hash_algo_name(const struct rssp_call *call);

/* One more, in base64. */
bool rssp_add_hash(struct rssp_call *call, const char *base64, struct rssp_hashes *hashes) MUST_USE;
/* The array of the body, which must be there and not be empty. */
bool rssp_need_hashes(struct rssp_call *call, struct rssp_hashes *hashes) MUST_USE;
/* The same of a query: a text, commas between. */
bool rssp_need_query_hashes(struct rssp_call *call, const char *text,
			    struct rssp_hashes *hashes) MUST_USE;
/* What an authorisation needs: for SCAL 2 the hashes, in v2 their algorithm with them. `hashes` is
 * empty for SCAL 1. */
bool rssp_authorised_hashes(struct rssp_call *call, struct rssp_hashes *hashes) MUST_USE;

#endif
