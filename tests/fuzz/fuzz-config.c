/*
 * vicar.conf.
 */
#include "fuzz.h"

#include "tools/config_service.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problem error = {""};
	struct config config;
	char path[64];
	const int fd = fuzz_file(data, size, path);

	setenv("VICAR_CONF", path, 1);
	if (config_load_services(&config, &error))
		config_free(&config);
	else
		fuzz_must(strlen(error.text) > 0);
	close(fd);
	return 0;
}
