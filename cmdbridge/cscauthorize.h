/*
 * Credential authorisation (csc.md 2): may this key sign these hashes now? What comes of it is the SAD,
 * the signature activation data.
 */
#ifndef VICAR_CMDBRIDGE_CSCAUTHORIZE_H
#define VICAR_CMDBRIDGE_CSCAUTHORIZE_H

#include "cscbatch.h"

/* That the PIN has the form which the key's factors want; nothing leaves. */
enum outcome csc_authorize_check(struct csc *csc, const struct csc_key *key) MUST_USE;

/* One authorisation: the start call (design.md), except that the owner may type a code again, three in
 * all. `sad` is in the locked heap, freed with csc_secret_free(). */
enum outcome csc_authorize(struct csc *csc, const struct csc_batch *batch, char **sad) MUST_USE;
/* credentials/extendTransaction: the SAD for the documents from `first` on; `sad` is replaced. */
enum outcome csc_extend(struct csc *csc, const struct csc_batch *batch, size_t first, size_t count,
			char **sad) MUST_USE;

#endif
