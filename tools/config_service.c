#include "tools/config_service.h"

#include "tools/paths.h"

#include <string.h>

static bool
settle_by_type(const struct service_maker *maker, struct service_config *service,
	       const char *heading, struct problem *error)
{
	char text[SERVICE_DETAIL_MAX], share[PATH_MAX];

	if (maker->settle == NULL ||
	    maker->settle(service, paths_share(share) ? share : NULL, text))
		return true;
	return problem(error, "%s: [service %s] %s", heading, service->name, text);
}

/* What one profile's operator gave for it must never be shown to another's. */
static bool
shares_no_credentials(const struct config *config, const struct service_config *service,
		      const char *heading, struct problem *error)
{
	for (const struct service_config *at = config->services; at < service; at++)
		if (at->credentials != NULL && service->credentials != NULL &&
		    at->profile != service->profile &&
		    strcmp(at->credentials, service->credentials) == 0)
			return problem(error,
				       "%s: [service %s] has profile = %s and the credentials of "
				       "[service %s], whose profile is %s; give each its own",
				       heading, service->name,
				       service_profile_name(service->profile), at->name,
				       service_profile_name(at->profile));
	return true;
}

bool
config_service_settle(struct config *config, size_t place, const char *heading,
		      struct problem *error)
{
	struct service_config *service = &config->services[place];
	const struct service_maker *maker = service_maker(service->type);

	if (maker == NULL)
		return problem(error, "%s: [service %s] lacks type (allowed is %s); add it",
			       heading, service->name, service_types);
	if (!settle_by_type(maker, service, heading, error))
		return false;
	if (maker->needs_endpoint && service->endpoint == NULL)
		return problem(error, "%s: [service %s] lacks endpoint (an https:// URL); add it",
			       heading, service->name);
	return shares_no_credentials(config, service, heading, error);
}
