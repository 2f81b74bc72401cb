/*
 * The profiles of the CMD service: which address is whose, and what a service of a profile has when
 * vicar.conf does not say (cmd.md 1, environments).
 */
#ifndef VICAR_CMDBRIDGE_CMDPROFILE_H
#define VICAR_CMDBRIDGE_CMDPROFILE_H

#include "service.h"

/* service_maker.settle: an address of another profile is refused, so that nothing of one is ever sent
 * to another. Hosts that are not known, a relay for one, may be of any profile. */
bool cmdprofile_settle(struct service_config *config, const char *share,
		       char error[SERVICE_DETAIL_MAX]) MUST_USE;

#endif
