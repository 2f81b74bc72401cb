/*
 * A hash that somebody else has begun: FIPS 180-4 from the state after whole blocks.
 */
#ifndef VICAR_APPLETS_PARTIAL_HASH_H
#define VICAR_APPLETS_PARTIAL_HASH_H

#include "iso7816/digestinfo.h"

/* Bytes of the state of SHA-1 or SHA-256, which is all that can be continued; 0 for another. */
size_t partial_hash_state_len(enum digest digest);

/* `state` came after `bits` bits of the message, `rest` is what follows, and `value` has room for
 * the digest. False: not a state of this digest, or `bits` does not end a block. */
bool partial_hash_finish(enum digest digest, struct bytes state, uint64_t bits, struct bytes rest,
			 uint8_t value[DIGEST_LEN_MAX]) MUST_USE;

#endif
