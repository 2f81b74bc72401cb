/*
 * What is handed over to jansson is let go of also when it fails.
 */
#include "tests/faults/faults.h"

#include <jansson.h>

int fault_json_object_set_new(json_t *object, const char *key, json_t *value);
int fault_json_array_append_new(json_t *array, json_t *value);

static const struct fault_call setting = {"json_object_set_new", {-1, -1}, FAULT_LIBRARY, 0};
static const struct fault_call appending = {"json_array_append_new", {-1, -1}, FAULT_LIBRARY, 0};

int
fault_json_object_set_new(json_t *object, const char *key, json_t *value)
{
	if (!fault_strikes(&setting, __builtin_return_address(0)))
		return json_object_set_new(object, key, value);
	json_decref(value);
	return -1;
}

int
fault_json_array_append_new(json_t *array, json_t *value)
{
	if (!fault_strikes(&appending, __builtin_return_address(0)))
		return json_array_append_new(array, value);
	json_decref(value);
	return -1;
}
