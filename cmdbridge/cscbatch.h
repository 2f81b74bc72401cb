/*
 * What is signed with one authorisation: documents of one hash function, at most multisign of the key.
 */
#ifndef VICAR_CMDBRIDGE_CSCBATCH_H
#define VICAR_CMDBRIDGE_CSCBATCH_H

#include "consent.h"
#include "cscalgorithm.h"
#include "csccredential.h"

/* Everything is borrowed. */
struct csc_batch {
	const struct csc_key *key;
	const struct consent *documents; /* hash and name of each */
	const struct bridge_document *inputs;
	size_t count; /* at least 1 */
	struct csc_algorithm algorithm;
	X509 *leaf; /* of the card */
};

/* Base64 of the hashes from `first` on, `count` of them; NULL: no memory. */
json_t *csc_batch_hashes(const struct csc_batch *batch, size_t first, size_t count) MUST_USE;
/* All of them as a query has them: base64url with commas. In the locked heap; NULL: no room. */
char *csc_batch_query(const struct csc_batch *batch, bool padded) MUST_USE;
/* Sets hash, or hashes and hashAlgorithmOID, and credentialID. */
bool csc_batch_describe(const struct csc *csc, const struct csc_batch *batch, size_t first,
			size_t count, json_t *body) MUST_USE;

#endif
