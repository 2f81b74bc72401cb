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

static bool
settle(struct config *config, struct service_config *service, struct problem *error)
{
	const struct service_maker *maker = service_maker(service->type);

	if (!settle_by_type(maker, service, service->place, error))
		return false;
	if (maker->kind->needs_endpoint && service->endpoint == NULL)
		return problem(error, "%s: [service %s] lacks endpoint (an https:// URL); add it",
			       service->place, service->name);
	return shares_no_credentials(config, service, service->place, error);
}

bool
config_load_services(struct config *config, struct problem *error)
{
	if (!config_load(config, error))
		return false;
	for (size_t i = 0; i < config->services_count; i++) {
		if (!settle(config, &config->services[i], error)) {
			config_free(config);
			return false;
		}
	}
	return true;
}
