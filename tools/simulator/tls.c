#include "tls.h"

#include <stddef.h>
#include <string.h>

static const struct sim_tls kinds[] = {
    {"normal", "tls.pem", NULL},
    {"expired", "tls-expired.pem", NULL},
    {"other-name", "tls-other-name.pem", NULL},
    {"old", "tls.pem", "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0"},
};

const struct sim_tls *
sim_tls_find(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].word, word) == 0)
			return &kinds[i];
	return NULL;
}
