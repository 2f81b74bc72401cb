/*
 * Signature algorithms of the CSC API by object identifier (csc.md 7): which one a request names, and
 * what comes back.
 */
#ifndef VICAR_CMDBRIDGE_CSCALGORITHM_H
#define VICAR_CMDBRIDGE_CSCALGORITHM_H

#include "iso7816/digestinfo.h"
#include "keyfile.h"

#include <jansson.h>

/* How a key is asked to sign; strings are constant. */
struct csc_algorithm {
	const char *sign;       /* signAlgo */
	const char *hash;       /* OID of the digest */
	bool hash_is_needed;    /* `sign` does not tell the digest */
	const char *parameters; /* signAlgoParams, base64 of DER; NULL: none */
};

/* NULL: the API has no OID for it, or it is too weak. */
const char *csc_digest_oid(enum digest digest);

/* Of those that the key lists (key.algo) the one for this use and digest; one that tells the digest
 * before one that does not. False: the key has none. */
bool csc_algorithm_choose(const json_t *listed, enum keyfile_operation use, enum digest digest,
			  struct csc_algorithm *algorithm) MUST_USE;

/* Enum service_ability of a key that lists these. */
unsigned csc_algorithm_uses(const json_t *listed);

/* ECDSA comes as DER or as r || s; `plain` gets r || s, each `field` bytes. False: it is neither. */
bool csc_signature_plain(struct bytes signature, size_t field, struct writer *plain) MUST_USE;

#endif
