#include "cmdprofile.h"

#include <curl/curl.h>

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SERVICE_AT(host) "https://" host "/Ama.Authentication.Frontend/SCMDService.svc"

static const struct {
	const char *endpoint;
	const char *encryption_certificate; /* a file in the directory `share` */
} defaults[] = {
    [SERVICE_PRODUCTION] = {SERVICE_AT("cmd.autenticacao.gov.pt"), "cmd-cifra-2026.cer"},
    /* Whether it has the same encryption certificate is not known. */
    [SERVICE_PRE_PRODUCTION] = {SERVICE_AT("preprod.cmd.autenticacao.gov.pt"), NULL},
    [SERVICE_SIMULATOR] = {NULL, NULL},
};

/* fnmatch(3); the first one that fits counts. */
static const struct {
	const char *host;
	enum service_profile profile;
} hosts[] = {
    {"cmd.autenticacao.gov.pt", SERVICE_PRODUCTION},
    {"*.cmd.autenticacao.gov.pt", SERVICE_PRE_PRODUCTION}, /* preprod, dev */
    {"localhost", SERVICE_SIMULATOR},
    {"127.*", SERVICE_SIMULATOR},
    {"[[]::1]", SERVICE_SIMULATOR},
};

static bool
fill_endpoint(struct service_config *config)
{
	const char *endpoint = defaults[config->profile].endpoint;

	if (!config->endpoint && endpoint)
		config->endpoint = strdup(endpoint);
	return config->endpoint || !endpoint;
}

/* A certificate that is not installed stays unsaid; then each use says that it is missing. */
static bool
fill_certificate(struct service_config *config, const char *share)
{
	const char *name = defaults[config->profile].encryption_certificate;
	char path[PATH_MAX];

	if (config->encryption_certificate || !name || !share ||
	    snprintf(path, sizeof(path), "%s/%s", share, name) >= (int)sizeof(path) ||
	    access(path, R_OK) != 0)
		return true;
	config->encryption_certificate = strdup(path);
	return config->encryption_certificate != NULL;
}

static bool
host_fits(const char *endpoint, unsigned profile, const char **other)
{
	CURLU *url = curl_url();
	char *host = NULL;
	bool fits = true;

	if (!url || curl_url_set(url, CURLUPART_URL, endpoint, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
		*other = NULL;
		fits = false;
		goto out;
	}
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (fnmatch(hosts[i].host, host, FNM_CASEFOLD) == 0) {
			*other = service_profile_name(hosts[i].profile);
			fits = hosts[i].profile == profile;
			break;
		}
out:
	curl_free(host);
	curl_url_cleanup(url);
	return fits;
}

bool
cmdprofile_settle(struct service_config *config, const char *share, char error[SERVICE_DETAIL_MAX])
{
	const char *profile = service_profile_name(config->profile), *other;

	if (!fill_endpoint(config) || !fill_certificate(config, share)) {
		snprintf(error, SERVICE_DETAIL_MAX, "no memory is left; end other programs");
		return false;
	}
	if (!config->endpoint) {
		snprintf(error, SERVICE_DETAIL_MAX,
			 "lacks endpoint (an https:// URL), which profile %s has no default for; "
			 "add it",
			 profile);
		return false;
	}
	if (host_fits(config->endpoint, config->profile, &other))
		return true;
	if (other)
		snprintf(error, SERVICE_DETAIL_MAX,
			 "has profile = %s, and endpoint = %.200s is of profile %s; correct one of "
			 "them",
			 profile, config->endpoint, other);
	else
		snprintf(error, SERVICE_DETAIL_MAX, "endpoint = %.200s is no URL; correct it",
			 config->endpoint);
	return false;
}
