/*
 * The maker `csc`: keys of any service that speaks the API of the Cloud Signature Consortium, v1.0.4 or
 * v2.0 (reference: csc.md).
 */
#ifndef VICAR_CMDBRIDGE_CSC_H
#define VICAR_CMDBRIDGE_CSC_H

#include "service.h"

extern const struct service_kind csc_kind;
extern const struct service_maker csc_maker;

#endif
