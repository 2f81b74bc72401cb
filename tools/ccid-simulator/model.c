#include "model.h"

#include <strings.h>

static const struct model models[] = {
    {"SEC1210", 2, false},
    {"GemPCTwin", 1, true},
    {"GemCorePOSPro", MODEL_SLOTS_MAX, false},
};

enum { MODELS = sizeof(models) / sizeof(models[0]) };

const struct model *
model_find(const char *name)
{
	for (size_t i = 0; i < MODELS; i++)
		if (strcasecmp(models[i].name, name) == 0)
			return &models[i];
	return NULL;
}

const struct model *
model_default(void)
{
	return &models[0];
}
