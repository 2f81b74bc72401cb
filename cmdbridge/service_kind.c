/*
 * The kinds of services there are, and what may be asked of a configuration without any of their code.
 */
#include "service.h"
#include "cmd.h"
#include "csc.h"
#include "p11maker.h"

#include <stdlib.h>
#include <string.h>

static const struct service_kind *const kinds[] = {&cmd_kind, &csc_kind, &p11_kind};

const char service_types[] = "cmd, csc, pkcs11";

const struct service_kind *
service_kind(const char *type)
{
	for (size_t i = 0; type && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->type, type) == 0)
			return kinds[i];
	return NULL;
}

const char *
service_profile_name(unsigned profile)
{
	static const char *const names[] = {
	    [SERVICE_PRODUCTION] = "production",
	    [SERVICE_PRE_PRODUCTION] = "pre-production",
	    [SERVICE_SIMULATOR] = "simulator",
	};

	return names[profile];
}

unsigned
service_number(const struct service_config *config, size_t option)
{
	return (unsigned)strtoul(config->options[option], NULL, 10);
}

bool
service_says(const struct service_config *config, size_t option, const char *word)
{
	const size_t len = strlen(word);

	for (const char *at = config->options[option]; at && *at; at += strspn(at, " ")) {
		const size_t here = strcspn(at, " ");

		if (here == len && memcmp(at, word, len) == 0)
			return true;
		at += here;
	}
	return false;
}
