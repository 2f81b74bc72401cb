/*
 * signatures/signHash: what an authorisation is for.
 */
#ifndef VICAR_CMDBRIDGE_CSCSIGN_H
#define VICAR_CMDBRIDGE_CSCSIGN_H

#include "cscbatch.h"

/* Authorises and signs; each signature is verified and kept as the next output of the result. */
enum outcome csc_sign_batch(struct csc *csc, const struct csc_batch *batch) MUST_USE;

#endif
