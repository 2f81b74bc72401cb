/*
 * The certificates of a CMD account: by GetCertificate, which costs nothing, or by
 * GetCertificateWithPin, which proves that PIN and phone are the person's.
 */
#ifndef VICAR_CMDBRIDGE_CMDENROL_H
#define VICAR_CMDBRIDGE_CMDENROL_H

#include "service.h"

/* service_maker.enrol, service_maker.list and service_maker.check */
void cmdenrol(const struct service_use *use, struct service_result *result);
void cmdenrol_list(const struct service_use *use, struct service_result *result);
void cmdenrol_check(const struct service_use *use, struct service_result *result);

#endif
